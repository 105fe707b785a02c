//! What each change says to parties; of interactions it is the `scene` that does.

use std::collections::BTreeMap;

use super::answer::{about_address, answer};
use super::reporting::place_agent_state;
use super::saying::{acted, interaction_management};
use super::{Announcer, Body};
use crate::domain::{Address, Agent, Attributes, Event, MediaType, Refusal, SnapshotId, UserId};
use crate::engine::operations::{AgentLogin, ApplyConfiguration, ChangeConfiguration, Configure};
use crate::engine::{Change, Head, Outcome, State};

impl Announcer {
    /// Says the answer to the requester, before everything else that the step says.
    pub(super) fn say_answer(&mut self, state: &State, head: &Head, outcome: &Outcome) {
        let Some(party) = head.actor.party() else {
            return;
        };
        let Some(user) = party.user().cloned() else {
            return;
        };
        if let Some(message) = answer(state, head, outcome) {
            self.said
                .insert(0, (user.clone(), Body::Event(Box::new(message))));
        }
        if let Outcome::ReportingStarted { interactions } = outcome {
            self.say_state(state, head, &user, *interactions);
        }
        if let Outcome::WorkbinContent {
            workbin,
            interactions,
        } = outcome
        {
            let interactions = interactions
                .iter()
                .filter_map(|id| state.interaction(id).cloned())
                .collect();
            let body = Body::WorkbinContent {
                workbin: workbin.clone(),
                interactions,
            };
            self.said.push((user, body));
        }
    }

    /// What a change of anything but an interaction says.
    pub(super) fn say_of_agents(&mut self, state: &State, head: &Head, change: &Change) {
        match change {
            Change::AddressUnregistered { user, address } => {
                self.say_gone_address(state, head, user, address);
            }
            Change::AgentLoggedIn {
                again: true,
                agent,
                media,
                ..
            } => {
                self.say_media_added(state, head, agent, media);
                self.say_media(state, head, agent);
            }
            Change::AgentLoggedIn { agent, place, .. } => {
                let found = state.agents.get(agent);
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    place: Some(place.clone()),
                    media_states: found.map(|found| media_states(found)),
                    ..acted(head)
                };
                self.report(state, Event::AgentLogin, &attributes);
                self.say_status(state, agent);
            }
            Change::AgentLoggedOut { agent } => {
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    ..acted(head)
                };
                self.report(state, Event::AgentLogout, &attributes);
                self.say_closed(head, agent, attributes);
            }
            Change::MediaStateChanged { agent, .. } => self.say_media(state, head, agent),
            Change::SnapshotReleased { snapshot, owner } => {
                self.say_released(head, *snapshot, owner);
            }
            Change::Accepted { .. }
            | Change::AddressRegistered { .. }
            | Change::AgentInvited { .. }
            | Change::CentreConfigured(_)
            | Change::ConfigurationApplied(_)
            | Change::ConfigurationChanged(_)
            | Change::ClientRegistered { .. }
            | Change::ClientUnregistered { .. }
            | Change::Declined { .. }
            | Change::Held { .. }
            | Change::Locked { .. }
            | Change::InteractionSubmitted(_)
            | Change::InvitationRevoked { .. }
            | Change::PartyJoined { .. }
            | Change::PartyLeft { .. }
            | Change::PlacedInQueue { .. }
            | Change::PlacedInWorkbin { .. }
            | Change::PresenceChanged { .. }
            | Change::PropertiesChanged { .. }
            | Change::Pulled { .. }
            | Change::Resumed { .. }
            | Change::Returned { .. }
            | Change::RouterPassedOver { .. }
            | Change::RouterTook { .. }
            | Change::RoutingEnded { .. }
            | Change::SnapshotTaken(_)
            | Change::Stopped { .. }
            | Change::Unlocked { .. }
            | Change::WorkbinRead(_)
            | Change::WorkbinSubscribed { .. }
            | Change::WorkbinUnsubscribed { .. } => {}
        }
    }

    /// A snapshot ended by itself; who releases one hears the answer to his request.
    fn say_released(&mut self, head: &Head, snapshot: SnapshotId, owner: &UserId) {
        if head.actor.user() != Some(owner) {
            let attributes = Attributes {
                snapshot: Some(snapshot),
                ..acted(head)
            };
            let message = interaction_management(Event::SnapshotReleased, attributes);
            self.said
                .push((owner.clone(), Body::Event(Box::new(message))));
        }
    }

    /// A second login brings media that the first one did not have (interaction-models 2.3, race r23).
    fn say_media_added(&mut self, state: &State, head: &Head, agent: &UserId, added: &[MediaType]) {
        let found = state.agents.get(agent);
        for medium in added {
            let attributes = Attributes {
                agent: Some(agent.clone()),
                place: found.map(|found| found.place.clone()),
                media: Some(medium.clone()),
                ..acted(head)
            };
            self.report(state, Event::MediaAdded, &attributes);
        }
    }

    /// What became of an agent's media.
    fn say_media(&mut self, state: &State, head: &Head, agent: &UserId) {
        if let Some(found) = state.agents.get(agent) {
            let attributes = place_agent_state(state, head, agent, found);
            self.report(state, Event::PlaceAgentState, &attributes);
            self.say_status(state, agent);
        }
    }

    /// A login that logs the agent out first: his application there is told that another one took its place.
    fn say_closed(&mut self, head: &Head, agent: &UserId, attributes: Attributes) {
        if head.request == AgentLogin::SPEC.name {
            let message = interaction_management(Event::AgentConnectionClosed, attributes);
            self.said
                .push((agent.clone(), Body::Event(Box::new(message))));
        }
    }

    /// The configuration took a registered address away: EventUnregistered without a reference, and with the reason
    /// (seed 003, note a). A client that leaves hears the answer to its request instead.
    fn say_gone_address(&mut self, state: &State, head: &Head, user: &UserId, address: &Address) {
        let configures = [
            Configure::SPEC.name,
            ChangeConfiguration::SPEC.name,
            ApplyConfiguration::SPEC.name,
        ];
        if configures.contains(&head.request.as_str()) {
            let refusal = Refusal::not_found("address", &address.to_string());
            let attributes = Attributes {
                refusal: Some(refusal),
                ..Attributes::default()
            };
            let message = about_address(state, Event::Unregistered, address, attributes);
            self.said
                .push((user.clone(), Body::Event(Box::new(message))));
        }
    }

    fn say_status(&mut self, state: &State, agent: &UserId) {
        let Some(found) = state.agents.get(agent) else {
            return;
        };
        let free = |media| {
            state
                .capacity(media)
                .saturating_sub(state.load(agent, media))
        };
        let capacities = found
            .media
            .keys()
            .map(|media| (media.clone(), free(media)))
            .collect();
        let attributes = Attributes {
            agent: Some(agent.clone()),
            media_states: Some(media_states(found)),
            media_capacities: Some(capacities),
            interaction_ids: Some(state.involved(agent).map(|it| it.id.clone()).collect()),
            ..Attributes::default()
        };
        let message = interaction_management(Event::CurrentAgentStatus, attributes);
        self.said
            .push((agent.clone(), Body::Event(Box::new(message))));
    }
}

pub(super) fn media_states(agent: &Agent) -> BTreeMap<MediaType, bool> {
    let states = agent.media.iter();
    states
        .map(|(media, state)| (media.clone(), state.is_ready))
        .collect()
}
