use shared::api::route;

use crate::{
    browser,
    components::page_title::set_page_title,
    language::{Language, language, say},
    prelude::*,
    route::Route,
};

/// Under which name the functions tell, in the address, why a sign-in came to nothing.
const ERROR: &str = "sign_in_error";

/// One link, a full page load away: the session begins on the server. `ended`: somebody was signed in here.
#[component]
pub(crate) fn SignIn(ended: bool) -> impl IntoView {
    let language = language();
    let title = say!(language, sign_in.title);
    set_page_title(move || title.to_owned());
    let failed = untrack(|| Route::here().query(ERROR)).map(|code| why(&code, language));
    let to = if failed.is_some() { "/".to_owned() } else { browser::path_and_query() };
    let said = failed.or_else(|| ended.then(|| say!(language, sign_in.ended)));
    let said = said.map(|text| view! { <p class="notice notice--warn" role="alert">{text}</p> });
    let back = (to != "/").then(|| view! { <p class="muted">{say!(language, sign_in.back)}</p> });
    let href = format!("{}?to={}", route::SIGN_IN, browser::encoded(&to));
    view! {
        <div class="sign-in">
            <h1>{say!(language, sign_in.head)}</h1>
            {said}
            <p>{say!(language, sign_in.what)}</p>
            <a class="button button--primary button--wide" id="sign-in" href=href rel="external">{title}</a>
            {back}
        </div>
    }
}

fn why(code: &str, language: Language) -> &'static str {
    match code {
        "cancelled" => say!(language, sign_in.cancelled),
        "expired" => say!(language, sign_in.expired),
        "directory" => say!(language, sign_in.directory),
        _ => say!(language, sign_in.failed),
    }
}
