//! A contact centre from outside: ask it, read it, stop it.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::archive::{self, Archive, ArchiveError, Retention, Storage};
use super::census::Census;
use super::clock::Clock;
use super::driver::{Done, Driver, Job, unavailable};
use super::fold::{self, FoldError};
use super::history;
use super::meters::Meters;
use super::past::{Moment, PastReader};
use super::rehearsal::Rehearsal;
use super::release::{Health, Release};
use super::replay::{self, Eye, History, Past, ReaderThread, ReplayLimits, Replays};
use super::resources::Links;
use super::search::{Cursor, Filter, Found, PageLimits};
use super::state_snapshots::{self, Begun, SnapshotPolicy, SnapshotThread};
use super::statistics::Statistics;
use super::writer;
use crate::bayeux::Replayed;
use crate::domain::{
    CentreId, Configuration, IdempotencyKey, Interaction, InteractionId, Refusal, RefusalKind,
    Timing, UserId,
};
use crate::engine::operations::Configure;
use crate::engine::{Engine, FirstAnswer, Operation, Request, State};
use crate::hub::Hub;
use crate::journal::{self, Journal, Reader, StateSnapshots};

/// Requests that wait for the driver; above it a request is refused at once.
pub const REQUESTS_LEN_MAX: usize = 4_096;
/// How long the last state snapshot may take where nobody says until when it may.
const LAST_SNAPSHOT_MAX: Duration = Duration::from_secs(10);

/// A running contact centre. Clones are the same one.
#[derive(Clone)]
pub struct Handle {
    id: CentreId,
    jobs: mpsc::Sender<Job>,
    clock: Clock,
    release: Release,
    past: Arc<PastReader>,
    archive: Archive,
    statistics: Statistics,
    meters: Arc<Meters>,
    tasks: Arc<Mutex<Option<Tasks>>>,
}

/// What runs for a contact centre, until it is stopped.
struct Tasks {
    driver: JoinHandle<()>,
    writer: thread::JoinHandle<()>,
    reader: ReaderThread,
    snapshots: Option<SnapshotThread>,
}

/// What a contact centre is started with.
pub struct Start {
    /// Its identifier.
    pub id: CentreId,
    /// The name that events give as `Server`.
    pub server: String,
    /// Where its resources live.
    pub links: Links,
    /// Where it pushes.
    pub hub: Hub,
    /// Whether interactions are told of on the channels of their media too.
    pub media_channels: bool,
    /// Where it is kept.
    pub journal: Box<dyn Journal>,
    /// Where its states are kept beside, and when; none to start from the journal alone.
    pub snapshots: Option<(StateSnapshots, SnapshotPolicy)>,
    /// What an empty one is configured with.
    pub configuration: Configuration,
    /// How much of what was said stays in memory.
    pub replay: ReplayLimits,
    /// How long what has been stopped is kept in the archive; none for ever.
    pub archive_retention: Option<Duration>,
    /// Times given by the server's options, which go before the configured ones.
    pub timing: Timing,
}

