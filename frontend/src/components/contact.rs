use crate::{
    language::{language, say},
    model::contact,
    prelude::*,
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
            Some(href) => view! { <a href=href rel="external">{text}</a> },
            None => view! { <span>{text}</span> },
        };
        Some(view! { <p class="contact">{say!(language, source.contact)}{whom}</p> })
    }
}
