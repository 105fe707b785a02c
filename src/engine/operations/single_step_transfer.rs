//! SingleStepTransfer (wire name Transfer) and RequestTransfer: an agent passes the interaction on.

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Interaction, Purpose, QueueName, Refusal, RefusalKind, Role, UserId};
use crate::engine::turn::owns;
use crate::engine::{Outcome, Turn};

/// Parameters: one of `userId`, `userUri` / `targetUri` (of a user or a queue) and `queueName`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SingleStepTransfer {
    #[serde(alias = "agentId")]
    user_id: Option<UserId>,
    #[serde(alias = "targetUri")]
    user_uri: Option<String>,
    #[serde(alias = "queue")]
    queue_name: Option<QueueName>,
}

impl SingleStepTransfer {
    pub(super) const SPEC: &Spec = &Spec {
        name: "SingleStepTransfer",
        aliases: &["Transfer", "RequestTransfer"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::Interaction,
        summary: "Invites another agent to take the interaction over; the sender owns it until then",
        guard: Some(may_transfer),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        match self.target()? {
            Target::Queue(queue) => {
                turn.place_in_queue(&interaction.id, &queue)?;
                Ok(Outcome::Acknowledged)
            }
            Target::User(to) => {
                let by = turn.user()?;
                check_target(turn, &to, interaction)?;
                let reference_id = turn.head().reference_id;
                turn.invite(&interaction.id, &to, Purpose::Transfer { by, reference_id });
                Ok(Outcome::Invited(interaction.id.clone()))
            }
        }
    }

    fn target(self) -> Result<Target, Refusal> {
        if let Some(user) = self.user_id {
            return Ok(Target::User(user));
        }
        if let Some(queue) = self.queue_name {
            return Ok(Target::Queue(queue));
        }
        let uri = self.user_uri.ok_or_else(|| Refusal::missing("userId"))?;
        let mut segments = uri.rsplit('/');
        match (segments.next(), segments.next()) {
            (Some(id), Some("users")) => UserId::parse(id).map(Target::User),
            (Some(id), Some("queues")) => QueueName::parse(id).map(Target::Queue),
            _ => Err(Refusal::invalid_value("userUri", &uri)),
        }
    }
}

enum Target {
    User(UserId),
    Queue(QueueName),
}

/// An agent invites one who is logged in for the medium and has no part in the interaction; it is between people, so that
/// neither his readiness nor his capacity is asked.
pub(super) fn check_target(
    turn: &Turn<'_>,
    to: &UserId,
    interaction: &Interaction,
) -> Result<(), Refusal> {
    if interaction.has_party(to) {
        return Err(Refusal::invalid_value("userId", to.as_str()));
    }
    let state = turn.state();
    match state.agents.get(to) {
        Some(agent) if agent.media.contains_key(&interaction.media_type) => turn.check_hold(to, 1),
        Some(_) => Err(Refusal::new(
            RefusalKind::AgentUnavailable,
            "The agent is not logged in for this medium",
        )),
        None if state.configuration.users.contains_key(to) => Err(Refusal::new(
            RefusalKind::AgentUnavailable,
            "The agent is not logged in",
        )),
        None => Err(Refusal::not_found("agent", to.as_str())),
    }
}

fn may_transfer(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    owns(interaction, actor)?;
    match interaction.invitation() {
        None => Ok(()),
        Some(_) => Err(Refusal::invalid_state(
            "An invitation to this interaction is pending",
        )),
    }
}
