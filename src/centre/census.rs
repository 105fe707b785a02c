//! A contact centre in numbers, at one moment.

use std::collections::BTreeMap;

use crate::domain::{Agent, Presence, QueueName, Timestamp, Whereabouts};
use crate::engine::{State, neutral_state};

/// How many of what there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The last durable step.
    pub head: u64,
    /// Interactions that have not been stopped, by state.
    pub interactions: BTreeMap<&'static str, u64>,
    /// The configured queues, and those that still hold what came before they were configured away.
    pub queues: BTreeMap<QueueName, Queued>,
    /// Agents who are logged in, by state.
    pub agents: BTreeMap<&'static str, u64>,
}

/// What is in a queue.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// What waits to be given to somebody.
    pub waiting: u64,
    /// What is held, and given to nobody.
    pub held: u64,
    /// What a snapshot keeps from everybody.
    pub locked: u64,
    /// How long ago, in milliseconds, that came here first which has waited for the longest; 0 if nothing waits.
    pub oldest_ms: u64,
}

/// In which states interactions are told; all of them are there, with 0 where there is none.
const INTERACTION_STATES: [&str; 7] = [
    "Queued",
    "Routing",
    "InWorkbin",
    "Invited",
    "Processing",
    "Composing",
    "Transferring",
];
const AGENT_STATES: [&str; 3] = ["ready", "not_ready", "lost"];

impl Census {
    /// Counts what a state holds, which takes time in proportion to the interactions in it.
    pub(super) fn of(state: &State, now: Timestamp) -> Self {
        let queues = state.configuration.queues.keys();
        let mut census = Self {
            head: state.sequence.0,
            interactions: INTERACTION_STATES.map(|name| (name, 0)).into(),
            queues: queues
                .map(|name| (name.clone(), Queued::default()))
                .collect(),
            agents: AGENT_STATES.map(|name| (name, 0)).into(),
        };
        for interaction in state.interactions.values() {
            *census
                .interactions
                .entry(neutral_state(interaction))
                .or_default() += 1;
            let Whereabouts::Queued(spot) = &interaction.whereabouts else {
                continue;
            };
            let queued = census.queues.entry(spot.queue.clone()).or_default();
            if interaction.locked_by.is_some() {
                queued.locked += 1;
            } else if interaction.held_at.is_some() {
                queued.held += 1;
            } else {
                queued.waiting += 1;
                let came = interaction.moved_to_queue_at.get(&spot.queue);
                let came = came.unwrap_or(&interaction.submitted_at);
                queued.oldest_ms = queued.oldest_ms.max(now.0.saturating_sub(came.0));
            }
        }
        for agent in state.agents.values() {
            *census.agents.entry(state_of(agent)).or_default() += 1;
        }
        census
    }
}

/// `lost` goes before `ready`: who is not there takes nothing.
fn state_of(agent: &Agent) -> &'static str {
    let is_ready = agent.media.values().any(|media| media.is_ready);
    match agent.presence {
        Presence::LostAt(_) => "lost",
        Presence::Present | Presence::Unknown if is_ready => "ready",
        Presence::Present | Presence::Unknown => "not_ready",
    }
}
