//! What the hub asks of the contact centres: who may hear what, and how things are.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Handle;
use super::media::MediaWords;
use super::notify::{CHANNELS, channels_message, interaction_message, resync_message};
use super::policy;
use super::release::event;
use super::replay::Lost;
use super::resources::interaction_for;
use super::services::{SERVICES_CHANNEL, services};
use crate::bayeux::{ChannelId, Cursor, Denied, Event, Replayed};
use crate::domain::{CentreId, UserId};
use crate::hub::{Application, CurrentState, Epoch, Principal, Resume};

/// The contact centres of this server.
#[derive(Clone, Default)]
pub struct Centres {
    running: Arc<RwLock<BTreeMap<CentreId, Handle>>>,
}

impl Centres {
    /// Adds a contact centre that runs.
    pub fn insert(&self, handle: Handle) {
        let running = self.running.write();
        running
            .unwrap_or_else(PoisonError::into_inner)
            .insert(handle.id().clone(), handle);
    }

    /// A contact centre by its id.
    pub fn find(&self, id: &CentreId) -> Option<Handle> {
        let running = self.running.read();
        running
            .unwrap_or_else(PoisonError::into_inner)
            .get(id)
            .cloned()
    }

    /// Every contact centre.
    pub fn all(&self) -> Vec<Handle> {
        let running = self.running.read();
        running
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect()
    }

    /// What a subscriber is told whose cursor leads nowhere: that it does, on each of his channels, and how things are.
    fn resynced(&self, who: &Principal, channel: &ChannelId, lost: Lost) -> Option<CurrentState> {
        let (handle, _) = self.user_of(who)?;
        let mut state = self.current_state(who, channel)?;
        let body = resync_message(lost, &handle.history(), state.valid_at);
        let by_medium = MediaWords::ALL.map(|words| words.channel);
        let by_medium = by_medium.iter().filter(|_| handle.has_media_channels());
        let notices = CHANNELS
            .iter()
            .chain(by_medium)
            .filter(|name| hears(channel, name))
            .map(|name| event(name, None, &body));
        state.events.splice(0..0, notices);
        Some(state)
    }

    /// Whether a user was removed from his contact centre.
    pub fn has_removed(&self, who: &Principal) -> bool {
        self.user_of(who).is_some_and(|(handle, user)| {
            let state = handle.state();
            state.configuration.removed_users.contains(&user)
        })
    }

    fn user_of(&self, who: &Principal) -> Option<(Handle, UserId)> {
        let (centre, user) = who.key.split_once('/')?;
        let handle = self.find(&CentreId::parse(centre).ok()?)?;
        Some((handle, UserId::parse(user).ok()?))
    }
}

impl Application for Centres {
    fn may_subscribe(&self, who: &Principal, channel: &ChannelId) -> Result<(), Denied> {
        policy::may_subscribe(who, channel)
    }

    fn may_publish(&self, _who: &Principal, _channel: &ChannelId) -> Result<(), Denied> {
        Err(Denied::new("clients_do_not_publish"))
    }

    fn publish(&self, _who: &Principal, _channel: &ChannelId, _data: &RawValue) -> Vec<Event> {
        Vec::new()
    }

    fn current_state(&self, who: &Principal, channel: &ChannelId) -> Option<CurrentState> {
        let (handle, user) = self.user_of(who)?;
        let state = handle.state();
        let mut events = Vec::new();
        let mut add = |name: &str, mut body: Value| {
            if hears(channel, name) {
                body["sequence"] = json!(state.sequence);
                events.push(event(name, None, &body));
            }
        };
        for interaction in state.involved(&user) {
            let resource = interaction_for(interaction, &user, handle.links());
            let message = interaction_message("StatusChange", resource);
            if handle.has_media_channels() {
                let words = MediaWords::of(&interaction.media_type);
                let message = words.translate_message(interaction, message.clone(), handle.links());
                add(words.channel, message);
            }
            add("/v2/me/interactions", message);
        }
        if let Some(agent) = state.agents.get(&user) {
            add("/v2/me/channels", channels_message(Some(agent)));
        }
        for service in services(&handle.health(), &state) {
            add(SERVICES_CHANNEL, service.message(handle.links()));
        }
        Some(CurrentState {
            valid_at: state.sequence.0,
            events,
        })
    }

    fn epoch(&self, who: &Principal) -> Option<Epoch> {
        let (handle, _) = self.user_of(who)?;
        let history = handle.history();
        Some(Epoch {
            name: history.epoch.to_string(),
            is_only: history.began_after == 0,
        })
    }

    fn resume(&self, who: &Principal, channel: &ChannelId, cursor: &Cursor) -> Option<Resume> {
        let (handle, _) = self.user_of(who)?;
        if channel.as_str() == SERVICES_CHANNEL {
            // What services are is no part of the history: whoever comes back is told how they are.
            return None;
        }
        let head = handle.state().sequence.0;
        let resume = match cursor {
            Cursor::OnlyNew => Resume::Live(head),
            Cursor::AllKept => Resume::After(handle.history().kept_after),
            Cursor::After { sequence, epoch } => {
                match handle.history().check(*sequence, epoch.as_deref(), head) {
                    Ok(()) if *sequence == head => Resume::Live(head),
                    Ok(()) => Resume::After(*sequence),
                    Err(lost) => Resume::Resync(self.resynced(who, channel, lost)?),
                }
            }
        };
        Some(resume)
    }

    fn replay(&self, who: &Principal, after: u64) -> BoxFuture<'static, Option<Replayed>> {
        let found = self.user_of(who);
        Box::pin(async move {
            let (handle, user) = found?;
            handle.replay(&user, after).await
        })
    }

    fn resync(&self, who: &Principal, channel: &ChannelId) -> Option<CurrentState> {
        self.resynced(who, channel, Lost::NotKept)
    }

    fn sessions_changed(&self, who: &Principal, _open: usize) {
        if let Some((handle, user)) = self.user_of(who) {
            handle.look_for(user);
        }
    }
}

/// Whether a subscription, which may be a pattern, hears a channel.
fn hears(subscription: &ChannelId, name: &str) -> bool {
    let channel = ChannelId::parse(name).expect("our channel names are valid");
    *subscription == channel || channel.patterns().any(|it| it == subscription.as_str())
}
