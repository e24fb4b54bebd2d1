use leptos::prelude::*;
use shared::api::PortStatus;

use super::Verdict;
use crate::{
    components::state_mark::Shape,
    language::{language, say},
    model::{
        form::{Field, Objection},
        port_state::Tone,
        vm_list::port_name,
    },
    pages::connect::desk::Desk,
};

/// What is wrong with one field, or with the request as a whole; read out as it changes.
#[component]
pub(super) fn Objections(verdict: Verdict, field: Option<Field>) -> impl IntoView {
    let language = language();
    let texts = Memo::new(move |_| {
        let of_field = |objection: &&Objection| objection.field == field;
        let text = |objection: &Objection| objection.text.clone();
        verdict.with(|verdict| match verdict {
            Ok(_) => Vec::new(),
            Err(all) => all.iter().filter(of_field).map(text).collect::<Vec<String>>(),
        })
    });
    let help = move || {
        (field.is_none() && !texts.with(Vec::is_empty))
            .then(|| view! { <p>{say!(language, request.ask_somebody)}</p> })
    };
    let lines = move || texts.get().into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
    view! {
        <div class="objections" role="status">
            {lines}
            {help}
        </div>
    }
}

/// A named part of the request.
#[component]
pub(super) fn Group(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <fieldset class="group">
            <legend class="group__name">{name}</legend>
            <div class="group__body">{children()}</div>
        </fieldset>
    }
}

/// The protected ports; where there are several, each with its state.
#[component]
pub(super) fn Port(desk: Desk, verdict: Verdict) -> impl IntoView {
    let ports = Memo::new(move |_| desk.detail.with(|detail| detail.ports.clone()));
    let choices = move || {
        let ports = ports.get();
        let several = ports.len() > 1;
        ports.into_iter().map(|status| view! { <PortChoice desk status several/> }).collect_view()
    };
    view! {
        <Group name=say!(language(), request.port)>
            {choices}
            <Objections verdict field=Some(Field::Port)/>
        </Group>
    }
}

#[component]
fn PortChoice(desk: Desk, status: PortStatus, several: bool) -> impl IntoView {
    let port = status.rule.port;
    let checked = move || desk.form.with(|form| form.port == port);
    let choose = move |_| desk.form.update(|form| form.port = port);
    let tone = Tone::from(&status.state);
    let state = several.then(|| {
        let word = tone.word(language()).to_lowercase();
        view! { <span class="choice__state"><Shape tone/>{word}</span> }
    });
    view! {
        <label class="choice">
            <input type="radio" name="port" prop:checked=checked on:change=choose/>
            <span>{port_name(port)}</span>
            {state}
        </label>
    }
}
