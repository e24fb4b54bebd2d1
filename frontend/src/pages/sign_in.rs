use leptos::prelude::*;
use shared::api::route;

use crate::{browser, components::page_title::set_page_title};

mod words {
    pub(super) const TITLE: &str = "Sign in";
    pub(super) const HEAD: &str = "Sign in to Postern";
    pub(super) const WHAT: &str = "It opens a management port of a virtual machine for you, from your address, for a while. Then it closes it.";
    pub(super) const BACK: &str = "You come back to this page.";
}

/// One link, a full page load away: the session begins on the server.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    set_page_title(|| words::TITLE.to_owned());
    let to = browser::path_and_query();
    let back = (to != "/").then(|| view! { <p class="muted">{words::BACK}</p> });
    let href = format!("{}?to={}", route::SIGN_IN, browser::encoded(&to));
    view! {
        <div class="sign-in">
            <h1>{words::HEAD}</h1>
            <p>{words::WHAT}</p>
            <a class="button button--primary button--wide" id="sign-in" href=href rel="external">{words::TITLE}</a>
            {back}
        </div>
    }
}
