use std::sync::Arc;

use serde_json::value::RawValue;

use crate::bayeux::{ChannelId, Denied, Event};

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
    pub token_id: Option<String>,
    /// What he is, in the application's words.
    pub roles: Vec<String>,
}

impl Principal {
    /// A user whose credentials never end.
    pub fn new(key: UserKey) -> Self {
        Self {
            key,
            expires_at_ms: None,
            token_id: None,
            roles: Vec::new(),
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

/// What the hub asks the product that it serves.
///
/// All but [`publish`](Self::publish) are called under locks: they must be quick and must not call the hub.
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

    /// The first session of a user was opened (`open` is 1), or the last one ended (0).
    fn sessions_changed(&self, who: &Principal, open: usize);
}
