//! A journal in a folder of its own, as tests open it, look into it and meddle with it.

use std::path::PathBuf;

use baton::journal::{DataFolder, Error, SqliteJournal};
use rusqlite::Connection;
use tempfile::TempDir;

use super::{append, records};

pub(super) struct Disk {
    pub(super) temporary: TempDir,
    pub(super) folder: DataFolder,
}

impl Disk {
    pub(super) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        Self { temporary, folder }
    }

    pub(super) fn with_steps(self, count: u64) -> Self {
        assert_eq!(append(&mut self.open(), 0, &records(1..=count)), "acked");
        self
    }

    pub(super) fn open(&self) -> SqliteJournal {
        self.try_open().unwrap()
    }

    pub(super) fn try_open(&self) -> Result<SqliteJournal, Error> {
        SqliteJournal::open(&self.folder, "demo", 1)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.temporary.path().join("demo.sqlite")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.temporary.path().join("demo.sqlite-wal")
    }

    /// What somebody does to the file with `sqlite3`.
    pub(super) fn meddle(&self, sql: &str) {
        let connection = Connection::open(self.file()).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}
