use leptos::prelude::*;

use crate::model::port_state::{Glance, Tone};

/// A state by shape, colour and word.
#[component]
pub(crate) fn StateMark(#[prop(into)] glance: Glance) -> impl IntoView {
    let tone = glance.tone.as_str();
    view! {
        <span class=format!("state state--{tone}")>
            <Shape tone=glance.tone/>
            {glance.word}
        </span>
    }
}

/// The shape alone, where the word stands elsewhere.
#[component]
pub(crate) fn Shape(tone: Tone) -> impl IntoView {
    view! { <span class=format!("shape shape--{}", tone.as_str()) aria-hidden="true"></span> }
}
