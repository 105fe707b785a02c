//! The committed document equals the generated one, and names every operation.

use std::collections::BTreeSet;

use baton::engine::operations::{Gateway, SPECS};
use serde_json::{Value, json};

use crate::support::server::start;

const PATH: &str = "openapi/baton.json";

#[test]
fn the_committed_document_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&baton::api::document()).unwrap() + "\n";
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(PATH, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        committed == generated,
        "{PATH} is out of date: UPDATE_OPENAPI=1 rewrites it"
    );
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
    for spec in SPECS.iter().filter(|spec| !spec.roles.is_empty()) {
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
