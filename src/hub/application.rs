use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use crate::bayeux::{ChannelId, Cursor, Denied, Event, Replayed};

/// Whom events are for: opaque here, unique to a user.
pub type UserKey = Arc<str>;

/// Whom a session belongs to.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user.
    pub key: UserKey,
    /// When the credentials end, in milliseconds since the Unix epoch: the session ends with them.
    pub expires_at_ms: Option<u64>,
    /// The token they came from, if it has a name.
    pub token_id: Option<Arc<str>>,
    /// What he is, in the application's words.
    pub roles: Arc<[String]>,
}

impl Principal {
    /// A user whose credentials never end.
    pub fn new(key: UserKey) -> Self {
        Self {
            key,
            expires_at_ms: None,
            token_id: None,
            roles: Arc::default(),
        }
    }

    /// Whether `role` is one of his.
    pub fn has(&self, role: &str) -> bool {
        self.roles.iter().any(|it| it == role)
    }
}

/// What a subscriber hears at once: how things are.
#[derive(Debug)]
pub struct CurrentState {
    /// The last sequence that is part of `events`: live ones up to it are not repeated.
    pub valid_at: u64,
    /// The events that tell it.
    pub events: Vec<Event>,
}

/// A history that sequences count.
#[derive(Debug)]
pub struct Epoch {
    /// Its name: letters and digits.
    pub name: String,
    /// There has never been another one, so that a sequence alone says enough.
    pub is_only: bool,
}

/// How a subscriber with a cursor goes on.
#[derive(Debug)]
pub enum Resume {
    /// With what comes after this sequence, of which nothing is kept that he has not heard.
    Live(u64),
    /// With what is kept after this sequence.
    After(u64),
    /// With a state, since what he missed cannot be told.
    Resync(CurrentState),
}

/// What the hub asks the product that it serves.
///
/// One that keeps nothing leaves out the four that are about replay: its subscribers are told the current state.
///
/// All but [`publish`](Self::publish) and [`replay`](Self::replay) are called under locks: they must be quick and must not
/// call the hub.
pub trait Application: Send + Sync {
    /// Whether `who` may subscribe to `channel`, which may be a pattern. Delivery is per user in any case.
    fn may_subscribe(&self, who: &Principal, channel: &ChannelId) -> Result<(), Denied>;

    /// Whether `who` may publish to `channel`.
    fn may_publish(&self, who: &Principal, channel: &ChannelId) -> Result<(), Denied>;

    /// `who` has published; returns what the publishing session itself hears in answer. A broadcast is the
    /// application's decision, through [`Hub::deliver`](super::Hub::deliver).
    fn publish(&self, who: &Principal, channel: &ChannelId, data: &RawValue) -> Vec<Event>;

    /// The state of what `who` has just subscribed to.
    ///
    /// Nothing is missed if a step can be seen here before its events are delivered.
    fn current_state(&self, who: &Principal, channel: &ChannelId) -> Option<CurrentState>;

    /// The history that the sequences of `who` count; none if it cannot be replayed.
    fn epoch(&self, _who: &Principal) -> Option<Epoch> {
        None
    }

    /// How `who`, who has just subscribed to `channel`, goes on from `cursor`; none if nothing can be replayed.
    ///
    /// Nothing is missed if a step can be seen here before its events are delivered.
    fn resume(&self, _who: &Principal, _channel: &ChannelId, _cursor: &Cursor) -> Option<Resume> {
        None
    }

    /// Some of what is kept for `who` after a sequence, whatever the channel; none if that is not kept any more.
    ///
    /// A step has to be part of what is kept before its events are delivered.
    fn replay(&self, _who: &Principal, _after: u64) -> BoxFuture<'static, Option<Replayed>> {
        Box::pin(async { None })
    }

    /// What a subscriber is told of `channel` when a replay that he was promised cannot be had after all.
    fn resync(&self, who: &Principal, channel: &ChannelId) -> Option<CurrentState> {
        self.current_state(who, channel)
    }

    /// The first session of a user was opened (`open` is 1), or the last one ended (0).
    fn sessions_changed(&self, who: &Principal, open: usize);
}
