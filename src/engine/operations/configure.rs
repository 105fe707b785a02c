//! The server's own request that configures an empty contact centre (design D16).

use serde::Deserialize;

use super::register_client::leave_address;
use super::{Gateway, Reply, Spec};
use crate::domain::{Address, Configuration, Refusal, Role, User, UserId, WorkbinRef};
use crate::engine::{Change, Outcome, State, Turn};

/// The whole configuration anew.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Configure(pub Box<Configuration>);

impl Configure {
    pub(in crate::engine) const SPEC: &Spec = &Spec {
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
        leave_what_is_gone(turn);
        Ok(Outcome::Unasked)
    }
}

/// Registrations and subscriptions for what there is no longer end.
pub(super) fn leave_what_is_gone(turn: &mut Turn<'_>) {
    leave_gone_addresses(turn);
    leave_gone_workbins(turn);
}

/// Registrations for addresses that there are no longer end (race r31).
fn leave_gone_addresses(turn: &mut Turn<'_>) {
    let state = turn.state();
    let addresses = state.addresses.iter();
    let gone: Vec<(UserId, Address)> = addresses
        .filter(|(address, _)| !state.has_address(address))
        .flat_map(|(address, users)| users.iter().map(|it| (it.user.clone(), address.clone())))
        .collect();
    for (user, address) in gone {
        leave_address(turn, &user, address);
    }
}

/// Subscriptions to workbins that there are no longer, or that the agent may not use any more, end. One of a supervisor or an
/// administrator to another's stays as long as he is configured as one; of somebody who is not configured, whose roles his
/// token says alone, no more than that can be known.
fn leave_gone_workbins(turn: &mut Turn<'_>) {
    let state = turn.state();
    let gone: Vec<(UserId, WorkbinRef)> = state
        .subscriptions
        .iter()
        .flat_map(|(workbin, agents)| agents.iter().map(move |agent| (agent, workbin)))
        .filter(|(agent, workbin)| {
            !state.may_use(agent, workbin) && !may_oversee(state, agent, workbin)
        })
        .map(|(agent, workbin)| (agent.clone(), workbin.clone()))
        .collect();
    for (agent, workbin) in gone {
        turn.record(Change::WorkbinUnsubscribed { agent, workbin });
    }
}

fn may_oversee(state: &State, user: &UserId, workbin: &WorkbinRef) -> bool {
    let configuration = &state.configuration;
    let id = format!("{}.{}", workbin.name, workbin.owner);
    let oversees =
        |user: &User| user.roles.contains(&Role::Supervisor) || user.roles.contains(&Role::Admin);
    configuration.workbin(&id).is_some() && configuration.users.get(user).is_none_or(oversees)
}
