//! The beginning of the history goes: at once as far as anyone can see, row by row on the disk.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{Base, Error, as_number, as_sql, checksum, in_file, kept, keys};

/// Steps that one sweep removes, so that nobody who appends waits for long.
const SWEEP_LEN: i64 = 250;

/// What the first record that is kept goes on from, as it was written.
pub(super) fn base(connection: &Connection, file: &Path) -> Result<Option<Base>, Error> {
    let found = connection
        .query_row("SELECT sequence, body, checksum FROM base", [], |row| {
            let base = Base {
                sequence: as_number(row.get(0)?),
                body: row.get(1)?,
            };
            Ok((base, row.get::<_, Option<i64>>(2)?))
        })
        .optional()
        .map_err(in_file(file))?;
    match found {
        Some((base, Some(written))) if written != checksum::of_base(base.sequence, &base.body) => {
            Err(Error::Damaged {
                file: file.into(),
                sequence: base.sequence,
            })
        }
        found => Ok(found.map(|(base, _)| base)),
    }
}

/// The last sequence that is not kept.
pub(super) fn kept_after(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(sequence), 0) FROM base", [], |row| {
        row.get(0)
    })
}

pub(super) fn trim(connection: &mut Connection, base: &Base) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("DELETE FROM base", [])?;
    write_base(&transaction, base)?;
    transaction.commit()
}

pub(super) fn write_base(connection: &Connection, base: &Base) -> rusqlite::Result<()> {
    let checksum = checksum::of_base(base.sequence, &base.body);
    connection
        .execute(
            "INSERT INTO base VALUES (?1, ?2, ?3)",
            (as_sql(base.sequence), &base.body, checksum),
        )
        .map(|_| ())
}

/// Removes a few steps that are not part of the history any more, but for what is kept of them. Whether that was all.
pub(super) fn sweep(connection: &mut Connection) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: Option<i64> = transaction
        .prepare_cached(
            "SELECT max(sequence) FROM (SELECT sequence FROM steps
             WHERE sequence <= (SELECT max(sequence) FROM base) ORDER BY sequence LIMIT ?1)",
        )?
        .query_row([SWEEP_LEN], |row| row.get(0))?;
    let Some(last) = last else {
        let is_all = kept::sweep_forgotten(&transaction)? == 0;
        transaction.commit()?;
        return Ok(is_all);
    };
    kept::keep(&transaction, last)?;
    keys::remove(&transaction, last)?;
    transaction
        .prepare_cached("DELETE FROM steps WHERE sequence <= ?1")?
        .execute([last])?;
    transaction.commit()?;
    Ok(false)
}
