use leptos::prelude::*;

use super::{Trouble, Worries, words};
use crate::{components::state_mark::Shape, model::port_state::Tone, pages::connect::desk::Desk};

/// How far an opening is: asked, rule written, read back.
#[component]
pub(super) fn Progress(desk: Desk, written: bool) -> impl IntoView {
    let step = |text: &'static str, state: &'static str| {
        let current = (state == "current").then_some("step");
        view! {
            <li class=format!("steps__step steps__step--{state}") aria-current=current>{text}</li>
        }
    };
    view! {
        <div class="block block--moving">
            <h2 class="block__head"><Shape tone=Tone::Silent/>{words::OPENING}</h2>
            <p class="visually-hidden">{words::progress(written)}</p>
            <ol class="steps">
                {step(words::ASKED, "done")}
                {step(words::WRITTEN, if written { "done" } else { "current" })}
                {step(words::READ_BACK, if written { "current" } else { "ahead" })}
            </ol>
            <Trouble desk/>
            <Worries desk under_way=true/>
        </div>
    }
}
