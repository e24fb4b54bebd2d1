use leptos::prelude::*;

use crate::{
    language::{language, say},
    model::port_state::Tone,
    session::SignedIn,
};

/// A state by shape, colour and word; no state while Postern does not answer.
#[component]
pub(crate) fn StateMark(#[prop(into)] tone: Tone) -> impl IntoView {
    let reach = SignedIn::of_page().client.reach();
    let language = language();
    move || {
        let (tone, word) = match reach.lost() {
            None => (tone, tone.word(language)),
            Some(_) => (Tone::Possibly, say!(language, offline.state)),
        };
        view! { <span class=format!("state state--{}", tone.as_str())><Shape tone/>{word}</span> }
    }
}

/// The shape alone, where the word stands elsewhere.
#[component]
pub(crate) fn Shape(tone: Tone) -> impl IntoView {
    view! { <span class=format!("shape shape--{}", tone.as_str()) aria-hidden="true"></span> }
}
