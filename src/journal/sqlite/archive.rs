//! The archive: rows that outlive the steps they were written with.

use std::borrow::Borrow;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row};

use super::super::archive::{ArchiveRange, Archived, LABELS_LEN, Look, Place, Usage};
use super::{Error, as_number, as_sql, epoch, file, in_file, kept};

/// Rows that are removed at a time, so that nobody who appends waits for long.
const EXPIRE_LEN: i64 = 100;
/// Kept steps after whose removal no further row is removed.
const EXPIRE_LINES_LEN: usize = 500;

/// How many rows there are, and the bytes of their bodies: counting them would read all of them.
const LEN: &str = "archived_len";
const BYTES: &str = "archived_bytes";

const COLUMNS: &str = "at_ms, sequence, key, label_1, label_2, body, checksum";

pub(super) fn insert(
    connection: &Connection,
    rows: impl IntoIterator<Item = impl Borrow<Archived>>,
) -> rusqlite::Result<()> {
    let mut row = connection
        .prepare_cached("INSERT OR REPLACE INTO archive VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    let (mut len, mut bytes) = (0, 0);
    for it in rows {
        let it = it.borrow();
        let (place, [first, second]) = (&it.place, &it.labels);
        row.execute((
            as_sql(place.at_ms),
            as_sql(place.sequence),
            &place.key,
            first,
            second,
            &it.body,
            checksum_of(it),
        ))?;
        len += 1;
        bytes += it.body.len();
    }
    if len == 0 {
        return Ok(());
    }
    epoch::add(connection, LEN, len)?;
    epoch::add(connection, BYTES, bytes as i64)
}

/// Removes some of the rows that ended before a time, the oldest first, and with each what is kept of its steps.
pub(super) fn expire(connection: &Connection, before_ms: u64) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    let (mut len, mut bytes, mut lines) = (0, 0, 0);
    {
        let mut remove = transaction.prepare_cached(
            "DELETE FROM archive WHERE rowid IN (SELECT rowid FROM archive WHERE at_ms < ?1
             ORDER BY at_ms, sequence, key LIMIT 1) RETURNING key, sequence, length(body)",
        )?;
        while len < EXPIRE_LEN && lines < EXPIRE_LINES_LEN {
            let removed = remove.query_row([as_sql(before_ms)], |row| {
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?))
            });
            let Some((key, sequence, body_bytes)) = removed.optional()? else {
                break;
            };
            len += 1;
            bytes += body_bytes;
            lines += kept::forget(&transaction, &key, sequence)?;
        }
    }
    if len > 0 {
        epoch::add(&transaction, LEN, -len)?;
        epoch::add(&transaction, BYTES, -bytes)?;
    }
    transaction.commit()
}

/// Removes what was written with steps after `head`: the journal has lost them, and with them what they ended.
pub(super) fn forget_after(connection: &Connection, head: u64) -> rusqlite::Result<()> {
    let last = connection
        .query_row(
            "SELECT sequence FROM archive ORDER BY at_ms DESC, sequence DESC, key DESC LIMIT 1",
            [],
            |row| row.get(0).map(as_number),
        )
        .optional()?;
    if last.is_none_or(|last| last <= head) {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    transaction.execute("DELETE FROM archive WHERE sequence > ?1", [as_sql(head)])?;
    let count = "SELECT count(*), coalesce(sum(length(body)), 0) FROM archive";
    let (len, bytes) = transaction.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    epoch::set(&transaction, LEN, len)?;
    epoch::set(&transaction, BYTES, bytes)?;
    transaction.commit()
}

/// The last row with a key.
pub(super) fn find(
    connection: &Connection,
    path: &Path,
    key: &str,
) -> Result<Option<Archived>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM archive WHERE key = ?1 ORDER BY key DESC, sequence DESC LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(in_file(path))?;
    let found = statement.query_row([key], read).optional();
    found
        .map_err(in_file(path))?
        .map(|row| row.whole(path))
        .transpose()
}

