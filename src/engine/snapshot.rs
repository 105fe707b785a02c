//! A state as bytes, to go on from when the steps before it are gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::announce::Channel;
use super::registration::Registration;
use super::schedule::News;
use super::{Client, FirstAnswer, State};
use crate::domain::{
    Address, Agent, Configuration, Interaction, Sequence, Snapshot, SnapshotId, Timestamp, UserId,
    WorkbinRef,
};

/// Interactions in one part of a state.
const PART_LEN: usize = 64;

/// The records of a state, or some of them. Its indexes are functions of them, and are made anew.
#[derive(Default, Serialize, Deserialize)]
struct Records {
    sequence: Sequence,
    at: Timestamp,
    configuration: Arc<Configuration>,
    #[serde(default)]
    configured_sequence: Sequence,
    clients: Vec<(UserId, Client)>,
    agents: Vec<(UserId, Arc<Agent>)>,
    addresses: Vec<(Address, Arc<Vec<Registration>>)>,
    subscriptions: Vec<(WorkbinRef, Arc<BTreeSet<UserId>>)>,
    interactions: Vec<Arc<Interaction>>,
    stopped: Vec<Arc<Interaction>>,
    #[serde(default)]
    snapshots: Vec<(SnapshotId, Arc<Snapshot>)>,
    last_ticket: u64,
    heard: Vec<(UserId, Channel, Sequence)>,
    #[serde(default)]
    first_answers: Vec<Arc<FirstAnswer>>,
}

/// A part of a state, read.
pub struct StatePart(Records);

/// A state that is put together from its parts, in any order.
#[derive(Default)]
pub struct StateParts {
    state: State,
    clients: Vec<(UserId, Client)>,
}

impl State {
    /// The state as JSON texts without line breaks, each a part of it that is made when it is asked for: a large state
    /// never is in memory as text.
    pub fn snapshot_parts(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        let first = std::iter::once_with(|| text(&self.records_without_interactions()));
        let interactions = parts_of(self.interactions.values(), |interactions| Records {
            interactions,
            ..Records::default()
        });
        let stopped = parts_of(self.stopped.values(), |stopped| Records {
            stopped,
            ..Records::default()
        });
        first.chain(interactions).chain(stopped)
    }

    fn records_without_interactions(&self) -> Records {
        Records {
            sequence: self.sequence,
            at: self.at,
            configuration: self.configuration.clone(),
            configured_sequence: self.configured_sequence,
            clients: pairs(self.clients.iter()),
            agents: pairs(self.agents.iter()),
            addresses: pairs(self.addresses.iter()),
            subscriptions: pairs(self.subscriptions.iter()),
            interactions: Vec::new(),
            stopped: Vec::new(),
            snapshots: pairs(self.snapshots.iter()),
            last_ticket: self.last_ticket,
            heard: self
                .heard
                .iter()
                .flat_map(|(user, heard)| heard.iter().map(|(at, it)| (user.clone(), at, it)))
                .collect(),
            first_answers: self.first_answers.iter().cloned().collect(),
        }
    }
}

impl StatePart {
    /// Reads a part, or a whole state.
    ///
    /// # Errors
    /// It is neither.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(text).map(Self)
    }
}

impl StateParts {
    /// Adds a part.
    pub fn add(&mut self, StatePart(records): StatePart) {
        let state = &mut self.state;
        // One part has what there is one of.
        if records.sequence > state.sequence {
            state.sequence = records.sequence;
            state.at = records.at;
            state.configuration = records.configuration;
            state.configured_sequence = records.configured_sequence;
            state.last_ticket = records.last_ticket;
        }
        for (address, registered) in records.addresses {
            state.addresses.insert_mut(address, registered);
        }
        for (workbin, subscribed) in records.subscriptions {
            state.subscriptions.insert_mut(workbin, subscribed);
        }
        for (user, agent) in records.agents {
            state.seat(&agent.place, &user, true);
            state.agents.insert_mut(user, agent);
        }
        for (user, channel, sequence) in records.heard {
            state.hear(&user, channel, sequence);
        }
        for interaction in records.interactions {
            state.index_whole(&interaction);
            let id = interaction.id.clone();
            state.interactions.insert_mut(id, interaction);
        }
        for interaction in records.stopped {
            state.keep_stopped(&interaction);
        }
        for (id, snapshot) in records.snapshots {
            state.set_snapshot(id, Some(snapshot));
        }
        if !records.first_answers.is_empty() {
            state.first_answers = records.first_answers.into_iter().collect();
        }
        self.clients.extend(records.clients);
    }

    /// The whole state.
    pub fn finish(self) -> State {
        let Self { mut state, clients } = self;
        for (user, client) in clients {
            state.set_client(&user, Some(client));
        }
        state.news = News::default();
        state
    }
}

/// Parts of so many interactions each.
fn parts_of<'a>(
    mut interactions: impl Iterator<Item = &'a Arc<Interaction>>,
    records: impl Fn(Vec<Arc<Interaction>>) -> Records,
) -> impl Iterator<Item = Vec<u8>> {
    std::iter::from_fn(move || {
        let part: Vec<_> = interactions.by_ref().take(PART_LEN).cloned().collect();
        (!part.is_empty()).then(|| text(&records(part)))
    })
}

fn text(records: &Records) -> Vec<u8> {
    serde_json::to_vec(records).expect("records are plain data with no keys but strings")
}

fn pairs<'a, K: Clone + 'a, V: Clone + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
) -> Vec<(K, V)> {
    entries
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
