//! What was said and may be said again (design D10): the last things in memory, the older ones from the journal.

mod checkpoints;
mod reader;
mod ring;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot};

pub(super) use reader::{ReaderThread, start as start_reader};
pub(super) use ring::Said;

use crate::domain::UserId;
use crate::engine::State;
use checkpoints::Checkpoints;
use ring::Ring;

/// Messages in one page; a step that says more to one user comes whole.
const PAGE_LEN_MAX: usize = 256;
/// Subscribers that wait for the journal; the next ones wait for their turn to wait.
const WAITING_LEN_MAX: usize = 1_024;

/// How much of what was said stays in memory.
#[derive(Debug, Clone, Copy)]
pub struct ReplayLimits {
    /// Messages.
    pub ring_len_max: usize,
    /// Bytes, by estimate.
    pub ring_bytes_max: usize,
}

impl Default for ReplayLimits {
    fn default() -> Self {
        Self {
            ring_len_max: 50_000,
            ring_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// What was said in one contact centre, shared by its driver, its readers and the thread that reads the journal.
pub(super) struct Replays {
    history: History,
    kept_after: AtomicU64,
    ring: Mutex<Ring>,
    checkpoints: Mutex<Checkpoints>,
    /// None once the contact centre has stopped.
    wanted: Mutex<Option<mpsc::Sender<Wanted>>>,
}

/// Which history the sequences count, and from where on it can be told again.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    /// Its identity.
    pub(super) epoch: u64,
    /// What is not after this sequence is common with the history that this one was restored from.
    pub(super) began_after: u64,
    /// What came after this sequence can be told again.
    pub(super) kept_after: u64,
}

/// Why a cursor cannot be resumed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// It counts another history: the journal was restored from a backup.
    OtherEpoch,
    /// It is ahead of everything that has happened.
    Ahead,
    /// What came after it is not kept any more.
    NotKept,
}

impl Lost {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::OtherEpoch => "OtherEpoch",
            Self::Ahead => "Ahead",
            Self::NotKept => "NotKept",
        }
    }
}

impl History {
    /// Whether what came after `sequence` of the history `epoch` can be told, where the last step is `head`.
    pub(super) fn check(&self, sequence: u64, epoch: Option<&str>, head: u64) -> Result<(), Lost> {
        let is_ours = match epoch {
            Some(epoch) => epoch.parse() == Ok(self.epoch),
            // Nothing says which history it counts. In one that was never restored there is only one.
            None => self.began_after == 0 || sequence <= self.began_after,
        };
        if !is_ours {
            Err(Lost::OtherEpoch)
        } else if sequence > head {
            Err(Lost::Ahead)
        } else if sequence < self.kept_after {
            Err(Lost::NotKept)
        } else {
            Ok(())
        }
    }
}

/// A question to the thread that reads the journal.
struct Wanted {
    user: UserId,
    after: u64,
    reply: oneshot::Sender<Option<Page>>,
}

/// Some of what a user heard: whole steps, in order.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) steps: Vec<Arc<Said>>,
    pub(super) up_to: u64,
    pub(super) is_all: bool,
    len: usize,
}

impl Page {
    fn new(up_to: u64, is_all: bool) -> Self {
        Self {
            steps: Vec::new(),
            up_to,
            is_all,
            len: 0,
        }
    }

    /// Adds what a step says to `user`. False if the page is full: then it ends before this step.
    fn take(&mut self, said: &Arc<Said>, user: &UserId, len_max: usize) -> bool {
        let len = said.lasting().filter(|it| it.to == *user).count();
        if self.len > 0 && self.len + len > len_max {
            self.up_to = said.head.sequence.0 - 1;
            self.is_all = false;
            return false;
        }
        self.len += len;
        self.steps.push(Arc::clone(said));
        true
    }
}

impl Replays {
    /// With the state that what is kept begins after.
    pub(super) fn new(history: History, limits: ReplayLimits, base: State) -> Self {
        let ring = Ring::new(
            limits.ring_len_max,
            limits.ring_bytes_max,
            history.kept_after,
        );
        Self {
            history,
            kept_after: AtomicU64::new(history.kept_after),
            ring: Mutex::new(ring),
            checkpoints: Mutex::new(Checkpoints::new(base)),
            wanted: Mutex::default(),
        }
    }

    pub(super) fn history(&self) -> History {
        History {
            kept_after: self.kept_after.load(Ordering::Relaxed),
            ..self.history
        }
    }

    /// Takes what a step said, before it is pushed. Steps come in order.
    pub(super) fn push(&self, said: &Arc<Said>) {
        self.ring().push(said);
    }

    /// What was said up to `sequence` cannot be said again: it was said by other rules.
    pub(super) fn forget(&self, sequence: u64) {
        self.kept_after.store(sequence, Ordering::Relaxed);
        self.ring().forget(sequence);
    }

    /// The state after a step that is durable: some are kept, to read the journal on from.
    pub(super) fn offer(&self, state: &State) {
        self.checkpoints().offer(state);
    }

    /// Some of what a user heard after `after`; none if it cannot be had.
    pub(super) async fn page(&self, user: &UserId, after: u64) -> Option<Page> {
        if let Some(page) = self.ring().read(user, after, PAGE_LEN_MAX) {
            return Some(page);
        }
        let wanted = locked(&self.wanted).clone()?;
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        let question = Wanted { user, after, reply };
        wanted.send(question).await.ok()?;
        answer.await.ok()?
    }

    /// Lets the thread that reads the journal end.
    pub(super) fn close(&self) {
        locked(&self.wanted).take();
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        locked(&self.ring)
    }

    fn checkpoints(&self) -> MutexGuard<'_, Checkpoints> {
        locked(&self.checkpoints)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
