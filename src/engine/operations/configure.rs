//! The server's own request that configures an empty contact centre (design D16).

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Configuration, Refusal};
use crate::engine::{Change, Outcome, Turn};

/// The whole configuration anew.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Configure(pub Box<Configuration>);

impl Configure {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestConfigure",
        aliases: &[],
        roles: &[],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Configures the contact centre",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        turn.record(Change::CentreConfigured(self.0));
        Ok(Outcome::Unasked)
    }
}
