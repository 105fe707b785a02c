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
        let is_whole = result.is_ok() && !self.replays.is_closed();
        match result {
            Err(cause) if !self.replays.is_closed() => {
                error!(%cause, "the journal cannot be read for a replay");
            }
            _ => {}
        }
        for (wanted, page) in waiting.into_values().flatten() {
            let _ = wanted.reply.send(is_whole.then_some(page));
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
            !waiting.is_empty() && !self.replays.is_closed()
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::time::Duration;

    use super::super::fixture::Fixture;
    use super::*;

    const STEPS_LEN: u64 = 2_500;
    const PATIENCE: Duration = Duration::from_secs(60);

    fn ask(fixture: &Fixture, name: &str) -> tokio::task::JoinHandle<Option<Page>> {
        let replays = Arc::clone(&fixture.replays);
        let user = UserId::parse(name).expect("valid");
        tokio::spawn(async move { replays.page(&user, 0).await })
    }

    fn begin(fixture: &Fixture) -> ReaderThread {
        let replays = Arc::clone(&fixture.replays);
        // Nothing is trimmed, so that nobody has to write.
        let (writer, _) = sync_channel(1);
        start("test", replays, fixture.eye(), writer).expect("threads can be started")
    }

    async fn until(is_so: impl Fn() -> bool) {
        let waiting = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("it comes to pass");
    }

    #[tokio::test]
    async fn desktops_that_come_back_at_once_share_a_fold() {
        const DESKTOPS_LEN: usize = 2_000;
        let fixture = Fixture::of_steps(STEPS_LEN);
        let release = fixture.hold_next();
        let thread = begin(&fixture);
        let first = ask(&fixture, "first");
        until(|| fixture.readings() == 1).await;
        // They ask while the journal is read for the first of them.
        let desktops: Vec<_> = (1..DESKTOPS_LEN)
            .map(|index| ask(&fixture, &format!("agent{index}")))
            .collect();
        let is_full = || {
            let questions = locked(&fixture.replays.questions);
            questions.as_ref().is_some_and(|it| it.capacity() == 0)
        };
        until(is_full).await;
        drop(release);
        for answer in std::iter::once(first).chain(desktops) {
            let page = answer.await.expect("no panic").expect("it can be told");
            assert_eq!((page.up_to, page.is_all), (STEPS_LEN, true));
        }
        // A thousand and more wait at a time; the last of them may come in a few groups.
        let of_one = usize::try_from(STEPS_LEN).expect("few").div_ceil(1_000);
        let folds = fixture.readings().div_ceil(of_one);
        assert!(folds <= 32, "{folds} folds for {DESKTOPS_LEN} desktops");
        fixture.replays.close();
        thread.join().expect("no panic");
    }

    #[tokio::test]
    async fn who_stops_does_not_wait_for_a_fold() {
        let fixture = Fixture::of_steps(STEPS_LEN);
        let release = fixture.hold_next();
        let thread = begin(&fixture);
        let asked = ask(&fixture, "agent");
        until(|| fixture.readings() == 1).await;
        fixture.replays.close();
        drop(release);
        assert!(
            asked.await.expect("no panic").is_none(),
            "it is not the whole page"
        );
        thread.join().expect("no panic");
        assert_eq!(fixture.readings(), 1, "the rest of the journal is not read");
    }
}
