//! What an administrator changes of a contact centre: one thing at a time, by its name.

use serde::{Deserialize, Serialize};

use super::{
    AgentState, AgentStateName, Configuration, MediaType, Queue, QueueName, Refusal, User, UserId,
    Workbin, WorkbinName,
};

/// A thing that a contact centre consists of, as it is from now on; none where it is removed. Journalled instead of the whole
/// configuration, so that a change costs what it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConfigurationChange {
    /// A state in which agents are not ready.
    AgentState(AgentStateName, Option<AgentState>),
    /// A medium, with how many interactions of it an agent may have at once.
    Capacity(MediaType, Option<u32>),
    /// A queue. What waits in a removed one stays there.
    Queue(QueueName, Option<Queue>),
    /// A user. A removed one is not let in any more, until he is put again.
    User(UserId, Option<User>),
    /// A workbin type. What is in the workbins of a removed one stays there.
    Workbin(WorkbinName, Option<Workbin>),
}

impl ConfigurationChange {
    /// Makes the change.
    pub fn apply(&self, configuration: &mut Configuration) {
        match self {
            Self::AgentState(name, value) => put(&mut configuration.agent_states, name, value),
            Self::Capacity(name, value) => put(&mut configuration.capacity, name, value),
            Self::Queue(name, value) => put(&mut configuration.queues, name, value),
            Self::Workbin(name, value) => put(&mut configuration.workbins, name, value),
            Self::User(name, value) => {
                put(&mut configuration.users, name, value);
                match value {
                    Some(_) => configuration.removed_users.remove(name),
                    None => configuration.removed_users.insert(name.clone()),
                };
            }
        }
    }

    /// What is removed is there.
    ///
    /// # Errors
    /// It is not.
    pub fn check_removed(&self, configuration: &Configuration) -> Result<(), Refusal> {
        let (what, name, is_there) = match self {
            Self::AgentState(name, None) => (
                "agent state",
                name.as_str(),
                configuration.agent_states.contains_key(name),
            ),
            Self::Capacity(name, None) => (
                "medium",
                name.as_str(),
                configuration.capacity.contains_key(name),
            ),
            Self::Queue(name, None) => (
                "queue",
                name.as_str(),
                configuration.queues.contains_key(name),
            ),
            Self::User(name, None) => (
                "user",
                name.as_str(),
                configuration.users.contains_key(name),
            ),
            Self::Workbin(name, None) => (
                "workbin type",
                name.as_str(),
                configuration.workbins.contains_key(name),
            ),
            Self::AgentState(_, Some(_))
            | Self::Capacity(_, Some(_))
            | Self::Queue(_, Some(_))
            | Self::User(_, Some(_))
            | Self::Workbin(_, Some(_)) => return Ok(()),
        };
        match is_there {
            true => Ok(()),
            false => Err(Refusal::not_found(what, name)),
        }
    }
}

fn put<K: Clone + Ord, V: Clone>(
    map: &mut std::collections::BTreeMap<K, V>,
    name: &K,
    value: &Option<V>,
) {
    match value {
        Some(value) => map.insert(name.clone(), value.clone()),
        None => map.remove(name),
    };
}
