//! Reject: an invited agent declines the interaction, and it is offered elsewhere.

use std::sync::Arc;

use serde::Deserialize;

use super::accept::open_invitation;
use super::{Gateway, Reply, Spec};
use crate::domain::{Interaction, Refusal, Role, Ticket};
use crate::engine::turn::invited;
use crate::engine::{Change, Outcome, Turn};

/// Parameters of Reject (seed 004) and RequestReject.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reject {
    ticket_id: Option<Ticket>,
}

impl Reject {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Reject",
        aliases: &["RequestReject"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Declines an invitation; the interaction is offered to another agent",
        guard: Some(invited),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let (agent, ticket) = open_invitation(turn, interaction, self.ticket_id)?;
        turn.record(Change::Declined {
            interaction: interaction.id.clone(),
            agent,
            ticket,
        });
        Ok(Outcome::Acknowledged)
    }
}
