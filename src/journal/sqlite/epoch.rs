//! Which history the file holds. A file that was copied may have been put back while the other went on: its sequences
//! then count another history, and whoever remembers one of the old ones has to be told.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};

use super::{Error, as_number, as_sql, in_file};

/// The name of the line that says which file the last owner wrote.
const FILE_NUMBER: &str = "file_number";

/// The identity of a history, and of those that it goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// Its epoch.
    pub number: u64,
    /// The head when it began: what is not after it is common with the epoch before.
    pub began_after: u64,
    /// Earlier epochs, each with the last sequence that this history has in common with it.
    pub former: Vec<(u64, u64)>,
}

impl Lineage {
    /// That of the file, as its last owner left it.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut former =
            connection.prepare("SELECT number, common_until FROM former_epochs ORDER BY number")?;
        let former = former.query_map([], |row| {
            Ok((as_number(row.get(0)?), as_number(row.get(1)?)))
        })?;
        Ok(Self {
            number: as_number(value(connection, "epoch")?.unwrap_or(0)),
            began_after: as_number(value(connection, "epoch_began_after")?.unwrap_or(0)),
            former: former.collect::<Result<_, _>>()?,
        })
    }

    /// Whether an epoch is this one or one that it goes on from.
    pub(super) fn knows(&self, epoch: u64) -> bool {
        self.number == epoch || self.former.iter().any(|(number, _)| *number == epoch)
    }

    /// Whether what an epoch called `sequence` is the same here.
    pub fn shares(&self, epoch: u64, sequence: u64) -> bool {
        let is_common =
            |(number, common_until): &(u64, u64)| *number == epoch && sequence <= *common_until;
        self.number == epoch || self.former.iter().any(is_common)
    }

    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        set(connection, "epoch", as_sql(self.number))?;
        set(connection, "epoch_began_after", as_sql(self.began_after))?;
        connection.execute("DELETE FROM former_epochs", [])?;
        for (number, common_until) in &self.former {
            connection.execute(
                "INSERT INTO former_epochs VALUES (?1, ?2)",
                (as_sql(*number), as_sql(*common_until)),
            )?;
        }
        Ok(())
    }

    /// Another epoch begins after `head`.
    fn go_on(&mut self, head: u64, epoch_if_new: u64) {
        for (_, common_until) in &mut self.former {
            *common_until = head.min(*common_until);
        }
        self.former.push((self.number, head));
        self.number = epoch_if_new.max(self.number + 1);
        self.began_after = head;
    }
}

/// The epoch of the file, or a new one if the file is not the one that the last owner wrote, or `is_behind` what it was.
pub(super) fn claim(
    connection: &Connection,
    file: &Path,
    head: u64,
    epoch_if_new: u64,
    is_behind: bool,
) -> Result<Lineage, Error> {
    let number = file_number(file)?;
    adopt(connection, number, head, epoch_if_new, is_behind).map_err(in_file(file))
}

fn adopt(
    connection: &Connection,
    file_number: i64,
    head: u64,
    epoch_if_new: u64,
    is_behind: bool,
) -> rusqlite::Result<Lineage> {
    let known = value(connection, FILE_NUMBER)?;
    let is_copy = known.is_some_and(|known| known != file_number);
    let mut lineage = Lineage::read(connection)?;
    if known != Some(file_number) || is_behind {
        let transaction = connection.unchecked_transaction()?;
        set(&transaction, FILE_NUMBER, file_number)?;
        if is_copy || is_behind {
            lineage.go_on(head, epoch_if_new);
            lineage.write(&transaction)?;
        }
        transaction.commit()?;
    }
    Ok(lineage)
}

/// Whoever opens the file next finds that it is not the one that an owner wrote.
pub(super) fn disown(connection: &Connection) -> rusqlite::Result<()> {
    set(connection, FILE_NUMBER, 0)
}

pub(super) fn value(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| {
            row.get(0)
        })
        .optional()
}

pub(super) fn set(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .execute(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2",
            (name, value),
        )
        .map(|_| ())
}

/// Counts a number up or down.
pub(super) fn add(connection: &Connection, name: &str, by: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
        )?
        .execute((name, by))
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
