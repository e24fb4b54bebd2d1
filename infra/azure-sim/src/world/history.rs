use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::World;

const KEPT: usize = 10_000;

/// A write that was asked of ARM, whatever became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WriteRecord {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) method: String,
    pub(crate) path: String,
    /// The object id of the caller.
    pub(crate) principal: String,
    pub(crate) principal_name: String,
    pub(crate) status: u16,
    pub(crate) correlation_id: String,
    /// When packets meet it; absent when it changes nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) effect_at: Option<Timestamp>,
}

impl World {
    pub(crate) fn record(&mut self, mut record: WriteRecord) {
        record.seq = self.seq();
        if self.history.len() >= KEPT {
            self.history.pop_front();
        }
        self.history.push_back(record);
    }

    /// The writes after the one with that number, oldest first.
    pub(crate) fn history(&self, since: u64) -> impl DoubleEndedIterator<Item = &WriteRecord> {
        self.history.iter().filter(move |record| record.seq > since)
    }
}
