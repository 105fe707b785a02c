//! Which history the file holds. A file that was copied may have been put back while the other went on: its sequences
//! then count another history, and whoever remembers one of the old ones has to be told.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, OptionalExtension};

use super::{Error, as_number, as_sql, in_file};

/// The identity of a history.
pub(super) struct Epoch {
    pub(super) number: u64,
    /// The head when it began: what is not after it is common with the epoch before.
    pub(super) began_after: u64,
}

/// The epoch of the file, or a new one if the file is not the one that the last owner wrote.
pub(super) fn claim(
    connection: &Connection,
    file: &Path,
    head: u64,
    epoch_if_new: u64,
) -> Result<Epoch, Error> {
    let number = file_number(file)?;
    adopt(connection, number, head, epoch_if_new).map_err(in_file(file))
}

fn adopt(
    connection: &Connection,
    file_number: i64,
    head: u64,
    epoch_if_new: u64,
) -> rusqlite::Result<Epoch> {
    let known = value(connection, "file_number")?;
    if known != Some(file_number) {
        let transaction = connection.unchecked_transaction()?;
        set(&transaction, "file_number", file_number)?;
        if known.is_some() {
            let last = value(&transaction, "epoch")?.unwrap_or(0);
            set(&transaction, "epoch", as_sql(epoch_if_new).max(last + 1))?;
            set(&transaction, "epoch_began_after", as_sql(head))?;
        }
        transaction.commit()?;
    }
    Ok(Epoch {
        number: as_number(value(connection, "epoch")?.unwrap_or(0)),
        began_after: as_number(value(connection, "epoch_began_after")?.unwrap_or(0)),
    })
}

fn value(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
}

fn set(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            (name, value),
        )
        .map(|_| ())
}

/// Tells a file from its copies: the number of its inode, which may be given out again, and when it was created, which
/// not every file system knows. A file that is renamed keeps both.
#[cfg(unix)]
fn file_number(file: &Path) -> Result<i64, Error> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(file).map_err(|source| Error::Folder {
        folder: file.into(),
        source,
    })?;
    let created = metadata.created().ok();
    let since_epoch = created.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let nanos = since_epoch.map_or(0, |elapsed| elapsed.as_nanos() as u64);
    Ok(metadata.ino().wrapping_add(nanos).cast_signed())
}

/// Elsewhere a copy is not noticed.
#[cfg(not(unix))]
fn file_number(_: &Path) -> Result<i64, Error> {
    Ok(0)
}
