//! Cancel: an agent discards a reply that he has not sent.

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Interaction, Refusal, Role};
use crate::engine::turn::owns;
use crate::engine::{Change, Outcome, Turn};

/// Cancel has no parameters (seed 004).
#[derive(Clone, Debug, Deserialize)]
pub struct Cancel {}

impl Cancel {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Cancel",
        aliases: &["CancelReply"],
        roles: &[Role::Agent],
        reply: Reply::StatusZero,
        gateway: Gateway::Interaction,
        summary: "Discards the draft that Reply or ReplyAll has made",
        guard: Some(owns_draft),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        turn.record(Change::Stopped {
            interaction: interaction.id.clone(),
        });
        Ok(Outcome::Acknowledged)
    }
}

fn owns_draft(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    owns(interaction, actor)?;
    if interaction.is_draft {
        Ok(())
    } else {
        Err(Refusal::invalid_state(
            "Only a draft that Reply or ReplyAll has made can be cancelled",
        ))
    }
}

/// The agent works on the interaction, and it is not a draft.
pub(super) fn owns_finished(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    owns(interaction, actor)?;
    if interaction.is_draft {
        Err(Refusal::invalid_state(
            "A draft is sent or cancelled, not completed",
        ))
    } else {
        Ok(())
    }
}
