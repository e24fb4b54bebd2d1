use std::time::Duration;

use super::icon::Icon;
use crate::{
    browser,
    language::{language, say},
    prelude::*,
    task::Tasks,
};

/// A text to use elsewhere, and the button that takes it there.
#[component]
pub(crate) fn CopyText(text: String) -> impl IntoView {
    view! {
        <div class="copyable">
            <code class="copyable__text">{text.clone()}</code>
            <CopyButton text=text.into() label=say!(language(), common.copy) what=None/>
        </div>
    }
}

/// Copies `text`, and says for a moment that it did.
#[component]
pub(crate) fn CopyButton(
    text: Signal<String>,
    label: &'static str,
    /// What is copied, where several such buttons stand together.
    what: Option<String>,
) -> impl IntoView {
    let language = language();
    let shown = RwSignal::new(label);
    let tasks = Tasks::here();
    let copy = move |_| {
        let text = text.get_untracked();
        tasks.run(async move {
            let done = browser::copy(&text).await;
            shown.set(if done { say!(language, common.copied) } else { say!(language, common.copy_refused) });
            browser::sleep(Duration::from_secs(2)).await;
            shown.set(label);
        });
    };
    view! {
        <button type="button" class="button button--quiet" on:click=copy>
            <Icon name="copy"/>
            <span aria-live="polite">{shown}</span>
            {what.map(|what| view! { <span class="visually-hidden">{what}</span> })}
        </button>
    }
}
