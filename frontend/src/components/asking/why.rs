use shared::api::CreateGrant;

use super::{Fields, Group, Objections};
use crate::{
    browser,
    language::{language, say},
    model::form::Field,
    prelude::*,
};

const LAST: &str = "postern.why";
const OFFERED: &str = "last-why";

/// Keeps the reason to offer it next time.
pub(crate) fn keep_why(body: &CreateGrant) {
    if let Some(why) = &body.justification {
        browser::store(LAST, Some(why.as_str()));
    }
}

/// Why access is needed; the last reason is offered.
#[component]
pub(crate) fn Why(fields: Fields, required: bool) -> impl IntoView {
    let language = language();
    let Fields { form, found, .. } = fields;
    let (hint, id) = if required {
        (say!(language, request.why_required), "why-first")
    } else {
        (say!(language, request.why_optional), "why")
    };
    let last = browser::stored(LAST).map(|why| view! { <option value=why></option> });
    let typed = move |event| form.update(|form| form.why = event_target_value(&event));
    view! {
        <Group name=say!(language, request.why)>
            <input
                class="input"
                type="text"
                id=id
                list=OFFERED
                autocomplete="off"
                maxlength="500"
                placeholder=hint
                aria-label=say!(language, request.why)
                aria-required=required.to_string()
                prop:value=move || form.with(|form| form.why.clone())
                on:input=typed
            />
            <datalist id=OFFERED>{last}</datalist>
            <Objections found field=Some(Field::Why)/>
        </Group>
    }
}
