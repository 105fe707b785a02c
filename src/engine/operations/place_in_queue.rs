//! PlaceInQueue: an agent gives the interaction to whoever takes it from a queue, or a supervisor moves what waits.

use std::sync::Arc;

use serde::Deserialize;

use super::complete::not_stopped;
use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Interaction, QueueName, Refusal, Role, Whereabouts};
use crate::engine::turn::owns;
use crate::engine::{Outcome, Turn};

/// Parameters of PlaceInQueue (seed 004) and RequestPlaceInQueue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceInQueue {
    #[serde(alias = "queue")]
    queue_name: QueueName,
}

impl PlaceInQueue {
    pub(super) const SPEC: &Spec = &Spec {
        name: "PlaceInQueue",
        aliases: &["RequestPlaceInQueue"],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Places the interaction in a queue, where another agent continues with it",
        guard: Some(may_place),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        turn.place_in_queue(&interaction.id, &self.queue_name)?;
        Ok(Outcome::Acknowledged)
    }
}

/// An agent places what he works on. A supervisor moves what nobody works on: it may wait where it would stay for ever.
pub(super) fn may_place(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    if actor.agent().is_some() {
        return owns(interaction, actor);
    }
    not_stopped(interaction)?;
    match interaction.whereabouts {
        Whereabouts::Queued(_) | Whereabouts::InWorkbin(_) => Ok(()),
        Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_)
        | Whereabouts::Stopped(_) => Err(Refusal::invalid_state(
            "Only an interaction that waits in a queue or a workbin can be moved",
        )),
    }
}
