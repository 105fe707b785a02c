//! The one door through which state changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync as Map;

use super::alter::alter;
use super::registration::Registration;
use super::state::{Altered, Client};
use super::{Change, Head, State};
use crate::domain::{
    Address, Agent, ChosenState, ClientType, Configuration, MediaState, MediaType, PlaceId,
    Presence, RegisterMode, SnapshotId, UserId, WorkbinRef,
};

impl State {
    /// Begins a step: from here on `at` is its time, and its agent has been heard of.
    pub(super) fn begin(&mut self, head: &Head) {
        self.sequence = head.sequence;
        self.at = head.at;
        if let Some(user) = head.actor.agent() {
            self.renew(user);
        }
        if let Some(user) = head.actor.user() {
            self.renew_client(user);
        }
    }

    /// An agent's request takes effect: his holds last anew, and so does his grace time if his push session was lost.
    fn renew(&mut self, user: &UserId) {
        let now = self.at;
        if self.agents.contains_key(user)
            && let Some(agent) = self.agents.get_mut(user)
        {
            let agent = Arc::make_mut(agent);
            agent.last_request_at = now;
            if let Presence::LostAt(lost_at) = &mut agent.presence {
                *lost_at = now;
            }
            self.news.of_request(user);
        }
    }

    /// Makes one change, and gives the interaction that it was made to. A change about something that is not there does
    /// nothing: the engine never records one.
    pub(super) fn apply(&mut self, change: &Change) -> Option<Altered> {
        match change {
            Change::CentreConfigured(new) => self.configure(|present| present.clone_from(new)),
            Change::ConfigurationApplied(changes) => {
                self.configure(|present| changes.iter().for_each(|it| it.apply(present)));
            }
            Change::ConfigurationChanged(change) => self.configure(|present| change.apply(present)),
            Change::ClientRegistered {
                user,
                client_type,
                properties_changed,
            } => self.register(user, *client_type, *properties_changed),
            Change::ClientUnregistered { user } => self.set_client(user, None),
            Change::AddressRegistered {
                user,
                address,
                mode,
            } => self.set_address(user, address, Some(*mode)),
            Change::AddressUnregistered { user, address } => self.set_address(user, address, None),
            Change::AgentLoggedIn {
                agent,
                place,
                media,
                ..
            } => self.log_in(agent, place, media),
            Change::AgentLoggedOut { agent } => self.log_out(agent),
            Change::MediaStateChanged {
                agent,
                media,
                is_ready,
                reason,
                chosen,
            } => self.set_media_state(agent, media, *is_ready, reason, chosen),
            Change::PresenceChanged { user, present } => self.set_presence(user, *present),
            Change::WorkbinSubscribed { agent, workbin } => {
                self.set_subscription(agent, workbin, true);
            }
            Change::WorkbinUnsubscribed { agent, workbin } => {
                self.set_subscription(agent, workbin, false);
            }
            Change::WorkbinRead(_) => {}
            Change::SnapshotTaken(snapshot) => {
                self.set_snapshot(SnapshotId(self.sequence.0), Some(snapshot.clone()));
            }
            Change::SnapshotReleased { snapshot, .. } => self.set_snapshot(*snapshot, None),
            Change::Accepted { .. }
            | Change::AgentInvited { .. }
            | Change::Declined { .. }
            | Change::Held { .. }
            | Change::InteractionSubmitted(_)
            | Change::InvitationRevoked { .. }
            | Change::Locked { .. }
            | Change::PartyJoined { .. }
            | Change::PartyLeft { .. }
            | Change::PlacedInQueue { .. }
            | Change::PlacedInWorkbin { .. }
            | Change::PropertiesChanged { .. }
            | Change::Pulled { .. }
            | Change::Resumed { .. }
            | Change::Returned { .. }
            | Change::RouterPassedOver { .. }
            | Change::RouterTook { .. }
            | Change::RoutingEnded { .. }
            | Change::Stopped { .. }
            | Change::Unlocked { .. } => return self.change_interaction(change),
        }
        None
    }

    fn change_interaction(&mut self, change: &Change) -> Option<Altered> {
        if let Change::InteractionSubmitted(interaction) = change {
            let before = self.interaction(&interaction.id).cloned();
            return Some(self.put(before, interaction.clone()));
        }
        if let Change::AgentInvited { invitation, .. } = change {
            self.last_ticket = self.last_ticket.max(invitation.ticket.0);
        }
        let before = self.interactions.get(change.interaction()?)?.clone();
        let mut after = before.as_ref().clone();
        after.changed_sequence = self.sequence;
        alter(&mut after, change, self);
        Some(self.put(Some(before), Arc::new(after)))
    }

