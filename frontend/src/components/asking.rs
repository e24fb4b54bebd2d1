//! The parts that every request is made of, whether it is for one port or for many.

use shared::policy::PortRule;

mod checked;
mod from;
mod lasting;
mod why;

pub(crate) use self::{
    checked::Checked,
    from::From,
    lasting::Lasting,
    why::{Why, keep_why},
};
use super::contact::Contact;
use crate::{
    language::{language, say},
    model::form::{Field, Objection, RequestForm},
    prelude::*,
};

/// What the fields of one request work on.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub form: RwSignal<RequestForm>,
    /// What speaks against the form as it stands.
    pub found: Memo<Vec<Objection>>,
    /// What the policy lets one ask for; `None`: nothing.
    pub rule: Memo<Option<PortRule>>,
    /// Tells the fields of several forms on a page apart.
    pub group: usize,
}

/// What is wrong with one field, or with the request as a whole; read out as it changes.
#[component]
pub(crate) fn Objections(found: Memo<Vec<Objection>>, field: Option<Field>) -> impl IntoView {
    let language = language();
    let texts = Memo::new(move |_| {
        let of_field = |objection: &&Objection| objection.field == field;
        let text = |objection: &Objection| objection.text.clone();
        found.with(|found| found.iter().filter(of_field).map(text).collect::<Vec<String>>())
    });
    let help = move || {
        (field.is_none() && !texts.with(Vec::is_empty))
            .then(|| view! { <p>{say!(language, request.ask_somebody)}</p><Contact/> })
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
pub(crate) fn Group(name: &'static str, children: View) -> impl IntoView {
    view! {
        <fieldset class="group">
            <legend class="group__name">{name}</legend>
            <div class="group__body">{children}</div>
        </fieldset>
    }
}
