//! Accept: an invited agent takes the interaction.

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Interaction, Refusal, RefusalKind, Role, Ticket};
use crate::engine::turn::invited;
use crate::engine::{Change, Outcome, Turn};

/// Parameters of Accept (seed 004) and RequestAccept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accept {
    ticket_id: Option<Ticket>,
}

impl Accept {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Accept",
        aliases: &["RequestAccept"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Accepts an invitation; the agent owns the interaction from then on",
        guard: Some(invited),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let (agent, ticket) = open_invitation(turn, interaction, self.ticket_id)?;
        turn.record(Change::Accepted {
            interaction: interaction.id.clone(),
            agent,
            ticket,
            handling_timeout_ms: turn.handling_timeout_ms(),
        });
        Ok(Outcome::Acknowledged)
    }
}

/// The agent and the ticket of the open invitation, which must be the one that the agent means.
pub(super) fn open_invitation(
    turn: &Turn<'_>,
    interaction: &Interaction,
    ticket: Option<Ticket>,
) -> Result<(crate::domain::UserId, Ticket), Refusal> {
    let agent = turn.logged_in_agent()?;
    let open = interaction.invitation().map(|invitation| invitation.ticket);
    match open {
        Some(open) if ticket.is_none_or(|meant| meant == open) => Ok((agent, open)),
        _ => Err(Refusal::new(
            RefusalKind::InvitationEnded,
            "The ticket is not that of the open invitation",
        )),
    }
}
