use super::{Fields, Group, Objections};
use crate::{
    language::{language, say},
    model::{
        durations::{Choice, choices},
        form::Field,
    },
    prelude::*,
};

/// For how long: one tap, or whole minutes.
#[component]
pub(crate) fn Lasting(fields: Fields) -> impl IntoView {
    let language = language();
    let Fields { form, found, rule, .. } = fields;
    let offered = Memo::new(move |_| {
        rule.with(|rule| rule.as_ref().map(|rule| choices(rule.max_duration, language)).unwrap_or_default())
    });
    let chips =
        move || offered.get().into_iter().map(|choice| view! { <Chip fields choice/> }).collect_view();
    let typed = move |event| form.update(|form| form.minutes = event_target_value(&event));
    view! {
        <Group name=say!(language, request.lasting)>
            <div class="chips">
                {chips}
                <label class="minutes">
                    <input
                        class="input figures"
                        type="text"
                        inputmode="numeric"
                        autocomplete="off"
                        aria-label=say!(language, request.minutes)
                        prop:value=move || form.with(|form| form.minutes.clone())
                        on:input=typed
                    />
                    <span aria-hidden="true">{say!(language, request.min)}</span>
                </label>
            </div>
            <Objections found field=Some(Field::For)/>
        </Group>
    }
}

#[component]
fn Chip(fields: Fields, choice: Choice) -> impl IntoView {
    let form = fields.form;
    let Choice { minutes, label } = choice;
    let text = minutes.to_string();
    let same = text.clone();
    let checked = move || form.with(|form| form.minutes.trim() == same);
    let choose = move |_| form.update(|form| form.minutes.clone_from(&text));
    view! {
        <label class="chip">
            <input
                class="chip__input"
                type="radio"
                name=format!("for-{}", fields.group)
                prop:checked=checked
                on:change=choose
            />
            <span class="chip__text">{label}</span>
        </label>
    }
}
