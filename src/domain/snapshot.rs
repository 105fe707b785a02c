//! A snapshot of the interactions in a view (interaction-models 1.17).

use serde::{Deserialize, Serialize};

use super::{InteractionId, Sequence, Timestamp, UserId};

/// Interactions of a view, as somebody found them there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Who took it, and may use it.
    pub owner: UserId,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The interactions in their order, each with the step that had placed it there (`PlaceInQueueSeq`): one that has
    /// been placed anew since, or taken, has changed its state.
    pub interactions: Vec<(InteractionId, Option<Sequence>)>,
}

impl Snapshot {
    /// The interactions in their order.
    pub fn ids(&self) -> impl Iterator<Item = &InteractionId> {
        self.interactions.iter().map(|(id, _)| id)
    }
}
