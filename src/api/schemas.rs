//! The shapes of replies, as JSON Schema.

use serde_json::{Value, json};

use super::view::PAGE_LEN_MAX;
use super::{bulk, channels, directory, resource_schemas, services, settings, workbins};
use crate::centre::MediaWords;

/// When something became of an interaction, as it says it everywhere.
pub(super) const TIMES: [&str; 9] = [
    "submittedAt",
    "placedInQueueAt",
    "movedToQueueAt",
    "submittedToRouterAt",
    "deliveredAt",
    "assignedAt",
    "abandonedAt",
    "completedAt",
    "heldAt",
];

/// Every schema of the document.
pub(super) fn all() -> Value {
    let mut all = json!({
        "Success": object(&["statusCode"], success()),
        "Error": object(&["statusCode", "statusMessage"], json!({
            "statusCode": {"type": "integer", "minimum": 1, "maximum": 20},
            "statusMessage": {"type": "string"},
            "status": {"type": "string"},
            "errorDescription": {"type": "string"},
            "errorCode": {"type": "integer"},
            "referenceId": {"type": "integer"},
            "interaction": {"$ref": "#/components/schemas/Interaction"},
        })),
        "Interaction": interaction(),
        "InteractionFields": interaction_fields(),
        "InteractionReply": reply("interaction", &json!({"$ref": "#/components/schemas/InteractionFields"})),
        "InteractionsReply": reply("interactions", &list_of("InteractionFields")),
        "OperationReply": reply("interactions", &list_of("Interaction")),
        "MediaListReply": media_list(),
        "StorageReply": storage(),
        "EventReply": object(&["statusCode"], json!({
            "statusCode": {"const": 0},
            "event": {"type": "string", "description": "Absent where the answer follows later"},
            "protocol": {"enum": ["Interaction Management", "T-Library"]},
            "server": {"type": "string"},
            "time": {"type": "string", "format": "date-time"},
            "referenceId": {"type": "integer"},
            "sequence": {"type": "integer"},
        })),
        "StatisticsReply": object(&["statusCode", "sequence"], json!({
            "statusCode": {"const": 0},
            "sequence": {"type": "integer"},
            "time": {"type": "string", "format": "date-time"},
            "queues": list_of_objects(),
            "agents": {"type": "object"},
            "interactions": {"type": "object"},
        })),
        "SessionReply": session(),
        "BulkReply": bulk::of_reply(),
        "ConfigurationReply": configuration(),
        "Document": object(&["info", "components"], json!({"info": {"type": "object"}, "components": {"type": "object"}})),
    });
    for (name, schema) in resource_schemas::schemas() {
        all[name] = schema;
    }
    all
}

/// The reply to what an agent says of himself: a session may begin for some of the channels only.
fn session() -> Value {
    let mut properties = success();
    properties["statusCode"] = json!({"enum": [0, 7]});
    properties["status"] = json!({"const": "ok"});
    properties["statusMessage"] = json!({"type": "string"});
    properties["channels"] = list_of_objects();
    let begun = json!({"channel": "chat", "statusCode": 0});
    let refused = json!({"channel": "voice", "statusCode": 6, "statusMessage": "There is no channel 'voice'"});
    let mut schema = object(&["statusCode"], properties);
    schema["examples"] = json!([
        {"statusCode": 0, "referenceId": 1, "sequence": 17},
        {"statusCode": 7, "statusMessage": "The session began for some of the channels only", "referenceId": 1,
         "sequence": 17, "channels": [begun, refused]},
    ]);
    schema
}

/// The reply to a configuration that is applied.
fn configuration() -> Value {
    let text = json!({"type": "string"});
    let change = json!({
        "change": {"enum": ["made", "replaced", "removed", "kept"]}, "what": text, "name": text,
        "keys": {"type": "array", "items": text},
    });
    let mut properties = success();
    properties["dryRun"] = json!({"type": "boolean"});
    properties["changes"] = json!({"type": "array", "items": object_of(change, &[])});
    let mut schema = object(&["statusCode", "dryRun", "changes"], properties);
    schema["examples"] = json!([{
        "statusCode": 0, "referenceId": 1, "sequence": 17, "dryRun": false, "changes": [
            {"change": "made", "what": "queue", "name": "vip", "keys": []},
            {"change": "replaced", "what": "user", "name": "ada", "keys": ["roles", "skills"]},
            {"change": "kept", "what": "user", "name": "ben", "keys": []},
        ],
    }]);
    schema
}

fn list_of_objects() -> Value {
    json!({"type": "array", "items": {"type": "object"}})
}

