use shared::api::PortStatus;

use crate::{
    components::{
        asking::{Fields, Group, Objections},
        state_mark::Shape,
    },
    language::{language, say},
    model::{form::Field, port_state::Tone, vm_list::port_name},
    pages::connect::desk::Desk,
    prelude::*,
};

/// The protected ports; where there are several, each with its state.
#[component]
pub(super) fn Port(desk: Desk, fields: Fields) -> impl IntoView {
    let ports = Memo::new(move |_| desk.detail.with(|detail| detail.ports.clone()));
    let choices = move || {
        let ports = ports.get();
        let several = ports.len() > 1;
        ports.into_iter().map(|status| view! { <PortChoice desk status several/> }).collect_view()
    };
    view! {
        <Group name=say!(language(), request.port)>
            {choices}
            <Objections found=fields.found field=Some(Field::Port)/>
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
        let word = tone.word(language()).to_ascii_lowercase();
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
