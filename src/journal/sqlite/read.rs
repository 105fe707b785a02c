use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Params};

use super::super::archive::{ArchiveRange, Archived, Look, Place, Usage};
use super::checksum::Row;
use super::keys::SEQUENCES_OF_KEY;
use super::{
    Base, Error, Reader, Record, archive, as_number, as_sql, base, check_continuous, in_file,
    is_damage, limit_as_sql,
};

/// A connection of its own to the file of a journal, which only reads.
pub(super) struct SqliteReader {
    connection: Connection,
    file: PathBuf,
}

impl SqliteReader {
    pub(super) fn open(file: &Path) -> Result<Self, Error> {
        Ok(Self {
            connection: connect(file)?,
            file: file.into(),
        })
    }
}

/// A connection that only reads.
pub(super) fn connect(file: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).map_err(in_file(file))
}

impl Reader for SqliteReader {
    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error> {
        after(&self.connection, &self.file, sequence, limit)
    }

    fn read_keyed(&self, key: &str, after: u64, limit: usize) -> Result<Vec<Record>, Error> {
        let sql = format!(
            "SELECT found.sequence, coalesce(step.at_ms, kept.at_ms), coalesce(step.body, kept.body),
                iif(step.sequence IS NULL, kept.checksum, step.checksum)
             FROM ({SEQUENCES_OF_KEY}) AS found LEFT JOIN steps AS step USING (sequence)
                LEFT JOIN kept_steps AS kept ON kept.sequence = found.sequence
             WHERE coalesce(step.sequence, kept.sequence) IS NOT NULL ORDER BY found.sequence"
        );
        select(
            &self.connection,
            &self.file,
            &sql,
            (key, as_sql(after), limit_as_sql(limit)),
            after,
        )
    }

    fn base(&self) -> Result<Option<Base<'_>>, Error> {
        // Whatever is trimmed and swept meanwhile, its pieces are there.
        let moment = self.connection.unchecked_transaction();
        let moment = moment.map_err(in_file(&self.file))?;
        base::read(&self.connection, Some(moment), &self.file)
    }

    fn kept_after(&self) -> Result<u64, Error> {
        let kept_after = base::kept_after(&self.connection);
        kept_after.map(as_number).map_err(in_file(&self.file))
    }

    fn archived(&self, key: &str) -> Result<Option<Archived>, Error> {
        archive::find(&self.connection, &self.file, key)
    }

    fn look_at_archive(
        &self,
        range: &ArchiveRange,
        look: Look<'_>,
    ) -> Result<Option<Place>, Error> {
        archive::look(&self.connection, &self.file, range, look)
    }

    fn usage(&self) -> Result<Usage, Error> {
        archive::usage(&self.connection, &self.file)
    }

    fn damaged(&self, sequence: u64) -> Error {
        Error::Damaged {
            file: self.file.clone(),
            sequence,
        }
    }
}

/// The first `limit` records after `sequence`, none of them missing.
pub(super) fn after(
    connection: &Connection,
    file: &Path,
    sequence: u64,
    limit: usize,
) -> Result<Vec<Record>, Error> {
    // Both reads see the same moment, whatever is trimmed meanwhile.
    let moment = connection.unchecked_transaction().map_err(in_file(file))?;
    let kept_after = base::kept_after(&moment).map_err(in_file(file))?;
    let after = sequence.max(as_number(kept_after));
    let records = select(
        &moment,
        file,
        "SELECT sequence, at_ms, body, checksum FROM steps WHERE sequence > ?1 ORDER BY sequence LIMIT ?2",
        (as_sql(after), limit_as_sql(limit)),
        after,
    )?;
    match records.first().map(|_| check_continuous(after, &records)) {
        Some(Err(Error::Gap { expected, .. })) => Err(Error::Damaged {
            file: file.into(),
            sequence: expected,
        }),
        _ => Ok(records),
    }
}

/// The records that a statement finds after the sequence `after`, every one as it was written.
pub(super) fn select<P: Params>(
    connection: &Connection,
    file: &Path,
    sql: &str,
    params: P,
    after: u64,
) -> Result<Vec<Record>, Error> {
    let damaged = |sequence| Error::Damaged {
        file: file.into(),
        sequence,
    };
    let mut statement = connection.prepare_cached(sql).map_err(in_file(file))?;
    let rows = statement
        .query_map(params, read_row)
        .map_err(in_file(file))?;
    let mut records: Vec<Record> = Vec::new();
    for row in rows {
        let next = || records.last().map_or(after, |last| last.sequence) + 1;
        let row = row.map_err(|source| match is_damage(&source) {
            true => damaged(next()),
            false => in_file(file)(source),
        })?;
        if !row.is_whole() {
            return Err(damaged(row.sequence()));
        }
        records.push(row.into());
    }
    Ok(records)
}

pub(super) fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        sequence: row.get(0)?,
        at_ms: row.get(1)?,
        body: row.get(2)?,
        checksum: row.get(3)?,
    })
}

impl From<Row> for Record {
    fn from(row: Row) -> Self {
        Self {
            sequence: as_number(row.sequence),
            at_ms: as_number(row.at_ms),
            body: row.body,
            keys: Vec::new(),
            archived: Vec::new(),
        }
    }
}