/// The routes that are shown as [`View`](super::view::View) does: by what a list is filtered, whether it is a list, and whether
/// it takes subresources.
pub(super) fn views() -> [(&'static str, &'static [&'static str], bool, bool); 30] {
    let list = |path, kind: &super::view::Kind| (path, kind.filters, true, false);
    let one = |path| (path, [].as_slice(), false, false);
    let deep = |(path, filters, is_list, _)| (path, filters, is_list, true);
    [
        deep(one("/me")),
        list("/me/channels", &channels::CHANNEL),
        one("/me/channels/{channel}"),
        deep(list("/me/workbins", &workbins::WORKBIN)),
        deep(one("/me/workbins/{id}")),
        list("/users", &directory::USER),
        one("/users/{id}"),
        list("/users/{id}/channels", &channels::CHANNEL),
        deep(list("/users/{id}/workbins", &workbins::WORKBIN)),
        deep(one("/users/{id}/workbins/{workbin}")),
        deep(list("/workbins", &workbins::WORKBIN)),
        deep(one("/workbins/{id}")),
        list("/queues", &directory::QUEUE),
        one("/queues/{name}"),
        list("/skills", &directory::SKILL),
        one("/skills/{name}"),
        list("/groups", &directory::GROUP),
        one("/groups/{name}"),
        list("/settings/agent-states", &settings::AGENT_STATE),
        list("/settings/workbins", &settings::WORKBIN_TYPE),
        list("/settings/capacity", &settings::CAPACITY),
        list("/features", &services::FEATURE),
        one("/features/{id}"),
        list("/services", &services::SERVICE),
        one("/services/{id}"),
        one("/statistics"),
        one("/me/chats/{id}"),
        one("/me/emails/{id}"),
        one("/me/workitems/{id}"),
        one("/me/openmedia/{mediaType}/{id}"),
    ]
}

/// Of those, the ones that can be asked how things were: all but what is the caller's own, which is how it is.
pub(super) fn has_past(path: &str) -> bool {
    let of_now = ["/me", "/features", "/services"];
    !of_now.iter().any(|it| path.starts_with(it))
}

/// The parameters that several routes have: how resources are shown, and what makes a request conditional.
pub(super) fn parameters() -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema});
    let text = json!({"type": "string"});
    let mut all = conditions();
    all["At"] = query(
        "at",
        "As it was after this sequence, or at this time (ISO 8601); for supervisors and administrators",
        text.clone(),
    );
    all["Fields"] = query(
        "fields",
        "`*` or a list of fields; a list of resources without it gives their URIs",
        text.clone(),
    );
    all["Subresources"] = query(
        "subresources",
        "`*` or a list of what is wanted along with the resource",
        text,
    );
    all["Offset"] = query(
        "offset",
        "How many to pass over; `total` of the reply says how many there are",
        json!({"type": "integer", "minimum": 0, "default": 0}),
    );
    all["Limit"] = query(
        "limit",
        "How many to give",
        json!({"type": "integer", "minimum": 1, "maximum": PAGE_LEN_MAX, "default": PAGE_LEN_MAX}),
    );
    all
}

/// The headers that make a request conditional.
fn conditions() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({"name": name, "in": "header", "description": description, "schema": schema});
    let tags = json!({"type": "string", "examples": ["\"1-17\""]});
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            "Names the request, so that it can be sent again: the same request of the same caller gets its first answer, and \
             nothing is done twice. Kept for a day, also over a restart, unless so many newer ones came that the oldest had \
             to go. A refused request leaves no key. The interactions that a repeated answer shows are as they are now; those that the \
             caller may no longer know of are left out.",
            json!({"type": "string", "pattern": "^[!-~]{1,255}$"}),
        ),
        "IfMatch": header(
            "If-Match",
            "Refused with 409 unless one of these is the ETag of the interaction",
            tags.clone(),
        ),
        "IfNoneMatch": header(
            "If-None-Match",
            "Answered with 304 if one of these is the ETag of the interaction",
            tags,
        ),
    })
}

/// The header that names a version of an interaction.
pub(super) fn tag() -> Value {
    json!({"ETag": {
        "description": "The version of the interaction: the journal's epoch and the sequence of its last change. Of a request: the version that it has made of the interaction it was about.",
        "schema": {"type": "string"},
    }})
}

