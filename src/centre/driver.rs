//! The one writer of a contact centre: wake, handle, journal, release (design D5).
//!
//! Two states share everything that did not change: the engine's own, which is ahead, and the durable one, which
//! readers see. Nothing is told, refused or shown that depends on a step which is not durable.

use std::error::Error;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use tokio::sync::{mpsc as async_mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tracing::error;

use super::clock::Clock;
use super::release::{Health, Release};
use super::replay::Said;
use super::writer::{Entry, Group, Work};
use crate::domain::{Refusal, RefusalKind, Timestamp, UserId};
use crate::engine::operations::{Presence, Restart};
use crate::engine::{Effect, Engine, FirstAnswer, Head, Operation, Outcome, Request, State};
use crate::journal::{self, Appended};

/// Most steps in one group, and most answers without a step that wait for it.
const GROUP_LEN_MAX: usize = 512;
/// How long timers rest after the journal refused a group, so that a full disk is not hammered.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What reaches the driver.
pub(super) enum Job {
    /// A request, and where its answer goes.
    Request(Box<Request>, oneshot::Sender<Result<Done, Refusal>>),
    /// Look whether a user has a push session, and take note of it.
    LookFor(UserId),
    /// Finish what is under way, and end.
    Stop,
}

/// A request that took effect, durably.
#[derive(Clone, Debug)]
pub struct Done {
    /// When and by whom.
    pub head: Head,
    /// What the requester is told.
    pub outcome: Outcome,
    /// The state after the group that the step belongs to; a later one where it was done before.
    pub state: Arc<State>,
    /// Whether it was done before, when the request came first under its key.
    pub is_repeated: bool,
}

/// What waits for a group to become durable.
#[derive(Default)]
struct Waiting {
    effects: Vec<(Arc<Said>, Outcome)>,
    replies: Vec<(usize, oneshot::Sender<Result<Done, Refusal>>)>,
    /// What leads to no step: refusals, and first answers that are given again. They depend on the steps before.
    stepless: Vec<(Stepless, oneshot::Sender<Result<Done, Refusal>>)>,
}

type Stepless = Result<Arc<FirstAnswer>, Refusal>;

pub(super) struct Driver {
    pub(super) engine: Engine,
    pub(super) clock: Clock,
    pub(super) jobs: async_mpsc::Receiver<Job>,
    pub(super) groups: mpsc::SyncSender<Work>,
    pub(super) written: async_mpsc::Receiver<Appended>,
    pub(super) release: Release,
    next: Ready,
    in_flight: Option<(Waiting, Arc<State>)>,
    resting_until: Option<Instant>,
    /// Whether to find out if the journal takes changes again: nobody asks for any of a server that is not ready.
    probe_is_due: bool,
    stopping: bool,
}

/// The group that is being computed.
#[derive(Default)]
struct Ready {
    entries: Vec<Entry>,
    waiting: Waiting,
}

impl Driver {
    pub(super) fn new(
        engine: Engine,
        clock: Clock,
        jobs: async_mpsc::Receiver<Job>,
        groups: mpsc::SyncSender<Work>,
        written: async_mpsc::Receiver<Appended>,
        release: Release,
    ) -> Self {
        Self {
            engine,
            clock,
            jobs,
            groups,
            written,
            release,
            next: Ready::default(),
            in_flight: None,
            resting_until: None,
            probe_is_due: false,
            stopping: false,
        }
    }

    /// Runs until it is told to stop and all that it has taken on is settled.
    pub(super) async fn run(mut self) {
        loop {
            self.send_group();
            if self.stopping && self.in_flight.is_none() {
                return;
            }
            let wake = self.wake_at();
            let has_room = self.has_room();
            tokio::select! {
                biased;
                written = self.written.recv() => match written {
                    Some(written) => self.settle(written),
                    None => return self.lose_writer(),
                },
                job = self.jobs.recv(), if has_room => self.take_job(job),
                () = sleep_until(wake), if has_room => self.end_rest(),
            }
            self.do_what_is_due();
        }
    }

    fn has_room(&self) -> bool {
        let Ready { entries, waiting } = &self.next;
        let len = entries.len().max(waiting.stepless.len());
        len < GROUP_LEN_MAX && !self.stopping
    }

    fn end_rest(&mut self) {
        self.probe_is_due = self.resting_until.take().is_some();
    }

    fn take_job(&mut self, job: Option<Job>) {
        self.take(job);
        while self.has_room() && self.written.is_empty() {
            match self.jobs.try_recv() {
                Ok(job) => self.take(Some(job)),
                Err(_) => break,
            }
        }
    }

    fn take(&mut self, job: Option<Job>) {
        let (request, reply) = match job {
            Some(Job::Request(request, reply)) => (request, reply),
            Some(Job::LookFor(user)) => return self.look_for(user),
            Some(Job::Stop) | None => {
                self.stopping = true;
                return;
            }
        };
        let now = self.clock.now();
        let first = self.engine.state().first_answer(now, &request).transpose();
        if let Some(answer) = first.map(|first| first.cloned()) {
            self.next.waiting.stepless.push((answer, reply));
            return;
        }
        match self.engine.handle_request(now, *request) {
            Ok(effect) => {
                let index = self.next.waiting.effects.len();
                self.next.waiting.replies.push((index, reply));
                self.keep(effect);
            }
            Err(refusal) => self.next.waiting.stepless.push((Err(refusal), reply)),
        }
        // Whatever the request set off comes right after it.
        self.do_what_is_due();
    }

    /// The hub is asked when the job's turn comes, so that the last look is always right.
    fn look_for(&mut self, user: UserId) {
        let present = self.release.has_sessions(&user);
        let operation = Operation::Presence(Presence {
            user_id: user,
            present,
        });
        self.ask(operation);
    }

    /// Carries out a request of the server's own; one that is refused was no news.
    fn ask(&mut self, operation: Operation) {
        let request = Request::of_server(operation);
        if let Ok(effect) = self.engine.handle_request(self.clock.now(), request) {
            self.keep(effect);
        }
    }

    /// Gives everybody who had a push session a fresh grace time: push sessions begin anew.
    pub(super) fn restarted(&mut self) {
        if self.engine.state().sequence.0 > 0 {
            self.ask(Operation::Restart(Restart {}));
        }
    }

    fn do_what_is_due(&mut self) {
        if self.resting_until.is_some() {
            return;
        }
        let now = self.clock.now();
        while self.next.entries.len() < GROUP_LEN_MAX {
            match self.engine.handle_timeout(now) {
                Some(effect) => self.keep(effect),
                None => return,
            }
        }
    }

    fn keep(&mut self, effect: Effect) {
        let step = effect.step;
        let said = Arc::new(Said {
            head: step.head.clone(),
            announcements: effect.announcements,
        });
        self.next.waiting.effects.push((said, step.outcome.clone()));
        let stopped = self.engine.state().stopped_by(&step);
        let stopped = stopped.cloned().collect();
        self.next.entries.push(Entry { step, stopped });
    }

    /// Hands the computed group to the writer, if he is free; what depends on nothing new is settled at once.
    fn send_group(&mut self) {
        if self.in_flight.is_some() {
            return;
        }
        let Ready { entries, waiting } = std::mem::take(&mut self.next);
        let Some(first) = entries.first() else {
            answer_stepless(waiting.stepless, &self.release.durable());
            return self.probe_if_due();
        };
        let group = Group {
            expected_head: first.step.head.sequence.0 - 1,
            entries,
        };
        if self.groups.try_send(Work::Append(group)).is_ok() {
            let state = Arc::new(self.engine.state().clone());
            self.in_flight = Some((waiting, state));
        } else {
            self.fail(waiting, unavailable);
        }
    }

    fn probe_if_due(&mut self) {
        let is_due = std::mem::take(&mut self.probe_is_due);
        let is_refusing = matches!(self.release.health(), Health::Refusing(_));
        if is_due && is_refusing && self.groups.try_send(Work::Probe).is_ok() {
            self.in_flight = Some((Waiting::default(), self.release.durable()));
        }
    }

    fn settle(&mut self, appended: Appended) {
        let Some((waiting, state)) = self.in_flight.take() else {
            return;
        };
        match appended {
            Appended::Acked => {
                self.release.recovered();
                self.release.publish(state.clone());
                // The disk does not wait for what is told.
                self.send_group();
                self.release(waiting, &state);
            }
            Appended::Refused(cause) => {
                self.fail_by(waiting, Health::Refusing(reason(&cause)), unavailable);
            }
            Appended::Ambiguous(cause) => {
                self.fail_by(waiting, Health::Failed(reason(&cause)), undecided);
            }
            Appended::Fenced { head } => {
                let reason = format!("another server has written up to sequence {head}");
                self.fail_by(waiting, Health::Failed(reason), unavailable);
            }
        }
    }

    fn release(&self, waiting: Waiting, state: &Arc<State>) {
        for (said, _) in &waiting.effects {
            self.release.announce(said);
        }
        for (index, reply) in waiting.replies {
            let (said, outcome) = &waiting.effects[index];
            let done = Done {
                head: said.head.clone(),
                outcome: outcome.clone(),
                state: state.clone(),
                is_repeated: false,
            };
            // A caller who has gone away no longer wants to know.
            let _ = reply.send(Ok(done));
        }
        answer_stepless(waiting.stepless, state);
    }

    /// A group did not become durable. Told in the log when it begins, not for every group.
    fn fail_by(&mut self, waiting: Waiting, health: Health, refusal: fn() -> Refusal) {
        if self.release.health() != health {
            error!(?health, "the journal takes no changes");
            self.release.set_health(health);
        }
        self.fail(waiting, refusal);
    }

    /// Goes back to the durable state, and refuses all that was under way: what was given to the journal by `refusal`.
    fn fail(&mut self, waiting: Waiting, refusal: fn() -> Refusal) {
        self.engine = Engine::new(self.release.durable().as_ref().clone());
        let Ready { waiting: next, .. } = std::mem::take(&mut self.next);
        self.resting_until = Some(Instant::now() + REST_AFTER_FAILURE);
        for (failed, refusal) in [(waiting, refusal), (next, unavailable)] {
            for (_, reply) in failed.replies {
                let _ = reply.send(Err(refusal()));
            }
            for (_, reply) in failed.stepless {
                let _ = reply.send(Err(unavailable()));
            }
        }
    }

    fn lose_writer(mut self) {
        let (waiting, _) = self.in_flight.take().unwrap_or_default();
        let reason = "the journal's thread has ended".to_owned();
        self.fail_by(waiting, Health::Failed(reason), undecided);
    }

    fn wake_at(&self) -> Instant {
        if let Some(until) = self.resting_until {
            return until;
        }
        let now = self.clock.now();
        let wait_ms = match self.engine.poll_timeout(now) {
            Some(Timestamp(at)) => at.saturating_sub(now.0),
            // Nothing to wait for: a request wakes the driver.
            None => 3_600_000,
        };
        Instant::now() + Duration::from_millis(wait_ms)
    }
}

fn answer_stepless(
    stepless: Vec<(Stepless, oneshot::Sender<Result<Done, Refusal>>)>,
    state: &Arc<State>,
) {
    for (answer, reply) in stepless {
        let _ = reply.send(answer.map(|first| Done::again(&first, state.clone())));
    }
}

impl Done {
    /// What was answered before.
    pub(super) fn again(first: &FirstAnswer, state: Arc<State>) -> Self {
        Self {
            head: first.head.clone(),
            outcome: first.outcome.clone(),
            state,
            is_repeated: true,
        }
    }
}

/// Why, without paths, since health tells it to everybody: the innermost cause.
fn reason(cause: &journal::Error) -> String {
    let mut innermost: &dyn Error = cause;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// The journal cannot take changes at this time.
pub(super) fn unavailable() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        "The journal cannot take changes at this time; nothing was changed",
    )
}

/// The journal failed while it was writing: the change may be there when it is opened again.
fn undecided() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        "The journal failed while it wrote this; after a restart, asking again with the same Idempotency-Key tells whether \
         it took effect",
    )
}
