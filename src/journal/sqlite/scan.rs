//! A journal as it lies on the disk, whole or not: what `verify`, `export` and `repair` look at.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::Archived;
use super::checksum::Row;
use super::{
    Base, Error, Lineage, Record, archive, as_number, as_sql, base, file, in_file, kept, keys, read,
};

/// Rows that are read at a time.
const READ_LEN: i64 = 1_000;
/// Places of damage that SQLite itself is asked to name.
const FAULTS_LEN_MAX: u32 = 20;

/// The file of a journal at one moment, only read: a server may write to it meanwhile.
#[derive(Debug)]
pub struct JournalFile {
    connection: Connection,
    file: PathBuf,
}

/// What is found at a place in a journal.
#[derive(Debug)]
pub enum Found {
    /// What was written.
    Whole(Record),
    /// Something else than what was written, or nothing that can be read.
    Damaged(u64),
    /// Nothing, from the first of these sequences to the last.
    Missing(u64, u64),
}

impl JournalFile {
    /// Opens `<name>.sqlite` in a folder.
    ///
    /// # Errors
    /// It is not there, not a journal, or of another format.
    pub fn open(folder: &Path, name: &str) -> Result<Self, Error> {
        super::check_name(name)?;
        let file = folder.join(format!("{name}.sqlite"));
        let connection = read::connect(&file)?;
        // The moment lasts as long as the connection.
        connection.execute_batch("BEGIN").map_err(in_file(&file))?;
        match file::identify(&connection, &file)? {
            Some(file::FORMAT) => Ok(Self { connection, file }),
            Some(found) => Err(Error::Older { file, found }),
            None => Err(Error::ForeignFile { file }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Which history it holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn lineage(&self) -> Result<Lineage, Error> {
        Lineage::read(&self.connection).map_err(in_file(&self.file))
    }

    /// What the first record goes on from.
    ///
    /// # Errors
    /// It cannot be read, or is not what was written.
    pub fn base(&self) -> Result<Option<Base<'_>>, Error> {
        base::read(&self.connection, None, &self.file)
    }

    /// The error that says that something is not what it must be, and where it is.
    pub fn damaged(&self, sequence: u64) -> Error {
        let file = self.file.clone();
        Error::Damaged { file, sequence }
    }

    /// The last sequence before the first that is kept, and the last one.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn range(&self) -> Result<(u64, u64), Error> {
        let read = || {
            let after = base::kept_after(&self.connection)?;
            let last = "SELECT coalesce(max(sequence), 0) FROM steps";
            let last: i64 = self.connection.query_row(last, [], |row| row.get(0))?;
            Ok((as_number(after), as_number(last.max(after))))
        };
        read().map_err(in_file(&self.file))
    }

    /// What SQLite finds wrong with the file itself, a line each.
    pub fn faults(&self) -> Vec<String> {
        let read = || {
            let check = format!("PRAGMA integrity_check({FAULTS_LEN_MAX})");
            let mut statement = self.connection.prepare(&check)?;
            let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
            let lines = lines.filter(|line| !matches!(line, Ok(line) if line == "ok"));
            lines.collect::<rusqlite::Result<_>>()
        };
        read().unwrap_or_else(|error| vec![error.to_string()])
    }

    /// How many rows were written by a Baton that wrote no checksums.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn unchecked_len(&self) -> Result<u64, Error> {
        self.connection
            .query_row(
                "SELECT count(*) FROM steps WHERE checksum IS NULL",
                [],
                |row| row.get(0),
            )
            .map(as_number)
            .map_err(in_file(&self.file))
    }

    /// Every archived row; in the place of one that is not what was written, the sequence that it names.
    ///
    /// # Errors
    /// It cannot be read on.
    pub fn each_archived(&self, take: impl FnMut(Result<Archived, u64>)) -> Result<(), Error> {
        archive::each(&self.connection, take).map_err(in_file(&self.file))
    }

    /// Every step that is kept beyond a trim, with the keys that it is kept for; in the place of one that is not what was
    /// written, its sequence.
    ///
    /// # Errors
    /// It cannot be read on.
    pub fn each_kept(&self, take: impl FnMut(Result<Record, u64>)) -> Result<(), Error> {
        kept::each(&self.connection, take).map_err(in_file(&self.file))
    }

    /// Every key of which steps up to a sequence will not be kept, since what they came to has left the archive.
    ///
    /// # Errors
    /// It cannot be read on.
    pub fn each_forgotten(&self, take: impl FnMut(String, u64)) -> Result<(), Error> {
        kept::each_forgotten(&self.connection, take).map_err(in_file(&self.file))
    }

    /// Whether the index leads to a step by these keys, in their order, and by no others.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_indexed(&self, sequence: u64, keys: &[String]) -> Result<bool, Error> {
        let found = keys::of_step(&self.connection, sequence).map_err(in_file(&self.file))?;
        let is_whole = found.iter().all(|(_, is_whole)| *is_whole);
        Ok(is_whole && found.iter().map(|(key, _)| key).eq(keys))
    }

    /// The sequences that the index names and that are not there, the first `len_max` of them.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn strays(&self, len_max: usize) -> Result<Vec<u64>, Error> {
        let strays = || {
            let mut strays = keys::strays(&self.connection, len_max)?;
            strays.extend(kept::stray(&self.connection)?);
            Ok(strays)
        };
        strays().map_err(in_file(&self.file))
    }

    /// What is found after `after` up to `last`, place by place.
    pub fn found(&self, after: u64, last: u64) -> impl Iterator<Item = Found> + '_ {
        let mut looked = after;
        let mut found = VecDeque::new();
        std::iter::from_fn(move || {
            if found.is_empty() && looked < last {
                looked = self.look(looked, last, &mut found);
            }
            found.pop_front()
        })
    }

    /// Looks at some places after `after`, and says how far it came.
    fn look(&self, after: u64, last: u64, found: &mut VecDeque<Found>) -> u64 {
        let (rows, is_readable) = self.rows(after, last);
        let is_all = rows.len() < READ_LEN as usize;
        let mut looked = after;
        for row in rows {
            let sequence = row.sequence();
            if sequence > looked + 1 {
                found.push_back(Found::Missing(looked + 1, sequence - 1));
            }
            found.push_back(match row.is_whole() {
                true => Found::Whole(row.into()),
                false => Found::Damaged(sequence),
            });
            looked = sequence;
        }
        if !is_readable {
            // One place further on there may be another page.
            looked += 1;
            found.push_back(Found::Damaged(looked));
        } else if is_all && looked < last {
            found.push_back(Found::Missing(looked + 1, last));
            looked = last;
        }
        looked
    }

    /// The rows that can be read, and whether there is nothing that cannot.
    fn rows(&self, after: u64, last: u64) -> (Vec<Row>, bool) {
        let mut rows = Vec::new();
        let mut read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT sequence, at_ms, body, checksum FROM steps WHERE sequence > ?1 AND sequence <= ?2
                 ORDER BY sequence LIMIT ?3",
            )?;
            let found =
                statement.query_map((as_sql(after), as_sql(last), READ_LEN), read::read_row)?;
            for row in found {
                rows.push(row?);
            }
            Ok::<_, rusqlite::Error>(())
        };
        let is_readable = read().is_ok();
        (rows, is_readable)
    }
}
