//! How domain values stand in columns.

use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;

pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("domain values have only text keys, which is all that can fail")
}

/// `what` names the row in the error.
pub(super) fn from_json<T: DeserializeOwned>(
    what: impl FnOnce() -> String,
    json: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::corrupt(what(), error))
}

/// Microseconds since 1970, rounded down.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Microseconds since 1970, rounded up: for ends, which must never come early.
pub(super) fn micros_up(at: Timestamp) -> i64 {
    at.as_microsecond() + i64::from(at.subsec_nanosecond() % 1_000 > 0)
}

pub(super) fn timestamp(what: impl FnOnce() -> String, micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|error| StoreError::corrupt(what(), error))
}

/// A count or a number of an entry, which SQL has with a sign.
pub(super) fn unsigned(what: impl FnOnce() -> String, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|error| StoreError::corrupt(what(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_rounded_up_and_a_moment_down() {
        let odd = Timestamp::from_nanosecond(1_700_000_000_000_000_001).unwrap();
        assert_eq!((micros(odd), micros_up(odd)), (1_700_000_000_000_000, 1_700_000_000_000_001));
        let even = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(micros(even), micros_up(even));
    }

    #[test]
    fn what_does_not_parse_is_an_error_that_names_the_row() {
        let error = from_json::<u32>(|| "policy of web-01".to_owned(), "{").unwrap_err();
        assert_eq!(error.to_string(), "the stored policy of web-01 cannot be read");
        assert!(timestamp(String::new, i64::MAX).is_err());
        assert!(unsigned(String::new, -1).is_err());
    }
}
