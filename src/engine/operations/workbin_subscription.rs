//! RequestSubscribeWorkbin and RequestUnsubscribeWorkbin (interaction-models 1.7).

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Refusal, Role};
use crate::engine::{Change, Outcome, Turn};

/// The agent hears from now on what comes into and leaves the workbin.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscribeWorkbin {
    #[serde(alias = "workbinTypeId", alias = "workbinId")]
    workbin: String,
}

/// The agent hears so no longer.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnsubscribeWorkbin {
    #[serde(alias = "workbinTypeId", alias = "workbinId")]
    workbin: String,
}

impl SubscribeWorkbin {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestSubscribeWorkbin",
        aliases: &["RequestWorkbinSubscribe"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Subscribes the agent to the changes of a workbin",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_agent()?;
        let workbin = turn.workbin(&self.workbin, &agent)?;
        turn.record(Change::WorkbinSubscribed { agent, workbin });
        Ok(Outcome::Acknowledged)
    }
}

impl UnsubscribeWorkbin {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestUnsubscribeWorkbin",
        aliases: &["RequestWorkbinUnsubscribe"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends the agent's subscription to a workbin",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_agent()?;
        let workbin = turn.workbin(&self.workbin, &agent)?;
        let subscribed = turn
            .state()
            .subscriptions
            .get(&workbin)
            .is_some_and(|agents| agents.contains(&agent));
        if !subscribed {
            return Err(Refusal::invalid_state(
                "The agent is not subscribed to this workbin",
            ));
        }
        turn.record(Change::WorkbinUnsubscribed { agent, workbin });
        Ok(Outcome::Acknowledged)
    }
}
