use leptos::prelude::*;

use super::{
    Verdict,
    fields::{Group, Objections},
};
use crate::{
    language::{language, say},
    model::{
        durations::{Choice, choices},
        form::Field,
    },
    pages::connect::desk::Desk,
};

/// For how long: one tap, or whole minutes.
#[component]
pub(super) fn Lasting(desk: Desk, verdict: Verdict) -> impl IntoView {
    let language = language();
    let offered = Memo::new(move |_| {
        desk.status().map(|status| choices(status.rule.max_duration, language)).unwrap_or_default()
    });
    let chips = move || offered.get().into_iter().map(|choice| view! { <Chip desk choice/> }).collect_view();
    let typed = move |event| desk.form.update(|form| form.minutes = event_target_value(&event));
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
                        prop:value=move || desk.form.with(|form| form.minutes.clone())
                        on:input=typed
                    />
                    <span aria-hidden="true">{say!(language, request.min)}</span>
                </label>
            </div>
            <Objections verdict field=Some(Field::For)/>
        </Group>
    }
}

#[component]
fn Chip(desk: Desk, choice: Choice) -> impl IntoView {
    let Choice { minutes, label } = choice;
    let text = minutes.to_string();
    let same = text.clone();
    let checked = move || desk.form.with(|form| form.minutes.trim() == same);
    let choose = move |_| desk.form.update(|form| form.minutes.clone_from(&text));
    view! {
        <label class="chip">
            <input class="chip__input" type="radio" name="for" prop:checked=checked on:change=choose/>
            <span class="chip__text">{label}</span>
        </label>
    }
}
