//! RequestStartPlaceAgentReportingAll: a reporting engine connects (interaction-models 1.15).

use serde::Deserialize;

use super::register_client::require_registered;
use super::{Gateway, Reply, Spec};
use crate::domain::{Refusal, Role};
use crate::engine::{Outcome, Turn};

/// The reporting engine is told the state of every agent who is logged in, and with `interactions` how many
/// interactions are in which state as well. What it hears afterwards are the differences.
#[derive(Clone, Debug, Deserialize)]
pub struct StartReporting {
    #[serde(default)]
    interactions: bool,
}

impl StartReporting {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestStartPlaceAgentReportingAll",
        aliases: &["RequestStartPlaceAgentStateReportingAll"],
        roles: &[Role::Reporting],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Tells a reporting engine the state of every agent, and of the interactions if asked",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        require_registered(turn)?;
        Ok(Outcome::ReportingStarted {
            interactions: self.interactions,
        })
    }
}
