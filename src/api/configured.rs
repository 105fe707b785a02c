//! What a contact centre consists of, as administrators write it: the keys are those that the same resources are shown
//! with, so that what was read can be changed and sent back. Keys that nothing knows are ignored.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::ApiError;
use crate::domain::{
    AgentState, GroupName, MediaType, Queue, Refusal, Role, SkillName, User, Workbin, WorkbinKind,
};

/// Reads a body.
///
/// # Errors
/// A key is missing, or has a value that it cannot have.
pub(super) fn read<T: DeserializeOwned>(body: &Map<String, Value>) -> Result<T, ApiError> {
    T::deserialize(body).map_err(|error| ApiError::invalid(format!("The body is invalid: {error}")))
}

/// A user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UserBody {
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    roles: BTreeSet<Role>,
    #[serde(default)]
    groups: BTreeSet<GroupName>,
    #[serde(default)]
    skills: Vec<Skill>,
}

/// A queue.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueueBody {
    channel: MediaType,
    #[serde(default)]
    skills: Vec<Skill>,
    #[serde(default)]
    pull_groups: BTreeSet<GroupName>,
}

/// A skill with its level.
#[derive(Deserialize)]
struct Skill {
    name: SkillName,
    level: u32,
}

/// A workbin type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WorkbinBody {
    display_name: String,
    #[serde(rename = "type")]
    kind: Kind,
    agent_group: Option<GroupName>,
}

#[derive(Deserialize)]
enum Kind {
    Agent,
    AgentGroup,
}

/// How many interactions of a medium an agent may have at once.
#[derive(Deserialize)]
pub(super) struct CapacityBody {
    pub(super) capacity: u32,
}

/// A state in which agents are not ready.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AgentStateBody {
    display_name: String,
    id: Option<String>,
}

impl UserBody {
    /// The user, without a password.
    pub(super) fn user(self) -> User {
        User {
            first_name: self.first_name,
            last_name: self.last_name,
            roles: self.roles,
            groups: self.groups,
            skills: by_name(self.skills),
            password_hash: None,
        }
    }
}

impl QueueBody {
    /// The queue.
    pub(super) fn queue(self) -> Queue {
        Queue {
            media_type: self.channel,
            skills: by_name(self.skills),
            pull_groups: self.pull_groups,
        }
    }
}

impl WorkbinBody {
    /// The workbin type.
    ///
    /// # Errors
    /// That of a group names none.
    pub(super) fn workbin(self) -> Result<Workbin, Refusal> {
        let kind = match (self.kind, self.agent_group) {
            (Kind::Agent, _) => WorkbinKind::Agent,
            (Kind::AgentGroup, Some(group)) => WorkbinKind::AgentGroup(group),
            (Kind::AgentGroup, None) => return Err(Refusal::missing("agentGroup")),
        };
        Ok(Workbin {
            display_name: self.display_name,
            kind,
        })
    }
}

impl AgentStateBody {
    /// The state.
    pub(super) fn agent_state(self) -> AgentState {
        AgentState {
            display_name: self.display_name,
            id: self.id,
        }
    }
}

fn by_name(skills: Vec<Skill>) -> BTreeMap<SkillName, u32> {
    let pairs = skills.into_iter().map(|skill| (skill.name, skill.level));
    pairs.collect()
}
