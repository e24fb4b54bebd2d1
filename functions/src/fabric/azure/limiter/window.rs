//! So many within a span of time that moves on with the clock.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

#[derive(Clone, Debug)]
pub(super) struct Window {
    most: usize,
    span: SignedDuration,
    /// The first is the oldest.
    taken: VecDeque<Timestamp>,
}

impl Window {
    pub(super) const fn new(most: usize, span: SignedDuration) -> Self {
        Self { most, span, taken: VecDeque::new() }
    }

    /// How many may be taken now.
    pub(super) fn free(&mut self, now: Timestamp) -> usize {
        while self.taken.front().is_some_and(|at| now.duration_since(*at) >= self.span) {
            self.taken.pop_front();
        }
        self.most.saturating_sub(self.taken.len())
    }

    /// When one may be taken: `now` if there is one.
    pub(super) fn next_at(&mut self, now: Timestamp) -> Timestamp {
        let oldest = if self.free(now) == 0 { self.taken.front() } else { None };
        oldest.map_or(now, |at| at.checked_add(self.span).unwrap_or(Timestamp::MAX))
    }

    pub(super) fn take(&mut self, now: Timestamp) {
        self.taken.push_back(now);
    }

    /// The clock was set back by so much.
    pub(super) fn shift_back(&mut self, by: SignedDuration) {
        for at in &mut self.taken {
            *at = at.checked_sub(by).unwrap_or(Timestamp::MIN);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn after(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    proptest! {
        #[test]
        fn no_span_has_more_than_the_limit(most in 1usize..10, pauses in prop::collection::vec(0i64..40, 1..200)) {
            let mut window = Window::new(most, SignedDuration::from_secs(100));
            let (mut now, mut taken) = (0, Vec::new());
            for pause in pauses {
                now += pause;
                if window.free(after(now)) > 0 {
                    window.take(after(now));
                    taken.push(now);
                } else {
                    prop_assert!(window.next_at(after(now)) > after(now));
                }
            }
            for (i, from) in taken.iter().enumerate() {
                let within = taken[i..].iter().take_while(|at| **at < from + 100).count();
                prop_assert!(within <= most);
            }
        }
    }

    #[test]
    fn one_is_free_again_when_the_oldest_is_a_span_old() {
        let mut window = Window::new(2, SignedDuration::from_secs(100));
        window.take(after(0));
        assert_eq!(window.next_at(after(10)), after(10));
        window.take(after(10));
        assert_eq!(window.next_at(after(20)), after(100));
        assert_eq!(window.free(after(100)), 1);
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_prolong_the_wait() {
        let mut window = Window::new(1, SignedDuration::from_secs(100));
        window.take(after(600));
        window.shift_back(SignedDuration::from_secs(300));
        assert_eq!(window.next_at(after(310)), after(400));
    }
}
