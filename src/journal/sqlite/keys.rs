//! Which steps are about what. The index is in the order of the keys, and steps come in another: written with each group,
//! it would cost it a page for every key. So what is new waits in the order in which it came, and is sorted in by the
//! thousand.

use rusqlite::{Connection, TransactionBehavior};

use super::{Record, as_number, as_sql};

/// So many new lines are sorted in together.
pub(super) const NEW_LEN: u64 = 1_000;
/// Most that are sorted in at a time, so that nobody who appends waits for long.
const BATCH_LEN: i64 = 10_000;

/// The sequences of a key after ?2 and after the base, in order, ?3 of them.
pub(super) const SEQUENCES_OF_KEY: &str = "
    SELECT sequence FROM step_keys WHERE key = ?1 AND sequence > max(?2, (SELECT coalesce(max(sequence), 0) FROM base))
    UNION
    SELECT sequence FROM new_step_keys WHERE key = ?1 AND sequence > max(?2, (SELECT coalesce(max(sequence), 0) FROM base))
    ORDER BY sequence LIMIT ?3";

/// Adds the keys of records; gives how many lines they are.
pub(super) fn insert(transaction: &Connection, records: &[Record]) -> rusqlite::Result<u64> {
    let mut line =
        transaction.prepare_cached("INSERT OR IGNORE INTO new_step_keys VALUES (?1, ?2)")?;
    let mut len = 0;
    for record in records {
        for key in &record.keys {
            line.execute((as_sql(record.sequence), key))?;
            len += 1;
        }
    }
    Ok(len)
}

/// New lines that have not been sorted in.
pub(super) fn new_len(connection: &Connection) -> rusqlite::Result<u64> {
    let count = "SELECT count(*) FROM new_step_keys";
    connection
        .query_row(count, [], |row| row.get(0))
        .map(as_number)
}

/// Sorts the oldest new lines in; gives how many are left.
pub(super) fn sort_in(connection: &mut Connection) -> rusqlite::Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: Option<i64> = transaction.query_row(
        "SELECT max(sequence) FROM (SELECT sequence FROM new_step_keys ORDER BY sequence LIMIT ?1)",
        [BATCH_LEN],
        |row| row.get(0),
    )?;
    transaction.execute(
        "INSERT OR IGNORE INTO step_keys SELECT key, sequence FROM new_step_keys WHERE sequence <= ?1 ORDER BY key, sequence",
        [last],
    )?;
    transaction.execute("DELETE FROM new_step_keys WHERE sequence <= ?1", [last])?;
    let left = new_len(&transaction)?;
    transaction.commit()?;
    Ok(left)
}
