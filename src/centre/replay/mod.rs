//! What was said and may be said again (design D10): the last things in memory, the older ones from the journal.

mod checkpoints;
#[cfg(test)]
pub(in crate::centre) mod fixture;
mod past;
mod reader;
mod ring;
mod trim;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub(super) use past::{Cause, Eye, Past};
pub(super) use reader::{ReaderThread, start as start_reader};
pub(super) use ring::Said;

use super::clock::Clock;
use crate::domain::{Timestamp, UserId};
use crate::engine::State;
use checkpoints::Checkpoints;
use ring::Ring;

/// Messages in one page, and the bytes that they keep, by estimate; a step that says more to one user comes whole.
const PAGE_LEN_MAX: usize = 256;
const PAGE_BYTES_MAX: usize = 512 * 1024;
/// Subscribers that wait for the journal; the next ones wait for their turn to wait.
const WAITING_LEN_MAX: usize = 1_024;

/// How often the journal is trimmed at most and at least: for that the whole state is written.
const TRIM_PERIOD_MIN: Duration = Duration::from_millis(50);
const TRIM_PERIOD_MAX: Duration = Duration::from_secs(6 * 3_600);
/// How soon after the start it is trimmed for the first time at the latest, however often a server is started.
const FIRST_TRIM_MAX: Duration = Duration::from_secs(600);

/// How much of what was said can be said again.
#[derive(Debug, Clone, Copy)]
pub struct ReplayLimits {
    /// For how long; the journal before that goes. None keeps everything.
    pub window: Option<Duration>,
    /// Messages that stay in memory.
    pub ring_len_max: usize,
    /// Bytes that they may keep, by estimate.
    pub ring_bytes_max: usize,
}

impl Default for ReplayLimits {
    fn default() -> Self {
        Self {
            window: None,
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
    questions: Mutex<Option<mpsc::Sender<Question>>>,
    is_closed: AtomicBool,
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

/// What the thread that reads the journal is asked.
enum Question {
    /// What somebody heard.
    Page(Wanted),
    /// To let the history begin with what happened from this time on.
    Trim(Timestamp),
}

/// Somebody wants to hear again what he heard.
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
    bytes: usize,
}

impl Page {
    fn new(up_to: u64, is_all: bool) -> Self {
        Self {
            steps: Vec::new(),
            up_to,
            is_all,
            len: 0,
            bytes: 0,
        }
    }

    /// Adds what a step says to `user`. False if the page is full: then it ends before this step.
    fn take(&mut self, said: &Arc<Said>, user: &UserId) -> bool {
        let own = || said.lasting().filter(|it| it.to == *user);
        let len = self.len + own().count();
        let bytes = self.bytes + own().map(|it| ring::weight(&it.body)).sum::<usize>();
        if self.len > 0 && (len > PAGE_LEN_MAX || bytes > PAGE_BYTES_MAX) {
            self.up_to = said.head.sequence.0 - 1;
            self.is_all = false;
            return false;
        }
        (self.len, self.bytes) = (len, bytes);
        self.steps.push(Arc::clone(said));
        true
    }
}

impl Replays {
    /// With the state that the memory begins after. What was said before it, if that is kept, is told by the journal.
    pub(super) fn new(history: History, limits: ReplayLimits, begin: State) -> Self {
        let (len_max, bytes_max) = (limits.ring_len_max, limits.ring_bytes_max);
        let ring = Ring::new(len_max, bytes_max, begin.sequence.0);
        Self {
            history,
            kept_after: AtomicU64::new(history.kept_after),
            ring: Mutex::new(ring),
            checkpoints: Mutex::new(Checkpoints::new(begin)),
            questions: Mutex::default(),
            is_closed: AtomicBool::new(false),
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

    /// The same where it is only found out when the journal is read again: the memory is of later rules.
    fn forget_in_journal(&self, sequence: u64) {
        self.kept_after.fetch_max(sequence, Ordering::Relaxed);
    }

    /// The state after a step that is durable: some are kept, to read the journal on from.
    pub(super) fn offer(&self, state: &State) {
        self.checkpoints().offer(state);
    }

    /// Some of what a user heard after `after`; none if it cannot be had.
    pub(super) async fn page(&self, user: &UserId, after: u64) -> Option<Page> {
        if let Some(page) = self.ring().read(user, after) {
            return Some(page);
        }
        let (reply, answer) = oneshot::channel();
        let user = user.clone();
        self.ask(Question::Page(Wanted { user, after, reply }))
            .await?;
        answer.await.ok()?
    }

    async fn ask(&self, question: Question) -> Option<()> {
        let questions = locked(&self.questions).clone()?;
        questions.send(question).await.ok()
    }

    /// From now on the history begins after `state`.
    fn trimmed(&self, state: State) {
        self.kept_after.store(state.sequence.0, Ordering::Relaxed);
        self.checkpoints().begin_with(state);
    }

    /// Keeps what was said in the last `window`, until the contact centre stops.
    pub(super) async fn keep_trimming(self: Arc<Self>, clock: Clock, window: Duration) {
        let period = (window / 16).clamp(TRIM_PERIOD_MIN, TRIM_PERIOD_MAX);
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
        let mut wait = period.min(FIRST_TRIM_MAX);
        loop {
            tokio::time::sleep(wait).await;
            wait = period;
            let before = Timestamp(clock.now().0.saturating_sub(window_ms));
            if self.ask(Question::Trim(before)).await.is_none() {
                return;
            }
        }
    }

    /// Lets the thread that reads the journal end, and whoever folds it: what is under way is given up.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        locked(&self.questions).take();
    }

    /// Whether the contact centre is stopping or has stopped.
    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
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
