//! What outlives a trim: the steps of interactions that have not ended, or whose row is still in the archive, so that
//! their history stays whole (design D15). A step is moved here in the transaction that removes it from the history,
//! and goes when the last of its interactions leaves the archive.

use rusqlite::{Connection, OptionalExtension, Row};

use super::super::{KEPT_BYTES_MAX, KEPT_LEN_MAX, Record};
use super::checksum;
use super::{as_number, as_sql, epoch, read};

/// How many steps there are, and the bytes of their bodies: counting them would read all of them.
pub(super) const LEN: &str = "kept_len";
pub(super) const BYTES: &str = "kept_bytes";

/// Lines that are removed at a time, so that nobody who appends waits for long.
const FORGET_LEN: i64 = 500;

/// Keeps the steps up to `last` of all whose archived rows have not gone.
pub(super) fn keep(transaction: &Connection, last: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO kept_keys
             SELECT key, sequence, length(body) FROM keys_of_steps AS line JOIN steps USING (sequence)
             WHERE sequence <= ?1 AND NOT EXISTS
                (SELECT 1 FROM forgotten WHERE key = line.key AND sequence >= line.sequence)",
        )?
        .execute([last])?;
    let (mut len, mut bytes) = (0, 0);
    {
        let mut keep = transaction.prepare_cached(
            "INSERT OR IGNORE INTO kept_steps SELECT sequence, at_ms, body, checksum FROM steps
             WHERE sequence <= ?1 AND EXISTS (SELECT 1 FROM kept_keys WHERE sequence = steps.sequence)
             RETURNING length(body)",
        )?;
        for kept in keep.query_map([last], |row| row.get::<_, i64>(0))? {
            len += 1;
            bytes += kept?;
        }
    }
    count(transaction, len, bytes)?;
    let mut keys = transaction
        .prepare_cached("SELECT DISTINCT key FROM keys_of_steps WHERE sequence <= ?1")?;
    let keys = keys.query_map([last], |row| row.get(0))?;
    for key in keys.collect::<rusqlite::Result<Vec<String>>>()? {
        keep_within_bounds(transaction, &key)?;
    }
    Ok(())
}

/// Adds steps as they were kept elsewhere, each for the keys that it comes with.
pub(super) fn insert(transaction: &Connection, steps: &[Record]) -> rusqlite::Result<()> {
    let mut step =
        transaction.prepare_cached("INSERT OR IGNORE INTO kept_steps VALUES (?1, ?2, ?3, ?4)")?;
    let mut line =
        transaction.prepare_cached("INSERT OR IGNORE INTO kept_keys VALUES (?1, ?2, ?3)")?;
    for it in steps {
        let (sequence, at_ms) = (as_sql(it.sequence), as_sql(it.at_ms));
        let checksum = checksum::of_row(sequence, at_ms, &it.body);
        if step.execute((sequence, at_ms, &it.body, checksum))? > 0 {
            count(transaction, 1, it.body.len() as i64)?;
        }
        for key in &it.keys {
            line.execute((key, sequence, it.body.len() as i64))?;
        }
    }
    for key in steps.iter().flat_map(|it| &it.keys) {
        keep_within_bounds(transaction, key)?;
    }
    Ok(())
}

/// The archived row of a key that ended with the step `until` goes, and with it what is kept; what the journal has not
/// come to trim will not be kept. Gives how many lines were removed.
pub(super) fn forget(transaction: &Connection, key: &str, until: i64) -> rusqlite::Result<usize> {
    let first: Option<i64> =
        transaction.query_row("SELECT min(sequence) FROM steps", [], |row| row.get(0))?;
    if first.is_some_and(|first| first <= until) {
        remember_forgotten(transaction, key, until)?;
    }
    remove(transaction, key, until)
}

/// That no step of a key up to `until` is to be kept.
pub(super) fn remember_forgotten(
    transaction: &Connection,
    key: &str,
    until: i64,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO forgotten VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET sequence = max(sequence, excluded.sequence)",
        )?
        .execute((key, until))
        .map(|_| ())
}

/// Removes some of the lines that say what is not to be kept of steps that have gone; gives how many.
pub(super) fn sweep_forgotten(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM forgotten WHERE key IN (SELECT key FROM forgotten
             WHERE sequence <= (SELECT max(sequence) FROM base) LIMIT ?1)",
        )?
        .execute([FORGET_LEN])
}

