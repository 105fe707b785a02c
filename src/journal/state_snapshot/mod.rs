//! State snapshots: what the records up to a sequence come to, in files beside the journal (design D6).
//!
//! `<name>.<sequence>.<epoch>.snapshot` is text: a line that says what it is, the parts of the state, a line each, and a
//! line with their number and the CRC-32 of everything before it. A file has its name only once all of it is on disk.
//! It is never the only copy of anything: the journal is trimmed behind a base of its own.

mod read;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{DataFolder, Error};

pub use read::Parts;

/// What the first line begins with, and the format that this Baton writes.
const MAGIC: &str = "baton-state-snapshot";
const FORMAT: u64 = 1;
/// What the last line begins with.
const END: &str = "end";
const SUFFIX: &str = "snapshot";

/// A file that is named like a state snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSnapshot {
    /// The last record in it.
    pub sequence: u64,
    /// Which history the sequence counts.
    pub epoch: u64,
    /// The file.
    pub file: PathBuf,
    name: String,
}

/// Why a state snapshot is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum StateSnapshotError {
    /// The disk says no.
    #[error("it cannot be read or written")]
    Io(#[from] io::Error),
    /// Its first line is another one.
    #[error("it is not what its name says")]
    Foreign,
    /// A newer Baton wrote it.
    #[error("it has format {found}, this Baton knows formats up to {FORMAT}")]
    Newer {
        /// Its format.
        found: u64,
    },
    /// It has no end.
    #[error("it ends too early")]
    Torn,
    /// A part of it is not what was written.
    #[error("it is not what was written: the checksum differs")]
    Damaged,
    /// Whoever asked for it wants it no longer.
    #[error("it was given up")]
    GivenUp,
}

/// The state snapshots of one journal, for whoever holds its folder.
#[derive(Debug, Clone)]
pub struct StateSnapshots {
    folder: DataFolder,
    name: String,
}

impl StateSnapshots {
    /// Those of the journal `name`.
    pub fn new(folder: &DataFolder, name: &str) -> Self {
        Self {
            folder: folder.clone(),
            name: name.to_owned(),
        }
    }

    /// All of them, the newest first.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<StateSnapshot>, Error> {
        state_snapshots(self.folder.path(), &self.name)
    }

    /// Writes one, given the parts of the state, and gives its size in bytes. It is on disk afterwards.
    ///
    /// # Errors
    /// The disk says no; or `is_given_up`, which is asked before each part.
    pub fn write(
        &self,
        epoch: u64,
        sequence: u64,
        parts: impl Iterator<Item = Vec<u8>>,
        is_given_up: impl Fn() -> bool,
    ) -> Result<u64, StateSnapshotError> {
        let partial = self
            .folder
            .path()
            .join(format!("{}.{SUFFIX}.partial", self.name));
        let snapshot = StateSnapshot {
            sequence,
            epoch,
            file: self.path(epoch, sequence),
            name: self.name.clone(),
        };
        let written = write::write(&partial, &snapshot, parts, is_given_up);
        if written.is_err() {
            // It would only take room. If it cannot be removed, the next one is written over it.
            let _ = fs::remove_file(&partial);
        }
        written
    }

    /// Removes all of those that `is_known` but the newest `kept`.
    ///
    /// # Errors
    /// The folder cannot be read, or the file not removed.
    pub fn remove_old(
        &self,
        kept: usize,
        is_known: impl Fn(&StateSnapshot) -> bool,
    ) -> Result<(), Error> {
        let known = self.list()?.into_iter().filter(is_known);
        for old in known.skip(kept) {
            fs::remove_file(&old.file).map_err(|source| Error::Folder {
                folder: self.folder.path().into(),
                source,
            })?;
        }
        Ok(())
    }

    fn path(&self, epoch: u64, sequence: u64) -> PathBuf {
        let name = format!("{}.{sequence:020}.{epoch}.{SUFFIX}", self.name);
        self.folder.path().join(name)
    }
}

/// The state snapshots of the journal `name` in a folder, by their names, the newest first.
///
/// # Errors
/// The folder cannot be read.
pub fn state_snapshots(folder: &Path, name: &str) -> Result<Vec<StateSnapshot>, Error> {
    let in_folder = |source| Error::Folder {
        folder: folder.into(),
        source,
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(in_folder)? {
        let file = entry.map_err(in_folder)?.path();
        found.extend(StateSnapshot::of_name(name, file));
    }
    found.sort_by_key(|snapshot| (snapshot.sequence, snapshot.epoch));
    found.reverse();
    Ok(found)
}

impl StateSnapshot {
    fn of_name(name: &str, file: PathBuf) -> Option<Self> {
        let text = file.file_name()?.to_str()?;
        let rest = text.strip_prefix(name)?.strip_prefix('.')?;
        let (numbers, suffix) = rest.rsplit_once('.')?;
        let (sequence, epoch) = numbers.split_once('.')?;
        if suffix != SUFFIX {
            return None;
        }
        Some(Self {
            sequence: sequence.parse().ok()?,
            epoch: epoch.parse().ok()?,
            name: name.to_owned(),
            file,
        })
    }

    /// The parts of the state, in the order in which they were written. All of them are good only once they came to
    /// their end without an error.
    ///
    /// # Errors
    /// It cannot be read, or is not one of ours.
    pub fn open(&self) -> Result<Parts, StateSnapshotError> {
        Parts::open(self)
    }

    /// The size of the file.
    ///
    /// # Errors
    /// It is gone.
    pub fn bytes(&self) -> Result<u64, StateSnapshotError> {
        Ok(fs::metadata(&self.file)?.len())
    }

    /// The first line.
    fn title(&self, format: u64) -> String {
        let Self {
            name,
            epoch,
            sequence,
            ..
        } = self;
        format!("{MAGIC} {format} {name} {epoch} {sequence}\n")
    }
}
