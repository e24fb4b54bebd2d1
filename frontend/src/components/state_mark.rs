use leptos::prelude::*;

use crate::{language::language, model::port_state::Tone};

/// A state by shape, colour and word.
#[component]
pub(crate) fn StateMark(#[prop(into)] tone: Tone) -> impl IntoView {
    view! {
        <span class=format!("state state--{}", tone.as_str())>
            <Shape tone/>
            {tone.word(language())}
        </span>
    }
}

/// The shape alone, where the word stands elsewhere.
#[component]
pub(crate) fn Shape(tone: Tone) -> impl IntoView {
    view! { <span class=format!("shape shape--{}", tone.as_str()) aria-hidden="true"></span> }
}
