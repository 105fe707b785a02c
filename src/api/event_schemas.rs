//! The events of the reference as JSON Schema: which attributes each of them has on `/v2/me/messages`.

use serde_json::{Map, Value, json};

use crate::domain::{Event, Protocol, RouteResult};

/// Attributes that every event has.
const EVERY: &[&str] = &["event", "protocol", "server", "time", "sequence"];
/// What is said of the interaction that an event is about, and of who did it.
const SCENE: &[&str] = &["interactionId", "interaction", "queue", "actor"];
const ADDRESS: &[&str] = &["thisDN", "infoType", "infoStatus", "extensions"];
const REFUSAL: &[&str] = &["errorCode", "errorMessage", "errorDescription"];
const CHANGES: &[&str] = &[
    "changedProperties",
    "deletedProperties",
    "replacedProperties",
];
const STATUS: &[&str] = &[
    "agentId",
    "mediaStateList",
    "mediaCapacityList",
    "interactionIds",
];
const PLACE_STATE: &[&str] = &[
    "agentId",
    "placeId",
    "mediaStateList",
    "interactionIds",
    "actor",
];
const IN_STATE: &[&str] = &["state", "count", "interactionIds", "actor"];
const CAUSE: &[&str] = &["reason", "reasonSystemName"];

/// The attributes that an event always has, and those that it may have, besides [`EVERY`] and `previousSequence`.
struct Shape {
    always: Vec<&'static str>,
    maybe: Vec<&'static str>,
}

impl Shape {
    fn new(always: &[&[&'static str]], maybe: &[&[&'static str]]) -> Self {
        Self {
            always: always.concat(),
            maybe: maybe.concat(),
        }
    }
}

fn shape(event: Event) -> Shape {
    match event {
        Event::InteractionSubmitted
        | Event::PlacedInQueue
        | Event::ProcessingStopped
        | Event::RouteRequest
        | Event::TakenFromQueue => Shape::new(&[SCENE], &[]),
        Event::Abandoned => Shape::new(&[SCENE], &[&["referenceId"]]),
        Event::Accepted | Event::PartyAdded | Event::PartyRemoved => {
            Shape::new(&[SCENE, &["party"]], &[])
        }
        Event::Ack => Shape::new(&[], &[SCENE, &["referenceId", "result"]]),
        Event::AddressInfo | Event::Registered => {
            Shape::new(&[ADDRESS], &[&["referenceId", "agentId"]])
        }
        Event::Unregistered => Shape::new(&[ADDRESS], &[&["referenceId", "agentId"], REFUSAL]),
        Event::AgentConnectionClosed | Event::AgentLogout => {
            Shape::new(&[&["agentId", "actor"]], &[])
        }
        Event::AgentInvited => Shape::new(&[SCENE, &["ticketId", "party"]], &[]),
        Event::AgentLogin => {
            Shape::new(&[&["agentId", "placeId", "actor"]], &[&["mediaStateList"]])
        }
        // To the router that asked, it is the answer, and names the request alone.
        Event::AttachedDataChanged => Shape::new(&[], &[SCENE, CHANGES, &["referenceId"]]),
        Event::PropertiesChanged => Shape::new(&[SCENE], &[CHANGES]),
        Event::CurrentAgentStatus => Shape::new(&[STATUS], &[]),
        Event::PlaceAgentState => Shape::new(&[PLACE_STATE], &[]),
        Event::InteractionsInState => Shape::new(&[IN_STATE], &[]),
        Event::Error => Shape::new(&[&["errorCode"], SCENE], &[&["referenceId"], REFUSAL]),
        Event::InteractionMoved | Event::SnapshotTaken => Shape::new(
            &[&["snapshotId", "interactionIds"]],
            &[&["referenceId", "expiresAt"]],
        ),
        Event::Invite => Shape::new(&[SCENE, &["ticketId", "expiresAt"]], &[]),
        Event::MediaAdded => Shape::new(&[&["agentId", "mediaType", "actor"]], &[&["placeId"]]),
        Event::PlacedInWorkbin | Event::TakenFromWorkbin => Shape::new(&[SCENE, &["workbin"]], &[]),
        Event::PulledInteractions => Shape::new(&[&["interactions"]], &[&["referenceId"]]),
        Event::Rejected => Shape::new(&[SCENE, &["party"]], &[&["ticketId"]]),
        Event::Revoked => Shape::new(&[SCENE], &[CAUSE, &["ticketId", "party", "referenceId"]]),
        // To the router that asked, it is the answer.
        Event::RouteUsed => Shape::new(
            &[&["interactionId", "interaction"]],
            &[&["queue", "actor", "result", "referenceId"]],
        ),
        Event::SnapshotReleased => Shape::new(&[&["snapshotId"]], &[&["referenceId", "actor"]]),
        Event::WorkbinContent => Shape::new(&[&["workbin", "interactions"]], &[&["referenceId"]]),
        Event::WorkbinContentChanged => Shape::new(
            &[SCENE, &["workbin", "workbinContentOperation", "operation"]],
            &[],
        ),
    }
}

/// The schema of one event's notification.
pub(super) fn of_event(event: Event) -> Value {
    let Shape { always, maybe } = shape(event);
    let required: Vec<&str> = EVERY.iter().copied().chain(always).collect();
    let names = required.iter().copied();
    let names = names.chain(maybe).chain(["previousSequence"]);
    let mut properties: Map<String, Value> = names
        .map(|name| (name.to_owned(), attribute(name)))
        .collect();
    properties["event"] = json!({"const": event.as_str()});
    json!({
        "type": "object",
        "description": event.summary(),
        "required": required,
        "properties": properties,
    })
}

fn attribute(name: &str) -> Value {
    let refer = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let map_of = |schema: Value| json!({"type": "object", "additionalProperties": schema});
    match name {
        "protocol" => json!({"enum": [
            Protocol::InteractionManagement.as_str(), Protocol::Reporting.as_str(), Protocol::TLibrary.as_str(),
        ]}),
        "time" | "expiresAt" => json!({"type": "string", "format": "date-time"}),
        "sequence" | "previousSequence" | "referenceId" | "errorCode" | "ticketId" | "count"
        | "snapshotId" => json!({"type": "integer", "minimum": 0}),
        "interaction" => refer("Properties"),
        "interactions" => map_of(refer("Properties")),
        "party" => refer("Party"),
        "actor" => refer("Actor"),
        "workbin" => refer("WorkbinReference"),
        "reason" => json!({
            "type": "object", "required": ["reasonSystemName"], "properties": {"reasonSystemName": {"type": "string"}},
        }),
        "result" => json!({"enum": [
            RouteResult::Delivered.as_str(), RouteResult::Rejected.as_str(), RouteResult::Revoked.as_str(),
        ]}),
        "workbinContentOperation" => json!({"enum": ["Add", "Remove"]}),
        "operation" => json!({"enum": ["PlaceInWorkbin", "Pull"]}),
        "changedProperties" | "deletedProperties" | "replacedProperties" | "extensions"
        | "infoStatus" => json!({"type": "object"}),
        "mediaStateList" => map_of(json!({"enum": [0, 1], "description": "1 is ready"})),
        "mediaCapacityList" => map_of(json!({"type": "integer", "minimum": 0})),
        "interactionIds" => json!({"type": "array", "items": {"type": "string"}}),
        _ => json!({"type": "string"}),
    }
}