/// Every step that is kept, with the keys that it is kept for, those that are about to be among them; in the place of one
/// that is not what was written, its sequence.
pub(super) fn each(
    connection: &Connection,
    mut take: impl FnMut(Result<Record, u64>),
) -> rusqlite::Result<()> {
    let mut steps = connection.prepare(
        "SELECT sequence, at_ms, body, checksum FROM kept_steps
         UNION ALL SELECT sequence, at_ms, body, checksum FROM steps WHERE sequence <= (SELECT max(sequence) FROM base)
         ORDER BY sequence",
    )?;
    let mut keys = connection.prepare(
        "SELECT key FROM kept_keys WHERE sequence = ?1 UNION SELECT key FROM keys_of_steps AS line WHERE sequence = ?1
         AND NOT EXISTS (SELECT 1 FROM forgotten WHERE key = line.key AND sequence >= ?1) ORDER BY key",
    )?;
    let mut rows = steps.query([])?;
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get(0)?;
        let keys = keys.query_map([sequence], |row| row.get(0))?;
        let keys = keys.collect::<rusqlite::Result<Vec<String>>>()?;
        let is_kept = |row: &Row<'_>| read::read_row(row).is_ok_and(|row| row.is_whole());
        if !is_kept(row) {
            take(Err(as_number(sequence)));
        } else if !keys.is_empty() {
            let record = Record::from(read::read_row(row)?);
            take(Ok(Record { keys, ..record }));
        }
    }
    Ok(())
}

/// A sequence that the index of what is kept names without a step, or the other way round.
pub(super) fn stray(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    let stray = "SELECT min(sequence) FROM
        (SELECT sequence FROM kept_keys WHERE sequence NOT IN (SELECT sequence FROM kept_steps)
         UNION ALL SELECT sequence FROM kept_steps WHERE sequence NOT IN (SELECT sequence FROM kept_keys))";
    let found = connection.query_row(stray, [], |row| row.get::<_, Option<i64>>(0))?;
    Ok(found.map(as_number))
}

/// Every key of which steps up to a sequence are not to be kept.
pub(super) fn each_forgotten(
    connection: &Connection,
    mut take: impl FnMut(String, u64),
) -> rusqlite::Result<()> {
    let mut lines = connection.prepare("SELECT key, sequence FROM forgotten ORDER BY key")?;
    let mut lines = lines.query([])?;
    while let Some(line) = lines.next()? {
        take(line.get(0)?, as_number(line.get(1)?));
    }
    Ok(())
}

/// The oldest steps of a key make room for the newer ones.
fn keep_within_bounds(transaction: &Connection, key: &str) -> rusqlite::Result<()> {
    let beyond = {
        let mut steps = transaction.prepare_cached(
            "SELECT sequence, bytes FROM kept_keys WHERE key = ?1 ORDER BY sequence DESC",
        )?;
        let mut steps = steps.query([key])?;
        let (mut len, mut bytes, mut beyond) = (0, 0, None);
        while let Some(row) = steps.next()? {
            len += 1;
            bytes += as_number(row.get(1)?);
            if len > KEPT_LEN_MAX || bytes > KEPT_BYTES_MAX {
                beyond = Some(row.get(0)?);
                break;
            }
        }
        beyond
    };
    beyond.map_or(Ok(()), |beyond| {
        remove(transaction, key, beyond).map(|_| ())
    })
}

/// Removes what is kept of a key up to `until`, but for what is kept for others; gives how many lines.
fn remove(transaction: &Connection, key: &str, until: i64) -> rusqlite::Result<usize> {
    let mut lines = transaction.prepare_cached(
        "DELETE FROM kept_keys WHERE key = ?1 AND sequence <= ?2 RETURNING sequence",
    )?;
    let lines = lines.query_map((key, until), |row| row.get::<_, i64>(0))?;
    let sequences = lines.collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut step = transaction.prepare_cached(
        "DELETE FROM kept_steps WHERE sequence = ?1 AND NOT EXISTS (SELECT 1 FROM kept_keys WHERE sequence = ?1)
         RETURNING length(body)",
    )?;
    let (mut len, mut bytes) = (0, 0);
    for sequence in &sequences {
        let removed = step.query_row([sequence], |row| row.get::<_, i64>(0));
        if let Some(removed) = removed.optional()? {
            len += 1;
            bytes += removed;
        }
    }
    count(transaction, -len, -bytes)?;
    Ok(sequences.len())
}

fn count(transaction: &Connection, len: i64, bytes: i64) -> rusqlite::Result<()> {
    if len == 0 {
        return Ok(());
    }
    epoch::add(transaction, LEN, len)?;
    epoch::add(transaction, BYTES, bytes)
}
