//! The beginning of the history goes: at once as far as anyone can see, row by row on the disk.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::{Base, Error, as_number, as_sql, checksum, in_file};

/// Rows that one sweep looks at, so that nobody who appends waits for long.
const SWEEP_LEN: i64 = 500;

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

/// How far a sweep has come: the steps go first, then the keys, which are in an order of their own.
#[derive(Debug, Default)]
pub(super) enum Sweep {
    /// Whether there are steps to be removed is not known.
    #[default]
    Steps,
    /// The keys up to this one have been looked at.
    Keys(String, i64),
    /// Nothing is left to remove.
    Done,
}

impl Sweep {
    /// Removes a few rows.
    pub(super) fn go_on(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        *self = match std::mem::take(self) {
            Self::Steps => remove_steps(connection)?,
            Self::Keys(key, sequence) => remove_keys(connection, &key, sequence)?,
            Self::Done => Self::Done,
        };
        Ok(())
    }
}

fn remove_steps(connection: &Connection) -> rusqlite::Result<Sweep> {
    let removed = connection
        .prepare_cached(
            "DELETE FROM steps WHERE sequence IN (SELECT sequence FROM steps
             WHERE sequence <= (SELECT max(sequence) FROM base) ORDER BY sequence LIMIT ?1)",
        )?
        .execute([SWEEP_LEN])?;
    connection
        .prepare_cached(
            "DELETE FROM new_step_keys WHERE sequence < (SELECT min(sequence) FROM steps)",
        )?
        .execute([])?;
    Ok(if removed > 0 {
        Sweep::Steps
    } else {
        Sweep::Keys(String::new(), 0)
    })
}

fn remove_keys(connection: &Connection, key: &str, sequence: i64) -> rusqlite::Result<Sweep> {
    let kept_after = kept_after(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT key, sequence FROM step_keys WHERE (key, sequence) > (?1, ?2) ORDER BY key, sequence LIMIT ?3",
    )?;
    let rows = statement.query_map((key, sequence, SWEEP_LEN), |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
    })?;
    let rows: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    let transaction = connection.unchecked_transaction()?;
    for (key, sequence) in rows.iter().filter(|(_, sequence)| *sequence <= kept_after) {
        transaction
            .prepare_cached("DELETE FROM step_keys WHERE key = ?1 AND sequence = ?2")?
            .execute((key, sequence))?;
    }
    transaction.commit()?;
    Ok(match rows.into_iter().next_back() {
        Some((key, sequence)) => Sweep::Keys(key, sequence),
        None => Sweep::Done,
    })
}
