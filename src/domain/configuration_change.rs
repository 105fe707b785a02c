//! What an administrator changes of a contact centre: one thing at a time, by its name.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    AgentState, AgentStateName, Configuration, MediaType, MultipleConnections, Queue, QueueName,
    Refusal, User, UserId, Workbin, WorkbinName,
};

/// A thing that a contact centre consists of, as it is from now on; none where it is removed. Journalled instead of the whole
/// configuration, so that a change costs what it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ConfigurationChange {
    /// A state in which agents are not ready.
    AgentState(AgentStateName, Option<AgentState>),
    /// A medium, with how many interactions of it an agent may have at once.
    Capacity(MediaType, Option<u32>),
    /// What a second login of an agent does.
    MultipleConnections(MultipleConnections),
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
            Self::MultipleConnections(value) => {
                configuration.allow_multiple_agent_connections = *value;
            }
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
        if !self.is_removal() || self.is_of(configuration) {
            return Ok(());
        }
        let (what, name) = self.named();
        Err(Refusal::not_found(what, name))
    }

    /// Whether it takes something away.
    pub fn is_removal(&self) -> bool {
        match self {
            Self::AgentState(_, value) => value.is_none(),
            Self::Capacity(_, value) => value.is_none(),
            Self::MultipleConnections(_) => false,
            Self::Queue(_, value) => value.is_none(),
            Self::User(_, value) => value.is_none(),
            Self::Workbin(_, value) => value.is_none(),
        }
    }

    /// Whether it is of something that there is.
    pub fn is_of(&self, configuration: &Configuration) -> bool {
        match self {
            Self::AgentState(name, _) => configuration.agent_states.contains_key(name),
            Self::Capacity(name, _) => configuration.capacity.contains_key(name),
            Self::MultipleConnections(_) => true,
            Self::Queue(name, _) => configuration.queues.contains_key(name),
            Self::User(name, _) => configuration.users.contains_key(name),
            Self::Workbin(name, _) => configuration.workbins.contains_key(name),
        }
    }

    /// What kind of thing it is of, and its name.
    pub fn named(&self) -> (&'static str, &str) {
        match self {
            Self::AgentState(name, _) => ("agent state", name.as_str()),
            Self::Capacity(name, _) => ("medium", name.as_str()),
            Self::MultipleConnections(_) => ("option", "allow_multiple_agent_connections"),
            Self::Queue(name, _) => ("queue", name.as_str()),
            Self::User(name, _) => ("user", name.as_str()),
            Self::Workbin(name, _) => ("workbin type", name.as_str()),
        }
    }

    /// The thing as it is from now on, in the words of `baton.toml`.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::AgentState(_, value) => json!(value),
            Self::Capacity(_, value) => json!(value),
            Self::MultipleConnections(value) => json!(value),
            Self::Queue(_, value) => json!(value),
            Self::User(_, value) => json!(value),
            Self::Workbin(_, value) => json!(value),
        }
    }

    /// The thing as a configuration has it.
    pub(super) fn value_in(&self, configuration: &Configuration) -> Value {
        match self {
            Self::AgentState(name, _) => json!(configuration.agent_states.get(name)),
            Self::Capacity(name, _) => json!(configuration.capacity.get(name)),
            Self::MultipleConnections(_) => json!(configuration.allow_multiple_agent_connections),
            Self::Queue(name, _) => json!(configuration.queues.get(name)),
            Self::User(name, _) => json!(configuration.users.get(name)),
            Self::Workbin(name, _) => json!(configuration.workbins.get(name)),
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
