//! A reporting engine connects: the state first, then the differences (interaction-models 1.15).

use std::collections::BTreeMap;

use super::events::media_states;
use super::saying::acted;
use super::{Announcer, Body};
use crate::domain::{Agent, Attributes, Event, InteractionId, Message, Protocol, UserId};
use crate::engine::{Head, State, neutral_state};

/// Identifiers that are listed of the interactions in one state; `count` says how many there are.
pub const STATE_IDS_LEN_MAX: usize = 1_000;

impl Announcer {
    /// Says the state to one reporting engine: that of every agent, and that of the interactions if it asks.
    pub(super) fn say_state(&mut self, state: &State, head: &Head, to: &UserId, all: bool) {
        for (agent, found) in state.agents.iter() {
            let attributes = place_agent_state(state, head, agent, found);
            self.tell_reporting(to, Event::PlaceAgentState, attributes);
        }
        if !all {
            return;
        }
        let mut by_state: BTreeMap<&'static str, (usize, Vec<InteractionId>)> = BTreeMap::new();
        for interaction in state.interactions.values() {
            let (count, ids) = by_state.entry(neutral_state(interaction)).or_default();
            *count += 1;
            if ids.len() < STATE_IDS_LEN_MAX {
                ids.push(interaction.id.clone());
            }
        }
        for (name, (count, ids)) in by_state {
            let attributes = Attributes {
                state: Some(name),
                count: Some(count),
                interaction_ids: Some(ids),
                ..acted(head)
            };
            self.tell_reporting(to, Event::InteractionsInState, attributes);
        }
    }

    fn tell_reporting(&mut self, to: &UserId, event: Event, attributes: Attributes) {
        let message = Message {
            event,
            protocol: Protocol::Reporting,
            attributes,
        };
        self.said.push((to.clone(), Body::Event(Box::new(message))));
    }
}

/// What EventPlaceAgentState says: the media of an agent and what he works on.
pub(super) fn place_agent_state(
    state: &State,
    head: &Head,
    user: &UserId,
    agent: &Agent,
) -> Attributes {
    let ids = state.involved(user).map(|it| it.id.clone()).collect();
    Attributes {
        agent: Some(user.clone()),
        place: Some(agent.place.clone()),
        media_states: Some(media_states(agent)),
        interaction_ids: Some(ids),
        ..acted(head)
    }
}
