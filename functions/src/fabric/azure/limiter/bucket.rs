//! A bucket of tokens: so many at once, then so many a second.

use jiff::{SignedDuration, Timestamp};

const WHOLE: u64 = 1_000_000;

/// Which bucket: both numbers are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) burst: u32,
    pub(super) per_second: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Bucket {
    size: Size,
    /// In millionths of a token, which is what flows in within a microsecond, `per_second` times.
    level: u64,
    filled_at: Timestamp,
}

impl Bucket {
    pub(super) fn full(size: Size, now: Timestamp) -> Self {
        Self { size, level: u64::from(size.burst) * WHOLE, filled_at: now }
    }

    /// When there is a token: `now` if there is one.
    pub(super) fn next_at(&mut self, now: Timestamp) -> Timestamp {
        self.fill(now);
        let missing = WHOLE.saturating_sub(self.level).div_ceil(u64::from(self.size.per_second));
        let wait = SignedDuration::from_micros(i64::try_from(missing).unwrap_or(i64::MAX));
        now.checked_add(wait).unwrap_or(Timestamp::MAX)
    }

    pub(super) fn take(&mut self, now: Timestamp) -> bool {
        self.fill(now);
        let left = self.level.checked_sub(WHOLE);
        self.level = left.unwrap_or(self.level);
        left.is_some()
    }

    /// Somebody who knows better says that there are no more than `tokens`.
    pub(super) fn lower_to(&mut self, tokens: u32, now: Timestamp) {
        self.fill(now);
        self.level = self.level.min(u64::from(tokens) * WHOLE);
    }

    /// How many whole tokens there are.
    pub(super) fn left(&mut self, now: Timestamp) -> u32 {
        self.fill(now);
        u32::try_from(self.level / WHOLE).unwrap_or(u32::MAX)
    }

    /// A clock that was set back gives nothing, and counts on from there: else the bucket would stay empty until it
    /// has caught up.
    fn fill(&mut self, now: Timestamp) {
        let elapsed = now.as_microsecond().saturating_sub(self.filled_at.as_microsecond());
        let gained = u64::try_from(elapsed).unwrap_or(0).saturating_mul(self.size.per_second.into());
        self.level = self.level.saturating_add(gained).min(u64::from(self.size.burst) * WHOLE);
        self.filled_at = now;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(micros: i64) -> Timestamp {
        START + SignedDuration::from_micros(micros)
    }

    proptest! {
        #[test]
        fn no_interval_has_more_than_the_burst_and_what_flows_in(
            burst in 1u32..40,
            per_second in 1u32..50,
            pauses in prop::collection::vec(prop_oneof![Just(0i64), 0i64..30_000, 0i64..2_000_000], 1..200),
        ) {
            let mut bucket = Bucket::full(Size { burst, per_second }, START);
            let (mut now, mut taken) = (0i64, Vec::new());
            for pause in pauses {
                now += pause;
                if bucket.take(after(now)) {
                    taken.push(now);
                }
            }
            prop_assert!(!taken.is_empty());
            for (i, from) in taken.iter().enumerate() {
                for (j, to) in taken.iter().enumerate().skip(i) {
                    let most = i64::from(burst) * 1_000_000 + i64::from(per_second) * (to - from);
                    prop_assert!(i64::try_from(j - i + 1).unwrap() * 1_000_000 <= most);
                }
            }
        }

        #[test]
        fn a_token_is_there_when_it_was_said_to_be_and_not_before(
            burst in 1u32..20,
            per_second in 1u32..50,
            taken in 0u32..30,
            pause in 0i64..500_000,
        ) {
            let mut bucket = Bucket::full(Size { burst, per_second }, START);
            for _ in 0..taken {
                bucket.take(START);
            }
            let now = after(pause);
            let at = bucket.next_at(now);
            prop_assert!(bucket.clone().take(at));
            if at > now {
                prop_assert!(!bucket.take(at - SignedDuration::from_micros(1)));
            }
        }
    }

    #[test]
    fn it_is_lowered_and_never_raised() {
        let mut bucket = Bucket::full(Size { burst: 3, per_second: 1 }, START);
        bucket.lower_to(9, START);
        bucket.lower_to(1, START);
        bucket.lower_to(2, START);
        assert_eq!(bucket.left(START), 1);
        assert!(bucket.take(START) && !bucket.take(START));
        assert_eq!((bucket.left(START), bucket.left(after(1_999_999))), (0, 1));
        assert_eq!(bucket.next_at(after(1_000_000)), after(1_000_000));
    }

    #[test]
    fn a_clock_that_is_set_back_gives_nothing_and_fills_on_from_there() {
        let mut bucket = Bucket::full(Size { burst: 1, per_second: 1 }, after(600_000_000));
        assert!(bucket.take(after(600_000_000)));
        assert!(!bucket.take(after(300_000_000)));
        assert!(bucket.take(after(301_000_000)));
    }
}
