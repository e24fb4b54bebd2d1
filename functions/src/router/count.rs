//! Every answer is counted under the operation that gave it.

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::Method;

use crate::app::App;

pub(super) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let operation = operation(request.method(), request.extensions().get());
    let response = next.run(request).await;
    app.engine.metrics.count_answer(operation, response.status());
    response
}

/// Method and route. Both are from a fixed list: whoever calls must not be able to make series.
fn operation(method: &Method, route: Option<&MatchedPath>) -> String {
    const METHODS: [Method; 6] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS];
    let method = if METHODS.contains(method) { method.as_str() } else { "other" };
    format!("{method} {}", route.map_or("other", MatchedPath::as_str))
}
