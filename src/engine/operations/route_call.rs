//! RequestRouteCall: a router delivers an interaction to an agent, a queue or a workbin, or stops it.

use std::sync::Arc;

use serde::Deserialize;

use super::complete::{not_stopped, stop};
use super::{Gateway, Reply, Spec};
use crate::domain::{
    Actor, Interaction, Purpose, QueueName, Refusal, RefusalKind, Role, Router, UserId, Whereabouts,
};
use crate::engine::{Outcome, State, Turn, routing};

/// Parameters: one target. `placeId` is not needed: an agent is logged in at one place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RouteCall {
    #[serde(alias = "agent")]
    agent_id: Option<UserId>,
    #[serde(alias = "queueName")]
    queue: Option<QueueName>,
    #[serde(alias = "workbinTypeId")]
    workbin: Option<String>,
    workbin_agent_id: Option<UserId>,
    stop: bool,
}

impl RouteCall {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestRouteCall",
        aliases: &["RouteCall"],
        roles: &[Role::Router],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Delivers an interaction to an agent, a queue or a workbin, or stops it",
        guard: Some(has_routing),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let targets = [
            self.agent_id.is_some(),
            self.queue.is_some(),
            self.workbin.is_some(),
            self.stop,
        ];
        if targets.iter().filter(|named| **named).count() > 1 {
            return Err(Refusal::invalid_value("target", "more than one"));
        }
        if self.stop || self.queue.as_ref().is_some_and(is_stop) {
            stop(turn, interaction);
        } else if let Some(agent) = &self.agent_id {
            return deliver(turn, interaction, agent);
        } else if let Some(queue) = &self.queue {
            turn.place_in_queue(&interaction.id, queue)?;
        } else if let Some(named) = &self.workbin {
            let owner = self
                .workbin_agent_id
                .ok_or_else(|| Refusal::missing("workbinAgentId"))?;
            is_agent(turn.state(), &owner)?;
            let workbin = turn.workbin(named, &owner)?;
            turn.place_in_workbin(&interaction.id, workbin);
        } else {
            return Err(Refusal::missing("agentId"));
        }
        Ok(Outcome::Routed(interaction.id.clone()))
    }
}

/// The reference's pseudo-queue for stopping.
fn is_stop(queue: &QueueName) -> bool {
    queue.as_str() == "__STOP__"
}

/// Nobody would ever find the interaction in the workbin of somebody who does not exist.
fn is_agent(state: &State, user: &UserId) -> Result<(), Refusal> {
    let configured = state.configuration.users.get(user);
    if configured.is_some_and(|found| found.roles.contains(&Role::Agent))
        || state.agents.contains_key(user)
    {
        Ok(())
    } else {
        Err(Refusal::not_found("agent", user.as_str()))
    }
}

/// Row 6: the agent must be logged in, ready for the medium and below his capacity.
fn deliver(
    turn: &mut Turn<'_>,
    interaction: &Interaction,
    agent: &UserId,
) -> Result<Outcome, Refusal> {
    if let Whereabouts::Inviting(..) = interaction.whereabouts {
        return Err(Refusal::invalid_state(
            "The interaction is being offered to an agent",
        ));
    }
    if !routing::is_available(turn.state(), agent, &interaction.media_type) {
        return Err(Refusal::new(
            RefusalKind::AgentUnavailable,
            "The agent is not logged in, not ready for the medium, or at capacity",
        ));
    }
    let reference_id = turn.head().reference_id;
    turn.invite(&interaction.id, agent, Purpose::Delivery { reference_id });
    Ok(Outcome::Invited(interaction.id.clone()))
}

fn has_routing(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    not_stopped(interaction)?;
    let router = match actor {
        Actor::User { user, .. } => Router::External(user.clone()),
        Actor::BuiltInRouter | Actor::Server => Router::BuiltIn,
    };
    match interaction.routing() {
        Some(routing) if routing.router == router => Ok(()),
        _ => Err(Refusal::unknown_interaction()),
    }
}
