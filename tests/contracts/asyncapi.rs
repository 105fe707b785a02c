//! The committed AsyncAPI document is the generated one, is served, and names nothing that is never said.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::models::DOCUMENTS;
use crate::models::document::Document;
use crate::models::world::World;
use crate::support::golden;
use crate::support::server::start;

const PATH: &str = "openapi/asyncapi.json";

#[test]
fn the_committed_document_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&baton::api::notifications_document()).unwrap();
    let generated = generated + "\n";
    golden::check(PATH, "UPDATE_OPENAPI", &generated);
}

#[test]
fn every_reference_leads_to_something() {
    let document = baton::api::notifications_document();
    let text = document.to_string();
    let mut references = 0;
    for rest in text.split("\"$ref\":\"#").skip(1) {
        let pointer = rest.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        references += 1;
    }
    assert!(references > 100, "{references}");
}

#[tokio::test]
async fn it_is_served_beside_the_interface_s_own_without_credentials() {
    let server = start("").await;
    let url = format!("{}/api/v2/asyncapi.json", server.url);
    let served: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(served, baton::api::notifications_document());
}

/// What the models do not say: a cursor that leads nowhere, the words of the media's own channels, services and the stream are
/// the server's, and its tests hold them against their schemas.
const BY_THE_SERVER: [&str; 7] = [
    "ChatStateChangeMessage",
    "EmailStateChangeMessage",
    "OpenmediaStateChangeMessage",
    "ResyncMessage",
    "ServiceStateChangeMessage",
    "StreamMessage",
    "WorkitemStateChangeMessage",
];

#[test]
fn the_models_say_every_message() {
    let mut said: BTreeSet<String> = BY_THE_SERVER.map(str::to_owned).into();
    for path in DOCUMENTS {
        let document = Document::parse(&std::fs::read_to_string(path).unwrap());
        for block in &document.blocks {
            let mut world = World::new();
            for line in &document.given {
                world.play(line);
            }
            world.run(block);
            said.append(&mut world.told);
        }
    }
    let document = baton::api::notifications_document();
    let named = document["components"]["messages"].as_object().unwrap();
    let named: BTreeSet<String> = named.keys().cloned().collect();
    assert_eq!(said, named);
}
