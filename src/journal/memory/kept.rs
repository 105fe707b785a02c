//! What outlives a trim, as on a disk.

use std::collections::BTreeMap;

use super::super::{KEPT_BYTES_MAX, KEPT_LEN_MAX, Record};

/// The records that are found by a key, of the history and of before it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    records: BTreeMap<u64, Record>,
    sequences_by_key: BTreeMap<String, Vec<u64>>,
    /// Up to which sequence nothing of a key is to be kept.
    forgotten: BTreeMap<String, u64>,
}

impl Kept {
    /// Keeps of the records of a history that goes what is found by a key.
    pub(super) fn trim(
        &mut self,
        gone: Vec<Record>,
        sequences_by_key: &BTreeMap<String, Vec<u64>>,
    ) {
        let last = gone.last().map_or(0, |record| record.sequence);
        self.records
            .extend(gone.into_iter().map(|record| (record.sequence, record)));
        for (key, sequences) in sequences_by_key {
            let forgotten = self.forgotten.get(key).copied().unwrap_or(0);
            let gone = sequences
                .iter()
                .filter(|it| **it <= last && **it > forgotten);
            let kept = self.sequences_by_key.entry(key.clone()).or_default();
            kept.extend(gone);
            let (mut len, mut bytes) = (0, 0);
            let records = &self.records;
            let first = kept.iter().rposition(|sequence| {
                len += 1;
                bytes += records[sequence].body.len() as u64;
                len > KEPT_LEN_MAX || bytes > KEPT_BYTES_MAX
            });
            kept.drain(..first.map_or(0, |first| first + 1));
        }
        self.forgotten.retain(|_, until| *until > last);
        self.remove_unfound();
    }

    /// Nothing of a key up to `until` is kept any more, nor will be.
    pub(super) fn forget(&mut self, key: String, until: u64) {
        if let Some(kept) = self.sequences_by_key.get_mut(&key) {
            kept.retain(|sequence| *sequence > until);
        }
        let forgotten = self.forgotten.entry(key).or_default();
        *forgotten = until.max(*forgotten);
        self.remove_unfound();
    }

    /// The records of a key after a sequence, in order.
    pub(super) fn of_key(&self, key: &str, after: u64) -> impl Iterator<Item = &Record> {
        let sequences = self.sequences_by_key.get(key).into_iter().flatten();
        let sequences = sequences.filter(move |sequence| **sequence > after);
        sequences.map(|sequence| &self.records[sequence])
    }

    /// How many records there are, and the bytes of their bodies.
    pub(super) fn usage(&self) -> (u64, u64) {
        let bytes = self.records.values().map(|record| record.body.len() as u64);
        (self.records.len() as u64, bytes.sum())
    }

    fn remove_unfound(&mut self) {
        self.sequences_by_key.retain(|_, kept| !kept.is_empty());
        let found = &self.sequences_by_key;
        self.records.retain(|sequence, _| {
            let mut lines = found.values();
            lines.any(|kept| kept.binary_search(sequence).is_ok())
        });
    }
}
