mod archive;
mod backup;
mod base;
mod checkpoint;
mod checksum;
mod compose;
mod epoch;
mod file;
mod kept;
mod keys;
mod read;
mod scan;
mod trim;

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi};

use super::{
    Appended, Archived, Base, DataFolder, Error, Journal, Reader, Record, StateSnapshot,
    check_continuous, check_laid, check_trim, state_snapshots,
};
use base::Pieces;
use checkpoint::{Checkpointer, LOG_PAGES_MAX};
use read::SqliteReader;

pub use backup::back_up;
pub use compose::Composition;
pub use epoch::Lineage;
pub use scan::{Found, JournalFile};

/// Writes a page as an append does, and nothing of the history.
const PROBE: &str =
    "INSERT INTO meta VALUES ('probes', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1";

/// A journal in an SQLite file of its own, which `sqlite3` may read and back up while the server runs.
#[derive(Debug)]
pub struct SqliteJournal {
    /// Ends before the connection is closed, which leaves no log behind.
    checkpointer: Checkpointer,
    connection: Connection,
    file: PathBuf,
    lineage: Lineage,
    head: u64,
    failed: bool,
    /// The pieces of the next base so far.
    laid: Option<Pieces>,
    /// Whether nothing is left of what a trim removes.
    is_swept: bool,
    /// Lines of the index that have not been sorted in.
    new_keys_len: u64,
    /// Pages of the log, above which it must be moved before anything is appended.
    log_pages_max: i64,
    /// Keeps the folder locked while anyone can write to a file in it.
    _folder: DataFolder,
}

impl SqliteJournal {
    /// Opens `<name>.sqlite`, or begins it with the epoch `epoch_if_new`. That is also what the history is called from
    /// here on if the file is a copy, put back in the place of another that may have gone on.
    ///
    /// # Errors
    /// Not a journal, a newer one, a damaged one, or one that is not what the state snapshots beside it were made of.
    pub fn open(folder: &DataFolder, name: &str, epoch_if_new: u64) -> Result<Self, Error> {
        check_name(name)?;
        let snapshots = state_snapshots(folder.path(), name)?;
        let file_name = format!("{name}.sqlite");
        let is_there = |file: PathBuf| file.metadata().is_ok_and(|file| file.len() > 0);
        if !is_there(folder.path().join(&file_name)) {
            refuse_if_emptied(folder.path().join(&file_name), &snapshots)?;
        }
        let file = folder.private_file(&file_name)?;
        let mut connection = file::connect(&file, epoch_if_new)?;
        let head = file::head(&connection, &file)?;
        if head == 0 {
            refuse_if_emptied(file.clone(), &snapshots)?;
        }
        let known = Lineage::read(&connection).map_err(in_file(&file))?;
        if !snapshots.is_empty() && !snapshots.iter().any(|it| known.knows(it.epoch)) {
            return Err(Error::Swapped {
                file,
                snapshot: snapshots[0].file.clone(),
            });
        }
        // A state snapshot is only ever made of what is durable: a journal that ends before it has lost something.
        let is_behind = |it: &StateSnapshot| it.epoch == known.number && it.sequence > head;
        let is_behind = snapshots.iter().any(is_behind);
        archive::forget_after(&connection, head).map_err(in_file(&file))?;
        let lineage = epoch::claim(&connection, &file, head, epoch_if_new, is_behind)?;
        let new_keys_len = keys::new_len(&connection).map_err(in_file(&file))?;
        Ok(Self {
            checkpointer: Checkpointer::start(&mut connection, &file)?,
            connection,
            file,
            lineage,
            head,
            failed: false,
            laid: None,
            is_swept: false,
            new_keys_len,
            log_pages_max: LOG_PAGES_MAX,
            _folder: folder.clone(),
        })
    }

    /// Appends that would make the file or its log longer than this are refused as on a full disk; the file never gets
    /// shorter.
    pub fn limit_size(&mut self, bytes: u64) -> Result<(), Error> {
        self.set_page_limit(bytes).map_err(in_file(&self.file))
    }

    /// # Errors
    /// Why nothing can be written at this time, if that is known.
    fn check_writable(&self) -> Result<(), Error> {
        if self.has_failed() {
            Err(Error::Failed)
        } else if self
            .checkpointer
            .is_beyond(self.log_pages_max, &self.connection)
        {
            Err(Error::LogTooLong)
        } else {
            Ok(())
        }
    }

