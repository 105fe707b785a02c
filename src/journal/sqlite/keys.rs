//! Which steps are about what. The index is in the order of the keys, and steps come in another: written with each group,
//! it would cost it a page for every key. So a line is written in the order in which it came, which is also how a sweep
//! finds what is to go with a step, and is sorted in by the thousand.

use rusqlite::{Connection, TransactionBehavior};

use super::{Record, as_number, as_sql, epoch};

/// So many new lines are sorted in together.
pub(super) const NEW_LEN: u64 = 1_000;
/// Most that are sorted in at a time, so that nobody who appends waits for long.
const BATCH_LEN: i64 = 10_000;

/// The name of the sequence up to which lines are sorted in.
const SORTED_UNTIL: &str = "keys_sorted_until";

/// The sequences of a key after ?2, in order, ?3 of them; of steps that are kept beyond a trim, too.
pub(super) const SEQUENCES_OF_KEY: &str = "
    SELECT sequence FROM kept_keys WHERE key = ?1 AND sequence > ?2
    UNION
    SELECT sequence FROM step_keys WHERE key = ?1 AND sequence > ?2
    UNION
    SELECT sequence FROM keys_of_steps WHERE key = ?1
        AND sequence > max(?2, coalesce((SELECT value FROM meta WHERE name = 'keys_sorted_until'), 0))
    ORDER BY sequence LIMIT ?3";

/// Adds the keys of records; gives how many lines they are.
pub(super) fn insert(transaction: &Connection, records: &[Record]) -> rusqlite::Result<u64> {
    let mut line =
        transaction.prepare_cached("INSERT OR IGNORE INTO keys_of_steps VALUES (?1, ?2)")?;
    let mut len = 0;
    for record in records {
        for key in &record.keys {
            line.execute((as_sql(record.sequence), key))?;
            len += 1;
        }
    }
    Ok(len)
}

/// Removes the lines of steps up to a sequence.
pub(super) fn remove(transaction: &Connection, last: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "DELETE FROM step_keys WHERE (key, sequence) IN
                (SELECT key, sequence FROM keys_of_steps WHERE sequence <= ?1)",
        )?
        .execute([last])?;
    transaction
        .prepare_cached("DELETE FROM keys_of_steps WHERE sequence <= ?1")?
        .execute([last])
        .map(|_| ())
}

/// New lines that have not been sorted in.
pub(super) fn new_len(connection: &Connection) -> rusqlite::Result<u64> {
    let count = "SELECT count(*) FROM keys_of_steps WHERE sequence > ?1";
    connection
        .query_row(count, [sorted_until(connection)?], |row| row.get(0))
        .map(as_number)
}

/// Sorts the oldest new lines in; gives how many are left.
pub(super) fn sort_in(connection: &mut Connection) -> rusqlite::Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let after = sorted_until(&transaction)?;
    let last: Option<i64> = transaction.query_row(
        "SELECT max(sequence) FROM
            (SELECT sequence FROM keys_of_steps WHERE sequence > ?1 ORDER BY sequence LIMIT ?2)",
        [after, BATCH_LEN],
        |row| row.get(0),
    )?;
    let Some(last) = last else { return Ok(0) };
    transaction.execute(
        "INSERT OR IGNORE INTO step_keys
         SELECT key, sequence FROM keys_of_steps WHERE sequence > ?1 AND sequence <= ?2 ORDER BY key, sequence",
        [after, last],
    )?;
    epoch::set(&transaction, SORTED_UNTIL, last)?;
    let left = new_len(&transaction)?;
    transaction.commit()?;
    Ok(left)
}

/// The keys that lead to a step, and whether each leads there from both sides.
pub(super) fn of_step(
    connection: &Connection,
    sequence: u64,
) -> rusqlite::Result<Vec<(String, bool)>> {
    let is_sorted_in = as_sql(sequence) <= sorted_until(connection)?;
    let mut lines = connection.prepare_cached(
        "SELECT key, EXISTS (SELECT 1 FROM step_keys WHERE key = line.key AND sequence = ?1)
         FROM keys_of_steps AS line WHERE sequence = ?1 ORDER BY key",
    )?;
    let lines = lines.query_map([as_sql(sequence)], |row| {
        let is_found: bool = row.get(1)?;
        Ok((row.get(0)?, is_found == is_sorted_in))
    })?;
    lines.collect()
}

/// The sequences after the base, ?1 of them at most, of lines that no step has.
pub(super) fn strays(connection: &Connection, len_max: usize) -> rusqlite::Result<Vec<u64>> {
    let mut lines = connection.prepare(
        "SELECT sequence FROM step_keys AS line WHERE NOT EXISTS
            (SELECT 1 FROM keys_of_steps WHERE sequence = line.sequence AND key = line.key)
         UNION
         SELECT sequence FROM keys_of_steps WHERE sequence NOT IN (SELECT sequence FROM steps)
         ORDER BY sequence LIMIT ?1",
    )?;
    let len_max = i64::try_from(len_max).unwrap_or(i64::MAX);
    let lines = lines.query_map([len_max], |row| row.get(0).map(as_number))?;
    lines.collect()
}

fn sorted_until(connection: &Connection) -> rusqlite::Result<i64> {
    Ok(epoch::value(connection, SORTED_UNTIL)?.unwrap_or(0))
}
