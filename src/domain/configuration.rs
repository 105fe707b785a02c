//! What a contact centre consists of: users, queues, workbins, capacities, times.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    Address, AgentStateName, ChosenState, GroupName, MediaType, QueueName, Role, SkillName, UserId,
    WellKnownState, WorkbinName, WorkbinRef,
};

/// The configuration of one contact centre; journalled, so that a replay sees what was then.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Configuration {
    /// Users by user name.
    pub users: BTreeMap<UserId, User>,
    /// Who was removed, and is not let in by a token that he still has.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub removed_users: BTreeSet<UserId>,
    /// Interaction queues by name.
    pub queues: BTreeMap<QueueName, Queue>,
    /// Workbin types by name.
    pub workbins: BTreeMap<WorkbinName, Workbin>,
    /// Media, with how many interactions of each an agent may have at once.
    pub capacity: BTreeMap<MediaType, u32>,
    /// States in which agents are not ready, by the `operationName` that leads to them, besides the well-known ones.
    pub agent_states: BTreeMap<AgentStateName, AgentState>,
    /// Times that decide what the engine does.
    pub timing: Timing,
    /// What a second login of an agent who is logged in does.
    pub allow_multiple_agent_connections: MultipleConnections,
}

/// What a second login of an agent who is logged in does (`allow-multiple-agent-connections`, race r23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MultipleConnections {
    /// It adds its media to the first.
    #[default]
    #[serde(rename = "true")]
    Allowed,
    /// It is refused, unless the first one's application is lost.
    #[serde(rename = "false")]
    Refused,
    /// It logs the first out, unless that one's application is lost.
    #[serde(rename = "force-logout")]
    ForceLogout,
}

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// What the user may do.
    pub roles: BTreeSet<Role>,
    /// Groups that the user belongs to.
    pub groups: BTreeSet<GroupName>,
    /// Skills with their levels.
    pub skills: BTreeMap<SkillName, u32>,
    /// Argon2 hash of the password (PHC string); without one the user has no password.
    pub password_hash: Option<String>,
}

/// A state in which an agent is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentState {
    /// What people call it.
    pub display_name: String,
    /// Its identifier, where clients know it by one; else its name is.
    #[serde(default)]
    pub id: Option<String>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// The medium of its interactions.
    pub media_type: MediaType,
    /// Skills that the built-in router asks for, with the least level.
    #[serde(default)]
    pub skills: BTreeMap<SkillName, u32>,
    /// Groups whose agents may pull from it.
    #[serde(default)]
    pub pull_groups: BTreeSet<GroupName>,
}

/// A workbin type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workbin {
    /// What people call it.
    pub display_name: String,
    /// Whose it is.
    pub kind: WorkbinKind,
}

/// Whose a workbin of a type is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorkbinKind {
    /// Every agent has one of his own.
    Agent,
    /// The members of the group share one.
    AgentGroup(GroupName),
}

/// Times that decide what the engine does, in milliseconds (design sections 5 and 6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How long an invitation stays open.
    pub delivery_timeout_ms: u64,
    /// How long the owner of an interaction may stay silent.
    pub handling_timeout_ms: u64,
    /// How long a router may keep an interaction.
    pub routing_timeout_ms: u64,
    /// How long after declining an agent is not offered the same interaction again, nor is a router that kept it beyond
    /// the routing timeout.
    pub reoffer_delay_ms: u64,
    /// How long an agent who declined is passed over for one who did not.
    pub pass_over_ms: u64,
    /// How long after an agent's last push session ended his invitations stay open.
    pub invitation_grace_ms: u64,
    /// How long after an agent's last push session ended he keeps his interactions.
    pub ownership_grace_ms: u64,
    /// How long a snapshot of interactions lasts that nobody releases.
    pub snapshot_timeout_ms: u64,
    /// How long a request that comes again under its `Idempotency-Key` gets its first answer.
    pub idempotency_key_ttl_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            delivery_timeout_ms: 30_000,
            handling_timeout_ms: 180 * 60_000,
            routing_timeout_ms: 720 * 60_000,
            reoffer_delay_ms: 5_000,
            pass_over_ms: 60_000,
            invitation_grace_ms: 5_000,
            ownership_grace_ms: 30_000,
            snapshot_timeout_ms: 10 * 60_000,
            idempotency_key_ttl_ms: 24 * 3_600_000,
        }
    }
}

