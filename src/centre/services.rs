//! What a contact centre is made of besides its people, and whether it works (gateway-api section 4, `/services`).

use serde_json::{Value, json};

use super::release::Health;
use super::resources::Links;
use crate::domain::ClientType;
use crate::engine::State;

/// The CometD channel on which changes of services are told, to everybody in the contact centre.
pub const SERVICES_CHANNEL: &str = "/notifications/services";

/// A service as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its identifier, which is its name too.
    pub id: &'static str,
    /// The gateway's word for what it is.
    pub kind: &'static str,
    /// Whether it works.
    pub is_active: bool,
}

/// The services of a contact centre: its interactions and its configuration, which can be changed as long as the journal
/// takes changes, and the router of somebody else, which is there while one is registered.
pub fn services(health: &Health, state: &State) -> [Service; 3] {
    let takes_changes = *health == Health::Well;
    let mut clients = state.clients.values();
    let has_router = clients.any(|client| client.client_type == ClientType::Router);
    [
        ("MultiMediaState", "Media", takes_changes),
        ("Provisioning", "Provisioning", takes_changes),
        ("ExternalRouter", "Routing", has_router),
    ]
    .map(|(id, kind, is_active)| Service {
        id,
        kind,
        is_active,
    })
}

impl Service {
    /// The resource.
    pub fn resource(&self, links: &Links) -> Value {
        let state = if self.is_active { "Active" } else { "Inactive" };
        let mut body = json!({"id": self.id, "name": self.id, "type": self.kind, "state": state});
        links.locate(&mut body, &["services", self.id]);
        body
    }

    /// What is told of it. The reference's name of the message is not known: it is named as the others are.
    pub fn message(&self, links: &Links) -> Value {
        json!({
            "messageType": "ServiceStateChangeMessage",
            "notificationType": "StatusChange",
            "service": self.resource(links),
        })
    }
}
