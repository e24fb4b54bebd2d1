//! How long to wait before asking again.

use std::time::Duration;

use http::HeaderMap;
use jiff::{Timestamp, fmt::rfc2822};

const FIRST_WAIT: Duration = Duration::from_millis(500);

/// 0.5 s, doubled for each attempt before.
pub(super) fn backoff(attempt: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2u32.saturating_pow(attempt.min(10)))
}

/// `Retry-After`, which is a number of seconds or a date.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let until = rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Duration> {
        let now = "2026-03-01T08:00:00Z".parse().unwrap();
        let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, text.parse().unwrap())]);
        retry_after(&headers, now)
    }

    #[test]
    fn accepts_seconds_and_dates() {
        assert_eq!(parsed("17"), Some(Duration::from_secs(17)));
        assert_eq!(parsed("Sun, 01 Mar 2026 08:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(parsed("Sun, 01 Mar 2026 07:00:00 GMT"), Some(Duration::ZERO));
    }

    #[test]
    fn rejects_what_is_neither() {
        for text in ["", "soon", "-1", "1.5", "99999999999"] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn the_backoff_doubles_and_does_not_overflow() {
        assert_eq!(backoff(0), Duration::from_millis(500));
        assert_eq!(backoff(3), Duration::from_secs(4));
        assert_eq!(backoff(u32::MAX), backoff(10));
    }
}
