//! Moves the write-ahead log into the file, on a thread and a connection of its own: what is moved is written a second
//! time and synced, which no append is to wait for.
//!
//! The log begins anew only when all of it has been moved, and while the thread moves it more is appended. So the thread
//! goes on until little is left, and says so; the writer moves that little after his next commit.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, DEFAULT_NAME};

use super::{Error, file, in_file, is_passing};

/// The thread begins when the log has so many pages. Below 4,062 the index of the log keeps to its first block, so that a
/// full disk is found before a commit is written and not after it: what is appended meanwhile has room below that, too.
const BEGIN_PAGES: i64 = 2_000;
/// What the thread leaves to the writer, in pages that were appended while it moved those before.
const LEFT_PAGES: i64 = 100;
/// How often the thread moves what was appended meanwhile. If that does not become less, whoever appends has to wait for
/// the writer to move it.
const ROUNDS_LEN: usize = 8;
/// The pages of a log that a reader keeps from being moved, 4 GiB: beyond it appends are refused as on a full disk.
pub(super) const LOG_PAGES_MAX: i64 = 1_048_576;

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Checkpointer {
    progress: Arc<Progress>,
    thread: Option<thread::JoinHandle<()>>,
}

/// What the writer and the thread tell each other.
#[derive(Debug, Default)]
struct Progress {
    /// Of the log, after the last commit.
    pages: AtomicI64,
    is_wanted: AtomicBool,
    is_nearly_done: AtomicBool,
    has_failed: AtomicBool,
    is_ending: AtomicBool,
}

impl Checkpointer {
    /// Starts the thread for the log that `writer` writes.
    ///
    /// # Errors
    /// The file cannot be opened again, or the thread not be started.
    pub(super) fn start(writer: &mut Connection, path: &Path) -> Result<Self, Error> {
        let progress = Arc::new(Progress::default());
        let own = file::connect_again(path)?;
        let thread = {
            let progress = Arc::clone(&progress);
            thread::Builder::new()
                .name("checkpoint".into())
                .spawn(move || progress.move_when_wanted(&own))
                .map_err(|source| Error::Folder {
                    folder: path.into(),
                    source,
                })?
        };
        let (told, mover) = (Arc::clone(&progress), thread.thread().clone());
        let hook = move |log: &mut Wal, pages| {
            told.committed(log, i64::from(pages), &mover);
            Ok(())
        };
        let checkpointer = Self {
            progress,
            thread: Some(thread),
        };
        writer.wal_hook(Some(hook)).map_err(in_file(path))?;
        Ok(checkpointer)
    }

    /// Has the log moved, however long it is.
    pub(super) fn move_all(&self) {
        if let Some(thread) = &self.thread {
            self.progress.want(thread.thread());
        }
    }

    /// Whether a sync of the file or of its log failed: it must never be tried twice.
    pub(super) fn has_failed(&self) -> bool {
        self.progress.has_failed.load(Ordering::Acquire)
    }

    /// Whether the log has more pages than this, and the writer cannot move them either.
    pub(super) fn is_beyond(&self, pages_max: i64, writer: &Connection) -> bool {
        self.progress.pages.load(Ordering::Relaxed) > pages_max
            && self
                .progress
                .judge(checkpoint(writer))
                .is_none_or(|(pages, moved)| moved < pages)
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.progress.is_ending.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It ends by itself only if it panicked.
            let _ = thread.join();
        }
    }
}

impl Progress {
    fn want(&self, mover: &thread::Thread) {
        if !self.is_wanted.swap(true, Ordering::AcqRel) {
            mover.unpark();
        }
    }

    /// On the writer's thread, after each commit.
    fn committed(&self, log: &mut Wal, pages: i64, mover: &thread::Thread) {
        self.pages.store(pages, Ordering::Relaxed);
        let is_nearly_done = self.is_nearly_done.swap(false, Ordering::AcqRel);
        if pages < BEGIN_PAGES {
            return;
        }
        if is_nearly_done {
            self.judge(log.checkpoint_v2(CheckpointMode::PASSIVE));
        } else {
            self.want(mover);
        }
    }

    fn move_when_wanted(&self, connection: &Connection) {
        while !self.is_ending.load(Ordering::Acquire) {
            if self.is_wanted.load(Ordering::Acquire) {
                self.move_most(connection);
                self.is_wanted.store(false, Ordering::Release);
            } else {
                thread::park();
            }
        }
    }

    fn move_most(&self, connection: &Connection) {
        let mut before = 0;
        for _ in 0..ROUNDS_LEN {
            let Some((_, moved)) = self.judge(checkpoint(connection)) else {
                return;
            };
            if moved - before <= LEFT_PAGES {
                break;
            }
            before = moved;
        }
        self.is_nearly_done.store(true, Ordering::Release);
    }

    /// The pages of the log, and how many of them have been moved; none if another checkpoint is under way. What did not
    /// get to the disk is in the log, and nowhere else.
    fn judge(&self, moved: rusqlite::Result<(i32, i32)>) -> Option<(i64, i64)> {
        match moved {
            Ok((pages, moved)) => Some((pages.into(), moved.into())),
            Err(error) => {
                if !is_passing(&error) {
                    self.has_failed.store(true, Ordering::Release);
                }
                None
            }
        }
    }
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<(i32, i32)> {
    connection.wal_checkpoint_v2(DEFAULT_NAME, CheckpointMode::PASSIVE)
}
