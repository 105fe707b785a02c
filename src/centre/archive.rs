//! Interactions that have been stopped, read from the journal's archive: beside the writer, and off the runtime.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;

use super::clock::Clock;
use super::readings::{Busy, Readings};
use super::search::{Cursor, Filter, Found, PageLimits, search};
use crate::domain::{Interaction, InteractionId, Timestamp};
use crate::engine::State;
use crate::journal::{self, Archived, Journal, Place, Reader, StateSnapshots, Usage};

/// Readings that are under way at once, each on a thread of its own.
const READERS_LEN: usize = 2;
/// Readings that are under way or wait; above it one is refused at once.
pub const ARCHIVE_READINGS_MAX: usize = 64;
/// Damaged rows that the log tells of, each once.
const TOLD_LEN_MAX: usize = 1_000;

/// Why the archive gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is being read by as many as may wait, or the contact centre has stopped.
    #[error("Too many readings of the archive are waiting; try again")]
    Busy,
    /// It cannot be read, or is not what was written.
    #[error("The archive cannot be read")]
    Unreadable(#[from] journal::Error),
}

/// What a contact centre takes up on the disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct Storage {
    /// The journal and the archive in it.
    pub journal: Usage,
    /// State snapshots.
    pub snapshots_len: usize,
    /// Their files, in bytes.
    pub snapshots_bytes: u64,
}

/// How long archived interactions are kept.
pub(super) struct Retention {
    pub(super) clock: Clock,
    pub(super) period: Duration,
}

impl Retention {
    /// What ended before this time goes.
    pub(super) fn kept_since(&self) -> Timestamp {
        let period_ms = u64::try_from(self.period.as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.clock.now().0.saturating_sub(period_ms))
    }
}

/// The archive of a running contact centre. Clones are the same.
#[derive(Clone)]
pub(super) struct Archive {
    readings: Readings<Box<dyn Reader>>,
    /// None once the contact centre has stopped.
    snapshots: Arc<Mutex<Option<StateSnapshots>>>,
    told: Arc<Mutex<Told>>,
}

/// The sequences of damaged rows that the log has told.
#[derive(Default)]
struct Told(BTreeSet<u64>);

impl Told {
    /// Whether a row has not been told; where too many have, none is any more.
    fn is_news(&mut self, sequence: u64) -> bool {
        self.0.len() < TOLD_LEN_MAX && self.0.insert(sequence)
    }
}

impl Archive {
    /// Opens the eyes that it is read with.
    pub(super) fn open(
        journal: &dyn Journal,
        snapshots: Option<StateSnapshots>,
    ) -> Result<Self, journal::Error> {
        let readers = (0..READERS_LEN).map(|_| journal.reader());
        let readers = readers.collect::<Result<_, _>>()?;
        Ok(Self {
            readings: Readings::new(readers, ARCHIVE_READINGS_MAX),
            snapshots: Arc::new(Mutex::new(snapshots)),
            told: Arc::default(),
        })
    }

    /// A stopped interaction; of several that had the identifier one after the other, the last.
    pub(super) async fn find(
        &self,
        id: &InteractionId,
    ) -> Result<Option<Interaction>, ArchiveError> {
        let key = id.to_string();
        self.read(move |reader| {
            let row = reader.archived(&key)?;
            row.map(|row| interaction_of(&row, reader)).transpose()
        })
        .await
    }

    /// A page of the stopped interactions that a filter accepts, from a place on.
    pub(super) async fn search(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        limits: PageLimits,
    ) -> Result<Found, ArchiveError> {
        let told = Arc::clone(&self.told);
        self.read(move |reader| {
            let found = search(reader, &filter, after, limits)?;
            for sequence in &found.damaged {
                if locked(&told).is_news(*sequence) {
                    let cause = reader.damaged(*sequence);
                    warn!(%cause, "an archived interaction is left out of searches");
                }
            }
            Ok(found)
        })
        .await
    }

    /// What is taken up on the disk.
    pub(super) async fn storage(&self) -> Result<Storage, ArchiveError> {
        let snapshots = locked(&self.snapshots).clone();
        self.read(move |reader| {
            let list = snapshots.map_or(Ok(Vec::new()), |snapshots| snapshots.list())?;
            // One that has just been removed takes up nothing.
            let bytes = list.iter().filter_map(|snapshot| snapshot.bytes().ok());
            Ok(Storage {
                journal: reader.usage()?,
                snapshots_len: list.len(),
                snapshots_bytes: bytes.sum(),
            })
        })
        .await
    }

    /// Waits for those who read, and closes the journal's files.
    pub(super) async fn close(&self) {
        self.readings.close().await;
        locked(&self.snapshots).take();
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, journal::Error> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let result = self
            .readings
            .read(move |reader| read(reader.as_ref()))
            .await;
        Ok(result.map_err(|Busy| ArchiveError::Busy)??)
    }
}

/// Archives what the state remembers as stopped, where the journal is of a format that had no archive, or was put
/// together from what had none. What cannot be written now is tried again at the next start.
pub(super) fn catch_up(
    journal: &mut dyn Journal,
    eye: &dyn Reader,
    state: &State,
    retention: Option<&Retention>,
) {
    let is_empty = eye.usage().is_ok_and(|usage| usage.archived_len == 0);
    let kept_since = retention.map(Retention::kept_since);
    let is_kept = |it: &&Arc<Interaction>| it.completed_at >= kept_since;
    let mut rows = state.stopped.values().filter(is_kept).map(|it| row_of(it));
    if !is_empty {
        return;
    }
    if let Err(cause) = journal.archive(&mut rows) {
        warn!(%cause, "what was stopped before there was an archive cannot be archived");
    }
}

/// What is archived of an interaction that was stopped.
pub(super) fn row_of(interaction: &Interaction) -> Archived {
    Archived {
        place: Place {
            at_ms: interaction.completed_at.unwrap_or_default().0,
            sequence: interaction.changed_sequence.0,
            key: interaction.id.to_string(),
        },
        labels: [
            interaction.queue.to_string(),
            interaction.media_type.to_string(),
        ],
        body: serde_json::to_vec(interaction).expect("an interaction is plain data"),
    }
}

/// The interaction that an archived row holds.
///
/// # Errors
/// It holds none, or another one than it says.
pub fn stopped_of(row: &Archived) -> Result<Interaction, String> {
    let found: Interaction =
        serde_json::from_slice(&row.body).map_err(|error| error.to_string())?;
    if found.id.as_str() != row.place.key {
        return Err(format!(
            "it is {} in the place of {}",
            found.id, row.place.key
        ));
    }
    Ok(found)
}

/// The same, with the error that says where it is.
pub(super) fn interaction_of(
    row: &Archived,
    reader: &dyn Reader,
) -> Result<Interaction, journal::Error> {
    stopped_of(row).map_err(|_| reader.damaged(row.place.sequence))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_row_is_told_once_and_not_more_than_so_many() {
        let mut told = Told::default();
        let len =
            (0..TOLD_LEN_MAX as u64 + 10).filter(|it| told.is_news(*it) && !told.is_news(*it));
        assert_eq!(len.count(), TOLD_LEN_MAX);
    }
}