/// The schema of an operation's successful reply.
pub(super) fn of_reply(operation_id: &str) -> &'static str {
    match operation_id {
        "read_interaction" | "read_my_interaction" => "InteractionReply",
        "list_interactions" | "list_my_interactions" => "InteractionsReply",
        "operate_on_interaction" | "update_interaction" => "OperationReply",
        "list_my_chats" | "list_my_emails" | "list_my_workitems" | "list_my_openmedia" => {
            "MediaListReply"
        }
        "take_request" => "EventReply",
        "storage" => "StorageReply",
        "read_statistics" => "StatisticsReply",
        "operate_on_me" => "SessionReply",
        "operate_on_interactions" => "BulkReply",
        "put_configuration" => "ConfigurationReply",
        "read_document" | "read_notifications_document" => "Document",
        other => resource_schemas::of_reply(other).unwrap_or("Success"),
    }
}

/// As much of an interaction as `fields` asks for.
fn interaction_fields() -> Value {
    json!({"type": "object", "properties": interaction()["properties"]})
}

/// An interaction as `/me/interactions` and its notifications show it.
pub(super) fn interaction() -> Value {
    let text = json!({"type": ["string", "null"]});
    let time = json!({"type": ["string", "null"], "format": "date-time"});
    let mut properties = json!({
        "id": {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,64}$"},
        "state": {"enum": [
            "Queued", "Routing", "Invited", "Processing", "Composing", "Transferring", "InWorkbin", "Completed", "Revoked",
        ]},
        "channel": {"type": "string"},
        "mediaType": {"type": "string"},
        "interactionType": {"type": "string"},
        "interactionSubtype": {"type": "string"},
        "receivedDate": {"type": "string", "examples": ["2031-01-02 03:04:05.000+0000"]},
        "submittedBy": {"type": "string"},
        "interactionQueue": {"type": "string"},
        "workbin": {"type": ["object", "null"]},
        "isOnline": {"type": "boolean"},
        "userData": {"type": "object"},
        "participants": {"type": "array", "items": {"type": "object"}},
        "capabilities": {"type": "array", "items": {"type": "string"}},
        "invitation": {"type": "object", "description": "Only while the caller is invited"},
        "sequence": {"type": "integer"},
        "uri": {"type": "string", "format": "uri"},
        "path": {"type": "string"},
    });
    for name in ["parentId", "externalId", "assignedTo", "subject"] {
        properties[name] = text.clone();
    }
    for name in TIMES {
        properties[name] = time.clone();
    }
    object_of(properties, &["invitation"])
}

/// An object that has every one of these but the optional ones.
pub(super) fn object_of(properties: Value, optional: &[&str]) -> Value {
    let names = properties.as_object().into_iter().flatten();
    let required: Vec<&String> = names
        .map(|(name, _)| name)
        .filter(|name| !optional.contains(&name.as_str()))
        .collect();
    json!({"type": "object", "required": required, "properties": properties})
}

/// What every success has.
pub(super) fn success() -> Value {
    json!({
        "statusCode": {"const": 0},
        "referenceId": {"type": "integer"},
        "sequence": {"type": "integer"},
    })
}

/// What the disk holds, each part as the numbers that it is counted by.
fn storage() -> Value {
    let part = |names: [&str; 2]| {
        let counts = names.map(|name| (name.to_owned(), json!({"type": "integer", "minimum": 0})));
        object(&names, Value::Object(counts.into_iter().collect()))
    };
    let mut properties = json!({
        "journal": part(["bytes", "freeBytes"]),
        "archive": part(["interactions", "bytes"]),
        "histories": part(["steps", "bytes"]),
        "stateSnapshots": part(["files", "bytes"]),
    });
    properties["statusCode"] = json!({"const": 0});
    object(
        &[
            "statusCode",
            "journal",
            "archive",
            "histories",
            "stateSnapshots",
        ],
        properties,
    )
}

/// A successful reply that may carry something more; lists carry URIs where no fields were asked for.
fn reply(name: &str, schema: &Value) -> Value {
    let mut properties = success();
    properties["status"] = json!({"enum": ["ok", 0]});
    properties["uris"] = json!({"type": "array", "items": {"type": "string", "format": "uri"}});
    properties["after"] = json!({"type": "string", "description": "Asks for the next page"});
    properties["damaged"] = json!({"type": "integer", "minimum": 1,
        "description": "So many are left out, since they are not what was written"});
    properties["id"] = json!({"type": "string"});
    properties[name] = schema.clone();
    object(&["statusCode"], properties)
}

/// The agent's interactions of one medium: under its key, in its words.
fn media_list() -> Value {
    let mut whole = reply("chats", &list_of_objects());
    for words in MediaWords::ALL {
        whole["properties"][words.many] = list_of_objects();
    }
    whole
}

fn list_of(name: &str) -> Value {
    json!({"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}})
}

/// An object that has these of its keys.
pub(super) fn object(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}
