//! Durations as people read them, and the ones that the form offers.

use shared::window::{AccessDuration, MaxDuration};

use super::language::{Language, say};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// *1 hour*, *30 minutes*, *1 hour 30 minutes*.
pub(crate) fn in_words(seconds: i64, language: Language) -> String {
    joined(seconds, |unit, count| match (unit, count) {
        (Unit::Hour, 1) => say!(language, durations.one_hour).to_owned(),
        (Unit::Hour, _) => say!(language, durations.hours, count = count),
        (Unit::Minute, 1) => say!(language, durations.one_minute).to_owned(),
        (Unit::Minute, _) => say!(language, durations.minutes, count = count),
        (Unit::Second, 1) => say!(language, durations.one_second).to_owned(),
        (Unit::Second, _) => say!(language, durations.seconds, count = count),
    })
}

/// *1 h*, *30 min*, *1 h 30 min*.
pub(crate) fn short(seconds: i64, language: Language) -> String {
    joined(seconds, |unit, count| match unit {
        Unit::Hour => say!(language, durations.short_hours, count = count),
        Unit::Minute => say!(language, durations.short_minutes, count = count),
        Unit::Second => say!(language, durations.short_seconds, count = count),
    })
}

#[derive(Clone, Copy)]
enum Unit {
    Hour,
    Minute,
    Second,
}

fn joined(seconds: i64, part: impl Fn(Unit, i64) -> String) -> String {
    let counts = [
        (Unit::Hour, seconds / HOUR),
        (Unit::Minute, seconds / MINUTE % 60),
        (Unit::Second, seconds % MINUTE),
    ];
    let parts = counts.into_iter().filter(|(_, count)| *count != 0).map(|(unit, count)| part(unit, count));
    parts.collect::<Vec<_>>().join(" ")
}

/// A duration that the form offers in one tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub minutes: i64,
    pub label: String,
}

/// 30 min, 1 h and 2 h as far as they are shorter than the longest, then the longest.
pub(crate) fn choices(longest: MaxDuration, language: Language) -> Vec<Choice> {
    let longest = longest.seconds() / MINUTE;
    let shorter = [30, 60, 120].into_iter().filter(|minutes| *minutes < longest);
    let length = |minutes: i64| short(minutes * MINUTE, language);
    let mut choices: Vec<Choice> =
        shorter.map(|minutes| Choice { minutes, label: length(minutes) }).collect();
    let label = say!(language, durations.longest, length = length(longest));
    choices.push(Choice { minutes: longest, label });
    choices
}

/// What the form starts with: an hour, or less where less is allowed.
pub(crate) fn default_minutes(longest: MaxDuration) -> i64 {
    (longest.seconds() / MINUTE).min(60)
}

/// Whole minutes as typed, from 1 to 1440.
pub(crate) fn parse_minutes(text: &str) -> Option<AccessDuration> {
    AccessDuration::from_minutes(text.trim().parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        for (seconds, long, brief) in [
            (3600, "1 hour", "1 h"),
            (1800, "30 minutes", "30 min"),
            (5400, "1 hour 30 minutes", "1 h 30 min"),
            (7260, "2 hours 1 minute", "2 h 1 min"),
            (90, "1 minute 30 seconds", "1 min 30 s"),
        ] {
            let said = (in_words(seconds, Language::en), short(seconds, Language::en));
            assert_eq!(said, (long.to_owned(), brief.to_owned()));
        }
        assert_eq!(in_words(5401, Language::zh_TW), "1\u{a0}小時 30\u{a0}分鐘 1\u{a0}秒");
        assert_eq!(short(5400, Language::zh_TW), "1 小時 30 分鐘");
    }

    #[test]
    fn the_longest_is_always_offered_and_nothing_longer() {
        let labels = |longest: &str, language| -> Vec<String> {
            choices(longest.parse().unwrap(), language).into_iter().map(|choice| choice.label).collect()
        };
        assert_eq!(labels("PT3H", Language::en), ["30 min", "1 h", "2 h", "3 h max"]);
        assert_eq!(labels("PT1H", Language::en), ["30 min", "1 h max"]);
        assert_eq!(labels("PT5M", Language::en), ["5 min max"]);
        assert_eq!(labels("PT1H", Language::zh_TW), ["30 分鐘", "最長 1 小時"]);
    }

    #[test]
    fn the_form_starts_with_an_hour_or_the_longest() {
        assert_eq!(default_minutes(MaxDuration::DEFAULT), 60);
        assert_eq!(default_minutes("PT20M".parse().unwrap()), 20);
    }

    #[test]
    fn accepts_whole_minutes_of_a_day() {
        assert_eq!(parse_minutes(" 90 ").unwrap().seconds(), 5400);
        assert_eq!(parse_minutes("1440").unwrap().seconds(), 86_400);
    }

    #[test]
    fn rejects_what_is_no_whole_number_of_minutes_of_a_day() {
        for text in ["", "0", "-5", "1.5", "1441", "an hour", "9223372036854775807"] {
            assert_eq!(parse_minutes(text), None, "{text}");
        }
    }
}