impl Configuration {
    /// The workbins of this user: each agent's own, and those of his groups, with their owners.
    pub fn workbins_of<'a>(
        &'a self,
        user: &'a UserId,
    ) -> impl Iterator<Item = (&'a WorkbinName, &'a Workbin, String)> {
        self.workbins.iter().filter_map(move |(name, workbin)| {
            self.owner_for(workbin, user)
                .map(|owner| (name, workbin, owner))
        })
    }

    /// Every workbin: that of each agent and of each group, by type.
    pub fn all_workbins(&self) -> impl Iterator<Item = WorkbinRef> {
        self.workbins.iter().flat_map(|(name, workbin)| {
            let owners: Vec<String> = match &workbin.kind {
                WorkbinKind::AgentGroup(group) => vec![group.to_string()],
                WorkbinKind::Agent => {
                    let users = self.users.iter();
                    let agents = users.filter(|(_, user)| user.roles.contains(&Role::Agent));
                    agents.map(|(id, _)| id.to_string()).collect()
                }
            };
            owners.into_iter().map(|owner| WorkbinRef {
                name: name.clone(),
                owner,
            })
        })
    }

    /// The workbin of an identifier, `<type>.<owner>`.
    pub fn workbin(&self, id: &str) -> Option<WorkbinRef> {
        self.workbins.iter().find_map(|(name, workbin)| {
            let owner = id.strip_prefix(name.as_str())?.strip_prefix('.')?;
            let is_one = match &workbin.kind {
                WorkbinKind::AgentGroup(group) => group.as_str() == owner,
                WorkbinKind::Agent => UserId::parse(owner).is_ok_and(|user| {
                    let found = self.users.get(&user);
                    found.is_some_and(|user| user.roles.contains(&Role::Agent))
                }),
            };
            is_one.then(|| WorkbinRef {
                name: name.clone(),
                owner: owner.to_owned(),
            })
        })
    }

    /// The owner of the workbin of this type that a user means, if it is his to use.
    pub fn owner_for(&self, workbin: &Workbin, user: &UserId) -> Option<String> {
        match &workbin.kind {
            WorkbinKind::Agent => Some(user.to_string()),
            WorkbinKind::AgentGroup(group) => {
                self.is_member(user, group).then(|| group.to_string())
            }
        }
    }

    /// The state in which an agent is not ready that goes by a name; a well-known one goes before one of the same name here.
    pub fn not_ready_state(&self, name: &str) -> Option<ChosenState> {
        if let Some(known) = WellKnownState::find(name) {
            let is_one = known.state == WellKnownState::NOT_READY.state;
            return is_one.then(|| ChosenState {
                id: known.id.to_owned(),
                display_name: known.display_name.to_owned(),
            });
        }
        let name = AgentStateName::parse(name).ok()?;
        let found = self.agent_states.get(&name)?;
        Some(ChosenState {
            id: found.id.clone().unwrap_or_else(|| name.to_string()),
            display_name: found.display_name.clone(),
        })
    }

    /// Whether there is such an address: a queue, or a user who is an agent.
    pub fn has_address(&self, address: &Address) -> bool {
        match address {
            Address::Queue(queue) => self.queues.contains_key(queue),
            Address::Agent(user) => {
                let found = self.users.get(user);
                found.is_some_and(|found| found.roles.contains(&Role::Agent))
            }
        }
    }

    /// The agent groups: those that somebody belongs to, and those that have a workbin or pull from a queue.
    pub fn groups(&self) -> BTreeSet<&GroupName> {
        let of_users = self.users.values().flat_map(|it| &it.groups);
        let of_queues = self.queues.values().flat_map(|it| &it.pull_groups);
        let of_workbins = self.workbins.values().filter_map(|it| match &it.kind {
            WorkbinKind::Agent => None,
            WorkbinKind::AgentGroup(group) => Some(group),
        });
        of_users.chain(of_queues).chain(of_workbins).collect()
    }

    /// Whether a user belongs to a group.
    pub fn is_member(&self, user: &UserId, group: &GroupName) -> bool {
        self.users
            .get(user)
            .is_some_and(|found| found.groups.contains(group))
    }

    /// Whether an agent may pull from a queue.
    pub fn may_pull(&self, user: &UserId, queue: &QueueName) -> bool {
        self.queues.get(queue).is_some_and(|found| {
            found
                .pull_groups
                .iter()
                .any(|group| self.is_member(user, group))
        })
    }
}
