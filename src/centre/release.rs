//! What leaves the driver once it is durable: the state for readers, and what is said.

use std::sync::{Arc, PoisonError, RwLock};

use super::notify::{channel_name, notification};
use super::resources::Links;
use crate::bayeux::{ChannelId, Event};
use crate::domain::{CentreId, UserId};
use crate::engine::{Announcement, Head, State};
use crate::hub::{Hub, UserKey};

/// The durable side of a contact centre, shared by its driver and its readers.
#[derive(Clone)]
pub(super) struct Release {
    shared: Arc<Shared>,
}

struct Shared {
    centre: CentreId,
    server: String,
    links: Links,
    hub: Hub,
    // A lock held for the time of one reference count; readers never wait for the disk.
    durable: RwLock<Arc<State>>,
    health: RwLock<Health>,
}

/// Whether the journal takes changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It does.
    #[default]
    Well,
    /// The last group was refused; the next may not be.
    Refusing(String),
    /// It does not until the server is restarted.
    Failed(String),
}

impl Release {
    pub(super) fn new(centre: CentreId, server: String, links: Links, hub: Hub) -> Self {
        Self {
            shared: Arc::new(Shared {
                centre,
                server,
                links,
                hub,
                durable: RwLock::default(),
                health: RwLock::default(),
            }),
        }
    }

    pub(super) fn links(&self) -> &Links {
        &self.shared.links
    }

    pub(super) fn server(&self) -> &str {
        &self.shared.server
    }

    pub(super) fn durable(&self) -> Arc<State> {
        let durable = self.shared.durable.read();
        durable.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish(&self, state: Arc<State>) {
        let durable = self.shared.durable.write();
        *durable.unwrap_or_else(PoisonError::into_inner) = state;
    }

    pub(super) fn health(&self) -> Health {
        let health = self.shared.health.read();
        health.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn recovered(&self) {
        if matches!(self.health(), Health::Refusing(_)) {
            self.set_health(Health::Well);
        }
    }

    pub(super) fn set_health(&self, new: Health) {
        let health = self.shared.health.write();
        *health.unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Whether a user has a push session.
    pub(super) fn has_sessions(&self, user: &UserId) -> bool {
        let key = user_key(&self.shared.centre, user);
        self.shared.hub.has_sessions(&key)
    }

    /// Pushes what a step says: all of it together, so that no session sees half a step.
    pub(super) fn announce(&self, head: &Head, announcements: &[Announcement]) {
        let shared = &self.shared;
        let mut batch = Vec::with_capacity(announcements.len());
        for said in announcements {
            let key = user_key(&shared.centre, &said.to);
            let channel = channel_name(said.body.channel());
            if !shared.hub.has_sessions(&key) {
                continue;
            }
            let body = notification(said, head, &shared.server, &shared.links);
            let sequence = (!said.body.is_transient()).then_some(head.sequence.0);
            batch.push((key, event(channel, sequence, &body)));
        }
        if !batch.is_empty() {
            shared.hub.deliver(batch);
        }
    }
}

/// A JSON body as an event on a channel.
pub(super) fn event(channel: &str, sequence: Option<u64>, body: &serde_json::Value) -> Event {
    let channel = ChannelId::parse(channel).expect("our channel names are valid");
    let raw = serde_json::value::to_raw_value(body).expect("JSON values have a text");
    Event::new(&channel, sequence, &raw)
}

/// The hub's key of a user: unique over all contact centres.
pub fn user_key(centre: &CentreId, user: &UserId) -> UserKey {
    format!("{centre}/{user}").into()
}
