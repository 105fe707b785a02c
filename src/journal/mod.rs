//! The journal of one contact centre: opaque records in one unbroken sequence, durable before they are acknowledged.
//!
//! It knows bodies as bytes and index keys as strings, nothing else of Baton. A [`Journal`] blocks while the disk
//! works: whoever owns one gives it an OS thread of its own.

mod archive;
mod base;
mod data_folder;
mod error;
mod memory;
mod sqlite;
mod state_snapshot;

pub use archive::{ArchiveRange, Archived, LABELS_LEN, Look, Place, Usage};
pub use base::{Base, PIECE_BYTES, pieces_of};
pub use data_folder::DataFolder;
pub use error::Error;
pub use memory::{Fault, MemoryDisk, MemoryJournal};
pub use sqlite::{Composition, Found, JournalFile, Lineage, SqliteJournal, back_up};
pub use state_snapshot::{
    Parts, StateSnapshot, StateSnapshotError, StateSnapshots, state_snapshots,
};

/// Steps of one key that are kept beyond a trim; the oldest of them make room for newer ones.
pub const KEPT_LEN_MAX: usize = 1_000;
/// The bytes that they may have together. A step of several keys counts for each.
pub const KEPT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// One entry of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// From 1, without gaps.
    pub sequence: u64,
    pub at_ms: u64,
    pub body: Vec<u8>,
    /// What [`Reader::read_keyed`] finds this record by. Records that are read come without their keys: the fold at
    /// start-up has no use for them and would wait for them.
    pub keys: Vec<String>,
    /// What it ends: archived with it or not at all. Records that are read come without it, too.
    pub archived: Vec<Archived>,
}

/// What became of an append. Only `Acked` says that the records are there.
#[derive(Debug)]
#[must_use]
pub enum Appended {
    /// All records are durable.
    Acked,
    /// Nothing was written: the journal ends at `head`, not where the caller thought.
    Fenced { head: u64 },
    /// Nobody can say before a restart whether the records were written. The journal takes no more until it is opened
    /// again: a failed fsync must never be tried twice, since the second may succeed without the data.
    Ambiguous(Error),
    /// Nothing was written, for certain; the same append may be tried again later (a full disk).
    Refused(Error),
}

/// The unbroken history of one contact centre, from its beginning or from a [`Base`] on.
pub trait Journal: Send {
    /// The identity of this history, chosen when it began. Another epoch is another history, whatever its sequences.
    fn epoch(&self) -> u64;

    /// The last sequence, 0 when there is none.
    fn head(&self) -> u64;

    /// Writes all of `records` or none, if the journal ends at `expected_head`; they must continue it without a gap.
    fn append(&mut self, expected_head: u64, records: &[Record]) -> Appended;

    /// Whether an append is taken at this time, found out by writing something that is no record. `Acked` if so.
    fn probe(&mut self) -> Appended {
        self.append(self.head(), &[])
    }

    /// The first `limit` records after `sequence`, in order.
    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error>;

    /// The head when this epoch began: what is not after it is common with an earlier epoch. 0 for a history that was
    /// never restored from a copy.
    fn epoch_began_after(&self) -> u64;

    /// Whether what an epoch called `sequence` is the same here: it is this epoch, or one that this history goes on
    /// from, before they went apart.
    fn shares(&self, epoch: u64, sequence: u64) -> bool;

    /// Another eye on the same records, for another thread: it sees what is durable.
    fn reader(&self) -> Result<Box<dyn Reader>, Error>;

    /// The sequence of the base; 0 if there is none.
    fn kept_after(&self) -> Result<u64, Error>;

    /// Lays the [piece](pieces_of) with this number, counted from 0, of the base that the next trim is to go on from. It
    /// means nothing before that: with piece 0, after an error or when the journal is opened again it begins anew, and what
    /// was laid until then is left to [`sweep`](Journal::sweep).
    ///
    /// # Errors
    /// It is not the next one, or cannot be written.
    fn lay(&mut self, number: u64, piece: &[u8]) -> Result<(), Error>;

    /// From now on the history that is kept begins after `sequence`, with the base whose `pieces_len` pieces were laid: the
    /// records before it go, and the base before it, here or with [`sweep`]. Of those that carry a key, [`KEPT_LEN_MAX`]
    /// and [`KEPT_BYTES_MAX`] are still found by it, until the row that was archived under the key has
    /// [expired](Journal::expire).
    ///
    /// # Errors
    /// The history that is kept does not hold `sequence`, the base is not laid, or it cannot be written. Then everything is
    /// as before.
    ///
    /// [`sweep`]: Journal::sweep
    fn trim(&mut self, sequence: u64, pieces_len: u64) -> Result<(), Error>;

    /// Removes a little of what trims left to be removed.
    fn sweep(&mut self) {}

    /// Archives what was ended by records that carried nothing for the archive: all of it or nothing.
    fn archive(&mut self, rows: &mut dyn Iterator<Item = Archived>) -> Result<(), Error>;

    /// Removes a few of the archived rows that ended before a time, the oldest first, with what is kept beyond a trim of
    /// the records of their keys up to the one that ended them.
    fn expire(&mut self, before_ms: u64);

    /// Housekeeping for a moment in which nobody waits for an append.
    fn idle(&mut self) {}
}

/// Reads a journal while its owner writes.
pub trait Reader: Send {
    /// The first `limit` records after `sequence`, in order.
    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error>;

    /// The first `limit` records after the sequence `after` that carry `key`, in order, those that are kept beyond a trim
    /// among them.
    fn read_keyed(&self, key: &str, after: u64, limit: usize) -> Result<Vec<Record>, Error>;

    /// What the first record that is kept goes on from, as it is at one moment, which lasts as long as it is held: nothing
    /// else is read meanwhile. None if that is the beginning.
    fn base(&self) -> Result<Option<Base<'_>>, Error>;

    /// The sequence of the base; 0 if there is none.
    fn kept_after(&self) -> Result<u64, Error>;

    /// The last row that was archived under a key.
    fn archived(&self, key: &str) -> Result<Option<Archived>, Error>;

    /// Shows the archived rows of a range, newest first. Where it ended, if there are more.
    fn look_at_archive(&self, range: &ArchiveRange, look: Look<'_>)
    -> Result<Option<Place>, Error>;

    /// What the journal takes up.
    fn usage(&self) -> Result<Usage, Error>;

    /// The error that says that a record is not what it must be, and where it is.
    fn damaged(&self, sequence: u64) -> Error;
}

/// Refuses records that do not continue `head` one by one.
fn check_continuous(head: u64, records: &[Record]) -> Result<(), Error> {
    for (expected, record) in (head + 1..).zip(records) {
        if record.sequence != expected {
            return Err(Error::Gap {
                expected,
                found: record.sequence,
            });
        }
    }
    Ok(())
}

/// A history is only ever trimmed at a sequence that it holds.
fn check_trim(kept_after: u64, head: u64, sequence: u64) -> Result<(), Error> {
    let base = kept_after;
    match (base + 1..=head).contains(&sequence) {
        true => Ok(()),
        false => Err(Error::Trim { base, sequence }),
    }
}

/// So many pieces were laid as their owner says.
fn check_laid(laid: u64, said: u64) -> Result<(), Error> {
    match laid == said {
        true => Ok(()),
        false => Err(Error::Pieces { laid, said }),
    }
}
