//! When closing cannot be relied upon, in words.

use jiff::{Timestamp, tz::Offset};
use shared::api::Health;

use super::{
    language::{Language, say},
    times,
};

/// What everybody should know; the texts stay the same while what they tell does, so that nobody hears them twice.
pub(crate) fn warnings(
    health: &Health,
    now: Timestamp,
    zone: impl Fn(Timestamp) -> Offset,
    language: Language,
) -> Vec<String> {
    let silent = health
        .timer_silent_since
        .map(|since| say!(language, health.silent, since = times::clock(since, now, zone(since), language)));
    let overdue = match health.overdue {
        0 => None,
        1 => Some(say!(language, health.one_overdue).to_owned()),
        count => Some(say!(language, health.overdue, count = count)),
    };
    silent.into_iter().chain(overdue).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::model::samples::{a_session, later, now};

    #[test]
    fn nothing_is_said_while_closing_can_be_relied_upon() {
        assert!(told(&a_session().health, now()).is_empty());
    }

    #[test]
    fn a_silent_timer_is_told_with_the_time_of_the_reader() {
        let health = Health { timer_silent_since: Some(later(-240)), ..a_session().health };
        let told = told(&health, now());
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("The timer that closes ports has been silent since 19:56. "),
            "{}",
            told[0]
        );
    }

    #[test]
    fn the_text_stays_the_same_while_the_silence_goes_on() {
        let health = Health { timer_silent_since: Some(later(-240)), ..a_session().health };
        assert_eq!(told(&health, now()), told(&health, now() + SignedDuration::from_mins(30)));
        let yesterday = told(&health, now() + SignedDuration::from_hours(24));
        assert!(yesterday[0].contains("since 24 Nov 19:56. "), "{}", yesterday[0]);
    }

    #[test]
    fn overdue_openings_are_counted_beside_it() {
        let health = Health { timer_silent_since: Some(now()), overdue: 2, ..a_session().health };
        let both = told(&health, now());
        assert_eq!(both.len(), 2);
        assert!(both[1].starts_with("2 openings are past"), "{}", both[1]);
        let one = told(&Health { overdue: 1, ..a_session().health }, now());
        assert!(one.len() == 1 && one[0].starts_with("1 opening is past"), "{one:?}");
    }

    fn told(health: &Health, now: Timestamp) -> Vec<String> {
        warnings(health, now, |_| Offset::constant(8), Language::en)
    }
}
