//! Durations as people read them, and the ones that the form offers.

use shared::window::{AccessDuration, MaxDuration};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// *1 hour*, *30 minutes*, *1 hour 30 minutes*.
pub(crate) fn in_words(seconds: i64) -> String {
    let parts = [
        counted(seconds / HOUR, "hour"),
        counted(seconds / MINUTE % 60, "minute"),
        counted(seconds % MINUTE, "second"),
    ];
    joined(parts)
}

/// *1 h*, *30 min*, *1 h 30 min*.
pub(crate) fn short(seconds: i64) -> String {
    let part = |count: i64, unit: &str| (count != 0).then(|| format!("{count} {unit}"));
    joined([part(seconds / HOUR, "h"), part(seconds / MINUTE % 60, "min"), part(seconds % MINUTE, "s")])
}

fn counted(count: i64, unit: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {unit}")),
        _ => Some(format!("{count} {unit}s")),
    }
}

fn joined(parts: [Option<String>; 3]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A duration that the form offers in one tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub minutes: i64,
    pub label: String,
}

/// 30 min, 1 h and 2 h as far as they are shorter than the longest, then the longest.
pub(crate) fn choices(longest: MaxDuration) -> Vec<Choice> {
    let longest = longest.seconds() / MINUTE;
    let shorter = [30, 60, 120].into_iter().filter(|minutes| *minutes < longest);
    let mut choices: Vec<Choice> =
        shorter.map(|minutes| Choice { minutes, label: short(minutes * MINUTE) }).collect();
    let label = format!("{} max", short(longest * MINUTE));
    choices.push(Choice { minutes: longest, label });
    choices
}

/// What the form starts with: an hour, or less where less is allowed.
pub(crate) fn default_minutes(longest: MaxDuration) -> i64 {
    (longest.seconds() / MINUTE).min(60)
}

/// Whole minutes as typed.
pub(crate) fn parse_minutes(text: &str) -> Result<AccessDuration, &'static str> {
    const EXPECTED: &str = "Give whole minutes, from 1 to 1440";
    let minutes: i64 = text.trim().parse().map_err(|_| EXPECTED)?;
    AccessDuration::from_minutes(minutes).map_err(|_| EXPECTED)
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
            assert_eq!((in_words(seconds).as_str(), short(seconds).as_str()), (long, brief));
        }
    }

    #[test]
    fn the_longest_is_always_offered_and_nothing_longer() {
        let labels = |longest: &str| -> Vec<String> {
            choices(longest.parse().unwrap()).into_iter().map(|choice| choice.label).collect()
        };
        assert_eq!(labels("PT3H"), ["30 min", "1 h", "2 h", "3 h max"]);
        assert_eq!(labels("PT1H"), ["30 min", "1 h max"]);
        assert_eq!(labels("PT5M"), ["5 min max"]);
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
            assert!(parse_minutes(text).is_err(), "{text}");
        }
    }
}