    /// Whether a sync failed, in a commit or beside it.
    fn has_failed(&self) -> bool {
        self.failed || self.checkpointer.has_failed()
    }

    /// What an error while writing means.
    fn not_written(&mut self, source: rusqlite::Error) -> Appended {
        let certainly_not_written = self.connection.is_autocommit() && is_passing(&source);
        let error = in_file(&self.file)(source);
        if certainly_not_written {
            return Appended::Refused(error);
        }
        self.failed = true;
        Appended::Ambiguous(error)
    }

    /// What an error means while something is written beside the appends, which does not count then. A sync must never be
    /// tried twice, whatever it was for.
    fn not_done(&mut self, source: rusqlite::Error) -> Error {
        self.failed |= is_failed_sync(&source);
        in_file(&self.file)(source)
    }

    fn set_page_limit(&mut self, bytes: u64) -> rusqlite::Result<()> {
        let page: i64 = file::pragma(&self.connection, "page_size")?;
        let pages = (as_sql(bytes) / page).max(1);
        self.log_pages_max = pages.min(LOG_PAGES_MAX);
        self.connection.pragma_update(None, "max_page_count", pages)
    }
}

impl Journal for SqliteJournal {
    fn epoch(&self) -> u64 {
        self.lineage.number
    }

    fn head(&self) -> u64 {
        self.head
    }

    fn append(&mut self, expected_head: u64, records: &[Record]) -> Appended {
        if let Err(obstacle) = self.check_writable() {
            return not_tried(obstacle);
        }
        if let Err(gap) = check_continuous(expected_head, records) {
            return Appended::Refused(gap);
        }
        if records.is_empty() && expected_head == self.head {
            return Appended::Acked;
        }
        match write(&mut self.connection, expected_head, records) {
            Ok(Written::All { head, keys_len }) => {
                self.head = head;
                self.new_keys_len += keys_len;
                Appended::Acked
            }
            Ok(Written::Nothing { head }) => {
                self.head = head;
                Appended::Fenced { head }
            }
            Err(source) => self.not_written(source),
        }
    }

    fn probe(&mut self) -> Appended {
        if let Err(obstacle) = self.check_writable() {
            return not_tried(obstacle);
        }
        match self.connection.execute(PROBE, []) {
            Ok(_) => Appended::Acked,
            Err(source) => self.not_written(source),
        }
    }

    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error> {
        read::after(&self.connection, &self.file, sequence, limit)
    }

    fn epoch_began_after(&self) -> u64 {
        self.lineage.began_after
    }

    fn shares(&self, epoch: u64, sequence: u64) -> bool {
        self.lineage.shares(epoch, sequence)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Error> {
        Ok(Box::new(SqliteReader::open(&self.file)?))
    }

    fn kept_after(&self) -> Result<u64, Error> {
        let kept_after = base::kept_after(&self.connection);
        kept_after.map(as_number).map_err(in_file(&self.file))
    }

    fn lay(&mut self, number: u64, piece: &[u8]) -> Result<(), Error> {
        self.check_writable()?;
        // What is not taken up again here is swept.
        self.is_swept = false;
        let laid = self.laid.take().filter(|_| number > 0);
        check_laid(laid.map_or(0, Pieces::len), number)?;
        let laid = base::lay(&self.connection, laid, piece);
        self.laid = Some(laid.map_err(|source| self.not_done(source))?);
        Ok(())
    }

    fn trim(&mut self, sequence: u64, pieces_len: u64) -> Result<(), Error> {
        self.check_writable()?;
        check_trim(self.kept_after()?, self.head, sequence)?;
        self.is_swept = false;
        let laid = self.laid.take().unwrap_or(Pieces::NONE);
        check_laid(laid.len(), pieces_len)?;
        base::go_on_from(&mut self.connection, sequence, laid)
            .map_err(|source| self.not_done(source))
    }

    fn sweep(&mut self) {
        // What cannot be done now is done later: nobody reads what is to be removed, and a line of the index is found
        // before it is sorted in as well. A journal that takes no appends writes nothing.
        if self.check_writable().is_err() {
            return;
        }
        if !self.is_swept {
            match trim::sweep(&mut self.connection, self.laid) {
                Ok(is_swept) => self.is_swept = is_swept,
                Err(source) => drop(self.not_done(source)),
            }
        }
        if !self.failed && self.new_keys_len >= keys::NEW_LEN {
            match keys::sort_in(&mut self.connection) {
                Ok(left) => self.new_keys_len = left,
                Err(source) => drop(self.not_done(source)),
            }
        }
    }

    fn archive(&mut self, rows: &mut dyn Iterator<Item = Archived>) -> Result<(), Error> {
        let behavior = TransactionBehavior::Immediate;
        let write = || {
            let transaction = self.connection.transaction_with_behavior(behavior)?;
            archive::insert(&transaction, rows)?;
            transaction.commit()
        };
        write().map_err(|source| self.not_done(source))
    }

    fn expire(&mut self, before_ms: u64) {
        // What cannot be removed now is removed later. A journal that takes no appends writes nothing.
        if self.check_writable().is_ok()
            && let Err(source) = archive::expire(&self.connection, before_ms)
        {
            self.not_done(source);
        }
    }

    /// Moves the write-ahead log into the file, so that it is not an append that has to wait for it.
    fn idle(&mut self) {
        self.checkpointer.move_all();
    }
}

/// A new contact centre has no state snapshots yet.
fn refuse_if_emptied(file: PathBuf, snapshots: &[StateSnapshot]) -> Result<(), Error> {
    match snapshots.first() {
        None => Ok(()),
        Some(snapshot) => Err(Error::Emptied {
            file,
            snapshot: snapshot.file.clone(),
        }),
    }
}

/// The name becomes a file name: no folders, no dots, nothing a shell would trip over.
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(allowed) {
        return Err(Error::Name { name: name.into() });
    }
    Ok(())
}

