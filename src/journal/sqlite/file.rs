//! The file itself: whose it is, how it is written, whether it is whole.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{Error, as_number, as_sql, in_file};

/// Marks the file as ours in its header, where `file` and `sqlite3` show it.
const APPLICATION_ID: i64 = i32::from_be_bytes(*b"Batn") as i64;
pub(super) const FORMAT: i64 = 7;

/// How long an append waits for somebody who writes with `sqlite3` before it is refused.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Fewer, larger checkpoints than the default of 1,000 where nobody waits for a commit; a journal that is written to has a
/// [`Checkpointer`](super::checkpoint::Checkpointer).
const CHECKPOINT_PAGES: i64 = 4_000;

const SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE steps (sequence INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE TABLE step_keys (key TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (key, sequence))
        STRICT, WITHOUT ROWID;";
/// What format 2 has beside format 1: what the first step that is kept goes on from.
const SCHEMA_2: &str =
    "CREATE TABLE base (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;";
/// What format 3 has besides: checksums, which rows of earlier formats go without, and the epochs before this one.
const SCHEMA_3: &str = "
    ALTER TABLE steps ADD COLUMN checksum INTEGER;
    ALTER TABLE base ADD COLUMN checksum INTEGER;
    CREATE TABLE former_epochs (number INTEGER PRIMARY KEY, common_until INTEGER NOT NULL) STRICT;";
/// What format 4 has besides: the archive, in the order of its places and by its keys.
const SCHEMA_4: &str = "
    CREATE TABLE archive (at_ms INTEGER NOT NULL, sequence INTEGER NOT NULL, key TEXT NOT NULL, label_1 TEXT NOT NULL,
        label_2 TEXT NOT NULL, body BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT;
    CREATE UNIQUE INDEX archive_places ON archive (at_ms, sequence, key);
    CREATE INDEX archive_keys ON archive (key, sequence);";
/// What format 5 has besides: the lines of the index that have not been sorted in.
const SCHEMA_5: &str = "
    CREATE TABLE new_step_keys (sequence INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (sequence, key))
        STRICT, WITHOUT ROWID;";
/// What format 6 has besides: the lines of the index by their steps, not only of those that have not been sorted in, and
/// what is kept of steps beyond a trim. What was trimmed before has gone.
const SCHEMA_6: &str = "
    ALTER TABLE new_step_keys RENAME TO keys_of_steps;
    DELETE FROM keys_of_steps WHERE sequence <= (SELECT max(sequence) FROM base);
    DELETE FROM step_keys WHERE sequence <= (SELECT max(sequence) FROM base);
    INSERT OR REPLACE INTO meta SELECT 'keys_sorted_until', coalesce((SELECT min(sequence) - 1 FROM keys_of_steps),
        (SELECT max(sequence) FROM steps), 0);
    INSERT OR IGNORE INTO keys_of_steps SELECT sequence, key FROM step_keys ORDER BY sequence, key;
    CREATE TABLE kept_steps (sequence INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, body BLOB NOT NULL, checksum INTEGER)
        STRICT;
    CREATE TABLE kept_keys (key TEXT NOT NULL, sequence INTEGER NOT NULL, bytes INTEGER NOT NULL,
        PRIMARY KEY (key, sequence)) STRICT, WITHOUT ROWID;
    CREATE INDEX kept_keys_by_step ON kept_keys (sequence);
    CREATE TABLE forgotten (key TEXT PRIMARY KEY, sequence INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX forgotten_by_step ON forgotten (sequence);";
/// What format 7 has besides: the base in pieces. One that is there already stays a single piece, whose number is its
/// sequence, until the next trim: so it need not be read, and its checksum stays what it is.
const SCHEMA_7: &str = "
    ALTER TABLE base RENAME TO base_pieces;
    ALTER TABLE base_pieces RENAME COLUMN sequence TO number;
    CREATE TABLE base (sequence INTEGER PRIMARY KEY, first_piece INTEGER NOT NULL, last_piece INTEGER NOT NULL,
        checksum INTEGER) STRICT;
    INSERT INTO base SELECT number, number, number, NULL FROM base_pieces;";
/// What brings a file up from the format before.
const UPGRADES: [(i64, &str); 6] = [
    (2, SCHEMA_2),
    (3, SCHEMA_3),
    (4, SCHEMA_4),
    (5, SCHEMA_5),
    (6, SCHEMA_6),
    (7, SCHEMA_7),
];

pub(super) fn connect(file: &Path, epoch_if_new: u64) -> Result<Connection, Error> {
    let mut connection = open(file).map_err(in_file(file))?;
    let is_new = identify(&connection, file)?.is_none();
    make_durable(&connection).map_err(in_file(file))?;
    if is_new {
        create_schema(&mut connection, epoch_if_new).map_err(in_file(file))?;
    }
    upgrade(&mut connection).map_err(in_file(file))?;
    Ok(connection)
}

/// Another connection to a journal that is open.
pub(super) fn connect_again(file: &Path) -> Result<Connection, Error> {
    let again = open(file).and_then(|connection| {
        make_durable(&connection)?;
        Ok(connection)
    });
    again.map_err(in_file(file))
}

fn open(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// The format of the file; none if it is new. Anything but a new file or one of ours is refused before it is touched.
pub(super) fn identify(connection: &Connection, file: &Path) -> Result<Option<i64>, Error> {
    let foreign = || Error::ForeignFile { file: file.into() };
    let (application, format, tables) = match header(connection) {
        Ok(header) => header,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(foreign());
        }
        Err(error) => return Err(in_file(file)(error)),
    };
    match (application, format, tables) {
        (0, 0, 0) => Ok(None),
        (APPLICATION_ID, found @ 1..=FORMAT, _) => Ok(Some(found)),
        (APPLICATION_ID, found, _) if found > FORMAT => Err(Error::Newer {
            file: file.into(),
            found,
            newest: FORMAT,
        }),
        _ => Err(foreign()),
    }
}

fn header(connection: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let tables =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((
        pragma(connection, "application_id")?,
        pragma(connection, "user_version")?,
        tables,
    ))
}

fn make_durable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // NORMAL, the habit with WAL, loses commits when the power fails.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On macOS a plain fsync stops at the cache of the drive.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
}

fn create_schema(connection: &mut Connection, epoch: u64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute(
        "INSERT INTO meta (name, value) VALUES ('epoch', ?1)",
        [as_sql(epoch)],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", 1)?;
    transaction.commit()
}

/// Brings a file of an earlier format up to this one, in one piece.
fn upgrade(connection: &mut Connection) -> rusqlite::Result<()> {
    let format = pragma(connection, "user_version")?;
    if format == FORMAT {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (_, schema) in UPGRADES.iter().filter(|(to, _)| *to > format) {
        transaction.execute_batch(schema)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// The head. That nothing is missing before it shows when it is read: looking for it here would read every row.
pub(super) fn head(connection: &Connection, file: &Path) -> Result<u64, Error> {
    let (base, first, last) = connection
        .query_row(
            "SELECT base, (SELECT min(sequence) FROM steps WHERE sequence > base), (SELECT max(sequence) FROM steps)
             FROM (SELECT coalesce(max(sequence), 0) AS base FROM base)",
            [],
            |row| {
                let (first, last) = (row.get::<_, Option<i64>>(1)?, row.get::<_, Option<i64>>(2)?);
                Ok((row.get::<_, i64>(0)?, first, last.unwrap_or(0)))
            },
        )
        .map_err(in_file(file))?;
    if first.is_some_and(|first| first != base + 1) {
        return Err(Error::Damaged {
            file: file.into(),
            sequence: as_number(base + 1),
        });
    }
    Ok(as_number(last.max(base)))
}

pub(super) fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
