//! What each change says to parties; of interactions it is the `scene` that does.

use std::collections::BTreeMap;

use super::answer::answer;
use super::saying::{acted, interaction_management};
use super::scene::Scene;
use super::{Announcer, Body};
use crate::domain::{Agent, Attributes, Event, Interaction, MediaType, UserId};
use crate::engine::{Change, Head, Outcome, State};

impl Announcer {
    /// Notes what a change says to parties; `before` is the interaction before it.
    pub(super) fn say_events(
        &mut self,
        state: &State,
        head: &Head,
        before: Option<&Interaction>,
        change: &Change,
    ) {
        let after = change.interaction().and_then(|id| state.interaction(id));
        if let Some(after) = after {
            let mut scene = Scene {
                said: self,
                state,
                head,
                before,
                after: after.clone(),
            };
            scene.say(change);
        } else {
            self.say_of_agents(state, head, change);
        }
    }

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

    fn say_of_agents(&mut self, state: &State, head: &Head, change: &Change) {
        match change {
            Change::AgentLoggedIn { agent, place, .. } => {
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    place: Some(place.clone()),
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
            }
            Change::MediaStateChanged { agent, .. } => {
                let Some(found) = state.agents.get(agent) else {
                    return;
                };
                let ids = state.involved(agent).map(|it| it.id.clone()).collect();
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    place: Some(found.place.clone()),
                    media_states: Some(media_states(found)),
                    interaction_ids: Some(ids),
                    ..acted(head)
                };
                self.report(state, Event::PlaceAgentState, &attributes);
                self.say_status(state, agent);
            }
            Change::Accepted { .. }
            | Change::AddressRegistered { .. }
            | Change::AddressUnregistered { .. }
            | Change::AgentInvited { .. }
            | Change::CentreConfigured(_)
            | Change::ClientRegistered { .. }
            | Change::ClientUnregistered { .. }
            | Change::Declined { .. }
            | Change::Held { .. }
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
            | Change::RouterTook { .. }
            | Change::RoutingEnded { .. }
            | Change::Stopped { .. }
            | Change::WorkbinRead(_)
            | Change::WorkbinSubscribed { .. }
            | Change::WorkbinUnsubscribed { .. } => {}
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
            ..Attributes::default()
        };
        let message = interaction_management(Event::CurrentAgentStatus, attributes);
        self.said
            .push((agent.clone(), Body::Event(Box::new(message))));
    }
}

fn media_states(agent: &Agent) -> BTreeMap<MediaType, bool> {
    let states = agent.media.iter();
    states
        .map(|(media, state)| (media.clone(), state.is_ready))
        .collect()
}
