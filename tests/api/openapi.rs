//! The committed document equals the generated one, and names every operation.

use std::collections::BTreeSet;

use baton::engine::operations::{Gateway, SPECS};
use serde_json::{Value, json};

use crate::support::golden;
use crate::support::server::start;

const PATH: &str = "openapi/baton.json";

#[test]
fn the_committed_document_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&baton::api::document()).unwrap() + "\n";
    golden::check(PATH, "UPDATE_OPENAPI", &generated);
}

#[test]
fn every_operation_is_in_the_document() {
    let document = baton::api::document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let schema = |path: &str| {
        let post = &document["paths"][path]["post"];
        post["requestBody"]["content"]["application/json"]["schema"].to_string()
    };
    let (operations, requests) = (schema("/me/interactions/{id}"), schema("/requests"));
    for spec in SPECS.iter().filter(|spec| spec.has_name()) {
        for name in spec.aliases.iter().chain([&spec.name]) {
            let quoted = format!("\"{name}\"");
            assert!(requests.contains(&quoted), "{name}");
            assert!(
                spec.gateway != Gateway::Interaction || operations.contains(&quoted),
                "{name}"
            );
        }
    }
}

#[test]
fn every_operation_belongs_to_a_group_that_is_described() {
    let document = baton::api::document();
    let groups = document["tags"].as_array().unwrap().iter();
    let described: BTreeSet<_> = groups
        .filter(|it| it["description"].is_string())
        .map(|it| it["name"].as_str())
        .collect();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    let tags = operations.flat_map(|operation| operation["tags"].as_array().unwrap());
    let used: BTreeSet<_> = tags.map(Value::as_str).collect();
    assert_eq!(used, described);
}

#[tokio::test]
async fn an_interaction_has_the_keys_of_its_schema() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    let schema = &baton::api::document()["components"]["schemas"]["Interaction"];
    let keys = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let invited = agent.interaction(&id).await;
    assert_eq!(keys(&invited), keys(&schema["properties"]));
    agent.operate(&id, "Accept", json!({})).await;
    let required: BTreeSet<String> = serde_json::from_value(schema["required"].clone()).unwrap();
    assert_eq!(keys(&agent.interaction(&id).await), required);
}

/// A resource and where it is shown; the schema is named after its key.
const SHOWN: [(&str, &str, &str); 11] = [
    ("/users/agent1", "user", "User"),
    ("/me/channels/chat", "channel", "Channel"),
    ("/workbins/drafts.agent1", "workbin", "Workbin"),
    ("/queues/chat", "queue", "Queue"),
    ("/skills/english", "skill", "Skill"),
    ("/groups/team", "group", "Group"),
    ("/settings/agent-states", "settings", "AgentState"),
    ("/settings/workbins", "settings", "WorkbinType"),
    ("/settings/capacity", "settings", "Capacity"),
    ("/features/api-multimedia", "feature", "Feature"),
    ("/services/MultiMediaState", "service", "Service"),
];

#[tokio::test]
async fn a_resource_has_the_keys_of_its_schema() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let document = baton::api::document();
    for (path, key, name) in SHOWN {
        let (_, mut body) = agent.get(&format!("/api/v2{path}")).await;
        let mut shown = body[key].take();
        if shown.is_array() {
            shown = shown[0].take();
        }
        let keys = |value: &Value| -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let schema = &document["components"]["schemas"][name];
        assert_eq!(keys(&shown), keys(&schema["properties"]), "{path}");
        assert_eq!(keys(&schema["examples"][0]), keys(&shown), "{path}");
        for (key, value) in shown.as_object().unwrap() {
            let kind = schema["properties"][key]["type"].to_string();
            let is_fitting = match value {
                Value::Null => kind.contains("null"),
                Value::Bool(_) => kind.contains("boolean"),
                Value::Number(_) => kind.contains("integer"),
                Value::String(_) => kind.contains("string"),
                Value::Array(_) => kind.contains("array"),
                Value::Object(_) => kind.contains("object"),
            };
            assert!(is_fitting, "{path} {key}: {value} is no {kind}");
        }
    }
}
