//! What the history goes on from: a row that says which pieces it is, and the pieces. Those of the next base are written
//! beside those of the one that counts, each in a transaction of its own; then the row changes, and the old ones go.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::super::base::parts_of;
use super::{Base, Error, as_number, as_sql, checksum, in_file, is_damage, trim};

/// Pieces that were written one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pieces {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl Pieces {
    /// Before the first base.
    pub(super) const NONE: Self = Self { first: 1, last: 0 };

    pub(super) fn len(self) -> u64 {
        as_number(self.last - self.first + 1)
    }
}

/// The row; that of a base of a format before 7 has no checksum.
struct Row {
    sequence: i64,
    pieces: Pieces,
    checksum: Option<i64>,
}

impl Row {
    fn read(connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let row = "SELECT sequence, first_piece, last_piece, checksum FROM base ORDER BY sequence DESC LIMIT 1";
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Self {
                sequence: row.get(0)?,
                pieces: Pieces {
                    first: row.get(1)?,
                    last: row.get(2)?,
                },
                checksum: row.get(3)?,
            })
        };
        connection.query_row(row, [], read).optional()
    }

    fn is_whole(&self) -> bool {
        let expected = checksum::of_base(self.sequence, self.pieces.first, self.pieces.last);
        self.checksum.is_none_or(|checksum| checksum == expected)
    }
}

/// The last sequence that is not kept.
pub(super) fn kept_after(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(sequence), 0) FROM base", [], |row| {
        row.get(0)
    })
}

/// What the first record that is kept goes on from, read piece by piece as it is asked for: at a `moment`, if there is one,
/// or at that of whoever calls.
pub(super) fn read<'a>(
    connection: &'a Connection,
    moment: Option<Transaction<'a>>,
    file: &'a Path,
) -> Result<Option<Base<'a>>, Error> {
    let Some(row) = Row::read(connection).map_err(in_file(file))? else {
        return Ok(None);
    };
    let sequence = as_number(row.sequence);
    if !row.is_whole() {
        let file = file.into();
        return Err(Error::Damaged { file, sequence });
    }
    let Pieces { first, last } = row.pieces;
    let pieces = (first..=last).map(move |number| {
        // It lasts until the last piece has been read.
        let _ = &moment;
        match piece(connection, number) {
            Ok(Some(piece)) => Ok(piece),
            Err(source) if !is_damage(&source) => Err(in_file(file)(source)),
            Ok(None) | Err(_) => Err(Error::Damaged {
                file: file.into(),
                sequence,
            }),
        }
    });
    let parts = Box::new(parts_of(pieces));
    Ok(Some(Base { sequence, parts }))
}

/// A piece, if it is there and what was written.
fn piece(connection: &Connection, number: i64) -> rusqlite::Result<Option<Vec<u8>>> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?));
    let found = connection
        .prepare_cached("SELECT body, checksum FROM base_pieces WHERE number = ?1")?
        .query_row([number], read)
        .optional()?;
    let is_whole = |(body, written): &(Vec<u8>, Option<i64>)| {
        written.is_none_or(|written| written == checksum::of_piece(number, body))
    };
    Ok(found.filter(is_whole).map(|(body, _)| body))
}

/// Writes a piece behind those that were laid, or the first of others behind all there are.
pub(super) fn lay(
    connection: &Connection,
    laid: Option<Pieces>,
    piece: &[u8],
) -> rusqlite::Result<Pieces> {
    let laid = match laid {
        Some(laid) => laid,
        None => {
            let last = "SELECT coalesce(max(number), 0) FROM base_pieces";
            let last = connection.query_row(last, [], |row| row.get(0))?;
            let first = last + 1;
            Pieces { first, last }
        }
    };
    let number = laid.last + 1;
    connection
        .prepare_cached("INSERT INTO base_pieces VALUES (?1, ?2, ?3)")?
        .execute((number, piece, checksum::of_piece(number, piece)))?;
    let last = number;
    Ok(Pieces { last, ..laid })
}

/// From here on the history begins after `sequence`, with these pieces.
pub(super) fn go_on_from(
    connection: &mut Connection,
    sequence: u64,
    pieces: Pieces,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    write_row(&transaction, sequence, pieces)?;
    transaction.commit()
}

pub(super) fn write_row(
    transaction: &Connection,
    sequence: u64,
    Pieces { first, last }: Pieces,
) -> rusqlite::Result<()> {
    let sequence = as_sql(sequence);
    let checksum = checksum::of_base(sequence, first, last);
    transaction.execute("DELETE FROM base", [])?;
    transaction
        .execute(
            "INSERT INTO base VALUES (?1, ?2, ?3, ?4)",
            (sequence, first, last, checksum),
        )
        .map(|_| ())
}

/// Removes a few pieces of former bases, and of such as were given up before they counted; not those of the one that counts,
/// nor those that are being `laid`. Whether there were any.
pub(super) fn sweep(transaction: &Connection, laid: Option<Pieces>) -> rusqlite::Result<bool> {
    let counting = Row::read(transaction)?.map_or(Pieces::NONE, |row| row.pieces);
    let laid_first = laid.map_or(i64::MAX, |laid| laid.first);
    for (from, before) in [(i64::MIN, counting.first), (counting.last + 1, laid_first)] {
        let last = {
            let mut some = transaction.prepare_cached(
                "SELECT number, length(body) FROM base_pieces WHERE number >= ?1 AND number < ?2
                 ORDER BY number LIMIT ?3",
            )?;
            trim::last_of_piece(&mut some.query((from, before, trim::SWEEP_LEN))?)?
        };
        if let Some(last) = last {
            transaction
                .prepare_cached("DELETE FROM base_pieces WHERE number >= ?1 AND number <= ?2")?
                .execute((from, last))?;
            return Ok(true);
        }
    }
    Ok(false)
}
