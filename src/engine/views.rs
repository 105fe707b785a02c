//! What users see of the state: an interaction in the eyes of an agent, and who may know of it.

use super::{State, operations};
use crate::domain::{
    Actor, Interaction, Purpose, Role, Router, UserId, Whereabouts, WorkbinKind, WorkbinRef,
};

/// The state in which an agent sees an interaction of his (gateway-api 2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// He is invited.
    Invited,
    /// He works on it.
    Processing,
    /// He writes it.
    Composing,
    /// He works on it, and another agent is invited to take it over.
    Transferring,
    /// He has finished with it, or passed it on.
    Completed,
    /// It was taken from him.
    Revoked,
}

impl AgentState {
    /// The state on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "Invited",
            Self::Processing => "Processing",
            Self::Composing => "Composing",
            Self::Transferring => "Transferring",
            Self::Completed => "Completed",
            Self::Revoked => "Revoked",
        }
    }
}

/// The state in which an agent sees an interaction; none if he has no part in it.
pub fn agent_state(interaction: &Interaction, agent: &UserId) -> Option<AgentState> {
    if interaction.has_party(agent) {
        let pending = interaction.invitation().map(|open| &open.purpose);
        Some(if matches!(pending, Some(Purpose::Transfer { .. })) {
            AgentState::Transferring
        } else if interaction.is_draft {
            AgentState::Composing
        } else {
            AgentState::Processing
        })
    } else {
        interaction.invites(agent).then_some(AgentState::Invited)
    }
}

/// The state in which everybody else sees an interaction.
pub fn neutral_state(interaction: &Interaction) -> &'static str {
    match &interaction.whereabouts {
        Whereabouts::Queued(_) => "Queued",
        Whereabouts::Routing(_) => "Routing",
        Whereabouts::InWorkbin(_) => "InWorkbin",
        Whereabouts::Inviting(..) => "Invited",
        Whereabouts::Stopped(_) => "Completed",
        Whereabouts::Handling(handling) => {
            let agent = handling.parties.first();
            agent
                .and_then(|agent| agent_state(interaction, agent))
                .map_or("Processing", AgentState::as_str)
        }
    }
}

/// What an agent may do with an interaction: the operations whose guards let him pass.
pub fn capabilities(interaction: &Interaction, agent: &UserId) -> Vec<&'static str> {
    let actor = Actor::User {
        user: agent.clone(),
        role: Role::Agent,
    };
    operations::capabilities()
        .filter(|(_, guard)| guard(interaction, &actor).is_ok())
        .map(|(name, _)| name)
        .collect()
}

impl State {
    /// Whether a user in a role may know of an interaction (design section 6, "who sees an interaction").
    pub fn may_see(&self, interaction: &Interaction, user: &UserId, role: Role) -> bool {
        match role {
            Role::Supervisor | Role::Admin | Role::MediaServer => true,
            Role::Reporting => false,
            Role::Router => interaction
                .routing()
                .is_some_and(|routing| routing.router == Router::External(user.clone())),
            Role::Agent => self.agent_may_see(interaction, user),
        }
    }

    fn agent_may_see(&self, interaction: &Interaction, agent: &UserId) -> bool {
        match &interaction.whereabouts {
            Whereabouts::Queued(spot) => {
                interaction.locked_by.is_none() && self.configuration.may_pull(agent, &spot.queue)
            }
            Whereabouts::InWorkbin(workbin) => self.may_use(agent, workbin),
            Whereabouts::Stopped(parties) => parties.contains(agent),
            Whereabouts::Routing(_) => false,
            Whereabouts::Inviting(..) | Whereabouts::Handling(_) => {
                interaction.has_party(agent) || interaction.invites(agent)
            }
        }
    }

    /// Whether a workbin is an agent's own, or that of a group of his.
    pub fn may_use(&self, agent: &UserId, workbin: &WorkbinRef) -> bool {
        let found = self.configuration.workbins.get(&workbin.name);
        found.is_some_and(|found| match &found.kind {
            WorkbinKind::Agent => workbin.owner == agent.as_str(),
            WorkbinKind::AgentGroup(group) => {
                workbin.owner == group.as_str() && self.configuration.is_member(agent, group)
            }
        })
    }
}
