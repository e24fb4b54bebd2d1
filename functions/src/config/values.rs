//! The values that single variables may have.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use shared::{source::SourcePrefix, vm::SubscriptionId};
use tracing_subscriber::filter::Targets;
use url::Url;

use super::{CLOUDS, LogFormat};

const SHORTEST_METRICS_TOKEN: usize = 16;
const MOST_RANGES: usize = 100;
const LONGEST_CONTACT: usize = 200;

/// Tokens and secrets travel to these URLs, so only this machine itself may go without TLS.
pub(super) fn safe_url(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let own = match url.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let nobody = url.username().is_empty() && url.password().is_none();
    let plain = nobody && url.query().is_none() && url.fragment().is_none();
    (plain && (url.scheme() == "https" || (url.scheme() == "http" && own))).then_some(url)
}

/// Cookies and the way back from a sign-in are for the whole host.
pub(super) fn public_url(text: &str) -> Option<Url> {
    safe_url(text).filter(|url| url.path() == "/")
}

pub(super) fn some_text(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// Azure's Resource Manager as an application of the directory.
const ARM_APPLICATION: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

/// An audience of Postern's own. Never Resource Manager's, nor what else is given as `arm`: whoever a script sent its
/// token to could otherwise open ports with it.
pub(super) fn audience(text: &str, arm: &[&str]) -> Option<String> {
    let plain = |text: &str| text.trim_end_matches('/').to_ascii_lowercase();
    let known = CLOUDS.iter().flat_map(|(_, [_, url, audience])| [*url, *audience]);
    let mut arms = known.chain([ARM_APPLICATION]).chain(arm.iter().copied());
    let is_quotable = text.bytes().all(|byte| byte.is_ascii_graphic() && !br#""\"#.contains(&byte));
    let fits = !text.is_empty() && is_quotable && !arms.any(|arm| plain(arm) == plain(text));
    fits.then(|| text.to_owned())
}

pub(super) fn guid(text: &str) -> Option<String> {
    uuid::Uuid::try_parse(text).ok().filter(|_| text.len() == 36).map(|id| id.to_string())
}

pub(super) fn subscriptions(text: &str) -> Option<Vec<SubscriptionId>> {
    let mut ids: Vec<SubscriptionId> =
        text.split(',').map(|id| id.trim().parse().ok()).collect::<Option<_>>()?;
    ids.sort_unstable();
    ids.dedup();
    (!ids.is_empty()).then_some(ids)
}

pub(super) fn connections(text: &str) -> Option<u32> {
    text.parse().ok().filter(|count| (2..=100).contains(count))
}

pub(super) fn cookie_key(text: &str) -> Option<[u8; 64]> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

pub(super) fn proxies(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| *count <= 10)
}

pub(super) fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "json" => Some(LogFormat::Json),
        "pretty" => Some(LogFormat::Pretty),
        _ => None,
    }
}

pub(super) fn log_filter(text: &str) -> Option<Targets> {
    text.parse().ok()
}

/// Addresses and ranges separated by commas.
pub(super) fn ranges(text: &str) -> Option<Vec<SourcePrefix>> {
    let mut ranges: Vec<SourcePrefix> =
        text.split(',').map(|range| range.trim().parse().ok()).collect::<Option<_>>()?;
    ranges.sort_unstable();
    ranges.dedup();
    (ranges.len() <= MOST_RANGES).then_some(ranges)
}

/// One line for people to read.
pub(super) fn contact(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=LONGEST_CONTACT).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

pub(super) fn clock_tolerance(text: &str) -> Option<SignedDuration> {
    whole_seconds(text, 5..=300)
}

pub(super) fn drain(text: &str) -> Option<SignedDuration> {
    whole_seconds(text, 0..=60)
}

pub(super) fn stop_within(text: &str) -> Option<SignedDuration> {
    whole_seconds(text, 1..=600)
}

/// Seconds, or an ISO 8601 duration like PT1M; of that many seconds.
fn whole_seconds(text: &str, range: RangeInclusive<i64>) -> Option<SignedDuration> {
    let seconds = text.parse::<u32>().ok().map(|seconds| SignedDuration::from_secs(seconds.into()));
    let duration = seconds.or_else(|| text.parse().ok().filter(|_| text.starts_with("PT")))?;
    (range.contains(&duration.as_secs()) && duration.subsec_nanos() == 0).then_some(duration)
}

/// Long enough not to be guessed, and fit for a header.
pub(super) fn metrics_token(text: &str) -> Option<String> {
    let fits = text.len() >= SHORTEST_METRICS_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| text.to_owned())
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
pub(super) struct Arn {
    pub(super) text: String,
    partition: String,
    pub(super) service: String,
    /// Empty for what is global.
    pub(super) region: String,
}

impl Arn {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else { return None };
        let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let fits = is_name(partition) && is_name(service) && is_name(region) && !resource.is_empty();
        let is_global = service == "iam";
        let account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (fits && account && is_global == region.is_empty() && text.bytes().all(is_plain)).then(|| Self {
            text: text.to_owned(),
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: region.to_owned(),
        })
    }

    /// Where EventBridge Scheduler answers in its region.
    pub(super) fn scheduler(&self) -> String {
        let suffix = if self.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://scheduler.{}.{suffix}", self.region)
    }
}
