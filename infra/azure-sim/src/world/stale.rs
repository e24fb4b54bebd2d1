use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::shelf::kind_of;
use super::{NSG, World};

/// The NSGs as they were before the last write of each, and when that write last showed.
pub(super) type Before = HashMap<String, (Option<Value>, Timestamp)>;

impl World {
    /// Keeps an NSG as it is, before a write changes it.
    pub(crate) fn remember(&mut self, key: &str, now: Timestamp) {
        if kind_of(key) == Some(NSG) {
            let body = self.get(key).cloned();
            self.before.insert(key.to_owned(), (body, now));
        }
    }

    pub(super) fn note_change(&mut self, key: &str, at: Timestamp) {
        if let Some((_, changed_at)) = self.before.get_mut(key) {
            *changed_at = at;
        }
    }

    /// A resource as a read shows it that lags behind by so much.
    pub(crate) fn get_late(&self, key: &str, lag: SignedDuration) -> Option<&Value> {
        match self.before.get(key) {
            Some((before, at)) if self.now.duration_since(*at) < lag => before.as_ref(),
            _ => self.get(key),
        }
    }
}
