//! A journal that is put together from another: imported, or what is good of a damaged one.

use std::fs;
use std::path::PathBuf;

use rusqlite::{Connection, TransactionBehavior};

use super::super::data_folder::sync_folder;
use super::super::{Archived, pieces_of};
use super::{
    DataFolder, Error, Lineage, Record, archive, as_sql, base, check_continuous, check_name, epoch,
    file, in_file, insert, kept, keys,
};

/// A journal that takes its place when it is whole; one that is dropped before that leaves nothing behind. Whoever opens it
/// then begins a new epoch: the history that it was taken from may have gone on.
#[derive(Debug)]
pub struct Composition {
    // It is closed before its file is removed.
    connection: Connection,
    partial: Partial,
    file: PathBuf,
    head: u64,
    folder: DataFolder,
}

/// The file of a composition until it has its own name. What is dropped with it only takes room, on a disk that may be full.
#[derive(Debug)]
struct Partial(PathBuf);

impl Partial {
    fn remove(&self) {
        // If it cannot be, the next composition begins by doing so.
        for suffix in ["", "-wal", "-shm"] {
            let mut file = self.0.clone().into_os_string();
            file.push(suffix);
            let _ = fs::remove_file(file);
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Composition {
    /// Begins the journal `<name>.sqlite`.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(folder: &DataFolder, name: &str, lineage: &Lineage) -> Result<Self, Error> {
        check_name(name)?;
        let partial_name = format!("{name}.sqlite.partial");
        let partial = Partial(folder.path().join(&partial_name));
        // What an earlier one left that was killed.
        partial.remove();
        folder.private_file(&partial_name)?;
        let connection = file::connect(&partial.0, lineage.number)?;
        let prepare = || {
            lineage.write(&connection)?;
            epoch::disown(&connection)
        };
        prepare().map_err(in_file(&partial.0))?;
        Ok(Self {
            connection,
            partial,
            file: folder.path().join(format!("{name}.sqlite")),
            head: 0,
            folder: folder.clone(),
        })
    }

    /// Lets it begin after `sequence`, with the parts of what it goes on from, before anything is appended.
    ///
    /// # Errors
    /// They cannot be had, or not be written.
    pub fn go_on_from<E: From<Error>>(
        &mut self,
        sequence: u64,
        parts: impl Iterator<Item = Result<Vec<u8>, E>>,
    ) -> Result<(), E> {
        let in_file = in_file(&self.partial.0);
        // Nobody waits for it, and nobody sees anything of it before it is finished.
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior);
        let transaction = transaction.map_err(&in_file)?;
        let mut laid = None;
        for piece in pieces_of(parts) {
            laid = Some(base::lay(&transaction, laid, &piece?).map_err(&in_file)?);
        }
        base::write_row(&transaction, sequence, laid.unwrap_or(base::Pieces::NONE))
            .and_then(|()| transaction.commit())
            .map_err(&in_file)?;
        self.head = sequence;
        Ok(())
    }

    /// Adds records, which go on from those before.
    ///
    /// # Errors
    /// They do not, or cannot be written.
    pub fn append(&mut self, records: &[Record]) -> Result<(), Error> {
        check_continuous(self.head, records)?;
        self.write(|transaction| insert(transaction, records).map(|_| ()))?;
        keys::sort_in(&mut self.connection).map_err(in_file(&self.partial.0))?;
        self.head += records.len() as u64;
        Ok(())
    }

    /// Adds archived rows, whether their steps are kept or not.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn archive(&mut self, rows: &[Archived]) -> Result<(), Error> {
        self.write(|transaction| archive::insert(transaction, rows))
    }

    /// Adds steps that are not after the base, each kept for the keys that it comes with.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn keep(&mut self, steps: &[Record]) -> Result<(), Error> {
        self.write(|transaction| kept::insert(transaction, steps))
    }

    /// Says of keys that none of their steps up to a sequence is to be kept when the history goes.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn forget(&mut self, keys: &[(String, u64)]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut keys = keys.iter();
            keys.try_for_each(|(key, until)| {
                kept::remember_forgotten(transaction, key, as_sql(*until))
            })
        })
    }

    fn write(
        &mut self,
        rows: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        let behavior = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behavior);
        transaction
            .and_then(|transaction| {
                rows(&transaction)?;
                transaction.commit()
            })
            .map_err(in_file(&self.partial.0))
    }

    /// Takes the place of the journal; one that is there keeps its content under the name that is given back, beside it.
    ///
    /// # Errors
    /// It cannot be written or renamed.
    pub fn finish(self, set_aside_as: &str) -> Result<Option<PathBuf>, Error> {
        let Self {
            connection,
            partial,
            file,
            folder,
            ..
        } = self;
        let closed = connection.close().map_err(|(_, source)| source);
        closed.map_err(in_file(&partial.0))?;
        let place = || {
            fs::File::open(&partial.0)?.sync_all()?;
            let aside = file.with_extension(set_aside_as);
            let is_there = file.try_exists()?;
            if is_there {
                fs::hard_link(&file, &aside)?;
            }
            // A log that is left would be taken for that of the new file.
            for suffix in ["-wal", "-shm"] {
                let left = file.with_extension(format!("sqlite{suffix}"));
                if left.try_exists()? {
                    fs::rename(left, file.with_extension(format!("{set_aside_as}{suffix}")))?;
                }
            }
            fs::rename(&partial.0, &file)?;
            sync_folder(folder.path())?;
            Ok(is_there.then_some(aside))
        };
        place().map_err(|source| Error::Folder {
            folder: folder.path().into(),
            source,
        })
    }
}
