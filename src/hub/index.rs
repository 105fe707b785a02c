use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::sessions::{SHARDS, shard_of};
use super::{OpenSession, UserKey};
use crate::bayeux::{ChannelId, Event};

/// Which sessions of a user hear a channel, in shards by user.
pub(super) struct Index {
    shards: [Mutex<HashMap<UserKey, User>>; SHARDS],
    hasher: RandomState,
}

#[derive(Default)]
struct User {
    sessions: HashMap<Arc<str>, Arc<OpenSession>>,
    subscribers: HashMap<ChannelId, Vec<Arc<OpenSession>>>,
    /// How many of the subscribed names are patterns: with none, an event costs one look-up.
    wildcards: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            hasher: RandomState::new(),
        }
    }
}

impl Index {
    /// Counts a new session in; false if its user has `sessions_max` already. `first` is called under the lock if there
    /// was none before, so that first and last are told in the order they happen.
    pub(super) fn open(
        &self,
        open: &Arc<OpenSession>,
        sessions_max: usize,
        first: impl FnOnce(),
    ) -> bool {
        let mut shard = self.shard(open.user());
        let user = shard.entry(Arc::clone(open.user())).or_default();
        if user.sessions.len() >= sessions_max {
            return false;
        }
        user.sessions
            .insert(Arc::clone(open.client_id()), Arc::clone(open));
        if user.sessions.len() == 1 {
            first();
        }
        true
    }

    /// Counts a session out; `changed` is called with 0 under the lock if it was the last of its user.
    pub(super) fn close(
        &self,
        open: &Arc<OpenSession>,
        channels: &[ChannelId],
        changed: impl FnOnce(usize),
    ) {
        let mut shard = self.shard(open.user());
        let Some(user) = shard.get_mut(open.user()) else {
            return;
        };
        for channel in channels {
            user.remove(open, channel);
        }
        if user.sessions.remove(open.client_id()).is_some() && user.sessions.is_empty() {
            shard.remove(open.user());
            changed(0);
        }
    }

    pub(super) fn subscribe(&self, open: &Arc<OpenSession>, channel: &ChannelId) {
        let mut shard = self.shard(open.user());
        let Some(user) = shard.get_mut(open.user()) else {
            return;
        };
        let subscribers = user.subscribers.entry(channel.clone()).or_default();
        if subscribers.is_empty() && channel.is_wild() {
            user.wildcards += 1;
        }
        subscribers.push(Arc::clone(open));
    }

    pub(super) fn unsubscribe(&self, open: &Arc<OpenSession>, channel: &ChannelId) {
        if let Some(user) = self.shard(open.user()).get_mut(open.user()) {
            user.remove(open, channel);
        }
    }

    /// The sessions of `user` that hear any of `events`, each once.
    pub(super) fn subscribers<'a>(
        &self,
        user: &UserKey,
        events: impl Iterator<Item = &'a Event>,
    ) -> Vec<Arc<OpenSession>> {
        let shard = self.shard(user);
        let Some(user) = shard.get(user) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let mut lists = 0;
        let mut add = |subscribers: Option<&Vec<Arc<OpenSession>>>| {
            if let Some(subscribers) = subscribers {
                lists += 1;
                found.extend_from_slice(subscribers);
            }
        };
        for event in events {
            add(user.subscribers.get(event.channel()));
            if user.wildcards > 0 {
                event
                    .channel()
                    .patterns()
                    .for_each(|pattern| add(user.subscribers.get(pattern.as_str())));
            }
        }
        drop(shard);
        if lists > 1 {
            found.sort_unstable_by_key(|open| Arc::as_ptr(open).addr());
            found.dedup_by(|one, other| Arc::ptr_eq(one, other));
        }
        found
    }

    pub(super) fn sessions_of(&self, user: &str) -> Vec<Arc<OpenSession>> {
        self.shard(user)
            .get(user)
            .map(|user| user.sessions.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Whether a user has any session.
    pub(super) fn has_sessions(&self, user: &str) -> bool {
        self.shard(user).contains_key(user)
    }

    /// The users with a session whose key fits.
    pub(super) fn keys(&self, fits: impl Fn(&str) -> bool) -> Vec<UserKey> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = locked(shard);
            found.extend(shard.keys().filter(|key| fits(key)).map(Arc::clone));
        }
        found
    }

    pub(super) fn users(&self) -> usize {
        self.shards.iter().map(|shard| locked(shard).len()).sum()
    }

    fn shard(&self, user: &str) -> MutexGuard<'_, HashMap<UserKey, User>> {
        locked(&self.shards[shard_of(&self.hasher, user)])
    }
}

impl User {
    fn remove(&mut self, open: &Arc<OpenSession>, channel: &ChannelId) {
        let Some(subscribers) = self.subscribers.get_mut(channel) else {
            return;
        };
        if let Some(at) = subscribers.iter().position(|it| Arc::ptr_eq(it, open)) {
            subscribers.swap_remove(at);
        }
        if subscribers.is_empty() {
            self.subscribers.remove(channel);
            self.wildcards -= usize::from(channel.is_wild());
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
