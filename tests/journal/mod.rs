//! What every journal promises, and what only the one on disk does.

mod archive;
mod base;
mod contract;
mod crash;
mod damage;
mod data_folder;
mod disk;
mod kept;
mod log;
mod memory;
mod sqlite;
mod state_snapshots;

use baton::journal::{Appended, Journal, Record};

/// Takes from a file what it has beside format 5, if its base is not of several pieces.
pub(crate) const WITHOUT_FORMAT_6: &str = "
    UPDATE base_pieces SET number = (SELECT sequence FROM base);
    DROP TABLE base; ALTER TABLE base_pieces RENAME TO base; ALTER TABLE base RENAME COLUMN number TO sequence;
    DROP TABLE kept_steps; DROP TABLE kept_keys; DROP TABLE forgotten;
    DELETE FROM keys_of_steps WHERE sequence <= (SELECT value FROM meta WHERE name = 'keys_sorted_until');
    DELETE FROM meta WHERE name = 'keys_sorted_until';
    ALTER TABLE keys_of_steps RENAME TO new_step_keys;";

/// A record whose body says which one it is.
fn record(sequence: u64, keys: &[&str]) -> Record {
    Record {
        sequence,
        at_ms: 1_700_000_000_000 + sequence,
        body: format!("step {sequence}").into_bytes(),
        keys: keys.iter().map(ToString::to_string).collect(),
        archived: Vec::new(),
    }
}

fn records(sequences: std::ops::RangeInclusive<u64>) -> Vec<Record> {
    sequences.map(|sequence| record(sequence, &[])).collect()
}

/// What an append came to, without its reason.
fn append(journal: &mut dyn Journal, expected_head: u64, records: &[Record]) -> String {
    match journal.append(expected_head, records) {
        Appended::Acked => "acked".to_string(),
        Appended::Fenced { head } => format!("fenced at {head}"),
        Appended::Ambiguous(_) => "ambiguous".to_string(),
        Appended::Refused(_) => "refused".to_string(),
    }
}

fn sequences(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.sequence).collect()
}

fn all(journal: &dyn Journal) -> Vec<u64> {
    sequences(&journal.read_after(0, usize::MAX).unwrap())
}
