//! Every notification that a test comes across, held against the schema that the AsyncAPI document gives it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use baton::api::notifications_document;
use baton::centre::{Links, channel_name, notification};
use baton::engine::{Announcement, Head};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The document with nothing allowed beside what it names: it invites clients to take no notice of what they do not know,
/// and is to name everything that is said today.
static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let mut document = notifications_document();
    close(&mut document["components"]["schemas"]);
    let names = document["components"]["messages"].as_object().unwrap();
    let validators = names.keys().map(|name| {
        let schema = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": {"schemas": document["components"]["schemas"]},
        });
        let options = jsonschema::options().should_validate_formats(true);
        (name.clone(), options.build(&schema).unwrap())
    });
    let channels = document["channels"].as_object().unwrap().values();
    let said = channels.map(|channel| {
        let names = channel["messages"].as_object().unwrap().keys().cloned();
        (
            channel["address"].as_str().unwrap().to_owned(),
            names.collect(),
        )
    });
    Contract {
        validators: validators.collect(),
        said: said.collect(),
    }
});

struct Contract {
    /// By the name of the message.
    validators: BTreeMap<String, Validator>,
    /// The names of the messages, by the address of the channel.
    said: BTreeMap<String, Vec<String>>,
}

/// Holds the data of a message against its schema, and gives the name of the message.
pub(crate) fn check(channel: &str, data: &Value) -> String {
    let name = data.get("event").unwrap_or(&data["messageType"]);
    let name = name.as_str().expect("a message says what it is").to_owned();
    let said = &CONTRACT.said[channel];
    assert!(said.contains(&name), "{name} is not said on {channel}");
    let errors: Vec<String> = CONTRACT.validators[&name]
        .iter_errors(data)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{channel}: {errors:#?} in {data:#}");
    name
}

/// The same for an announcement of the engine's, as it would be told.
pub(crate) fn check_said(said: &Announcement, head: &Head) -> String {
    let data = notification(said, head, "baton", &Links::new("http://baton.test"));
    check(channel_name(said.body.channel()), &data)
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            if keys.contains_key("properties") && keys.get("type") == Some(&json!("object")) {
                keys.insert("additionalProperties".to_owned(), json!(false));
            }
            keys.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
#[should_panic(expected = "Additional properties are not allowed ('surprise' was unexpected)")]
fn what_the_document_does_not_name_is_found() {
    let data = json!({"messageType": "ChannelStateChangeMessageV2", "channels": [], "sequence": 1, "surprise": 1});
    check("/v2/me/channels", &data);
}

#[test]
#[should_panic(expected = "EventAck is not said on /v2/me/channels")]
fn what_is_said_on_another_channel_is_found() {
    check("/v2/me/channels", &json!({"event": "EventAck"}));
}
