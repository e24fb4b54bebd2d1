use leptos::prelude::*;

use super::icon::Icon;
use crate::theme::Theme;

/// Goes round light, dark and as the system has it.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let theme = RwSignal::new(Theme::kept());
    let turn = move |_| {
        theme.update(|theme| *theme = theme.next());
        theme.get_untracked().keep_and_apply();
    };
    let label = move || format!("Theme: {}", theme.get().as_str());
    view! {
        <button type="button" class="button button--bare" aria-label=label title=label on:click=turn>
            <Icon name="theme"/>
        </button>
    }
}
