use leptos::prelude::*;
use shared::api::route;

use crate::{
    browser,
    components::page_title::set_page_title,
    language::{language, say},
};

/// One link, a full page load away: the session begins on the server.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    let language = language();
    let title = say!(language, sign_in.title);
    set_page_title(move || title.to_owned());
    let to = browser::path_and_query();
    let back = (to != "/").then(|| view! { <p class="muted">{say!(language, sign_in.back)}</p> });
    let href = format!("{}?to={}", route::SIGN_IN, browser::encoded(&to));
    view! {
        <div class="sign-in">
            <h1>{say!(language, sign_in.head)}</h1>
            <p>{say!(language, sign_in.what)}</p>
            <a class="button button--primary button--wide" id="sign-in" href=href rel="external">{title}</a>
            {back}
        </div>
    }
}
