//! The journal's own OS thread.

use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc as async_mpsc, oneshot};

use super::archive::{self, Retention};
use super::meters::Meters;
use crate::domain::Interaction;
use crate::engine::Step;
use crate::journal::{self, Appended, Journal, Record};

/// How long nobody must want to write before the journal does its housekeeping.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// How often some of what a trim left is removed, however much is written.
const SWEEP_PERIOD: Duration = Duration::from_millis(100);

/// Steps to be made durable together.
pub(super) struct Group {
    /// Where the journal must end.
    pub(super) expected_head: u64,
    /// What to append.
    pub(super) entries: Vec<Entry>,
}

/// What is written of a request that took effect: all of it or nothing.
pub(super) struct Entry {
    /// What is journalled.
    pub(super) step: Step,
    /// What it stopped, as it is archived.
    pub(super) stopped: Vec<Arc<Interaction>>,
}

/// What the journal's thread is asked to do.
pub(super) enum Work {
    /// Make steps durable.
    Append(Group),
    /// Find out whether the journal takes anything.
    Probe,
    /// Write this piece of what the history is to go on from, by its number.
    Lay(u64, Vec<u8>, Reply),
    /// Let the history begin after this sequence, with so many pieces.
    Trim(u64, u64, Reply),
}

/// Hears what came of it.
pub(super) type Reply = oneshot::Sender<Result<(), journal::Error>>;

/// Starts the thread. It ends, the journal closed, when the senders of work are dropped. `meters` counts what it wrote;
/// what is archived goes when its `retention` has passed, if it has one.
pub(super) fn start(
    name: &str,
    journal: Box<dyn Journal>,
    meters: Arc<Meters>,
    retention: Option<Retention>,
) -> std::io::Result<(
    mpsc::SyncSender<Work>,
    async_mpsc::Receiver<Appended>,
    thread::JoinHandle<()>,
)> {
    // One group is written while the next is computed (design D5); beside it there is room for a trim or a piece of
    // one, of which there is one at a time as well.
    let (work, todo) = mpsc::sync_channel::<Work>(2);
    let (done, written) = async_mpsc::channel(1);
    let thread = thread::Builder::new()
        .name(format!("journal-{name}"))
        .spawn(move || run(journal, &todo, &done, &meters, retention))?;
    Ok((work, written, thread))
}

fn run(
    mut journal: Box<dyn Journal>,
    todo: &mpsc::Receiver<Work>,
    done: &async_mpsc::Sender<Appended>,
    meters: &Meters,
    retention: Option<Retention>,
) {
    let mut swept_at = Instant::now();
    loop {
        match todo.recv_timeout(IDLE_AFTER) {
            Ok(Work::Append(group)) => {
                let appended = append(journal.as_mut(), &group, meters);
                if done.blocking_send(appended).is_err() {
                    return;
                }
            }
            Ok(Work::Probe) => {
                if done.blocking_send(journal.probe()).is_err() {
                    return;
                }
            }
            Ok(Work::Lay(number, piece, reply)) => {
                let _ = reply.send(journal.lay(number, &piece));
            }
            Ok(Work::Trim(sequence, pieces_len, reply)) => {
                let _ = reply.send(journal.trim(sequence, pieces_len));
            }
            Err(mpsc::RecvTimeoutError::Timeout) => journal.idle(),
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
        if swept_at.elapsed() >= SWEEP_PERIOD {
            journal.sweep();
            if let Some(retention) = &retention {
                journal.expire(retention.kept_since().0);
            }
            swept_at = Instant::now();
        }
    }
}

fn append(journal: &mut dyn Journal, group: &Group, meters: &Meters) -> Appended {
    let records: Vec<Record> = group.entries.iter().map(record).collect();
    let len: usize = records.iter().map(|record| record.body.len()).sum();
    let bytes = &meters.journalled_bytes;
    bytes.fetch_add(len as u64, Ordering::Relaxed);
    let began = Instant::now();
    let appended = journal.append(group.expected_head, &records);
    let is_durable = matches!(appended, Appended::Acked);
    meters.group(records.len(), is_durable, began.elapsed());
    appended
}

fn record(entry: &Entry) -> Record {
    let Entry { step, stopped } = entry;
    Record {
        sequence: step.head.sequence.0,
        at_ms: step.head.at.0,
        body: serde_json::to_vec(step).expect("a step is plain data"),
        keys: step.interaction_ids(),
        archived: stopped.iter().map(|it| archive::row_of(it)).collect(),
    }
}