enum Written {
    All { head: u64, keys_len: u64 },
    Nothing { head: u64 },
}

/// On an error nothing of it stays in the transaction; whether the commit took place is for the caller to judge.
fn write(
    connection: &mut Connection,
    expected_head: u64,
    records: &[Record],
) -> rusqlite::Result<Written> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // The file says where the journal ends, not what this process remembers.
    let head = transaction
        .prepare_cached("SELECT max((SELECT coalesce(max(sequence), 0) FROM steps), (SELECT coalesce(max(sequence), 0) FROM base))")?
        .query_row([], |row| row.get(0))
        .map(as_number)?;
    if head != expected_head {
        return Ok(Written::Nothing { head });
    }
    let keys_len = insert(&transaction, records)?;
    transaction.commit()?;
    Ok(Written::All {
        head: head + records.len() as u64,
        keys_len,
    })
}

/// Adds records with what belongs to them; gives how many lines they add to the index.
fn insert(transaction: &Connection, records: &[Record]) -> rusqlite::Result<u64> {
    let mut step = transaction.prepare_cached("INSERT INTO steps VALUES (?1, ?2, ?3, ?4)")?;
    for record in records {
        let (sequence, at_ms) = (as_sql(record.sequence), as_sql(record.at_ms));
        let checksum = checksum::of_row(sequence, at_ms, &record.body);
        step.execute((sequence, at_ms, &record.body, checksum))?;
    }
    let archived = records.iter().flat_map(|record| &record.archived);
    archive::insert(transaction, archived)?;
    keys::insert(transaction, records)
}

/// What becomes of an append that is not begun because of an obstacle.
fn not_tried(obstacle: Error) -> Appended {
    match matches!(obstacle, Error::Failed) {
        true => Appended::Ambiguous(obstacle),
        false => Appended::Refused(obstacle),
    }
}

/// Errors that SQLite reports before anything is committed and that may pass. All others might come after the commit
/// reached the disk, a failed fsync above all.
fn is_passing(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Whether what was written may not have got to the disk, although a second sync would say so.
fn is_failed_sync(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
    )
}

fn in_file(file: &Path) -> impl Fn(rusqlite::Error) -> Error {
    move |source| {
        let file = file.into();
        match is_damage(&source) {
            true => Error::Malformed { file, source },
            false => Error::Sqlite { file, source },
        }
    }
}

/// Whether what was read is not what SQLite wrote. A page that is something else gives columns of other types, or none.
fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt) | None
    )
}

/// SQLite counts to `i64::MAX`, which no sequence or time reaches; asking for what is beyond finds nothing.
fn as_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn limit_as_sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Nothing below zero is ever written.
fn as_number(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