/// Why a contact centre does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The journal cannot be read.
    #[error("the journal cannot be read")]
    Journal(#[from] journal::Error),
    /// The journal cannot be folded.
    #[error(transparent)]
    Fold(#[from] FoldError),
    /// The journal's thread cannot be started.
    #[error("the journal's thread cannot be started")]
    Thread(#[from] std::io::Error),
    /// The first configuration was not taken.
    #[error("the configuration was refused: {0}")]
    Configuration(Refusal),
}

impl Handle {
    /// Restores a contact centre from its journal and sets it going.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(mut start: Start) -> Result<Self, StartError> {
        let (eye, past) = (start.journal.reader()?, start.journal.reader()?);
        let (state, replays, begun) = restore(&start, eye.as_ref())?;
        let clock = Clock::start(state.at);
        let retention = start.archive_retention;
        let retention = retention.map(|period| Retention { clock, period });
        let journal = start.journal.as_mut();
        archive::catch_up(journal, eye.as_ref(), &state, retention.as_ref());
        let files = start.snapshots.as_ref().map(|(files, _)| files.clone());
        let archive = Archive::open(start.journal.as_ref(), files.clone())?;
        let release = Release::new(
            start.id.clone(),
            start.server,
            start.links,
            start.hub,
            replays.clone(),
            start.media_channels,
        );
        let wanted = wanted_configuration(&state, start.configuration, start.timing);
        release.publish(Arc::new(state.clone()));
        let (jobs, todo) = mpsc::channel(REQUESTS_LEN_MAX);
        let name = start.id.as_str();
        let meters = Arc::<Meters>::default();
        let bytes = Arc::clone(&meters.journalled_bytes);
        let (work, written, writer) =
            writer::start(name, start.journal, Arc::clone(&meters), retention)?;
        let past = Past::new(Arc::clone(&replays), Eye::new(past, files.clone()));
        let eye = Eye::new(eye, files);
        let reader = replay::start_reader(name, Arc::clone(&replays), eye, work.clone())?;
        let snapshots = start.snapshots.map(|(files, policy)| {
            state_snapshots::start(name, files, policy, release.clone(), bytes, begun)
        });
        if let Some(window) = start.replay.window {
            tokio::spawn(replays.clone().keep_trimming(clock, window));
        }
        let engine = Engine::new(state);
        let mut driver = Driver::new(engine, clock, todo, work, written, release.clone());
        driver.restarted();
        let handle = Self {
            id: start.id,
            jobs,
            clock,
            past: Arc::new(PastReader::new(past, release.clone())),
            release: release.clone(),
            archive,
            statistics: Statistics::default(),
            meters,
            tasks: Arc::new(Mutex::new(Some(Tasks {
                driver: tokio::spawn(async move {
                    if let Some(failed) = failure_of(driver.run()).await {
                        release.set_health(failed);
                    }
                    replays.close();
                }),
                writer,
                reader,
                snapshots: snapshots.transpose()?,
            }))),
        };
        if let Some(configuration) = wanted {
            handle
                .configure(configuration)
                .await
                .map_err(StartError::Configuration)?;
        }
        Ok(handle)
    }

    /// The contact centre's identifier.
    pub fn id(&self) -> &CentreId {
        &self.id
    }

    /// The identity of its journal.
    pub fn epoch(&self) -> u64 {
        self.history().epoch
    }

    /// The durable state.
    pub fn state(&self) -> Arc<State> {
        self.release.durable()
    }

    /// How much there is to do and who does it, in numbers: see `STATISTICS_AGE_MAX`.
    pub fn statistics(&self) -> Arc<Value> {
        self.statistics.of(&self.state(), self.clock.now())
    }

    /// The state as it was.
    ///
    /// # Errors
    /// The moment is to come, or is not kept; `Unavailable` if too many ask, or the journal cannot be read.
    pub async fn state_at(&self, moment: Moment) -> Result<Arc<State>, Refusal> {
        self.past.state_at(moment).await
    }

    /// What became of an interaction after a sequence, as far as it is kept: a page of `history`, `after` if there is
    /// more, and `keptAfter`, up to which nothing is kept of it.
    ///
    /// # Errors
    /// `Unavailable` if too many ask for the past, or the journal cannot be read.
    pub async fn history_of(
        &self,
        interaction: &InteractionId,
        after: u64,
    ) -> Result<Value, Refusal> {
        let episode = self.past.episode(interaction.clone(), after).await?;
        Ok(history::page(interaction, &episode))
    }

    /// What was before this sequence is not kept.
    pub fn kept_after(&self) -> u64 {
        self.history().kept_after
    }

    /// Which history its sequences count, and from where on it can be told again.
    pub(super) fn history(&self) -> History {
        self.release.replays().history()
    }

    /// A stopped interaction that the state may know no longer.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn archived(&self, id: &InteractionId) -> Result<Option<Interaction>, ArchiveError> {
        self.archive.find(id).await
    }

    /// Some of the stopped interactions that a filter accepts, the newest first, from a place on.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn search(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        limits: PageLimits,
    ) -> Result<Found, ArchiveError> {
        self.archive.search(filter, after, limits).await
    }

    /// What it takes up on the disk.
    ///
    /// # Errors
    /// See [`ArchiveError`].
    pub async fn storage(&self) -> Result<Storage, ArchiveError> {
        self.archive.storage().await
    }

    /// What it has done since the server was started.
    pub fn meters(&self) -> &Meters {
        &self.meters
    }

    /// What there is in it, in numbers; takes time in proportion to what is active.
    pub fn census(&self) -> Census {
        Census::of(&self.state(), self.clock.now())
    }

    /// Requests that wait for the driver, of [`REQUESTS_LEN_MAX`].
    pub fn requests_waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// What a user hears again after `after`; none if it is not kept.
    pub(super) async fn replay(&self, user: &UserId, after: u64) -> Option<Replayed> {
        self.release.replay(user, after).await
    }

    /// Whether interactions are told of on the channels of their media too.
    pub(super) fn has_media_channels(&self) -> bool {
        self.release.has_media_channels()
    }

    /// Where its resources live.
    pub fn links(&self) -> &Links {
        self.release.links()
    }

    /// The name that events give as `Server`.
    pub fn server(&self) -> &str {
        self.release.server()
    }

    /// Whether its journal takes changes.
    pub fn health(&self) -> Health {
        self.release.health()
    }

    /// What a request was answered when it came first under its key, durably: also while the journal takes no changes.
    ///
    /// # Errors
    /// The caller has had another request done under this key.
    pub fn first_answer(&self, request: &Request) -> Result<Option<Done>, Refusal> {
        let state = self.state();
        let first = state.first_answer(self.clock.now(), request)?;
        Ok(first.map(|first| Done::again(first, state.clone())))
    }

    /// What a user has had done, durably, under keys that begin so.
    pub fn first_answers_under(
        &self,
        user: &UserId,
        beginning: &IdempotencyKey,
    ) -> Vec<(IdempotencyKey, Arc<FirstAnswer>)> {
        let state = self.state();
        let found = state.first_answers_under(self.clock.now(), user, beginning);
        found
            .map(|(key, first)| (key.clone(), first.clone()))
            .collect()
    }

    /// Finds out what requests would lead to.
    ///
    /// # Errors
    /// `Unavailable`, as they would be.
    pub async fn rehearsal(&self) -> Result<Rehearsal, Refusal> {
        if let Health::Failed(_) = self.health() {
            return Err(unavailable());
        }
        let (state, now) = (self.state(), self.clock.now());
        // The engine's schedule is made of all that is active.
        let begun = tokio::task::spawn_blocking(move || Rehearsal::new(&state, now));
        begun.await.map_err(|_| unavailable())
    }

    /// Asks for something, and waits until the outcome is durable.
    ///
    /// # Errors
    /// The refusal; `Unavailable` if the journal does not take changes or too many requests wait.
    pub async fn request(&self, request: Request) -> Result<Done, Refusal> {
        if let Health::Failed(_) = self.health() {
            return Err(unavailable());
        }
        let begins = matches!(
            request.operation,
            Operation::AgentLogin(_) | Operation::RegisterClient(_)
        );
        let newcomer = request.actor.user().filter(|_| begins).cloned();
        let (reply, answer) = oneshot::channel();
        self.jobs
            .try_send(Job::Request(Box::new(request), reply))
            .map_err(|_| overloaded())?;
        let result = answer.await.unwrap_or_else(|_| Err(unavailable()));
        // Push sessions may have been opened before the login or the registration.
        if let (Ok(_), Some(user)) = (&result, newcomer) {
            self.look_for(user);
        }
        result
    }

    /// Has the driver look whether a user has a push session. Never waits: the hub calls this under its locks.
    pub(super) fn look_for(&self, user: UserId) {
        if let Err(mpsc::error::TrySendError::Full(job)) = self.jobs.try_send(Job::LookFor(user)) {
            let jobs = self.jobs.clone();
            tokio::spawn(async move { jobs.send(job).await });
        }
    }

    /// Finishes what is under way, closes the journal and writes a last state snapshot.
    pub async fn stop(&self) {
        self.stop_by(Instant::now() + LAST_SNAPSHOT_MAX).await;
    }

    /// The same, without the state snapshot if that would take until `by`.
    pub async fn stop_by(&self, by: Instant) {
        // The driver may have ended by itself, if its journal failed.
        let _ = self.jobs.send(Job::Stop).await;
        let tasks = self
            .tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Tasks {
            driver,
            writer,
            reader,
            snapshots,
        }) = tasks
        {
            let _ = driver.await;
            self.archive.close().await;
            self.past.close().await;
            let end = move || {
                // Whichever of them panicked has said so.
                let _ = (reader.join(), writer.join());
                snapshots.map(|snapshots| snapshots.stop(by))
            };
            let _ = tokio::task::spawn_blocking(end).await;
        }
    }

    async fn configure(&self, configuration: Configuration) -> Result<(), Refusal> {
        let operation = Operation::Configure(Configure(Box::new(configuration)));
        let request = Request::of_server(operation);
        self.request(request).await.map(|_| ())
    }
}

