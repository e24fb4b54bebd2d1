use leptos::prelude::*;

use crate::{
    language::{language, say},
    model::contact,
    session::SignedIn,
};

/// Whom to ask, where the administrators say it.
#[component]
pub(crate) fn Contact() -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let contact = Memo::new(move |_| session.with(|session| session.contact.clone()));
    move || {
        let text = contact.get()?;
        let whom = match contact::mail_link(&text) {
            Some(href) => view! { <a href=href rel="external">{text}</a> }.into_any(),
            None => view! { <span>{text}</span> }.into_any(),
        };
        Some(view! { <p class="contact">{say!(language, source.contact)}{whom}</p> })
    }
}
