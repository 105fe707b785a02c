//! The beginning of the history goes: at once as far as anyone can see, row by row on the disk.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{Base, Error, as_number, as_sql, checksum, in_file, kept, keys};

/// Steps that one sweep removes, so that nobody who appends waits for long.
const SWEEP_LEN: i64 = 250;
/// The bytes that their bodies may have together, since they may be copied; a larger one goes by itself.
const SWEEP_BYTES_MAX: u64 = 1 << 20;

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
    let Some(last) = last_of_piece(&transaction)? else {
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

/// Up to which sequence one sweep removes steps; none if there are none left.
fn last_of_piece(transaction: &Connection) -> rusqlite::Result<Option<i64>> {
    let mut oldest = transaction.prepare_cached(
        "SELECT sequence, length(body) FROM steps WHERE sequence <= (SELECT max(sequence) FROM base)
         ORDER BY sequence LIMIT ?1",
    )?;
    let mut oldest = oldest.query([SWEEP_LEN])?;
    let (mut last, mut bytes) = (None, 0);
    while let Some(step) = oldest.next()? {
        bytes += as_number(step.get(1)?);
        if last.is_some() && bytes > SWEEP_BYTES_MAX {
            break;
        }
        last = Some(step.get(0)?);
    }
    Ok(last)
}