/// The configuration to journal at the start: the given one for an empty store, else the journalled one where the
/// server's options changed its times; none if nothing is different (design D16).
fn wanted_configuration(
    state: &State,
    given: Configuration,
    timing: Timing,
) -> Option<Configuration> {
    let mut wanted = if state.sequence.0 == 0 {
        given
    } else {
        state.configuration.as_ref().clone()
    };
    wanted.timing = timing;
    (wanted != *state.configuration).then_some(wanted)
}

/// The state after the last record, and the state snapshot that it was begun with, if so. On the way what was said last
/// is remembered, for those who come back.
fn restore(
    start: &Start,
    eye: &dyn Reader,
) -> Result<(State, Arc<Replays>, Option<Begun>), StartError> {
    let journal = start.journal.as_ref();
    let history = History {
        epoch: journal.epoch(),
        began_after: journal.epoch_began_after(),
        kept_after: journal.kept_after()?,
    };
    let latest = match &start.snapshots {
        Some((files, _)) => state_snapshots::latest(&files.list()?, journal, history.kept_after),
        None => None,
    };
    let (mut state, begun) = match latest {
        Some((state, begun)) => (state, Some(begun)),
        None => (state_snapshots::read_base(eye)?, None),
    };
    let replays = Arc::new(Replays::new(history, start.replay, state.clone()));
    fold::advance(eye, &mut state, journal.head(), |state, said, is_told| {
        replays.offer(state);
        if is_told {
            replays.push(&Arc::new(said));
        } else {
            replays.forget(said.head.sequence.0);
        }
        true
    })?;
    Ok((state, replays, begun))
}

/// Runs to the end. A panic, which the log tells, leaves nobody to answer: not to be taken for a server that is well.
async fn failure_of(run: impl Future<Output = ()> + Send + 'static) -> Option<Health> {
    let panicked = tokio::spawn(run).await.is_err();
    panicked.then(|| Health::Failed("the contact centre has ended by a fault of its own".into()))
}

fn overloaded() -> Refusal {
    Refusal::new(
        RefusalKind::Unavailable,
        "Too many requests are waiting; try again",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_failure_for_good() {
        assert_eq!(failure_of(async {}).await, None);
        let panicked = failure_of(async { panic!("for the test") }).await;
        assert!(matches!(panicked, Some(Health::Failed(_))));
    }
}
