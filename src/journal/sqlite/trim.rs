//! The beginning of the history goes: at once as far as anyone can see, row by row on the disk.

use rusqlite::{Connection, Rows, TransactionBehavior};

use super::base::{self, Pieces};
use super::{as_number, kept, keys};

/// Rows that one sweep removes, so that nobody who appends waits for long.
pub(super) const SWEEP_LEN: i64 = 250;
/// The bytes that their bodies may have together, since they may be copied; a larger one goes by itself.
const SWEEP_BYTES_MAX: u64 = 1 << 20;

/// Removes a few pieces of bases that do not count, but for what is being `laid`; then a few steps that are not part of the
/// history any more, but for what is kept of them. Whether that was all.
pub(super) fn sweep(connection: &mut Connection, laid: Option<Pieces>) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if base::sweep(&transaction, laid)? {
        transaction.commit()?;
        return Ok(false);
    }
    let Some(last) = last_step(&transaction)? else {
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
fn last_step(transaction: &Connection) -> rusqlite::Result<Option<i64>> {
    let mut oldest = transaction.prepare_cached(
        "SELECT sequence, length(body) FROM steps WHERE sequence <= (SELECT max(sequence) FROM base)
         ORDER BY sequence LIMIT ?1",
    )?;
    last_of_piece(&mut oldest.query([SWEEP_LEN])?)
}

/// The last of the rows, each a number and the length of a body, that are removed together; none if there are none.
pub(super) fn last_of_piece(rows: &mut Rows<'_>) -> rusqlite::Result<Option<i64>> {
    let (mut last, mut bytes) = (None, 0);
    while let Some(row) = rows.next()? {
        bytes += as_number(row.get(1)?);
        if last.is_some() && bytes > SWEEP_BYTES_MAX {
            break;
        }
        last = Some(row.get(0)?);
    }
    Ok(last)
}
