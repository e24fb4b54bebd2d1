use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::failure::Failure;
use crate::app::App;
use crate::directory::{Person, TENANT};

pub(super) async fn stylesheet() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("sign-in.css"))
}

/// The demo people, one button each; the one that is hinted at has the focus.
pub(super) fn people(app: &App, query: &str, redirect_uri: &Url, hint: &str) -> Response {
    let has_hinted = app.directory.people.iter().any(|person| is_hinted(person, hint));
    let mut buttons = String::new();
    for (index, person) in app.directory.people.iter().enumerate() {
        let focus = if has_hinted { is_hinted(person, hint) } else { index == 0 };
        buttons.push_str(&button(person, focus));
    }
    let content = format!(
        "<h1>Pick an account</h1>\n<p>Simulated sign-in: no password is asked.</p>\n\
         <form method=\"post\" action=\"/{TENANT}/oauth2/v2.0/authorize?{}\">\n<ul>\n{buttons}</ul>\n</form>",
        escape(query),
    );
    // Browsers apply form-action to the redirects that follow too.
    let targets = format!("'self' {}", redirect_uri.origin().ascii_serialization());
    document(StatusCode::OK, &content, &targets)
}

pub(super) fn failure(failure: &Failure) -> Response {
    let content = format!(
        "<h1>Sorry, but we are having trouble signing you in.</h1>\n<p>{}</p>",
        escape(&failure.description())
    );
    document(StatusCode::BAD_REQUEST, &content, "'none'")
}

pub(super) fn signed_out() -> Response {
    document(StatusCode::OK, "<h1>You signed out of your account</h1>", "'none'")
}

fn is_hinted(person: &Person, hint: &str) -> bool {
    person.user_principal_name.eq_ignore_ascii_case(hint)
}

fn button(person: &Person, has_focus: bool) -> String {
    let focus = if has_focus { " autofocus" } else { "" };
    format!(
        "<li><button name=\"person\" value=\"{}\"{focus}><strong>{}</strong> <span>{}</span> \
         <small>{}</small></button></li>\n",
        escape(&person.object_id),
        escape(&person.name),
        escape(&person.user_principal_name),
        escape(&person.role),
    )
}

fn document(status: StatusCode, content: &str, form_targets: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Sign in to Contoso</title>\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"/assets/sign-in.css\">\n</head>\n\
         <body>\n<main>\n{content}\n</main>\n</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src data:; form-action {form_targets}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, html).into_response()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_what_could_end_an_attribute_or_open_a_tag() {
        assert_eq!(super::escape("\"><b a='&'>"), "&quot;&gt;&lt;b a=&#39;&amp;&#39;&gt;");
    }
}
