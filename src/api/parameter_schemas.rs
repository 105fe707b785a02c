//! The parameters of the operations and requests, as JSON Schema: for each what it must name, what it may, and an example.
//! Parameters are named as the replies and the gateway name them; the reference's other names for them are taken too.

use serde_json::{Map, Value, json};

use crate::engine::Operation;
use crate::engine::operations::Spec;

/// An interaction of the examples.
const INTERACTION: &str = "0001XA7TEST0001";

/// What one operation takes beside its name, `referenceId` and the interaction that it is about.
struct Parameters {
    /// Without which it is refused.
    required: &'static [&'static str],
    /// All of them.
    properties: Value,
    /// Some that fit together.
    example: Value,
}

/// The schema of the body that asks for an operation: by `key`, in whichever of its names, and with `interactionId` where
/// it is about one that the path does not say.
pub(super) fn of_body(spec: &Spec, key: &str, is_in_path: bool) -> Value {
    let Parameters {
        required,
        properties,
        example,
    } = of(spec.name);
    let names: Vec<&str> = std::iter::once(&spec.name)
        .chain(spec.aliases)
        .copied()
        .collect();
    let (mut all, mut shown) = (as_map(properties), as_map(example));
    let mut needed = vec![key];
    let read = Operation::parse(spec.name, Some(INTERACTION), &shown);
    if !is_in_path && read.is_ok_and(|operation| operation.interaction().is_some()) {
        needed.push("interactionId");
        all.insert("interactionId".to_owned(), id());
        shown.insert("interactionId".to_owned(), json!(INTERACTION));
    }
    needed.extend(required);
    all.insert(key.to_owned(), json!({"enum": names}));
    let reference = json!({"type": ["integer", "null"], "minimum": 0});
    all.insert("referenceId".to_owned(), reference);
    shown.insert(key.to_owned(), json!(spec.name));
    json!({
        "type": "object", "description": spec.summary, "required": needed, "properties": all, "examples": [shown],
    })
}

/// Those of the operation of this name.
fn of(name: &str) -> Parameters {
    match name {
        "Accept" | "Reject" => takes(
            &[],
            json!({"ticketId": or_null("integer")}),
            json!({"ticketId": 7}),
        ),
        "Complete" => takes(&[], json!({"queueName": or_null("string")}), json!({})),
        "PlaceInQueue" => takes(
            &["queueName"],
            json!({"queueName": text()}),
            json!({"queueName": "email"}),
        ),
        "UpdateUserData" | "AttachUserData" | "DeleteUserData" => takes(
            &["userData"],
            json!({"userData": {"type": "object"}}),
            json!({"userData": {"Priority": 5}}),
        ),
        "PlaceInWorkbin" | "GetWorkbinContent" => takes(
            &["workbin"],
            json!({"workbin": text()}),
            json!({"workbin": "drafts"}),
        ),
        "SingleStepTransfer" => takes(
            &[],
            json!({"userId": or_null("string"), "userUri": or_null("string"), "queueName": or_null("string")}),
            json!({"userId": "agent2"}),
        ),
        "Conference" => takes(
            &[],
            json!({"userId": or_null("string"), "targetUri": or_null("string")}),
            json!({"userId": "agent2"}),
        ),
        "RequestIntrude" => takes(
            &[],
            json!({"visibilityMode": {"enum": ["Conference", null]}}),
            json!({}),
        ),
        "RequestChangeProperties" => of_change_properties(),
        "RequestRouteCall" => of_route_call(),
        _ => of_request(name),
    }
}

/// Those of what is about no one interaction.
fn of_request(name: &str) -> Parameters {
    match name {
        "StartContactCenterSession" => takes(
            &[],
            json!({"channels": {"type": ["array", "object", "null"]}, "place": or_null("string")}),
            json!({"channels": ["chat", "email"]}),
        ),
        "RequestReadyForMedia" => takes(&[], of_media(), json!({"media": "chat"})),
        "RequestNotReadyForMedia" => {
            let mut properties = of_media();
            properties["reason"] = or_null("string");
            properties["agentState"] = or_null("string");
            takes(
                &[],
                properties,
                json!({"media": "chat", "reason": "meeting"}),
            )
        }
        "RequestSubmit" => of_submit(),
        "RequestPull" => of_pull(),
        "RequestRegisterClient" => of_register_client(),
        "RegisterAddress" | "UnregisterAddress" | "RequestQueryAddress" => of_address(name),
        "RequestTakeSnapshot" => of_take_snapshot(),
        "RequestMoveInteractions" => of_move_interactions(),
        "RequestLockInteraction" | "RequestReleaseSnapshot" => takes(
            &["snapshotId"],
            json!({"snapshotId": number()}),
            json!({"snapshotId": 7}),
        ),
        "RequestStartPlaceAgentReportingAll" => takes(
            &[],
            json!({"interactions": {"type": "boolean"}}),
            json!({"interactions": true}),
        ),
        "RequestSubscribeWorkbin" | "RequestUnsubscribeWorkbin" => takes(
            &[],
            json!({"workbin": or_null("string"), "workbinIds": texts()}),
            json!({"workbinIds": ["drafts.agent1", "team.team"]}),
        ),
        _ => takes(&[], json!({}), json!({})),
    }
}

