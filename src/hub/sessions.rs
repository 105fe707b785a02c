use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::OpenSession;

pub(super) const SHARDS: usize = 64;

/// The open sessions by client identifier, in shards so that clients do not wait for one another.
pub(super) struct Sessions {
    shards: [Mutex<HashMap<Arc<str>, Arc<OpenSession>>>; SHARDS],
    hasher: RandomState,
    len: AtomicUsize,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
            len: AtomicUsize::new(0),
        }
    }
}

impl Sessions {
    /// Makes room for one more, to be [inserted](Self::insert) or [given up](Self::give_up); false if there are
    /// `sessions_max` already.
    pub(super) fn reserve(&self, sessions_max: usize) -> bool {
        let one_more = |len: usize| (len < sessions_max).then_some(len + 1);
        self.len
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .is_ok()
    }

    pub(super) fn give_up(&self) {
        self.len.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn insert(&self, open: &Arc<OpenSession>) {
        self.shard(open.client_id())
            .insert(Arc::clone(open.client_id()), Arc::clone(open));
    }

    pub(super) fn find(&self, client_id: &str) -> Option<Arc<OpenSession>> {
        self.shard(client_id).get(client_id).cloned()
    }

    pub(super) fn remove(&self, client_id: &str) {
        let removed = self.shard(client_id).remove(client_id);
        if removed.is_some() {
            self.give_up();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn all(&self) -> Vec<Arc<OpenSession>> {
        self.shards
            .iter()
            .flat_map(|shard| locked(shard).values().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// The sessions of one shard: a sweep holds no lock while it looks at them.
    pub(super) fn of_shard(&self, shard: usize) -> Vec<Arc<OpenSession>> {
        locked(&self.shards[shard]).values().cloned().collect()
    }

    fn shard(&self, client_id: &str) -> MutexGuard<'_, HashMap<Arc<str>, Arc<OpenSession>>> {
        locked(&self.shards[shard_of(&self.hasher, client_id)])
    }
}

pub(super) fn shard_of(hasher: &RandomState, key: &str) -> usize {
    usize::try_from(hasher.hash_one(key) % SHARDS as u64).expect("a remainder of 64 fits")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
