//! The thread that tells again what the memory has forgotten: one fold over the journal for all who wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use tokio::sync::mpsc;
use tracing::error;

use super::{History, Page, Question, Replays, Said, WAITING_LEN_MAX, Wanted, locked};
use crate::centre::fold;
use crate::centre::state_snapshots::{read_base, read_state};
use crate::centre::writer::Work;
use crate::domain::UserId;
use crate::engine::State;
use crate::journal::{Reader, StateSnapshot, StateSnapshots};

/// Ends of earlier rounds that are kept: whoever wants the next page goes on there.
const ENDS_LEN_MAX: usize = 4;

/// The running thread.
pub(in crate::centre) type ReaderThread = thread::JoinHandle<()>;

/// Starts the thread. It ends when `replays` is [closed](Replays::close).
pub(in crate::centre) fn start(
    name: &str,
    replays: Arc<Replays>,
    eye: Eye,
    writer: SyncSender<Work>,
) -> std::io::Result<ReaderThread> {
    let (sender, questions) = mpsc::channel(WAITING_LEN_MAX);
    *locked(&replays.questions) = Some(sender);
    let reader = JournalReader {
        replays,
        eye,
        writer,
        ends: Vec::new(),
    };
    thread::Builder::new()
        .name(format!("replay-{name}"))
        .spawn(move || reader.run(questions))
}

/// What the past is read from.
pub(in crate::centre) struct Eye {
    pub(super) journal: Box<dyn Reader>,
    snapshots: Option<StateSnapshots>,
}

pub(super) struct JournalReader {
    pub(super) replays: Arc<Replays>,
    pub(super) eye: Eye,
    pub(super) writer: SyncSender<Work>,
    pub(super) ends: Vec<State>,
}

/// Those who wait, by user.
type Waiting = HashMap<UserId, Vec<(Wanted, Page)>>;
/// Why the journal cannot be read on.
type Cause = Box<dyn std::error::Error>;

impl JournalReader {
    fn run(mut self, mut questions: mpsc::Receiver<Question>) {
        while let Some(first) = questions.blocking_recv() {
            let mut next = Some(first);
            let mut round = Vec::new();
            while let Some(question) = next {
                match question {
                    Question::Page(wanted) => round.push(wanted),
                    Question::Trim(before) => self.trim(before),
                }
                next = questions.try_recv().ok();
            }
            self.serve(round);
        }
    }

    /// One round: from the lowest cursor up to where the memory begins.
    fn serve(&mut self, mut round: Vec<Wanted>) {
        let (until, is_all) = {
            let ring = self.replays.ring();
            (ring.after(), ring.after() == ring.up_to())
        };
        let kept_after = self.replays.history().kept_after;
        for gone in round.extract_if(.., |wanted| wanted.after < kept_after) {
            let _ = gone.reply.send(None);
        }
        let Some(lowest) = round.iter().map(|wanted| wanted.after).min() else {
            return;
        };
        let mut waiting = Waiting::new();
        for wanted in round {
            let page = Page::new(until.max(wanted.after), is_all);
            let of_user = waiting.entry(wanted.user.clone()).or_default();
            of_user.push((wanted, page));
        }
        let result = self.tell_all(lowest, until, &mut waiting);
        if let Err(cause) = &result {
            error!(%cause, "the journal cannot be read for a replay");
        }
        for (wanted, page) in waiting.into_values().flatten() {
            let _ = wanted.reply.send(result.is_ok().then_some(page));
        }
    }

    fn tell_all(&mut self, lowest: u64, until: u64, waiting: &mut Waiting) -> Result<(), Cause> {
        let mut state = self.state_before(lowest)?;
        let journal = self.eye.journal.as_ref();
        fold::advance(journal, &mut state, until, |_, said, is_told| {
            if !is_told {
                self.replays.forget_in_journal(said.head.sequence.0);
            }
            tell(&Arc::new(said), is_told, waiting);
            !waiting.is_empty()
        })?;
        self.ends.insert(0, state);
        self.ends.truncate(ENDS_LEN_MAX);
        Ok(())
    }

    /// The nearest known state that is not after `sequence`, which is kept.
    pub(super) fn state_before(&self, sequence: u64) -> Result<State, Cause> {
        let is_before = |state: &&State| state.sequence.0 <= sequence;
        let end = self
            .ends
            .iter()
            .filter(is_before)
            .max_by_key(|it| it.sequence);
        let checkpoints = self.replays.checkpoints();
        match (end, checkpoints.before(sequence)) {
            (Some(end), Some(checkpoint)) if end.sequence > checkpoint.sequence => Ok(end.clone()),
            (_, Some(checkpoint)) => Ok(checkpoint.clone()),
            (Some(end), None) => Ok(end.clone()),
            (None, None) => {
                drop(checkpoints);
                self.eye.state_before(sequence, &self.replays.history())
            }
        }
    }
}

impl Eye {
    pub(in crate::centre) fn new(
        journal: Box<dyn Reader>,
        snapshots: Option<StateSnapshots>,
    ) -> Self {
        Self { journal, snapshots }
    }

    /// A state of before the memory begins: a state snapshot's, else the one that what is kept goes on from.
    fn state_before(&self, sequence: u64, history: &History) -> Result<State, Cause> {
        let is_before = |it: &StateSnapshot| {
            it.epoch == history.epoch && (history.kept_after..=sequence).contains(&it.sequence)
        };
        let files = self
            .snapshots
            .as_ref()
            .map(StateSnapshots::list)
            .transpose();
        let files = files?.unwrap_or_default().into_iter().filter(is_before);
        match files.filter_map(|file| read_state(&file).ok()).next() {
            Some(state) => Ok(state),
            None => Ok(read_base(self.journal.as_ref())?),
        }
    }
}

/// Adds what a step said to the pages of those who wait for it, and answers those whose page is full. What an earlier
/// version said cannot be told again: the rules were others.
fn tell(said: &Arc<Said>, is_told: bool, waiting: &mut Waiting) {
    let sequence = said.head.sequence.0;
    if !is_told {
        for of_user in waiting.values_mut() {
            let lost = of_user.extract_if(.., |(wanted, _)| wanted.after < sequence);
            lost.for_each(|(wanted, _)| drop(wanted.reply.send(None)));
        }
    }
    for user in said.hearers() {
        let Some(of_user) = waiting.get_mut(user) else {
            continue;
        };
        let full = of_user.extract_if(.., |(wanted, page)| {
            wanted.after < sequence && !page.take(said, user)
        });
        full.for_each(|(wanted, page)| drop(wanted.reply.send(Some(page))));
    }
    waiting.retain(|_, of_user| !of_user.is_empty());
}
