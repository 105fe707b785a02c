//! Complete and RequestStopProcessing: the interaction ends.

use std::sync::Arc;

use serde::Deserialize;

use super::cancel::owns_finished;
use super::place_in_queue::may_place;
use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Interaction, QueueName, Refusal, RefusalKind, Role, Whereabouts};
use crate::engine::turn::owns;
use crate::engine::{Change, Outcome, Turn};

/// Parameters of Complete (seed 004); with `queueName` the interaction goes to that queue instead of ending.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Complete {
    queue_name: Option<QueueName>,
}

impl Complete {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Complete",
        aliases: &[],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::StatusCode,
        gateway: Gateway::Interaction,
        summary: "Ends the processing of an interaction that the agent works on, or of any for supervisors and administrators",
        guard: Some(may_complete),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        match self.queue_name {
            Some(queue) => {
                may_place(interaction, &turn.head().actor)?;
                turn.place_in_queue(&interaction.id, &queue)?;
            }
            None => stop(turn, interaction),
        }
        Ok(Outcome::Acknowledged)
    }
}

/// RequestStopProcessing (seed 002, variants A to C).
#[derive(Clone, Debug, Deserialize)]
pub struct StopProcessing {}

impl StopProcessing {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestStopProcessing",
        aliases: &["StopProcessing"],
        roles: &[
            Role::Agent,
            Role::MediaServer,
            Role::Supervisor,
            Role::Admin,
        ],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends the processing of an interaction wherever it is",
        guard: Some(may_stop),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        stop(turn, interaction);
        Ok(Outcome::Acknowledged)
    }
}

/// Ends an interaction; an open invitation ends with it (invariant I2), so nothing is revoked first.
pub(super) fn stop(turn: &mut Turn<'_>, interaction: &Interaction) {
    turn.record(Change::Stopped {
        interaction: interaction.id.clone(),
    });
}

fn may_complete(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    not_stopped(interaction)?;
    match actor.agent() {
        Some(_) => owns_finished(interaction, actor),
        None => Ok(()),
    }
}

fn may_stop(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    not_stopped(interaction)?;
    match actor.agent() {
        Some(_) => owns(interaction, actor),
        None => Ok(()),
    }
}

/// The interaction has not been stopped yet.
pub(super) fn not_stopped(interaction: &Interaction) -> Result<(), Refusal> {
    match interaction.whereabouts {
        Whereabouts::Stopped(_) => Err(Refusal::new(
            RefusalKind::AlreadyStopped,
            "The interaction was stopped already",
        )),
        Whereabouts::Queued(_)
        | Whereabouts::InWorkbin(_)
        | Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_) => Ok(()),
    }
}
