use crate::{
    language::{language, say},
    model::port_state::Tone,
    prelude::*,
    session::SignedIn,
};

/// A state by shape, colour and word; no state while Postern does not answer.
#[component]
pub(crate) fn StateMark(tone: Tone) -> impl IntoView {
    let reach = SignedIn::of_page().client.reach();
    let language = language();
    move || match reach.lost() {
        None => mark(tone, tone.word(language)),
        Some(_) => view! { <StateUnknown/> },
    }
}

/// Stands in the place of a state that is not known.
#[component]
pub(crate) fn StateUnknown() -> impl IntoView {
    mark(Tone::Possibly, say!(language(), offline.state))
}

fn mark(tone: Tone, word: &'static str) -> View {
    view! { <span class=format!("state state--{}", tone.as_str())><Shape tone/>{word}</span> }
}

/// The shape alone, where the word stands elsewhere.
#[component]
pub(crate) fn Shape(tone: Tone) -> impl IntoView {
    view! { <span class=format!("shape shape--{}", tone.as_str()) aria-hidden="true"></span> }
}
