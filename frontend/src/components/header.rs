use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{icon::Icon, language_toggle::LanguageToggle, theme_toggle::ThemeToggle};
use crate::{
    browser,
    language::{language, say},
    prelude::*,
    route::Route,
    session::SignedIn,
    task::Tasks,
};

pub(crate) const NAME: &str = "Postern";

/// The panel is the row of links on a wide screen and what *Menu* opens on a narrow one.
const PANEL: &str = "menu";

#[component]
pub(crate) fn Header() -> impl IntoView {
    let language = language();
    let skip = |event: tachys::html::event::MouseEvent| {
        event.prevent_default();
        browser::focus("main");
    };
    view! {
        <a class="skip" href="#main" on:click=skip>{say!(language, header.skip)}</a>
        <header class="bar">
            <a class="bar__brand" href="/">
                <img class="bar__logo" src="/icon.svg" alt="" width="20" height=20/>
                {NAME}
            </a>
            <div class="bar__panel" id=PANEL popover="auto">
                <Pages/>
                <Self_/>
            </div>
            <LanguageToggle/>
            <button
                type="button"
                class="button button--bare bar__menu"
                popovertarget=PANEL
                aria-label=say!(language, header.menu)
            >
                <Icon name="menu"/>
            </button>
        </header>
    }
}

#[component]
fn Pages() -> impl IntoView {
    let language = language();
    let route = Route::here();
    let path = Memo::new(move |_| route.path());
    let session = SignedIn::of_page().session;
    let configures = Memo::new(move |before: Option<&bool>| {
        session.with(|session| session.configures).unwrap_or_else(|| before.copied().unwrap_or_default())
    });
    let link = move |href: &'static str, text: &'static str, also: &'static str| {
        let current = move || {
            path.with(|path| path == href || (!also.is_empty() && path.starts_with(also))).then_some("page")
        };
        view! { <a class="bar__link" href=href aria-current=current on:click=|_| hide_panel()>{text}</a> }
    };
    view! {
        <nav class="bar__pages" aria-label=NAME>
            {link("/", say!(language, header.vms), "/connect/")}
            {link("/access", say!(language, header.access), "")}
            {link("/activity", say!(language, header.activity), "")}
            {move || configures.get().then(|| link("/health", say!(language, header.health), ""))}
        </nav>
    }
}

#[component]
fn Self_() -> impl IntoView {
    let SignedIn { session, client, .. } = SignedIn::of_page();
    let sign_out_text = say!(language(), header.sign_out);
    let tasks = Tasks::here();
    let sign_out = move |_| {
        tasks.run(async move {
            if let Ok(location) = client.sign_out().await {
                browser::leave_for(&location);
            }
        });
    };
    let name = move || session.get().requester.name;
    view! {
        <div class="bar__self">
            <span class="bar__name" title=name>{name}</span>
            <ThemeToggle/>
            <button type="button" class="button button--quiet" on:click=sign_out>{sign_out_text}</button>
        </div>
    }
}

/// A link within the portal leaves the page standing, so the panel is closed by hand; on a wide screen it is no popover.
fn hide_panel() {
    let panel = document().get_element_by_id(PANEL).and_then(|panel| panel.dyn_into::<HtmlElement>().ok());
    if let Some(panel) = panel {
        let _ = panel.hide_popover();
    }
}
