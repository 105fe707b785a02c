//! GetWorkbinContent: what is in a workbin.

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Refusal, Role};
use crate::engine::{Change, Outcome, Turn};

/// Parameters of GetWorkbinContent (seed 004) and RequestGetWorkbinContent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetWorkbinContent {
    #[serde(alias = "workbinTypeId", alias = "workbinId")]
    workbin: String,
}

impl GetWorkbinContent {
    pub(super) const SPEC: &Spec = &Spec {
        name: "GetWorkbinContent",
        aliases: &["RequestGetWorkbinContent"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Gives the content of a workbin, in the reply and by CometD",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_agent()?;
        let workbin = turn.workbin(&self.workbin, &agent)?;
        let content = turn.state().workbin_content(&workbin);
        let interactions = content.map(|interaction| interaction.id.clone()).collect();
        turn.record(Change::WorkbinRead(workbin.clone()));
        Ok(Outcome::WorkbinContent {
            workbin,
            interactions,
        })
    }
}
