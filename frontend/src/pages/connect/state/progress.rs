use leptos::prelude::*;

use super::{Trouble, Worries};
use crate::{
    components::state_mark::Shape,
    language::{language, say},
    model::port_state::Tone,
    pages::connect::desk::Desk,
};

/// How far an opening is: asked, rule written, read back.
#[component]
pub(super) fn Progress(desk: Desk, written: bool) -> impl IntoView {
    let language = language();
    let told = if written {
        say!(language, connect.progress_written)
    } else {
        say!(language, connect.progress_asked)
    };
    let step = |text: &'static str, state: &'static str| {
        let current = (state == "current").then_some("step");
        view! {
            <li class=format!("steps__step steps__step--{state}") aria-current=current>{text}</li>
        }
    };
    view! {
        <div class="block block--moving">
            <h2 class="block__head"><Shape tone=Tone::Silent/>{say!(language, connect.opening)}</h2>
            <p class="visually-hidden">{told}</p>
            <ol class="steps">
                {step(say!(language, connect.asked), "done")}
                {step(say!(language, connect.written), if written { "done" } else { "current" })}
                {step(say!(language, connect.read_back), if written { "current" } else { "ahead" })}
            </ol>
            <Trouble desk/>
            <Worries desk under_way=true/>
        </div>
    }
}
