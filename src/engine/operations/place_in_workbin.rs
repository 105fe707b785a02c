//! PlaceInWorkbin: the agent parks the interaction.

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Interaction, Refusal, Role};
use crate::engine::turn::owns;
use crate::engine::{Outcome, Turn};

/// Parameters of PlaceInWorkbin (seed 004) and RequestPlaceInWorkbin.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlaceInWorkbin {
    #[serde(alias = "workbinTypeId", alias = "workbinId")]
    workbin: String,
}

impl PlaceInWorkbin {
    pub(super) const SPEC: &Spec = &Spec {
        name: "PlaceInWorkbin",
        aliases: &["RequestPlaceInWorkbin"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Places the interaction in a workbin, to continue with it later",
        guard: Some(owns),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let agent = turn.user()?;
        let workbin = turn.workbin(&self.workbin, &agent)?;
        turn.place_in_workbin(&interaction.id, workbin);
        Ok(Outcome::Acknowledged)
    }
}
