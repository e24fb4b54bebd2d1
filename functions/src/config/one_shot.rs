//! What EventBridge Scheduler is told, where it is told anything.

use super::{
    Secret, URL,
    reader::Reader,
    values::{Arn, safe_url, some_text},
};
use crate::one_shot::{AwsKeys, OneShotSettings};

const TARGET: &str = "the ARN of the function lambda_sweep, given together with POSTERN_ONE_SHOT_ROLE";
const ROLE: &str = "the ARN of a role, given together with POSTERN_ONE_SHOT_TARGET";
const KEYS: &str = "what AWS gives to a function; needed for POSTERN_ONE_SHOT_TARGET";

/// `Some(None)`: nothing is scheduled.
pub(super) fn one_shot(read: &mut Reader) -> Option<Option<OneShotSettings>> {
    const ALL: [&str; 4] = [
        "POSTERN_ONE_SHOT_TARGET",
        "POSTERN_ONE_SHOT_ROLE",
        "POSTERN_ONE_SHOT_GROUP",
        "POSTERN_ONE_SHOT_ENDPOINT",
    ];
    if ALL.iter().all(|name| read.optional(name).is_none()) {
        return Some(None);
    }
    let target = read.required(ALL[0], TARGET, |text| Arn::parse(text).filter(|arn| arn.service == "lambda"));
    let role = read.required(ALL[1], ROLE, |text| Arn::parse(text).filter(|arn| arn.service == "iam"));
    let group = read.or(ALL[2], "the name of a schedule group", "default", group_name);
    let usual = target.as_ref().map(Arn::scheduler).unwrap_or_else(|| "https://localhost".to_owned());
    let endpoint = read.or(ALL[3], URL, &usual, safe_url);
    let id = read.required("AWS_ACCESS_KEY_ID", KEYS, some_text);
    let secret = read.required("AWS_SECRET_ACCESS_KEY", KEYS, some_text);
    let session = read.optional("AWS_SESSION_TOKEN").map(Secret::new);
    let target = target?;
    Some(Some(OneShotSettings {
        region: target.region,
        target: target.text,
        role: role?.text,
        group: group?,
        endpoint: endpoint?,
        keys: AwsKeys { id: id?, secret: Secret::new(secret?), session },
    }))
}

fn group_name(text: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(is_plain)).then(|| text.to_owned())
}
