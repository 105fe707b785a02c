//! RequestRegisterClient and its end: an application says what it is.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Gateway, Reply, Spec};
use crate::domain::{
    Actor, Address, Cause, ClientType, Interaction, Refusal, Role, SnapshotId, UserId,
};
use crate::engine::{Change, Outcome, Turn};

const ROLES: &[Role] = &[
    Role::Agent,
    Role::MediaServer,
    Role::Router,
    Role::Reporting,
];

/// Parameters of RequestRegisterClient (interaction-models 1.1). Without `clientType` the role decides. The
/// extension `event_properties_changed`, non-zero, asks to hear when others change properties.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterClient {
    client_type: Option<ClientType>,
    #[serde(default, alias = "extensions", deserialize_with = "flag")]
    extension: bool,
}

impl RegisterClient {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestRegisterClient",
        aliases: &["RegisterClient"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Registers the caller's application, which hears its events from then on",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let user = turn.user()?;
        let own = client_type(&turn.head().actor)?;
        let client_type = self.client_type.unwrap_or(own);
        if client_type != own {
            return Err(Refusal::forbidden(
                "The client type is not that of the caller's role",
            ));
        }
        turn.record(Change::ClientRegistered {
            user,
            client_type,
            properties_changed: self.extension,
        });
        Ok(Outcome::Acknowledged)
    }
}

/// RequestUnregisterClient: the application leaves, its addresses with it.
#[derive(Clone, Debug, Deserialize)]
pub struct UnregisterClient {}

impl UnregisterClient {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestUnregisterClient",
        aliases: &["UnregisterClient"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends the registration of the caller's application and of all its addresses",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let user = turn.user()?;
        require_registered(turn)?;
        leave(turn, &user);
        Ok(Outcome::Acknowledged)
    }
}

/// Ends a client's registration, those for all its addresses, and its snapshots.
pub(in crate::engine) fn leave(turn: &mut Turn<'_>, user: &UserId) {
    let addresses: Vec<Address> = turn
        .state()
        .addresses
        .iter()
        .filter(|(_, registered)| registered.iter().any(|it| it.user == *user))
        .map(|(address, _)| address.clone())
        .collect();
    for address in addresses {
        leave_address(turn, user, address);
    }
    let snapshots = turn.state().snapshots.iter();
    let own: Vec<SnapshotId> = snapshots
        .filter(|(_, snapshot)| snapshot.owner == *user)
        .map(|(id, _)| *id)
        .collect();
    for snapshot in own {
        turn.release_snapshot(snapshot);
    }
    turn.record(Change::ClientUnregistered { user: user.clone() });
}

/// Ends a registration for an address; what a router held of that queue goes back to it.
pub(super) fn leave_address(turn: &mut Turn<'_>, user: &UserId, address: Address) {
    give_back(turn, user, &address);
    turn.record(Change::AddressUnregistered {
        user: user.clone(),
        address,
    });
}

/// What a router holds of a queue goes back to it.
pub(super) fn give_back(turn: &mut Turn<'_>, user: &UserId, address: &Address) {
    let Address::Queue(queue) = address else {
        return;
    };
    let is_of_queue = |interaction: &&Arc<Interaction>| {
        let routing = interaction.routing();
        routing.is_some_and(|routing| routing.from.queue == *queue)
    };
    let routed = turn.state().routed_by(user);
    let held: Vec<Arc<Interaction>> = routed.filter(is_of_queue).cloned().collect();
    for interaction in held {
        if interaction.invitation().is_some() {
            turn.revoke_invitation(&interaction.id, Cause::RouterGone);
        } else {
            turn.record(Change::RoutingEnded {
                interaction: interaction.id.clone(),
                cause: Cause::RouterGone,
            });
        }
    }
}

/// The caller's application is registered.
///
/// # Errors
/// It is not (interaction-models 1.1, variant b).
pub(super) fn require_registered(turn: &Turn<'_>) -> Result<(), Refusal> {
    let user = turn.user()?;
    if turn.state().clients.contains_key(&user) {
        Ok(())
    } else {
        Err(Refusal::not_registered())
    }
}

fn client_type(actor: &Actor) -> Result<ClientType, Refusal> {
    let types = [
        ClientType::AgentApplication,
        ClientType::MediaServer,
        ClientType::Router,
        ClientType::ReportingEngine,
    ];
    let found = types.into_iter().find(
        |client_type| matches!(actor, Actor::User { role, .. } if *role == client_type.role()),
    );
    found.ok_or_else(|| Refusal::forbidden("This role has no client to register"))
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let extension = Map::<String, Value>::deserialize(deserializer)?;
    Ok(match extension.get("event_properties_changed") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !matches!(text.as_str(), "" | "0"),
        Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
    })
}
