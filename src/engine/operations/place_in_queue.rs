//! PlaceInQueue: the agent gives the interaction to whoever takes it from a queue.

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Interaction, QueueName, Refusal, Role};
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
        roles: &[Role::Agent],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Places the interaction in a queue, where another agent continues with it",
        guard: Some(owns),
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
