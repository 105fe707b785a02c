//! The server's own requests about push sessions: an application is there, is lost, or was lost at a restart.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Presence as AgentPresence, Refusal, UserId};
use crate::engine::{Change, Outcome, Turn};

/// The first push session of a user was opened, or his last one ended.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// Whose.
    pub user_id: UserId,
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
        summary: "Says whether a user's application is there",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let state = turn.state();
        let of_agent = state.agents.get(&self.user_id).map(|agent| agent.presence);
        let of_client = state
            .clients
            .get(&self.user_id)
            .map(|client| client.presence);
        let is_news = |presence: AgentPresence| match presence {
            AgentPresence::Present => !self.present,
            AgentPresence::Unknown | AgentPresence::LostAt(_) => self.present,
        };
        if !of_agent.into_iter().chain(of_client).any(is_news) {
            return Err(Refusal::invalid_state("The user's presence is known"));
        }
        turn.record(Change::PresenceChanged {
            user: self.user_id,
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
        summary: "Gives everybody who had a push session a fresh grace time",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let state = turn.state();
        let agents = state.agents.iter();
        let agents = agents.map(|(user, agent)| (user, agent.presence));
        let clients = state.clients.iter();
        let clients = clients.map(|(user, client)| (user, client.presence));
        let had_session: BTreeSet<UserId> = agents
            .chain(clients)
            .filter(|(_, presence)| *presence != AgentPresence::Unknown)
            .map(|(user, _)| user.clone())
            .collect();
        if had_session.is_empty() {
            return Err(Refusal::invalid_state("Nobody had a push session"));
        }
        for user in had_session {
            turn.record(Change::PresenceChanged {
                user,
                present: false,
            });
        }
        Ok(Outcome::Unasked)
    }
}
