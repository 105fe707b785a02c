//! A state as bytes, to go on from when the steps before it are gone.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::announce::Channel;
use super::index::entries;
use super::registration::Registration;
use super::{Client, FirstAnswer, State};
use crate::domain::{
    Address, Agent, Configuration, Interaction, Sequence, Snapshot, SnapshotId, Timestamp, UserId,
    WorkbinRef,
};

/// The records of a state. Its indexes are functions of them, and are made anew.
#[derive(Serialize, Deserialize)]
struct Records {
    sequence: Sequence,
    at: Timestamp,
    configuration: Arc<Configuration>,
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

impl State {
    /// The state as JSON text.
    pub fn to_snapshot(&self) -> Vec<u8> {
        let records = Records {
            sequence: self.sequence,
            at: self.at,
            configuration: self.configuration.clone(),
            clients: pairs(self.clients.iter()),
            agents: pairs(self.agents.iter()),
            addresses: pairs(self.addresses.iter()),
            subscriptions: pairs(self.subscriptions.iter()),
            interactions: self.interactions.values().cloned().collect(),
            stopped: self.stopped.values().cloned().collect(),
            snapshots: pairs(self.snapshots.iter()),
            last_ticket: self.last_ticket,
            heard: self
                .heard
                .iter()
                .map(|((user, channel), sequence)| (user.clone(), *channel, *sequence))
                .collect(),
            first_answers: self.first_answers.iter().cloned().collect(),
        };
        serde_json::to_vec(&records).expect("records are plain data with no keys but strings")
    }

    /// The state that a snapshot was made of.
    ///
    /// # Errors
    /// It is no snapshot.
    pub fn from_snapshot(text: &[u8]) -> Result<Self, serde_json::Error> {
        let records: Records = serde_json::from_slice(text)?;
        let mut state = Self {
            sequence: records.sequence,
            at: records.at,
            configuration: records.configuration,
            addresses: records.addresses.into_iter().collect(),
            subscriptions: records.subscriptions.into_iter().collect(),
            last_ticket: records.last_ticket,
            first_answers: records.first_answers.into_iter().collect(),
            ..Self::default()
        };
        for (user, channel, sequence) in records.heard {
            state.heard.insert_mut((user, channel), sequence);
        }
        for interaction in records.interactions {
            entries(&interaction).for_each(|entry| state.index(entry, true));
            let id = interaction.id.clone();
            state.interactions.insert_mut(id, interaction);
        }
        for interaction in records.stopped {
            let (id, sequence) = (interaction.id.clone(), interaction.changed_sequence);
            state.stopped_order.insert_mut((sequence, id.clone()));
            state.stopped.insert_mut(id, interaction);
        }
        for (id, snapshot) in records.snapshots {
            state.set_snapshot(id, Some(snapshot));
        }
        for (user, client) in records.clients {
            state.set_client(&user, Some(client));
        }
        state.agents = records.agents.into_iter().collect();
        state.refresh_agents();
        Ok(state)
    }
}

fn pairs<'a, K: Clone + 'a, V: Clone + 'a>(
    entries: impl Iterator<Item = (&'a K, &'a V)>,
) -> Vec<(K, V)> {
    entries
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
