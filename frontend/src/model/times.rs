//! Points in time as people read them. The zone's offset is a parameter: only the browser knows it.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use super::language::{Language, say};

/// What is left until `end` as *hh:mm:ss*, a begun second counting whole; zeros once it is over.
pub(crate) fn countdown(end: Timestamp, now: Timestamp) -> String {
    let left = end.as_millisecond().saturating_sub(now.as_millisecond()).max(0);
    let seconds = (left + 999) / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// *just now*, *12 s ago*, *5 min ago*, *3 h ago*, *2 d ago*.
pub(crate) fn ago(then: Timestamp, now: Timestamp, language: Language) -> String {
    let seconds = now.as_second().saturating_sub(then.as_second());
    match seconds {
        ..=1 => say!(language, times.just_now).to_owned(),
        2..=59 => say!(language, times.seconds_ago, count = seconds),
        60..=3599 => say!(language, times.minutes_ago, count = seconds / 60),
        3600..=86_399 => say!(language, times.hours_ago, count = seconds / 3600),
        _ => say!(language, times.days_ago, count = seconds / 86_400),
    }
}

/// *14:05*, or *25 Nov 14:05* on another day than today's.
pub(crate) fn clock(at: Timestamp, now: Timestamp, zone: Offset, language: Language) -> String {
    let (then, today) = (zone.to_datetime(at), zone.to_datetime(now));
    let time = format!("{:02}:{:02}", then.hour(), then.minute());
    if then.date() == today.date() {
        return time;
    }
    let month = usize::try_from(then.month() - 1).unwrap_or_default();
    let month = say!(language, times.months).split(' ').nth(month).unwrap_or_default();
    say!(language, times.day_and_time, day = then.day(), month = month, time = time)
}

/// *2026-11-24 14:05:12 UTC+8*.
pub(crate) fn absolute(at: Timestamp, zone: Offset) -> String {
    let then = zone.to_datetime(at);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}",
        then.year(),
        then.month(),
        then.day(),
        then.hour(),
        then.minute(),
        then.second(),
        zone_name(zone)
    )
}

/// *2026-11-24T14:05*, as a field for local date and time has it.
pub(crate) fn in_field(at: Timestamp, zone: Offset) -> String {
    let mut text = absolute(at, zone).replacen(' ', "T", 1);
    text.truncate("2026-11-24T14:05".len());
    text
}

/// As the functions write it, such as *2026-11-24T14:05:12.9Z*; jiff reads more ways of writing, at ten times the size.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (date, time) = whole.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let [hour, minute, second] = numbers(time, ':')?;
    let nanosecond = if fraction.is_empty() { 0 } else { number(fraction)? };
    let scale = 10_i32.pow(9_u32.checked_sub(fraction.len().try_into().ok()?)?);
    let small = |number: i32| i8::try_from(number).ok();
    let then = DateTime::new(
        year.try_into().ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        nanosecond * scale,
    );
    Offset::UTC.to_timestamp(then.ok()?).ok()
}

fn numbers(text: &str, between: char) -> Option<[i32; 3]> {
    let mut parts = text.split(between);
    let numbers = [number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?];
    parts.next().is_none().then_some(numbers)
}

fn number(digits: &str) -> Option<i32> {
    let all = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|digit| digit.is_ascii_digit());
    all.then(|| digits.parse().ok())?
}

/// As [`read`] reads it.
pub(crate) fn written(at: Timestamp) -> String {
    let mut text = absolute(at, Offset::UTC).replacen(' ', "T", 1);
    text.truncate("2026-11-24T14:05:12".len());
    let fraction = format!("{:09}", at.subsec_nanosecond());
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{text}{point}{fraction}Z")
}

fn zone_name(zone: Offset) -> String {
    let seconds = zone.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_countdown_starts_whole_and_ends_at_zero() {
        let end = at("2026-11-24T15:00:00Z");
        for (now, left) in [
            ("2026-11-24T14:00:00Z", "01:00:00"),
            ("2026-11-24T14:00:18.2Z", "00:59:42"),
            ("2026-11-24T14:59:59.999Z", "00:00:01"),
            ("2026-11-24T15:00:00Z", "00:00:00"),
            ("2026-11-24T16:00:00Z", "00:00:00"),
            ("2026-11-23T15:00:00Z", "24:00:00"),
        ] {
            assert_eq!(countdown(end, at(now)), left, "{now}");
        }
    }

    #[test]
    fn relative_times_use_the_largest_fitting_unit() {
        let now = at("2026-11-24T12:00:00Z");
        for (then, words) in [
            ("2026-11-24T12:00:03Z", "just now"),
            ("2026-11-24T11:59:48Z", "12 s ago"),
            ("2026-11-24T11:59:00Z", "1 min ago"),
            ("2026-11-24T11:00:01Z", "59 min ago"),
            ("2026-11-24T09:00:00Z", "3 h ago"),
            ("2026-11-22T11:00:00Z", "2 d ago"),
        ] {
            assert_eq!(ago(at(then), now, Language::en), words);
        }
    }

    #[test]
    fn the_day_is_named_when_it_is_not_today_where_the_reader_is() {
        let (now, taipei) = (at("2026-11-24T15:30:00Z"), Offset::constant(8));
        let said = |then: &str, zone, language| clock(at(then), now, zone, language);
        assert_eq!(said("2026-11-24T15:45:00Z", taipei, Language::en), "23:45");
        assert_eq!(said("2026-11-24T16:05:00Z", taipei, Language::en), "25 Nov 00:05");
        assert_eq!(said("2026-11-24T16:05:00Z", Offset::UTC, Language::en), "16:05");
        assert_eq!(said("2026-11-24T16:05:00Z", taipei, Language::zh_TW), "11月25日 00:05");
    }

    #[test]
    fn every_month_has_a_name() {
        for language in [Language::en, Language::zh_TW] {
            assert_eq!(say!(language, times.months).split(' ').count(), 12);
        }
    }

    #[test]
    fn what_the_functions_write_is_read_and_written_again() {
        for text in [
            "2026-11-24T14:05:12Z",
            "2026-11-24T14:05:12.9Z",
            "2024-02-29T23:59:59.999999999Z",
            "2026-11-24T14:05:12.000001Z",
        ] {
            assert_eq!(read(text), Some(at(text)), "{text}");
            assert_eq!(written(at(text)), text);
            assert_eq!(at(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_time_is_not_read() {
        for text in [
            "",
            "Z",
            "2026-11-24",
            "2026-11-24T14:05:12",
            "2026-11-24T14:05Z",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T14:05:12.Z+",
            "2026-11-24T14:05:12.1234567890Z",
            "2026-11-24T14:05:12+08:00",
            "2026-11--4T14:05:12Z",
            "99999-11-24T14:05:12Z",
            "2026-11-24T14:05:12:00Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn absolute_times_carry_their_zone() {
        let then = at("2026-11-24T14:05:12.9Z");
        let india = Offset::from_seconds(5 * 3600 + 1800).unwrap();
        assert_eq!(absolute(then, Offset::UTC), "2026-11-24 14:05:12 UTC");
        assert_eq!(absolute(then, Offset::constant(-5)), "2026-11-24 09:05:12 UTC-5");
        assert_eq!(absolute(then, india), "2026-11-24 19:35:12 UTC+5:30");
        assert_eq!(in_field(then, india), "2026-11-24T19:35");
    }
}
