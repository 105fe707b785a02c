//! Tokens that are not taken any more although they have not ended yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::centre::{Clock, wall_clock};
use crate::domain::Timestamp;
use crate::journal::{self, DataFolder};

/// Tokens that can be revoked at a time; those that have ended since do not count.
pub const REVOKED_LEN_MAX: usize = 50_000;
/// Where they are kept, in the data folder.
pub const REVOKED_FILE: &str = "revoked-tokens.json";

/// The revoked tokens of a server, in memory and in a file.
pub struct Revocations {
    folder: DataFolder,
    clock: Clock,
    list: Mutex<List>,
    /// The version of the list that is on disk. Who waits for it is written together with the others who wait.
    written: Arc<tokio::sync::Mutex<u64>>,
}

#[derive(Default)]
struct List {
    /// When a token would have ended, by its identifier.
    ends: BTreeMap<Arc<str>, Timestamp>,
    version: u64,
}

/// Why a token is not revoked, or the list not read.
#[derive(Debug, thiserror::Error)]
pub enum RevocationError {
    /// There are too many.
    #[error("{REVOKED_LEN_MAX} tokens are revoked already")]
    Full,
    /// The file cannot be written.
    #[error(transparent)]
    Unwritten(#[from] journal::Error),
    /// The file cannot be read.
    #[error("cannot read {REVOKED_FILE} in the data folder")]
    Unreadable(#[source] std::io::Error),
    /// The file does not hold what was written.
    #[error(
        "{REVOKED_FILE} in the data folder is damaged: restore it, or remove it to take revoked tokens again"
    )]
    Damaged(#[source] serde_json::Error),
}

impl Revocations {
    /// What was revoked before.
    ///
    /// # Errors
    /// The file is there but cannot be read, or holds something else.
    pub fn open(folder: DataFolder) -> Result<Self, RevocationError> {
        let ends = match std::fs::read(folder.path().join(REVOKED_FILE)) {
            Ok(text) => serde_json::from_slice(&text).map_err(RevocationError::Damaged)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(RevocationError::Unreadable(error)),
        };
        Ok(Self {
            folder,
            clock: Clock::start(Timestamp::default()),
            list: Mutex::new(List { ends, version: 0 }),
            written: Arc::default(),
        })
    }

    /// Whether a token is revoked.
    pub(super) fn contains(&self, token_id: &str) -> bool {
        self.list().ends.contains_key(token_id)
    }

    /// Revokes a token until it would have ended: at once, whatever comes of the rest.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn mark(&self, token_id: &str, until: Timestamp) -> Result<(), RevocationError> {
        let mut list = self.list();
        let now = self.certain_time();
        if list.ends.len() >= REVOKED_LEN_MAX {
            list.ends.retain(|_, end| *end > now);
        }
        if list.ends.len() >= REVOKED_LEN_MAX && !list.ends.contains_key(token_id) {
            return Err(RevocationError::Full);
        }
        let end = list.ends.entry(token_id.into()).or_insert(until);
        *end = until.max(*end);
        list.version += 1;
        Ok(())
    }

    /// Waits until all that was revoked is on disk.
    ///
    /// # Errors
    /// It cannot be written: after a restart the tokens may be taken again.
    pub(super) async fn written(&self) -> Result<(), RevocationError> {
        let wanted = self.list().version;
        let mut written = Arc::clone(&self.written).lock_owned().await;
        if *written >= wanted {
            return Ok(());
        }
        let (version, text) = {
            let mut list = self.list();
            let now = self.certain_time();
            list.ends.retain(|_, end| *end > now);
            let text = serde_json::to_vec(&list.ends).expect("the list is plain data");
            (list.version, text)
        };
        let folder = self.folder.clone();
        // Whoever stops waiting does not stop the writing, nor let the next one begin before it is done.
        let writing = tokio::task::spawn_blocking(move || {
            folder.write_private_file(REVOKED_FILE, &text)?;
            *written = version;
            Ok(())
        });
        writing
            .await
            .unwrap_or_else(|error| Err(RevocationError::Unreadable(error.into())))
    }

    /// What ended before this time has ended by any clock: one that jumps ahead and back again must not let a token that it
    /// made look ended be forgotten here and then be taken.
    fn certain_time(&self) -> Timestamp {
        wall_clock().min(self.clock.now())
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_list_is_bounded_in_time_and_number_and_survives() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("data");
        let open = || {
            let folder = DataFolder::open(&path).expect("opens");
            Revocations::open(folder)
        };
        let later = wall_clock().plus_ms(600_000);
        {
            let list = open().expect("new");
            list.mark("ended", Timestamp(1)).expect("room");
            for at in 1..REVOKED_LEN_MAX {
                list.mark(&format!("demo/{at}"), later).expect("room");
            }
            // What has ended makes room.
            list.mark("demo/last", later).expect("room");
            let full = list.mark("demo/one more", later);
            assert!(matches!(full, Err(RevocationError::Full)));
            list.mark("demo/last", later).expect("it is there");
            assert!(list.contains("demo/last") && !list.contains("ended"));
            list.written().await.expect("writes");
        }
        {
            let list = open().expect("whole");
            assert!(list.contains("demo/last") && list.contains("demo/1"));
            assert_eq!(list.list().ends.len(), REVOKED_LEN_MAX);
        }
        std::fs::write(path.join(REVOKED_FILE), "{").expect("writes");
        assert!(matches!(open(), Err(RevocationError::Damaged(_))));
    }
}
