//! What is pushed besides the events of the reference, as JSON Schema, and what both are made of.

use serde_json::{Value, json};

use super::schemas::{TIMES, interaction, object_of};
use crate::centre::MediaWords;

/// The schemas that messages refer to.
pub(super) fn parts() -> Value {
    let text = json!({"type": "string"});
    let who = |kinds: &[&str]| {
        json!({
            "type": "object", "required": ["type"],
            "properties": {"type": {"enum": kinds}, "agentId": text, "id": text},
        })
    };
    let parties = ["agent", "media_server", "router", "reporting", "supervisor"];
    let actors = [parties.as_slice(), &["server"]].concat();
    json!({
        "Interaction": interaction(),
        "Properties": properties(),
        "Party": who(&parties),
        "Actor": who(&actors),
        "WorkbinReference": object_of(json!({"id": text, "name": text, "owner": text}), &[]),
        "ChannelState": channel_state(),
    })
}

/// A message: its name, a sentence, and the schema of its `data`.
pub(super) type Message = (&'static str, &'static str, Value);

/// The messages of `/v2/me/interactions`.
pub(super) fn of_interactions() -> Message {
    let mut shape = interaction_notice(
        "InteractionStateChangeMessage",
        "interaction",
        json!({"$ref": "#/components/schemas/Interaction"}),
    );
    shape["properties"]["messageTypeName"] = json!({"const": "InteractionStateMessage"});
    shape["properties"]["previousSequence"] = count();
    (
        "InteractionStateChangeMessage",
        "An interaction of the agent is different, or what he asked about it failed after all.",
        shape,
    )
}

/// The messages of a medium's own channel, with the gateway's words for it.
pub(super) fn of_medium(words: MediaWords) -> Message {
    let mut resource = interaction();
    resource["properties"][words.type_attribute] = json!({"type": "string"});
    resource["properties"]["state"] = json!({"enum": [
        "Invited", words.processing, "Composing", "Transferring", "Completed", "Revoked",
    ]});
    (
        words.message,
        "The same as on `/v2/me/interactions`, where the option `media_channels` asks for it.",
        interaction_notice(words.message, words.one, resource),
    )
}

/// The message of `/v2/me/channels`.
pub(super) fn of_channels() -> Message {
    let states = json!({"type": "array", "items": {"$ref": "#/components/schemas/ChannelState"}});
    let shape = numbered(
        "ChannelStateChangeMessageV2",
        json!({"channels": states}),
        &[],
    );
    (
        "ChannelStateChangeMessageV2",
        "The media of the agent, all of them; none when he has logged out.",
        shape,
    )
}

/// The messages of `/v2/me/workbins`.
pub(super) fn of_workbins() -> [Message; 3] {
    let text = json!({"type": "string"});
    let shown = json!({"$ref": "#/components/schemas/Interaction"});
    let workbin = json!({"$ref": "#/components/schemas/WorkbinReference"});
    let content = json!({"workbin": workbin, "interactions": {"type": "array", "items": shown}});
    let mut change = numbered(
        "WorkbinStateChangeMessage",
        json!({"action": {"enum": ["ItemAdded", "ItemRemoved"]}, "id": text, "workbin": workbin, "interaction": shown}),
        &[],
    );
    for words in MediaWords::ALL {
        let mut resource = interaction();
        resource["properties"][words.type_attribute] = text.clone();
        change["properties"][words.state_resource] = resource;
    }
    let subscription = json!({
        "stateResource": {"enum": ["Subscribed", "Unsubscribed"]},
        "id": text, "workbinUserId": text, "workbin": workbin,
    });
    [
        (
            "WorkbinContentMessage",
            "What is in a workbin, as the agent asked; not told again.",
            numbered("WorkbinContentMessage", content, &[]),
        ),
        (
            "WorkbinStateChangeMessage",
            "Something came into or left a workbin that the agent subscribed to.",
            change,
        ),
        (
            "WorkbinSubscriptionStateChangeMessage",
            "The agent's subscription to a workbin began or ended; not told again.",
            numbered("WorkbinSubscriptionStateChangeMessage", subscription, &[]),
        ),
    ]
}

