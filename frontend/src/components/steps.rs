use crate::{
    language::{language, say},
    prelude::*,
};

/// How far an opening is: asked, rule written, read back.
#[component]
pub(crate) fn Steps(written: bool) -> impl IntoView {
    let language = language();
    let step = |text: &'static str, state: &'static str| {
        let current = (state == "current").then_some("step");
        view! {
            <li class=format!("steps__step steps__step--{state}") aria-current=current>{text}</li>
        }
    };
    view! {
        <ol class="steps">
            {step(say!(language, connect.asked), "done")}
            {step(say!(language, connect.written), if written { "done" } else { "current" })}
            {step(say!(language, connect.read_back), if written { "current" } else { "ahead" })}
        </ol>
    }
}
