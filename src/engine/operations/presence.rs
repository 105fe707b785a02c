//! The server's own requests about push sessions: an agent's application is there, is lost, or was lost at a restart.

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Presence as AgentPresence, Refusal, UserId};
use crate::engine::{Change, Outcome, Turn};

/// The first push session of an agent was opened, or his last one ended.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Whose.
    pub agent_id: UserId,
    /// Whether one is open now.
    pub present: bool,
}

/// The server has started, and push sessions begin anew: who had one gets a fresh grace time.
#[derive(Clone, Debug, Deserialize)]
pub struct Restart {}

impl Presence {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestPresence",
        aliases: &[],
        roles: &[],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Says whether an agent's application is there",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let known = turn.state().agents.get(&self.agent_id);
        let presence = known
            .map(|agent| agent.presence)
            .ok_or_else(|| Refusal::invalid_state("The agent is not logged in"))?;
        let is_news = match presence {
            AgentPresence::Present => !self.present,
            AgentPresence::Unknown | AgentPresence::LostAt(_) => self.present,
        };
        if !is_news {
            return Err(Refusal::invalid_state("The agent's presence is known"));
        }
        turn.record(Change::PresenceChanged {
            agent: self.agent_id,
            present: self.present,
        });
        Ok(Outcome::Unasked)
    }
}

impl Restart {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestRestart",
        aliases: &[],
        roles: &[],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Gives every agent who had a push session a fresh grace time",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let had_session: Vec<UserId> = turn
            .state()
            .agents
            .iter()
            .filter(|(_, agent)| agent.presence != AgentPresence::Unknown)
            .map(|(user, _)| user.clone())
            .collect();
        if had_session.is_empty() {
            return Err(Refusal::invalid_state("No agent had a push session"));
        }
        for agent in had_session {
            turn.record(Change::PresenceChanged {
                agent,
                present: false,
            });
        }
        Ok(Outcome::Unasked)
    }
}
