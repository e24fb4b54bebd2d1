//! A line in front of one bucket.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{
    Urgency,
    bucket::{Bucket, Size},
};

/// Where somebody stands: before all with a greater one.
pub(super) type Number = (Urgency, u64);

/// Those who wait for the tokens of one bucket.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) bucket: Bucket,
    /// Nothing is taken before it.
    pub(super) held_until: Timestamp,
    waiting: BTreeMap<Number, Arc<Notify>>,
    joined: u64,
}

impl Line {
    pub(super) fn full(size: Size, now: Timestamp) -> Self {
        Self { bucket: Bucket::full(size, now), held_until: now, waiting: BTreeMap::new(), joined: 0 }
    }

    pub(super) fn join(&mut self, urgency: Urgency, bell: Arc<Notify>) -> Number {
        let number = (urgency, self.joined);
        self.joined += 1;
        self.waiting.insert(number, bell);
        number
    }

    pub(super) fn leave(&mut self, number: Number) {
        self.waiting.remove(&number);
    }

    pub(super) fn is_first(&self, number: Number) -> bool {
        self.waiting.first_key_value().is_some_and(|(first, _)| *first == number)
    }

    /// How many urgent ones wait.
    pub(super) fn urgent(&self) -> usize {
        self.waiting.range(..(Urgency::Usual, 0)).count()
    }

    /// Tells the first that it is the first.
    pub(super) fn ring(&self) {
        if let Some((_, bell)) = self.waiting.first_key_value() {
            bell.notify_one();
        }
    }

    /// When the first may go.
    pub(super) fn next_at(&mut self, now: Timestamp) -> Timestamp {
        self.bucket.next_at(now).max(self.held_until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_urgent_come_first_and_equals_as_they_came(arrivals in prop::collection::vec(any::<bool>(), 0..60)) {
            let mut line = Line::full(Size { burst: 1, per_second: 1 }, Timestamp::UNIX_EPOCH);
            let mut numbers = Vec::new();
            for urgent in &arrivals {
                let urgency = if *urgent { Urgency::Urgent } else { Urgency::Usual };
                numbers.push(line.join(urgency, Arc::new(Notify::new())));
            }
            prop_assert_eq!(line.urgent(), arrivals.iter().filter(|urgent| **urgent).count());
            let arrivals = &arrivals;
            let of = |urgent: bool| (0..arrivals.len()).filter(move |i| arrivals[*i] == urgent);
            for i in of(true).chain(of(false)).collect::<Vec<_>>() {
                prop_assert!(line.is_first(numbers[i]));
                line.leave(numbers[i]);
            }
        }
    }
}
