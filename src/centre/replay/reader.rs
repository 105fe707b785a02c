//! The thread that tells again what the memory has forgotten: one fold over the journal for all who wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use tokio::sync::mpsc;
use tracing::error;

use super::{Page, Question, Replays, Said, WAITING_LEN_MAX, Wanted, locked};
use crate::centre::writer::Work;
use crate::domain::UserId;
use crate::engine::{ANNOUNCE_VERSION, State, Step, fold};
use crate::journal::Reader;

/// Records read at a time.
const READ_LEN: usize = 1_000;
/// Ends of earlier rounds that are kept: whoever wants the next page goes on there.
const ENDS_LEN_MAX: usize = 4;

/// The running thread.
pub(in crate::centre) type ReaderThread = thread::JoinHandle<()>;

/// Starts the thread. It ends when `replays` is [closed](Replays::close).
pub(in crate::centre) fn start(
    name: &str,
    replays: Arc<Replays>,
    journal: Box<dyn Reader>,
    writer: SyncSender<Work>,
) -> std::io::Result<ReaderThread> {
    let (sender, questions) = mpsc::channel(WAITING_LEN_MAX);
    *locked(&replays.questions) = Some(sender);
    let reader = JournalReader {
        replays,
        journal,
        writer,
        ends: Vec::new(),
    };
    thread::Builder::new()
        .name(format!("replay-{name}"))
        .spawn(move || reader.run(questions))
}

pub(super) struct JournalReader {
    pub(super) replays: Arc<Replays>,
    pub(super) journal: Box<dyn Reader>,
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
        let mut state = self.state_before(lowest);
        let result = self.advance(&mut state, until, |said, is_told| {
            tell(&said, is_told, &mut waiting);
            !waiting.is_empty()
        });
        if let Err(cause) = &result {
            error!(%cause, "the journal cannot be read for a replay");
        }
        for (wanted, page) in waiting.into_values().flatten() {
            let _ = wanted.reply.send(result.is_ok().then_some(page));
        }
        self.ends.insert(0, state);
        self.ends.truncate(ENDS_LEN_MAX);
    }

    /// The nearest known state that is not after `sequence`, which is kept.
    pub(super) fn state_before(&self, sequence: u64) -> State {
        let ends = self.ends.iter();
        let end = ends
            .filter(|state| state.sequence.0 <= sequence)
            .max_by_key(|state| state.sequence);
        let checkpoints = self.replays.checkpoints();
        let checkpoint = checkpoints.before(sequence);
        match end {
            Some(end) if end.sequence > checkpoint.sequence => end.clone(),
            Some(_) | None => checkpoint.clone(),
        }
    }

    /// Brings `state` up to `until`, or to where `look` has seen enough. It is shown what each step said, and whether
    /// that was by the rules of today.
    pub(super) fn advance(
        &self,
        state: &mut State,
        until: u64,
        mut look: impl FnMut(Arc<Said>, bool) -> bool,
    ) -> Result<(), Cause> {
        while state.sequence.0 < until {
            let records = self.journal.read_after(state.sequence.0, READ_LEN)?;
            if records.is_empty() {
                return Err("it ends too early".into());
            }
            for record in records.into_iter().take_while(|it| it.sequence <= until) {
                if record.sequence != state.sequence.0 + 1 {
                    return Err(format!("{} is not there", state.sequence.0 + 1).into());
                }
                let step: Step = serde_json::from_slice(&record.body)?;
                let is_told = step.announce_version == ANNOUNCE_VERSION;
                let announcements = fold(state, &step);
                let head = step.head;
                let said = Said {
                    head,
                    announcements,
                };
                if !look(Arc::new(said), is_told) {
                    return Ok(());
                }
            }
        }
        Ok(())
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
