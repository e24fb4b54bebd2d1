//! How long an opening lasts: durations and the half-open window `[start, end)`.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::text_serde;

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// Why a text is not a usable duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    #[error("a duration is written like PT3H, PT30M or PT1H30M (ISO 8601)")]
    Malformed,
    #[error("the longest duration of a port rule is from 5 minutes (PT5M) to 24 hours (PT24H)")]
    MaxOutOfRange,
    #[error("an opening lasts from 1 minute (PT1M) to 24 hours (PT24H)")]
    OutOfRange,
}

/// Seconds of an ISO 8601 duration of days, hours, minutes and seconds, each once and in this order; a day is 24 hours.
fn parse_seconds(text: &str) -> Result<i64, InvalidDuration> {
    seconds_of(&text.to_ascii_uppercase()).ok_or(InvalidDuration::Malformed)
}

fn seconds_of(text: &str) -> Option<i64> {
    let (date, time) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text.strip_prefix('P')?, ""),
    };
    let (days, rest) = leading(date, 'D')?;
    let (hours, time) = leading(time, 'H')?;
    let (minutes, time) = leading(time, 'M')?;
    let (seconds, time) = leading(time, 'S')?;
    let is_whole = rest.is_empty() && time.is_empty() && text != "P";
    let units = [(days, DAY), (hours, 60 * MINUTE), (minutes, MINUTE), (seconds, 1)];
    let sum = |sum: i64, (count, unit): (i64, i64)| sum.checked_add(count.checked_mul(unit)?);
    is_whole.then(|| units.into_iter().try_fold(0, sum))?
}

/// How many of a unit there are, none where it is not named, and what comes after it.
fn leading(text: &str, unit: char) -> Option<(i64, &str)> {
    match text.split_once(unit) {
        Some((digits, rest)) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            Some((digits.parse().ok()?, rest))
        }
        _ => Some((0, text)),
    }
}

fn write_iso(seconds: i64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("PT")?;
    for (value, unit) in [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')] {
        if value != 0 {
            write!(f, "{value}{unit}")?;
        }
    }
    Ok(())
}

/// The regular expression of durations up to a day as people write them, with minutes and seconds alone below 1000 and
/// 10,000 as given: whatever Postern writes, and much of what it reads.
#[cfg(feature = "schema")]
fn pattern(minutes: &str, seconds: &str) -> String {
    let (hours, part) = ("[1-9]|1[0-9]|2[0-3]", "[1-5]?[0-9]");
    format!(
        "^P(1D|T(24H|({hours})H({part}M)?({part}S)?|({minutes}|1[0-3][0-9]{{2}}|14[0-3][0-9])M({part}S)?|({seconds})S))$"
    )
}

macro_rules! duration {
    ($(#[$doc:meta])* $type:ident, $range:expr, $error:expr, $pattern:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(from = "String", into = "String", extend("pattern" = $pattern)))]
        pub struct $type(i64);

        impl $type {
            pub fn from_seconds(seconds: i64) -> Result<Self, InvalidDuration> {
                if $range.contains(&seconds) { Ok(Self(seconds)) } else { Err($error) }
            }

            pub fn from_minutes(minutes: i64) -> Result<Self, InvalidDuration> {
                minutes.checked_mul(MINUTE).ok_or($error).and_then(Self::from_seconds)
            }

            pub const fn seconds(self) -> i64 {
                self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidDuration;

            fn from_str(text: &str) -> Result<Self, InvalidDuration> {
                Self::from_seconds(parse_seconds(text)?)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_iso(self.0, f)
            }
        }

        text_serde!($type);
    };
}

duration!(
    /// The longest time that a port rule may be asked for: 5 minutes–24 hours; Azure's
    /// `maxRequestAccessDuration`.
    MaxDuration,
    (5 * MINUTE..=DAY),
    InvalidDuration::MaxOutOfRange,
    pattern("[5-9]|[1-9][0-9]{1,2}", "[3-9][0-9]{2}|[1-9][0-9]{3}")
);

duration!(
    /// How long an opening is asked for: 1 minute–24 hours.
    AccessDuration,
    (MINUTE..=DAY),
    InvalidDuration::OutOfRange,
    pattern("[1-9][0-9]{0,2}", "[6-9][0-9]|[1-9][0-9]{2,3}")
);

impl MaxDuration {
    /// Azure's default, 3 hours.
    pub const DEFAULT: Self = Self(3 * 60 * MINUTE);
}

impl AccessDuration {
    pub fn is_within(self, longest: MaxDuration) -> bool {
        self.0 <= longest.0
    }
}

/// A half-open span of time `[start, end)`, never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "RawWindow")]
pub struct AccessWindow {
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    start: Timestamp,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    end: Timestamp,
}

#[derive(Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct RawWindow {
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    start: Timestamp,
    #[cfg_attr(feature = "schema", schemars(with = "crate::schema::Instant"))]
    end: Timestamp,
}

/// The end is not after the start, or out of any calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an access window ends after it starts")]
pub struct EmptyWindow;

impl AccessWindow {
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, EmptyWindow> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyWindow) }
    }

    /// The window that starts at `start`; `None` past the end of the calendar.
    pub fn lasting(start: Timestamp, duration: AccessDuration) -> Option<Self> {
        let end = start.checked_add(SignedDuration::from_secs(duration.seconds())).ok()?;
        Some(Self { start, end })
    }

    pub const fn start(self) -> Timestamp {
        self.start
    }

    pub const fn end(self) -> Timestamp {
        self.end
    }
}

impl TryFrom<RawWindow> for AccessWindow {
    type Error = EmptyWindow;

    fn try_from(raw: RawWindow) -> Result<Self, EmptyWindow> {
        Self::new(raw.start, raw.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_every_way_to_write_a_duration() {
        for (text, seconds) in
            [("PT3H", 10_800), ("PT180M", 10_800), ("PT1H30M", 5_400), ("P1D", DAY), ("PT5M", 300)]
        {
            assert_eq!(text.parse::<MaxDuration>().unwrap().seconds(), seconds, "{text}");
        }
        assert_eq!("PT90M".parse::<AccessDuration>().unwrap().to_string(), "PT1H30M");
    }

    #[test]
    fn rejects_what_is_out_of_range() {
        for text in ["PT4M59S", "PT24H1S", "PT0S", "-PT3H", "P2D", "PT99999999999H", "PT9999999999999999999S"]
        {
            assert!(text.parse::<MaxDuration>().is_err(), "{text}");
        }
        assert_eq!("PT59S".parse::<AccessDuration>(), Err(InvalidDuration::OutOfRange));
        assert_eq!(AccessDuration::from_minutes(i64::MAX), Err(InvalidDuration::OutOfRange));
    }

    #[test]
    fn rejects_what_is_not_iso_8601() {
        for text in [
            "", "P", "3h", "3 hours", "PT", "P1W", "P1M", "P1Y", "PT0.5S", "10800", "PTH", "PT1H1H",
            "PT1M1H", "P1DT", "PT+1H",
        ] {
            assert_eq!(text.parse::<AccessDuration>(), Err(InvalidDuration::Malformed), "{text}");
        }
    }

    #[test]
    fn a_window_ends_after_it_starts() {
        let t = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(AccessWindow::new(t, t), Err(EmptyWindow));
        let hour = AccessWindow::lasting(t, AccessDuration::from_minutes(60).unwrap()).unwrap();
        assert_eq!(hour.end().as_second(), 1_700_003_600);
        assert!(
            serde_json::from_str::<AccessWindow>(
                r#"{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:00Z"}"#
            )
            .is_err()
        );
    }
}
