//! RequestSubscribeWorkbin and RequestUnsubscribeWorkbin (interaction-models 1.7): of an agent for the workbins that he may
//! use, of a supervisor or an administrator who is logged in for anybody's (gateway-api section 4).

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{Refusal, RefusalKind, Role, UserId, WorkbinRef};
use crate::engine::{Change, Outcome, Turn};

/// Workbins in one request.
pub const WORKBINS_LEN_MAX: usize = 100;

/// The agent hears from now on what comes into and leaves the workbins.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct SubscribeWorkbin(Named);

/// The agent hears so no longer.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct UnsubscribeWorkbin(Named);

/// One workbin, or several at once: all of them or none.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Named {
    #[serde(alias = "workbinTypeId", alias = "workbinId")]
    workbin: Option<String>,
    workbin_ids: Option<Vec<String>>,
}

impl Named {
    /// The workbins, each once.
    fn find(&self, turn: &Turn<'_>, agent: &UserId) -> Result<Vec<WorkbinRef>, Refusal> {
        let names = match (&self.workbin_ids, &self.workbin) {
            (Some(several), _) => several.as_slice(),
            (None, Some(one)) => std::slice::from_ref(one),
            (None, None) => return Err(Refusal::missing("workbin")),
        };
        if names.is_empty() {
            return Err(Refusal::missing("workbinIds"));
        }
        if names.len() > WORKBINS_LEN_MAX {
            let text =
                format!("Parameter 'workbinIds' names more than {WORKBINS_LEN_MAX} workbins");
            return Err(Refusal::new(RefusalKind::InvalidValue, text));
        }
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let workbin = turn.workbin_in_reach(name, agent)?;
            if !found.contains(&workbin) {
                found.push(workbin);
            }
        }
        Ok(found)
    }
}

impl SubscribeWorkbin {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestSubscribeWorkbin",
        aliases: &["RequestWorkbinSubscribe"],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Subscribes the agent to the changes of a workbin",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_user()?;
        for workbin in self.0.find(turn, &agent)? {
            let agent = agent.clone();
            turn.record(Change::WorkbinSubscribed { agent, workbin });
        }
        Ok(Outcome::Acknowledged)
    }
}

impl UnsubscribeWorkbin {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestUnsubscribeWorkbin",
        aliases: &["RequestWorkbinUnsubscribe"],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends the agent's subscription to a workbin",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_user()?;
        let workbins = self.0.find(turn, &agent)?;
        let subscriptions = &turn.state().subscriptions;
        let is_subscribed = |workbin| {
            let agents = subscriptions.get(workbin);
            agents.is_some_and(|agents| agents.contains(&agent))
        };
        if !workbins.iter().all(is_subscribed) {
            return Err(Refusal::invalid_state(
                "The agent is not subscribed to this workbin",
            ));
        }
        for workbin in workbins {
            let agent = agent.clone();
            turn.record(Change::WorkbinUnsubscribed { agent, workbin });
        }
        Ok(Outcome::Acknowledged)
    }
}
