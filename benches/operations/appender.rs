//! The least that makes an operation durable: one table, one thread, one commit for all who wait.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rusqlite::Connection;
use tokio::sync::oneshot;

/// As many as share a commit at most.
const GROUP_MAX: usize = 512;

#[derive(Clone)]
pub(crate) struct Appender(Sender<Waiting>);

struct Waiting {
    body: Vec<u8>,
    done: oneshot::Sender<()>,
}

impl Appender {
    /// Ends when the last clone is gone.
    pub(crate) fn start(file: &Path) -> Self {
        let connection = Connection::open(file).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = 4000;
                 CREATE TABLE bodies (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;",
            )
            .unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || append_all(connection, &receiver));
        Self(sender)
    }

    /// Returns when the body is on disk.
    pub(crate) async fn append(&self, body: Vec<u8>) {
        let (done, durable) = oneshot::channel();
        self.0.send(Waiting { body, done }).unwrap();
        durable.await.unwrap();
    }
}

fn append_all(mut connection: Connection, receiver: &Receiver<Waiting>) {
    while let Ok(first) = receiver.recv() {
        let mut group = vec![first];
        group.extend(receiver.try_iter().take(GROUP_MAX - 1));
        let transaction = connection.transaction().unwrap();
        for waiting in &group {
            transaction
                .prepare_cached("INSERT INTO bodies (body) VALUES (?1)")
                .unwrap()
                .execute([&waiting.body])
                .unwrap();
        }
        transaction.commit().unwrap();
        for waiting in group {
            waiting.done.send(()).unwrap();
        }
    }
}