/// Shows the rows of a range, newest first. Where it ended if it did not come to the end of them.
pub(super) fn look(
    connection: &Connection,
    path: &Path,
    range: &ArchiveRange,
    look: Look<'_>,
) -> Result<Option<Place>, Error> {
    let Place {
        at_ms,
        sequence,
        key,
    } = &range.before;
    let sql = format!(
        "SELECT {COLUMNS} FROM archive WHERE (at_ms, sequence, key) < (?1, ?2, ?3) AND at_ms >= ?4
         ORDER BY at_ms DESC, sequence DESC, key DESC"
    );
    let mut statement = connection.prepare_cached(&sql).map_err(in_file(path))?;
    let parameters = (
        as_sql(*at_ms),
        as_sql(*sequence),
        key,
        as_sql(range.since_ms),
    );
    let mut rows = statement.query(parameters).map_err(in_file(path))?;
    let (mut looked, mut wants_more, mut last) = (0, true, None);
    while let Some(row) = rows.next().map_err(in_file(path))? {
        if !wants_more || looked == range.looked_len_max {
            return Ok(last);
        }
        looked += 1;
        last = Some(read_place(row).map_err(in_file(path))?);
        // The body is only read if it is asked for.
        if range.chooses(&read_labels(row).map_err(in_file(path))?) {
            let (is_whole, archived) = read(row).map_err(in_file(path))?.checked();
            wants_more = look(match is_whole {
                true => Ok(archived),
                false => Err(archived.place),
            });
        }
    }
    Ok(None)
}

/// Every row in the order in which they were written; in the place of one that is not what was written, its sequence.
pub(super) fn each(
    connection: &Connection,
    mut take: impl FnMut(Result<Archived, u64>),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!(
        "SELECT {COLUMNS} FROM archive NOT INDEXED ORDER BY rowid"
    ))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (is_whole, archived) = read(row)?.checked();
        take(if is_whole {
            Ok(archived)
        } else {
            Err(archived.place.sequence)
        });
    }
    Ok(())
}

/// What the file takes up.
pub(super) fn usage(connection: &Connection, path: &Path) -> Result<Usage, Error> {
    let read = || -> rusqlite::Result<Usage> {
        let page: i64 = file::pragma(connection, "page_size")?;
        let free: i64 = file::pragma(connection, "freelist_count")?;
        let total = |name| epoch::value(connection, name).map(|total| total.map_or(0, as_number));
        Ok(Usage {
            bytes: 0,
            free_bytes: as_number(page * free),
            archived_len: total(LEN)?,
            archived_bytes: total(BYTES)?,
            kept_len: total(kept::LEN)?,
            kept_bytes: total(kept::BYTES)?,
        })
    };
    let usage = read().map_err(in_file(path))?;
    let log = path.with_extension("sqlite-wal");
    let bytes_of = |path: &Path| path.metadata().map_or(0, |file| file.len());
    Ok(Usage {
        bytes: bytes_of(path) + bytes_of(&log),
        ..usage
    })
}

/// A row as it lies on the disk.
struct Read {
    archived: Archived,
    checksum: i64,
}

impl Read {
    fn checked(self) -> (bool, Archived) {
        (self.checksum == checksum_of(&self.archived), self.archived)
    }

    fn whole(self, path: &Path) -> Result<Archived, Error> {
        let (is_whole, archived) = self.checked();
        if is_whole {
            return Ok(archived);
        }
        Err(Error::Damaged {
            file: path.into(),
            sequence: archived.place.sequence,
        })
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    Ok(Read {
        archived: Archived {
            place: read_place(row)?,
            labels: read_labels(row)?,
            body: row.get(5)?,
        },
        checksum: row.get(6)?,
    })
}

fn read_place(row: &Row<'_>) -> rusqlite::Result<Place> {
    Ok(Place {
        at_ms: as_number(row.get(0)?),
        sequence: as_number(row.get(1)?),
        key: row.get(2)?,
    })
}

fn read_labels(row: &Row<'_>) -> rusqlite::Result<[String; LABELS_LEN]> {
    Ok([row.get(3)?, row.get(4)?])
}

/// The CRC-32 of everything that a row says.
fn checksum_of(row: &Archived) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&row.place.at_ms.to_le_bytes());
    hasher.update(&row.place.sequence.to_le_bytes());
    for text in std::iter::once(&row.place.key).chain(&row.labels) {
        hasher.update(text.as_bytes());
        // No text goes over into the next.
        hasher.update(&[0]);
    }
    hasher.update(&row.body);
    i64::from(hasher.finalize())
}
