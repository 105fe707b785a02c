//! The thread that tells again what the memory has forgotten: one fold over the journal for all who wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use tokio::sync::mpsc;
use tracing::error;

use super::past::{Cause, Eye, Past};
use super::{Page, Question, Replays, Said, WAITING_LEN_MAX, Wanted, locked};
use crate::centre::fold;
use crate::centre::writer::Work;
use crate::domain::UserId;

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
        past: Past::new(Arc::clone(&replays), eye),
        replays,
        writer,
    };
    thread::Builder::new()
        .name(format!("replay-{name}"))
        .spawn(move || reader.run(questions))
}

pub(super) struct JournalReader {
    pub(super) replays: Arc<Replays>,
    pub(super) past: Past,
    pub(super) writer: SyncSender<Work>,
}

/// Those who wait, by user.
type Waiting = HashMap<UserId, Vec<(Wanted, Page)>>;

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
        let mut state = self.past.state_before(lowest)?;
        let journal = self.past.journal();
        fold::advance(journal, &mut state, until, |_, said, is_told| {
            if !is_told {
                self.replays.forget_in_journal(said.head.sequence.0);
            }
            tell(&Arc::new(said), is_told, waiting);
            !waiting.is_empty()
        })?;
        self.past.remember(state);
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
