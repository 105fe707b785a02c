//! Who asks in a model, and with which parameters.

use baton::domain::{Actor, Role, UserId};
use baton::engine::Operation;
use baton::engine::operations::{ApplyConfiguration, ChangeConfiguration, find};
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

/// What an administrator puts or deletes, with its keys in the words of `baton.toml`: `PUT /queues/sales media_type=chat`.
pub(crate) fn administration(request: &str) -> Option<Operation> {
    let mut words = request.split_whitespace();
    let is_put = match words.next()? {
        "PUT" => true,
        "DELETE" => false,
        _ => return None,
    };
    let (kind, name) = words.next()?.rsplit_once('/')?;
    let mut keys = Map::new();
    for word in words {
        let (key, value) = word.split_once('=').expect("key=value");
        insert(&mut keys, key, value);
    }
    let (kind, value) = match kind {
        "" => {
            let removes = keys.remove("removeOthers");
            return Some(Operation::ApplyConfiguration(ApplyConfiguration {
                configuration: serde_json::from_value(Value::Object(keys)).unwrap(),
                removes_others: removes == Some(json!(true)),
            }));
        }
        "/users" => ("User", Value::Object(keys)),
        "/queues" => ("Queue", Value::Object(keys)),
        "/settings/workbins" => ("Workbin", Value::Object(keys)),
        "/settings/agent-states" => ("AgentState", Value::Object(keys)),
        "/settings/capacity" => ("Capacity", keys.remove("capacity").unwrap_or_default()),
        other => panic!("nobody puts {other}"),
    };
    let value = Some(value).filter(|_| is_put);
    Some(Operation::ChangeConfiguration(ChangeConfiguration {
        change: serde_json::from_value(json!({kind: [name, value]})).unwrap(),
        keeps_password: true,
    }))
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
