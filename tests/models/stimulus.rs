//! Who asks in a model, and with which parameters.

use baton::domain::{Actor, Role, UserId};
use baton::engine::operations::find;
use serde_json::{Map, Value, json};

use super::rows::receiver;

/// A supervisor is an agent too, except for what only supervisors may do.
pub(crate) fn actor(from: &str, request: &str) -> Actor {
    let name = request.split_whitespace().next().unwrap();
    let is_for_agents = find(name).is_some_and(|spec| spec.roles.contains(&Role::Agent));
    let role = match receiver(from) {
        _ if from == "Supervisor" && !is_for_agents => Role::Supervisor,
        _ if from == "Admin" => Role::Admin,
        "router" => Role::Router,
        "media server" => Role::MediaServer,
        "reporting" => Role::Reporting,
        _ => Role::Agent,
    };
    let user = UserId::parse(from).unwrap();
    Actor::User { user, role }
}

/// Sets a parameter; dots in the key nest.
pub(crate) fn insert(map: &mut Map<String, Value>, key: &str, value: &str) {
    match key.split_once('.') {
        Some((outer, inner)) => {
            let nested = map.entry(outer).or_insert_with(|| json!({}));
            insert(nested.as_object_mut().unwrap(), inner, value);
        }
        None => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            map.insert(key.to_owned(), value);
        }
    }
}
