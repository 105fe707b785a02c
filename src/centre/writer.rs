//! The journal's own OS thread.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc as async_mpsc;

use crate::engine::Step;
use crate::journal::{Appended, Journal, Record};

/// How long nobody must want to write before the journal does its housekeeping.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// Steps to be made durable together.
pub(super) struct Group {
    /// Where the journal must end.
    pub(super) expected_head: u64,
    /// What to append.
    pub(super) steps: Vec<Step>,
}

/// Starts the thread. It ends, the journal closed, when the sender of groups is dropped.
pub(super) fn start(
    name: &str,
    mut journal: Box<dyn Journal>,
) -> std::io::Result<(
    mpsc::SyncSender<Group>,
    async_mpsc::Receiver<Appended>,
    thread::JoinHandle<()>,
)> {
    // One group is written while the next is computed (design D5).
    let (groups, todo) = mpsc::sync_channel::<Group>(1);
    let (done, written) = async_mpsc::channel(1);
    let thread = thread::Builder::new()
        .name(format!("journal-{name}"))
        .spawn(move || {
            loop {
                match todo.recv_timeout(IDLE_AFTER) {
                    Ok(group) => {
                        let appended = append(journal.as_mut(), &group);
                        if done.blocking_send(appended).is_err() {
                            return;
                        }
                    }
                    Err(mpsc::RecvTimeoutError::Timeout) => journal.idle(),
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
            }
        })?;
    Ok((groups, written, thread))
}

fn append(journal: &mut dyn Journal, group: &Group) -> Appended {
    let records: Vec<Record> = group.steps.iter().map(record).collect();
    journal.append(group.expected_head, &records)
}

fn record(step: &Step) -> Record {
    Record {
        sequence: step.head.sequence.0,
        at_ms: step.head.at.0,
        body: serde_json::to_vec(step).expect("a step is plain data"),
        keys: step.interaction_ids(),
    }
}
