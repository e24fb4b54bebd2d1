use super::icon::Icon;
use crate::{
    language::{language, say},
    prelude::*,
    theme::Theme,
};

/// Goes round light, dark and as the system has it.
#[component]
pub(crate) fn ThemeToggle() -> impl IntoView {
    let theme = RwSignal::new(Theme::kept());
    let turn = move |_| {
        theme.update(|theme| *theme = theme.next());
        theme.get_untracked().keep_and_apply();
    };
    let language = language();
    let label = move || match theme.get() {
        Theme::System => say!(language, header.theme_system),
        Theme::Light => say!(language, header.theme_light),
        Theme::Dark => say!(language, header.theme_dark),
    };
    view! {
        <button type="button" class="button button--bare" aria-label=label title=label on:click=turn>
            <Icon name="theme"/>
        </button>
    }
}