/// The message of `/notifications/services`. It has no place among what the receiver is told: `sequence` says when it held.
pub(super) fn of_services() -> Message {
    let text = json!({"type": "string"});
    let service = json!({
        "id": text, "name": text, "type": text, "state": {"enum": ["Active", "Inactive"]},
        "uri": {"type": "string", "format": "uri"}, "path": text,
    });
    let shape = object_of(
        json!({
            "messageType": {"const": "ServiceStateChangeMessage"},
            "notificationType": {"const": "StatusChange"},
            "service": object_of(service, &[]),
            "sequence": count(),
        }),
        &[],
    );
    (
        "ServiceStateChangeMessage",
        "A service works, or does not, from now on; on subscribe, each as it is. Not told again.",
        shape,
    )
}

/// What a subscriber hears on each of his channels instead of what he missed (design D10).
pub(super) fn of_resync() -> Message {
    let shape = object_of(
        json!({
            "messageType": {"const": "ResyncMessage"},
            "notificationType": {"const": "Resync"},
            "reason": {"enum": ["OtherEpoch", "Ahead", "NotKept"]},
            "sequence": count(),
            "oldestReplayableSequence": count(),
            "epoch": {"type": "string"},
        }),
        &[],
    );
    (
        "ResyncMessage",
        "What came after the cursor cannot be told: the state follows, valid at `sequence`.",
        shape,
    )
}

fn interaction_notice(kind: &str, key: &str, resource: Value) -> Value {
    let properties = json!({
        "notificationType": {"enum": ["StatusChange", "PropertiesUpdated", "ParticipantsUpdated", "Error"]},
        key: resource,
        "cause": {"enum": [
            "Expired", "HandlingExpired", "Stopped", "Disconnected", "LoggedOut", "Withdrawn", "RouterGone", "Left",
        ]},
        "errorMessage": {"type": "string"},
    });
    numbered(kind, properties, &["cause", "errorMessage"])
}

/// A message with its place among those of its receiver. It names the request that it answers, to who asked.
fn numbered(kind: &str, mut properties: Value, optional: &[&str]) -> Value {
    properties["messageType"] = json!({"const": kind});
    properties["sequence"] = count();
    properties["previousSequence"] = count();
    properties["referenceId"] = json!({"type": ["integer", "null"], "minimum": 0});
    object_of(
        properties,
        &[optional, &["previousSequence", "referenceId"]].concat(),
    )
}

fn channel_state() -> Value {
    let text = json!({"type": "string"});
    let state = object_of(
        json!({"id": text, "displayName": text, "state": {"enum": ["Ready", "NotReady"]}, "reason": text}),
        &["reason"],
    );
    object_of(
        json!({
            "channel": text, "dndState": {"const": "Off"}, "userState": state,
            "since": {"type": "string", "format": "date-time"}, "path": text,
        }),
        &[],
    )
}

/// The properties of an interaction as the events of the reference carry them (interaction-models 2.6).
fn properties() -> Value {
    let mut properties = json!({
        "id": {"type": "string"},
        "interactionState": {"type": "integer"},
        "isHeld": {"enum": [0, 1]},
        "isLocked": {"enum": [0, 1]},
        "isOnline": {"enum": [0, 1]},
        "submitSeq": {"type": "integer"},
        "placeInQueueSeq": {"type": ["integer", "null"]},
        "userData": {"type": "object"},
    });
    for name in [
        "mediaType",
        "interactionType",
        "interactionSubtype",
        "queue",
        "submittedBy",
    ] {
        properties[name] = json!({"type": "string"});
    }
    for name in [
        "externalId",
        "parentInteractionId",
        "workbin",
        "workbinOwner",
        "subject",
        "assignedTo",
    ] {
        properties[name] = json!({"type": ["string", "null"]});
    }
    for name in TIMES.into_iter().chain(["receivedAt"]) {
        properties[name] = json!({"type": ["string", "null"], "format": "date-time"});
    }
    object_of(properties, &[])
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}
