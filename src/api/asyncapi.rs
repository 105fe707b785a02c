//! The AsyncAPI 3.0 document: every channel on which clients are told something, by CometD and as server-sent events.

use axum::Json;
use serde_json::{Map, Value, json};

use super::event_schemas;
use super::notification_schemas::{self as shapes, Message};
use crate::centre::{MediaWords, SERVICES_CHANNEL};
use crate::domain::Event;

/// Where CometD is spoken, on every carrier.
const COMETD_PATH: &str = "/api/v2/notifications";
/// Where the same is to be had as server-sent events.
const EVENTS_PATH: &str = "/api/v2/notifications/events";

const DESCRIPTION: &str = "What Baton tells its clients. They subscribe by CometD (Bayeux 1.0: long polling, callback polling, \
WebSocket) or listen to server-sent events; a payload is the `data` of a message. Clients do not publish. Attributes may be \
added: take no notice of those that you do not know.";

/// The document. Every payload refers to `components/schemas`, where each message's schema has its name.
pub fn notifications_document() -> Value {
    let mut document = json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Baton's notifications",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": {},
        "operations": {},
        "components": {
            "schemas": shapes::parts(),
            "messages": {},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    });
    let resync = shapes::of_resync();
    for (name, address, about, mut messages) in channels() {
        // Services are no part of what can be replayed.
        if address != SERVICES_CHANNEL {
            messages.push(resync.clone());
        }
        add_channel(&mut document, name, address, about, messages);
    }
    add_stream(&mut document);
    document
}

/// The document of what is pushed
#[utoipa::path(get, path = "/asyncapi.json", tag = "Operation", responses((status = 200, description = "AsyncAPI 3.0")))]
pub(super) async fn read_notifications_document() -> Json<Value> {
    Json(notifications_document())
}

fn servers() -> Value {
    let security = json!([
        {"$ref": "#/components/securitySchemes/bearer"},
        {"$ref": "#/components/securitySchemes/basic"},
    ]);
    let server = |protocol: &str, path: &str, about: &str| {
        json!({
            "host": "127.0.0.1:8080", "pathname": path, "protocol": protocol, "description": about, "security": security,
        })
    };
    json!({
        "polling": server("http", COMETD_PATH, "CometD by long polling or callback polling"),
        "websocket": server("ws", COMETD_PATH, "CometD by WebSocket"),
        "stream": server("http", "/", "Server-sent events"),
    })
}

/// Every CometD channel: its name here, its address, what is heard there, and the messages.
fn channels() -> Vec<(&'static str, &'static str, &'static str, Vec<Message>)> {
    let events = Event::ALL.iter().map(|event| {
        (
            event.as_str(),
            event.summary(),
            event_schemas::of_event(*event),
        )
    });
    let mut channels = vec![
        (
            "interactions",
            "/v2/me/interactions",
            "The agent's interactions.",
            vec![shapes::of_interactions()],
        ),
        (
            "channels",
            "/v2/me/channels",
            "The agent's media and whether he is ready for them.",
            vec![shapes::of_channels()],
        ),
        (
            "workbins",
            "/v2/me/workbins",
            "The workbins that the agent asked about or subscribed to.",
            shapes::of_workbins().into(),
        ),
        (
            "messages",
            "/v2/me/messages",
            "The events of the reference, as the event models have them.",
            events.collect(),
        ),
        (
            "services",
            SERVICES_CHANNEL,
            "Whether the contact centre's services work, as `/services` has them.",
            vec![shapes::of_services()],
        ),
    ];
    for words in MediaWords::ALL {
        let about = "The agent's interactions of one medium, where the server has such channels.";
        let messages = vec![shapes::of_medium(words)];
        channels.push((words.many, words.channel, about, messages));
    }
    channels
}

fn add_channel(
    document: &mut Value,
    name: &str,
    address: &str,
    about: &str,
    messages: Vec<Message>,
) {
    let mut heard = Map::new();
    for (message, summary, schema) in messages {
        document["components"]["schemas"][message] = schema;
        document["components"]["messages"][message] = json!({
            "name": message,
            "summary": summary,
            "payload": {"$ref": format!("#/components/schemas/{message}")},
        });
        let reference = format!("#/components/messages/{message}");
        heard.insert(message.to_owned(), json!({"$ref": reference}));
    }
    document["channels"][name] = json!({
        "address": address,
        "description": about,
        "servers": [{"$ref": "#/servers/polling"}, {"$ref": "#/servers/websocket"}],
        "messages": heard,
    });
    document["operations"][format!("tell_{name}")] = json!({
        "action": "send",
        "channel": {"$ref": format!("#/channels/{name}")},
        "summary": about,
    });
}

/// The stream: the messages of all channels, each with the channel that it was said on.
fn add_stream(document: &mut Value) {
    let addresses: Vec<&str> = channels().iter().map(|(_, address, ..)| *address).collect();
    let schemas = document["components"]["messages"].as_object();
    let data: Vec<Value> = schemas
        .into_iter()
        .flatten()
        .map(|(_, message)| message["payload"].clone())
        .collect();
    let schema = json!({
        "type": "object",
        "required": ["channel", "data"],
        "properties": {"channel": {"enum": addresses}, "data": {"anyOf": data}},
    });
    let about = "What CometD's subscribers hear, to read with `curl -N` or an EventSource. The query names channels as \
`channel` (all without it); `Last-Event-ID`, or `lastEventId` in the query, is the `id` after which to go on.";
    let message = ("StreamMessage", "A message with its channel.", schema);
    add_channel(document, "stream", EVENTS_PATH, about, vec![message]);
    document["channels"]["stream"]["servers"] = json!([{"$ref": "#/servers/stream"}]);
    document["operations"]["tell_stream"]["bindings"] =
        json!({"http": {"method": "GET", "bindingVersion": "0.3.0"}});
}
