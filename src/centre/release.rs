//! What leaves the driver once it is durable: the state for readers, and what is said.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde_json::json;
use tokio::sync::Semaphore;
use tracing::info;

use super::media::MediaWords;
use super::notify::{channel_name, notification};
use super::replay::{Replays, Said};
use super::resources::Links;
use super::services::{SERVICES_CHANNEL, Service, services};
use crate::bayeux::{ChannelId, Event, Replayed};
use crate::domain::{CentreId, UserId};
use crate::engine::{Announcement, Body, Head, State};
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
    replays: Arc<Replays>,
    rendering: Semaphore,
    has_media_channels: bool,
    // A lock held for the time of one reference count; readers never wait for the disk.
    durable: RwLock<Arc<State>>,
    health: RwLock<Health>,
    /// As they were told last.
    services: Mutex<[Service; 3]>,
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
    pub(super) fn new(
        centre: CentreId,
        server: String,
        links: Links,
        hub: Hub,
        replays: Arc<Replays>,
        has_media_channels: bool,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                centre,
                server,
                links,
                hub,
                replays,
                rendering: Semaphore::new(1),
                has_media_channels,
                durable: RwLock::default(),
                health: RwLock::default(),
                services: Mutex::new(services(&Health::Well, &State::default())),
            }),
        }
    }

    pub(super) fn links(&self) -> &Links {
        &self.shared.links
    }

    pub(super) fn server(&self) -> &str {
        &self.shared.server
    }

    /// Whether interactions are told of on the channels of their media too.
    pub(super) fn has_media_channels(&self) -> bool {
        self.shared.has_media_channels
    }

    pub(super) fn replays(&self) -> &Arc<Replays> {
        &self.shared.replays
    }

    pub(super) fn durable(&self) -> Arc<State> {
        let durable = self.shared.durable.read();
        durable.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish(&self, state: Arc<State>) {
        self.shared.replays.offer(&state);
        let before = {
            let durable = self.shared.durable.write();
            let mut durable = durable.unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *durable, Arc::clone(&state))
        };
        self.end_sessions_of_removed(&before, &state);
        self.tell_of_services();
    }

    /// Tells everybody which services have changed, if any: after the change can be seen, so that who subscribes meanwhile
    /// finds it there.
    fn tell_of_services(&self) {
        let shared = &self.shared;
        let state = self.durable();
        let now = services(&self.health(), &state);
        let told = shared.services.lock();
        let told = std::mem::replace(&mut *told.unwrap_or_else(PoisonError::into_inner), now);
        if told == now {
            return;
        }
        let of_centre = format!("{}/", shared.centre);
        for service in now.iter().filter(|it| !told.contains(it)) {
            let mut body = service.message(&shared.links);
            body["sequence"] = json!(state.sequence);
            let event = event(SERVICES_CHANNEL, None, &body);
            shared
                .hub
                .tell_all(|key| key.starts_with(&of_centre), &event);
        }
    }

    /// Who was removed has no push session any more. After the state is published: whoever opens one meanwhile is either
    /// found here, or sees that he was removed.
    fn end_sessions_of_removed(&self, before: &State, after: &State) {
        if Arc::ptr_eq(&before.configuration, &after.configuration) {
            return;
        }
        let removed = &after.configuration.removed_users;
        for user in removed.difference(&before.configuration.removed_users) {
            let key = user_key(&self.shared.centre, user);
            self.shared.hub.end_sessions_of(&key);
        }
    }

    pub(super) fn health(&self) -> Health {
        let health = self.shared.health.read();
        health.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn recovered(&self) {
        if matches!(self.health(), Health::Refusing(_)) {
            info!(centre = %self.shared.centre, "the journal takes changes again");
            self.set_health(Health::Well);
        }
    }

    pub(super) fn set_health(&self, new: Health) {
        let health = self.shared.health.write();
        *health.unwrap_or_else(PoisonError::into_inner) = new;
        self.tell_of_services();
    }

    /// Whether a user has a push session.
    pub(super) fn has_sessions(&self, user: &UserId) -> bool {
        let key = user_key(&self.shared.centre, user);
        self.shared.hub.has_sessions(&key)
    }

    /// Pushes what a step says: all of it together, so that no session sees half a step.
    pub(super) fn announce(&self, said: &Arc<Said>) {
        let shared = &self.shared;
        // Before it is pushed: a subscriber for whom it comes too early finds it there.
        shared.replays.push(said);
        let mut batch = Vec::with_capacity(said.announcements.len());
        for announcement in &said.announcements {
            let key = user_key(&shared.centre, &announcement.to);
            if shared.hub.has_sessions(&key) {
                let events = self.events_of(announcement, &said.head);
                batch.extend(events.map(|event| (key.clone(), event)));
            }
        }
        if !batch.is_empty() {
            shared.hub.deliver(batch);
        }
    }

    /// What `user` hears again after `after`; none if it is not kept.
    pub(super) async fn replay(&self, user: &UserId, after: u64) -> Option<Replayed> {
        let page = self.shared.replays.page(user, after).await?;
        // One at a time: a thousand who come back at once must not keep those who ask for little from their turn.
        let _turn = self.shared.rendering.acquire().await.ok()?;
        tokio::task::yield_now().await;
        let mut events = Vec::new();
        for said in &page.steps {
            let own = said
                .lasting()
                .filter(|announcement| announcement.to == *user);
            events.extend(own.flat_map(|announcement| self.events_of(announcement, &said.head)));
        }
        Some(Replayed {
            events,
            up_to: page.up_to,
            is_all: page.is_all,
        })
    }

    /// What is pushed: where it is told, and what is told of an interaction also on the channel of its medium, if there are
    /// such channels.
    fn events_of(&self, said: &Announcement, head: &Head) -> impl Iterator<Item = Event> {
        let links = &self.shared.links;
        let body = notification(said, head, &self.shared.server, links);
        let sequence = (!said.body.is_transient()).then_some(head.sequence.0);
        let told = event(channel_name(said.body.channel()), sequence, &body);
        let about = match &said.body {
            Body::Interaction(notice) => Some(&notice.interaction),
            Body::Failure { interaction, .. } => Some(interaction),
            Body::Event(_)
            | Body::Channels(_)
            | Body::WorkbinContent { .. }
            | Body::WorkbinChanged { .. }
            | Body::WorkbinSubscription { .. } => None,
        };
        let about = about.filter(|_| self.shared.has_media_channels);
        let by_medium = about.map(|interaction| {
            let words = MediaWords::of(&interaction.media_type);
            let body = words.translate_message(interaction, body, links);
            event(words.channel, sequence, &body)
        });
        std::iter::once(told).chain(by_medium)
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
