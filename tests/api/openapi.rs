//! The committed document equals the generated one, and names every operation.

use baton::engine::operations::{Gateway, SPECS};

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
