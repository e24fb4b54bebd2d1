use crate::{
    browser,
    language::{Language, Spoken, language, other},
    model::language::tag,
    prelude::*,
    task::Tasks,
};

/// Keeps the focus although the page is made anew.
const ID: &str = "language";

/// Changes to the other language, whose own name it shows.
#[component]
pub(crate) fn LanguageToggle() -> impl IntoView {
    let spoken = expect_context::<Spoken>();
    let to = other(language());
    let name = match to {
        Language::en => "English",
        Language::zh_TW => "中文",
    };
    let tasks = Tasks::here();
    let turn = move |_| {
        tasks.run(async move {
            if spoken.change(to).await {
                request_animation_frame(|| browser::focus(ID));
            }
        });
    };
    view! { <button type="button" class="button button--quiet bar__language" id=ID lang=tag(to) on:click=turn>{name}</button> }
}