    fn configure(&mut self, change: impl FnOnce(&mut Configuration)) {
        change(Arc::make_mut(&mut self.configuration));
        self.configured_sequence = self.sequence;
        self.news.of_configuration();
    }

    fn register(&mut self, user: &UserId, client_type: ClientType, properties_changed: bool) {
        let client = Client {
            client_type,
            properties_changed,
            presence: Presence::Unknown,
            leaves_at: None,
        };
        self.set_client(user, Some(client));
    }

    fn log_in(&mut self, user: &UserId, place: &PlaceId, media: &[MediaType]) {
        let mut agent = self.agents.get(user).map_or_else(
            || Agent {
                place: place.clone(),
                media: Arc::default(),
                logged_in_at: self.at,
                last_request_at: self.at,
                idle_since: self.at,
                presence: Presence::Unknown,
            },
            |known| known.as_ref().clone(),
        );
        self.seat(&agent.place, user, false);
        self.seat(place, user, true);
        agent.place = place.clone();
        // Who logs in is there; whether by a push session, the hub tells next.
        if let Presence::LostAt(_) = agent.presence {
            agent.presence = Presence::Unknown;
        }
        let known = Arc::make_mut(&mut agent.media);
        for medium in media {
            known.entry(medium.clone()).or_insert(MediaState {
                is_ready: false,
                reason: None,
                chosen: None,
                since: self.at,
            });
        }
        self.agents.insert_mut(user.clone(), Arc::new(agent));
        self.news.of_agent(user);
    }

    fn log_out(&mut self, user: &UserId) {
        if let Some(agent) = self.agents.get(user) {
            let place = agent.place.clone();
            self.seat(&place, user, false);
        }
        self.agents.remove_mut(user);
        self.news.of_agent(user);
    }

    fn set_media_state(
        &mut self,
        user: &UserId,
        media: &MediaType,
        is_ready: bool,
        reason: &Option<String>,
        chosen: &Option<ChosenState>,
    ) {
        let Some(agent) = self.agents.get(user) else {
            return;
        };
        let mut agent = agent.as_ref().clone();
        let state = MediaState {
            is_ready,
            reason: reason.clone(),
            chosen: chosen.clone(),
            since: self.at,
        };
        Arc::make_mut(&mut agent.media).insert(media.clone(), state);
        self.agents.insert_mut(user.clone(), Arc::new(agent));
        self.news.of_agent(user);
    }

    fn set_presence(&mut self, user: &UserId, present: bool) {
        let presence = if present {
            Presence::Present
        } else {
            Presence::LostAt(self.at)
        };
        if let Some(client) = self.clients.get(user) {
            let client = client.clone();
            self.set_client(user, Some(Client { presence, ..client }));
        }
        if let Some(agent) = self.agents.get(user) {
            let mut agent = agent.as_ref().clone();
            agent.presence = presence;
            self.agents.insert_mut(user.clone(), Arc::new(agent));
            self.news.of_agent(user);
        }
    }

    /// A client that registers anew keeps its place among the others. Nobody but who routes this queue becomes another.
    fn set_address(&mut self, user: &UserId, address: &Address, mode: Option<RegisterMode>) {
        if let Address::Queue(queue) = address {
            let waiting = self.waiting.get(queue).into_iter();
            for media in waiting.flat_map(Map::keys) {
                self.news.of_queue(queue, media);
            }
        }
        let known = self.addresses.get(address);
        let mut registered = known.map(|known| known.to_vec()).unwrap_or_default();
        match (registered.iter_mut().find(|it| it.user == *user), mode) {
            (Some(found), Some(mode)) => found.mode = mode,
            (None, Some(mode)) => registered.push(Registration {
                user: user.clone(),
                mode,
            }),
            (_, None) => registered.retain(|it| it.user != *user),
        }
        if registered.is_empty() {
            self.addresses.remove_mut(address);
        } else {
            self.addresses
                .insert_mut(address.clone(), Arc::new(registered));
        }
    }

    fn set_subscription(&mut self, agent: &UserId, workbin: &WorkbinRef, present: bool) {
        let known = self.subscriptions.get(workbin);
        let mut agents: BTreeSet<UserId> = known
            .map(|agents| agents.as_ref().clone())
            .unwrap_or_default();
        if present {
            agents.insert(agent.clone());
        } else {
            agents.remove(agent);
        }
        if agents.is_empty() {
            self.subscriptions.remove_mut(workbin);
        } else {
            self.subscriptions
                .insert_mut(workbin.clone(), Arc::new(agents));
        }
    }
}
