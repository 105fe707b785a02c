//! RegisterAddress and UnregisterAddress: T-Library registrations (seed 003).

use serde::Deserialize;

use super::register_client::{leave_address, require_registered};
use super::{Gateway, Reply, Spec};
use crate::domain::{Address, QueueName, Refusal, Role, UserId};
use crate::engine::{Change, Outcome, Turn};

const ROLES: &[Role] = &[Role::Router, Role::Reporting, Role::MediaServer];

/// Parameters of RegisterAddress: the name of a queue or an agent.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterAddress {
    #[serde(alias = "thisDN", alias = "dn", alias = "queue")]
    this_dn: String,
}

impl RegisterAddress {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RegisterAddress",
        aliases: &["RequestRegisterAddress"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Registers for a queue or an agent; a router takes the queue over by it",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let (user, address) = own_address(turn, &self.this_dn)?;
        if !is_registered(turn, &user, &address) {
            turn.record(Change::AddressRegistered {
                user,
                address: address.clone(),
            });
        }
        Ok(Outcome::Registered(address))
    }
}

/// Parameters of UnregisterAddress.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnregisterAddress {
    #[serde(alias = "thisDN", alias = "dn", alias = "queue")]
    this_dn: String,
}

impl UnregisterAddress {
    pub(super) const SPEC: &Spec = &Spec {
        name: "UnregisterAddress",
        aliases: &["RequestUnregisterAddress"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends a registration; a router gives the queue back by it",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let (user, address) = own_address(turn, &self.this_dn)?;
        if !is_registered(turn, &user, &address) {
            return Err(Refusal::invalid_state(
                "The client is not registered for this address",
            ));
        }
        leave_address(turn, &user, address.clone());
        Ok(Outcome::Unregistered(address))
    }
}

/// The client, which must be registered, and the address that it names.
fn own_address(turn: &Turn<'_>, dn: &str) -> Result<(UserId, Address), Refusal> {
    require_registered(turn)?;
    Ok((turn.user()?, find(turn, dn)?))
}

fn is_registered(turn: &Turn<'_>, user: &UserId, address: &Address) -> bool {
    let registered = turn.state().addresses.get(address);
    registered.is_some_and(|users| users.contains(user))
}

fn find(turn: &Turn<'_>, dn: &str) -> Result<Address, Refusal> {
    let configuration = &turn.state().configuration;
    if let Ok(queue) = QueueName::parse(dn)
        && configuration.queues.contains_key(&queue)
    {
        return Ok(Address::Queue(queue));
    }
    if let Ok(user) = UserId::parse(dn)
        && let Some(found) = configuration.users.get(&user)
        && found.roles.contains(&Role::Agent)
    {
        return Ok(Address::Agent(user));
    }
    Err(Refusal::not_found("address", dn))
}
