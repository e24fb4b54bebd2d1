//! How many requests a subscription may make: buckets that fill up again, as ARM has them. Off unless ordered.

use std::collections::HashMap;

use axum::http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A bucket of so many requests, and how fast it fills up again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rate {
    burst: u32,
    per_second: u32,
}

/// What each subscription has; a kind without a rate is not limited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rates {
    writes: Option<Rate>,
    deletes: Option<Rate>,
    reads: Option<Rate>,
}

impl Default for Rates {
    fn default() -> Self {
        let azures = Some(Rate { burst: 200, per_second: 10 });
        Self { writes: azures, deletes: azures, reads: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Read,
    Write,
    Delete,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    thousandths: i64,
    at: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct Limits {
    rates: Option<Rates>,
    buckets: HashMap<(Kind, String), Bucket>,
}

impl Limits {
    /// New rates begin with full buckets.
    pub(crate) fn set(&mut self, rates: Option<Rates>) {
        self.rates = rates;
        self.buckets.clear();
    }

    pub(crate) fn rates(&self) -> Option<&Rates> {
        self.rates.as_ref()
    }

    /// Counts a request: how many are left, if they are limited, or after how many seconds the next may come.
    pub(crate) fn take(
        &mut self,
        method: &Method,
        subscription: &str,
        now: Timestamp,
    ) -> Result<Option<u32>, u32> {
        let Some(rates) = &self.rates else { return Ok(None) };
        let (kind, rate) = match *method {
            Method::GET | Method::HEAD => (Kind::Read, rates.reads),
            Method::DELETE => (Kind::Delete, rates.deletes),
            _ => (Kind::Write, rates.writes),
        };
        let Some(rate) = rate else { return Ok(None) };
        let (full, speed) = (i64::from(rate.burst) * 1_000, i64::from(rate.per_second));
        let bucket = self.buckets.entry((kind, subscription.to_ascii_lowercase()));
        let bucket = bucket.or_insert(Bucket { thousandths: full, at: now });
        let passed = i64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(i64::MAX).max(0);
        bucket.thousandths = bucket.thousandths.saturating_add(passed.saturating_mul(speed)).min(full);
        bucket.at = now;
        if bucket.thousandths < 1_000 {
            let missing = 1_000 - bucket.thousandths;
            let per_second = (speed * 1_000).max(1);
            return Err(u32::try_from((missing + per_second - 1) / per_second).unwrap_or(u32::MAX).max(1));
        }
        bucket.thousandths -= 1_000;
        Ok(Some(u32::try_from(bucket.thousandths / 1_000).unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn limits(burst: u32, per_second: u32) -> Limits {
        let mut limits = Limits::default();
        limits.set(Some(Rates { writes: Some(Rate { burst, per_second }), ..Rates::default() }));
        limits
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_millis(millis)
    }

    #[test]
    fn a_bucket_empties_and_fills_up_to_its_brim() {
        let mut limits = limits(2, 4);
        let mut put = |millis| limits.take(&Method::PUT, "s", at(millis));
        assert_eq!((put(0), put(0), put(0)), (Ok(Some(1)), Ok(Some(0)), Err(1)));
        assert_eq!((put(249), put(250), put(250)), (Err(1), Ok(Some(0)), Err(1)));
        assert_eq!((put(60_000), put(60_000), put(60_000)), (Ok(Some(1)), Ok(Some(0)), Err(1)));
    }

    #[test]
    fn subscriptions_and_kinds_have_buckets_of_their_own() {
        let mut limits = limits(1, 1);
        assert_eq!(limits.take(&Method::PUT, "s", at(0)), Ok(Some(0)));
        assert_eq!(limits.take(&Method::PUT, "S", at(0)), Err(1));
        assert_eq!(limits.take(&Method::PUT, "t", at(0)), Ok(Some(0)));
        assert_eq!(limits.take(&Method::DELETE, "s", at(0)), Ok(Some(199)));
        assert_eq!(limits.take(&Method::GET, "s", at(0)), Ok(None));
    }

    #[test]
    fn nothing_is_limited_unless_ordered() {
        assert_eq!(Limits::default().take(&Method::PUT, "s", at(0)), Ok(None));
    }

    #[test]
    fn a_bucket_that_never_fills_up_asks_for_patience() {
        let mut limits = limits(0, 0);
        assert_eq!(limits.take(&Method::PUT, "s", at(0)), Err(1_000));
    }
}