fn of_change_properties() -> Parameters {
    let map = json!({"type": "object"});
    takes(
        &[],
        json!({
            "addedProperties": map, "changedProperties": map, "deletedProperties": map,
            "userData": or_null("object"), "externalId": or_null("string"), "subject": or_null("string"),
        }),
        json!({"changedProperties": {"Subject": "Delivery", "Priority": 5}}),
    )
}

/// One of the four targets: an agent, a queue, a workbin with its owner, or the end.
fn of_route_call() -> Parameters {
    takes(
        &[],
        json!({
            "agentId": or_null("string"), "queue": or_null("string"), "workbin": or_null("string"),
            "workbinAgentId": or_null("string"), "stop": {"type": "boolean"},
        }),
        json!({"agentId": "agent1"}),
    )
}

fn of_media() -> Value {
    json!({"media": or_null("string"), "agent": or_null("string")})
}

fn of_submit() -> Parameters {
    let mut properties = json!({
        "isOnline": {"enum": [0, 1, true, false, null]},
        "userData": {"type": "object"},
    });
    for name in [
        "mediaType",
        "queue",
        "workbin",
        "interactionId",
        "externalId",
        "parentInteractionId",
        "interactionType",
        "interactionSubtype",
        "subject",
        "receivedAt",
    ] {
        properties[name] = or_null("string");
    }
    let example = json!({
        "mediaType": "chat", "queue": "chat", "subject": "Delivery", "userData": {"Priority": 5},
    });
    takes(&[], properties, example)
}

fn of_pull() -> Parameters {
    takes(
        &[],
        json!({
            "queue": or_null("string"), "workbin": or_null("string"), "interactionId": or_null("string"),
            "interactionIds": texts(), "count": or_null("integer"), "ignoreHold": {"type": "boolean"},
        }),
        json!({"queue": "chat", "count": 1}),
    )
}

fn of_register_client() -> Parameters {
    let types = json!([
        "AgentApplication",
        "MediaServer",
        "Router",
        "ReportingEngine",
        null
    ]);
    takes(
        &[],
        json!({"clientType": {"enum": types}, "extension": {"type": "object"}}),
        json!({"extension": {"event_properties_changed": 1}}),
    )
}

fn of_address(name: &str) -> Parameters {
    let named = json!({"type": ["integer", "string", "null"]});
    match name {
        "RegisterAddress" => takes(
            &["thisDN"],
            json!({"thisDN": text(), "mode": named, "controlMode": named}),
            json!({"thisDN": "chat", "mode": "ModeShare"}),
        ),
        "RequestQueryAddress" => takes(
            &["thisDN", "infoType"],
            json!({"thisDN": text(), "infoType": {"type": ["integer", "string"]}}),
            json!({"thisDN": "chat", "infoType": "QueueStatus"}),
        ),
        _ => takes(
            &["thisDN"],
            json!({"thisDN": text()}),
            json!({"thisDN": "chat"}),
        ),
    }
}

fn of_take_snapshot() -> Parameters {
    takes(
        &["viewId"],
        json!({
            "viewId": text(), "condition": {"type": "object"}, "order": {"enum": ["asc", "desc"]},
            "lock": {"enum": [0, 1, true, false]}, "snapshotMaxInteractions": or_null("integer"),
        }),
        json!({"viewId": "chat", "condition": {"Priority": 5}, "lock": true}),
    )
}

fn of_move_interactions() -> Parameters {
    takes(
        &["snapshotId"],
        json!({
            "snapshotId": number(), "interactionIds": texts(), "queue": or_null("string"), "workbin": or_null("string"),
        }),
        json!({"snapshotId": 7, "queue": "email"}),
    )
}

fn takes(required: &'static [&'static str], properties: Value, example: Value) -> Parameters {
    Parameters {
        required,
        properties,
        example,
    }
}

fn as_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Map::new()
        }
    }
}

fn text() -> Value {
    json!({"type": "string"})
}

fn texts() -> Value {
    json!({"type": ["array", "null"], "items": text()})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn id() -> Value {
    json!({"type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$"})
}

/// What is as good as absent when it is null.
fn or_null(kind: &str) -> Value {
    match kind {
        "integer" => json!({"type": ["integer", "null"], "minimum": 0}),
        other => json!({"type": [other, "null"]}),
    }
}
