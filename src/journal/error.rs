use std::io;
use std::path::PathBuf;

/// Why a journal or its folder does not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the data folder {folder} is in use by another server")]
    Locked { folder: PathBuf },
    #[error("cannot use the data folder {folder}")]
    Folder { folder: PathBuf, source: io::Error },
    #[error("{name:?} cannot name a journal: only letters, digits, '-' and '_'")]
    Name { name: String },
    #[error(
        "{file} is not a journal of Baton: put the journal back or restore a backup; `baton journal repair` goes on from a \
         state snapshot where there is one"
    )]
    ForeignFile { file: PathBuf },
    #[error(
        "{file} has journal format {found}, this Baton knows formats up to {newest}: start a newer Baton"
    )]
    Newer {
        file: PathBuf,
        found: i64,
        newest: i64,
    },
    #[error("{file} has journal format {found}: start the server once, which brings it up to date")]
    Older { file: PathBuf, found: i64 },
    #[error(
        "{file} is damaged at sequence {sequence}: `baton journal verify` says what of it is good, `baton journal \
         repair` keeps that; or restore a backup"
    )]
    Damaged { file: PathBuf, sequence: u64 },
    #[error(
        "{file} is damaged: `baton journal verify` says what of it is good, `baton journal repair` keeps that; or \
         restore a backup"
    )]
    Malformed {
        file: PathBuf,
        source: rusqlite::Error,
    },
    #[error(
        "the journal {file} is gone or empty, but {snapshot} is a state of it: put the journal back or restore a \
         backup; `baton journal repair` goes on from the state alone. A new contact centre begins in an empty data folder"
    )]
    Emptied { file: PathBuf, snapshot: PathBuf },
    #[error(
        "the journal {file} and the state snapshot {snapshot} belong to different histories: put the right journal \
         back, or, if it is the right one, move the state snapshots away"
    )]
    Swapped { file: PathBuf, snapshot: PathBuf },
    #[error("{file} is there already")]
    Exists { file: PathBuf },
    #[error("the history is kept from {base} on: it cannot be trimmed at {sequence}")]
    Trim { base: u64, sequence: u64 },
    #[error("a base of {said} pieces where {laid} were laid")]
    Pieces { laid: u64, said: u64 },
    #[error("a record with sequence {found} where {expected} must follow")]
    Gap { expected: u64, found: u64 },
    #[error("cannot use the journal {file}")]
    Sqlite {
        file: PathBuf,
        source: rusqlite::Error,
    },
    #[error(
        "the journal's write-ahead log is as long as it may be: somebody has been reading the journal for too long"
    )]
    LogTooLong,
    #[error("the journal failed and takes nothing more until the server is restarted")]
    Failed,
    #[error("a fault that a test asked for")]
    Injected,
}

impl Error {
    /// Whether what is kept is not what was written: a person has to decide.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::Malformed { .. }
                | Self::Emptied { .. }
                | Self::Swapped { .. }
                | Self::ForeignFile { .. }
        )
    }
}
