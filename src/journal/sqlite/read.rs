use std::path::{Path, PathBuf};

use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags, Params, Row};

use super::{Error, Reader, Record, as_number, as_sql, in_file, limit_as_sql};

/// A connection of its own to the file of a journal, which only reads.
pub(super) struct SqliteReader {
    connection: Connection,
    file: PathBuf,
}

impl SqliteReader {
    pub(super) fn open(file: &Path) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ok(Self {
            connection: Connection::open_with_flags(file, flags).map_err(in_file(file))?,
            file: file.into(),
        })
    }
}

impl Reader for SqliteReader {
    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error> {
        after(&self.connection, &self.file, sequence, limit)
    }
}

/// The first `limit` records after `sequence`.
pub(super) fn after(
    connection: &Connection,
    file: &Path,
    sequence: u64,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    select(
        connection,
        file,
        "SELECT sequence, at_ms, body FROM steps 
         WHERE sequence > max(?1, (SELECT coalesce(max(sequence), 0) FROM base)) ORDER BY sequence LIMIT ?2",
        (as_sql(sequence), limit_as_sql(limit)),
        sequence,
    )
}

/// The records that a statement finds after the sequence `after`.
pub(super) fn select<P: Params>(
    connection: &Connection,
    file: &Path,
    sql: &str,
    params: P,
    after: u64,
) -> Result<Vec<Record>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(in_file(file))?;
    let mut records = Vec::new();
    collect(&mut statement, params, &mut records).map_err(|source| {
        if source.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) {
            Error::Damaged {
                file: file.into(),
                sequence: records.last().map_or(after, |last| last.sequence) + 1,
            }
        } else {
            in_file(file)(source)
        }
    })?;
    Ok(records)
}

fn collect<P: Params>(
    statement: &mut CachedStatement<'_>,
    params: P,
    records: &mut Vec<Record>,
) -> rusqlite::Result<()> {
    for record in statement.query_map(params, read_record)? {
        records.push(record?);
    }
    Ok(())
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        sequence: as_number(row.get(0)?),
        at_ms: as_number(row.get(1)?),
        body: row.get(2)?,
        keys: Vec::new(),
    })
}
