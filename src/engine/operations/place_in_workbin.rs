//! PlaceInWorkbin: the agent parks the interaction, or a supervisor moves what waits.

use std::sync::Arc;

use serde::Deserialize;

use super::place_in_queue::may_place;
use super::{Gateway, Reply, Spec};
use crate::domain::{Interaction, Refusal, Role, WorkbinRef};
use crate::engine::{Outcome, Turn};

/// Parameters of PlaceInWorkbin (seed 004) and RequestPlaceInWorkbin: an agent names a workbin of his, whoever has none of his
/// own names it as `<workbin>.<owner>`.
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
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Places the interaction in a workbin, to continue with it later",
        guard: Some(may_place),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let workbin = self.target(turn)?;
        turn.place_in_workbin(&interaction.id, workbin);
        Ok(Outcome::Acknowledged)
    }

    fn target(&self, turn: &Turn<'_>) -> Result<WorkbinRef, Refusal> {
        match turn.head().actor.agent() {
            Some(agent) => turn.workbin(&self.workbin, agent),
            None => {
                let found = turn.state().configuration.workbin(&self.workbin);
                found.ok_or_else(|| Refusal::not_found("workbin", &self.workbin))
            }
        }
    }
}
