//! State snapshots: where a start begins, and who writes them (design D6, D15).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use super::fold::FoldError;
use super::release::Release;
use crate::engine::{State, StatePart, StateParts};
use crate::journal::{
    self, Base, Journal, Parts, Reader, StateSnapshot, StateSnapshotError, StateSnapshots,
};

/// How often it is looked whether one is due.
const LOOK_PERIOD: Duration = Duration::from_millis(500);
/// Parts that have been understood, and wait to be put together with the others.
const PARTS_LEN_MAX: usize = 64;
/// How long one that could not be written is not tried again.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(60);

/// When a state snapshot is due: when all of these have passed since the last one.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotPolicy {
    /// Steps.
    pub steps_min: u64,
    /// Time.
    pub interval_min: Duration,
    /// Journalled bytes, in percent of the last one's size.
    pub growth_percent_min: u64,
    /// How many are kept.
    pub kept: usize,
}

impl Default for SnapshotPolicy {
    fn default() -> Self {
        Self {
            steps_min: 50_000,
            interval_min: Duration::from_secs(60),
            growth_percent_min: 100,
            kept: 2,
        }
    }
}

/// Why a state snapshot is no place to begin.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The file is not good.
    #[error(transparent)]
    File(#[from] StateSnapshotError),
    /// A part of it is not one of ours.
    #[error("it cannot be understood")]
    Part(#[from] serde_json::Error),
    /// It is of another history than the journal.
    #[error("it is of another history, {epoch}")]
    OtherHistory {
        /// Its epoch.
        epoch: u64,
    },
    /// The journal ends before it.
    #[error("it is ahead of the journal, which ends at {head}: acknowledged steps are gone")]
    Ahead {
        /// The journal's last sequence.
        head: u64,
    },
    /// The journal begins after it.
    #[error("the journal begins after it, at {kept_after}")]
    TooOld {
        /// The sequence that the journal begins after.
        kept_after: u64,
    },
    /// Nobody wants it any more.
    #[error("it is not wanted any more")]
    Unwanted,
    /// Its name says another sequence.
    #[error("it holds the state at {found}")]
    OtherSequence {
        /// The sequence of the state in it.
        found: u64,
    },
}

/// The state in a file.
///
/// # Errors
/// The file is not good.
pub fn read_state(snapshot: &StateSnapshot) -> Result<State, Unusable> {
    read_state_while(snapshot, &|| true)
}

/// The same, given up as soon as it is not wanted any more.
pub(super) fn read_state_while(
    snapshot: &StateSnapshot,
    is_wanted: &(dyn Fn() -> bool + Sync),
) -> Result<State, Unusable> {
    let state = put_together(snapshot.open()?, is_wanted)?;
    if state.sequence.0 != snapshot.sequence {
        return Err(Unusable::OtherSequence {
            found: state.sequence.0,
        });
    }
    Ok(state)
}

/// The parts are understood by as many threads as there are cores, while this one puts them together.
fn put_together(parts: Parts, is_wanted: &(dyn Fn() -> bool + Sync)) -> Result<State, Unusable> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let parts = Mutex::new(parts);
    let next = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        let (sender, understood) = mpsc::sync_channel(PARTS_LEN_MAX);
        for _ in 0..cores {
            let sender = sender.clone();
            scope.spawn(move || {
                while let Some(part) = next() {
                    let read = match is_wanted() {
                        true => part.map_err(Unusable::from),
                        false => Err(Unusable::Unwanted),
                    };
                    let part = read.and_then(|text| Ok(StatePart::parse(&text)?));
                    if sender.send(part).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut state = StateParts::default();
        for part in understood {
            state.add(part?);
        }
        Ok(state.finish())
    })
}

/// The state that what a journal keeps goes on from.
///
/// # Errors
/// It cannot be read or understood.
pub fn read_base(journal: &dyn Reader) -> Result<State, FoldError> {
    let base = journal.base()?;
    base.map_or_else(
        || Ok(State::default()),
        |base| state_of(base, |at| journal.damaged(at)),
    )
}

/// The state that a base holds, in which only a part of its text is in memory at a time. `damaged` names the place.
///
/// # Errors
/// It cannot be read or understood, or is of another sequence.
pub fn state_of(
    base: Base<'_>,
    damaged: impl Fn(u64) -> journal::Error,
) -> Result<State, FoldError> {
    let sequence = base.sequence;
    let not_ours = |cause: String| FoldError::Record {
        sequence,
        cause: cause.into(),
        source: damaged(sequence),
    };
    let mut state = StateParts::default();
    for part in base.parts {
        let part = StatePart::parse(&part?);
        state.add(part.map_err(|error| not_ours(format!("what it goes on from: {error}")))?);
    }
    let state = state.finish();
    let found = state.sequence.0;
    match found == sequence {
        true => Ok(state),
        false => Err(not_ours(format!(
            "what it goes on from is the state at {found}"
        ))),
    }
}

/// A state snapshot that a start begins with.
pub(super) struct Begun {
    /// The last step in it.
    pub(super) sequence: u64,
    /// The size of its file.
    pub(super) bytes: u64,
}

/// The latest good state snapshot of what `journal` keeps, which begins after `kept_after`. The log says why others are
/// passed over.
pub(super) fn latest(
    snapshots: &[StateSnapshot],
    journal: &dyn Journal,
    kept_after: u64,
) -> Option<(State, Begun)> {
    snapshots.iter().find_map(|snapshot| {
        let read = check(snapshot, journal, kept_after).and_then(|()| {
            let bytes = snapshot.bytes()?;
            let sequence = snapshot.sequence;
            Ok((read_state(snapshot)?, Begun { sequence, bytes }))
        });
        read.inspect_err(|cause| {
            let file = snapshot.file.display();
            warn!(%file, cause = %chain(cause), "a state snapshot is passed over");
        })
        .ok()
    })
}

fn check(snapshot: &StateSnapshot, journal: &dyn Journal, kept_after: u64) -> Result<(), Unusable> {
    let (epoch, sequence, head) = (snapshot.epoch, snapshot.sequence, journal.head());
    if !journal.shares(epoch, sequence) {
        Err(Unusable::OtherHistory { epoch })
    } else if sequence > head {
        Err(Unusable::Ahead { head })
    } else if sequence < kept_after {
        Err(Unusable::TooOld { kept_after })
    } else {
        Ok(())
    }
}

/// An error with its causes, in a line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The thread that writes state snapshots, told to end by dropping what it listens to.
pub(super) struct SnapshotThread {
    stop: mpsc::Sender<Instant>,
    thread: thread::JoinHandle<()>,
}

impl SnapshotThread {
    /// Writes a last one, unless that takes until `by`, and ends.
    pub(super) fn stop(self, by: Instant) {
        // It ends by itself only if it panicked.
        let _ = self.stop.send(by);
        let _ = self.thread.join();
    }
}

/// Starts the thread. `written` counts the bytes that are journalled, `begun` is the last state snapshot, if there is one.
pub(super) fn start(
    name: &str,
    snapshots: StateSnapshots,
    policy: SnapshotPolicy,
    release: Release,
    written: Arc<AtomicU64>,
    begun: Option<Begun>,
) -> std::io::Result<SnapshotThread> {
    let (stop, stopping) = mpsc::channel();
    let writer = SnapshotWriter {
        snapshots,
        policy,
        release,
        written,
        last: Last {
            sequence: begun.as_ref().map(|begun| begun.sequence),
            at: Instant::now(),
            bytes: begun.map_or(0, |begun| begun.bytes),
            written: 0,
        },
        resting_until: None,
    };
    let thread = thread::Builder::new()
        .name(format!("snapshot-{name}"))
        .spawn(move || writer.run(&stopping))?;
    Ok(SnapshotThread { stop, thread })
}

struct SnapshotWriter {
    snapshots: StateSnapshots,
    policy: SnapshotPolicy,
    release: Release,
    written: Arc<AtomicU64>,
    last: Last,
    resting_until: Option<Instant>,
}

/// The last state snapshot.
struct Last {
    /// None if there is none: then the journal could vanish unnoticed, and the first is due at once.
    sequence: Option<u64>,
    at: Instant,
    bytes: u64,
    /// Journalled bytes until then.
    written: u64,
}

impl SnapshotWriter {
    fn run(mut self, stopping: &mpsc::Receiver<Instant>) {
        loop {
            match stopping.recv_timeout(LOOK_PERIOD) {
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    let state = self.release.durable();
                    if self.is_due(&state) {
                        self.write(&state, || false);
                    }
                }
                Ok(by) => {
                    let state = self.release.durable();
                    if self.last.sequence != Some(state.sequence.0) {
                        self.write(&state, || Instant::now() >= by);
                    }
                    return;
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn is_due(&self, state: &State) -> bool {
        if self
            .resting_until
            .is_some_and(|until| Instant::now() < until)
        {
            return false;
        }
        let Some(last) = self.last.sequence else {
            return state.sequence.0 > 0;
        };
        let growth = self.written.load(Ordering::Relaxed) - self.last.written;
        let growth_min = self
            .last
            .bytes
            .saturating_mul(self.policy.growth_percent_min)
            / 100;
        state.sequence.0 - last >= self.policy.steps_min.max(1)
            && self.last.at.elapsed() >= self.policy.interval_min
            && growth >= growth_min
    }

    /// A state that readers see is durable, and shares everything with the states that come after it: nobody waits.
    fn write(&mut self, state: &State, is_given_up: impl Fn() -> bool) {
        let begun = Instant::now();
        let (sequence, epoch) = (state.sequence.0, self.release.replays().history().epoch);
        let written = self.written.load(Ordering::Relaxed);
        let parts = state.snapshot_parts();
        match self.snapshots.write(epoch, sequence, parts, is_given_up) {
            Ok(bytes) => {
                let took_ms = begun.elapsed().as_millis();
                info!(sequence, bytes, took_ms, "a state snapshot was written");
                self.last = Last {
                    sequence: Some(sequence),
                    at: Instant::now(),
                    bytes,
                    written,
                };
                self.remove_old(epoch, sequence);
            }
            Err(cause) => {
                warn!(sequence, cause = %chain(&cause), "a state snapshot was not written");
                self.resting_until = Some(Instant::now() + REST_AFTER_FAILURE);
            }
        }
    }

    /// Those of an earlier epoch stay: what this history does not share with it is nowhere else.
    fn remove_old(&self, epoch: u64, sequence: u64) {
        let is_older = |it: &StateSnapshot| it.epoch == epoch && it.sequence <= sequence;
        if let Err(cause) = self.snapshots.remove_old(self.policy.kept.max(1), is_older) {
            warn!(cause = %chain(&cause), "an old state snapshot was not removed");
        }
    }
}
