use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Answer;
use super::call::Call;
use super::write::bad_request;
use crate::reply::Reply;

/// One page of a list. `keys` are in order; the token of the next page is the last key of this one, so that a list
/// that changes meanwhile neither repeats nor loses what stays in it.
pub(super) fn page(call: &Call<'_>, keys: &[String], show: impl Fn(&str) -> Option<Value>) -> Answer {
    let first = match call.query("$skiptoken") {
        Some(token) => {
            let last = decode(token).ok_or_else(|| {
                bad_request("InvalidSkipToken", format!("The skip token '{token}' is not valid."))
            })?;
            keys.partition_point(|key| *key <= last)
        }
        None => 0,
    };
    let rest = &keys[first..];
    let shown = &rest[..rest.len().min(call.core.settings.page_size.max(1))];
    let values: Vec<Value> = shown.iter().filter_map(|key| show(key)).collect();
    let mut body = json!({"value": values});
    if let Some(last) = shown.last().filter(|_| shown.len() < rest.len()) {
        body["nextLink"] = next_link(call, last).into();
    }
    Ok(Reply::ok(body))
}

fn next_link(call: &Call<'_>, last: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(call.query_without("$skiptoken"));
    format!("{}{}?{}&$skiptoken={}", call.base, call.place.path, query.finish(), URL_SAFE_NO_PAD.encode(last))
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}
