//! The shapes of resources, as JSON Schema by example: what a resource has is written once, as one that there might be.

use serde_json::{Map, Value, json};

/// Every kind of resource: the name of its schema, its key alone and in a list, and an example. Each reply with one is
/// `…Reply`, with several `…ListReply`.
fn all() -> [(&'static str, &'static str, &'static str, Value); 11] {
    [
        ("User", "user", "users", user()),
        ("Channel", "channel", "channels", channel()),
        ("Workbin", "workbin", "workbins", workbin()),
        ("Queue", "queue", "queues", queue()),
        (
            "Skill",
            "skill",
            "skills",
            named("english", "/skills/english"),
        ),
        ("Group", "group", "groups", group()),
        ("AgentState", "agentState", "settings", agent_state()),
        ("WorkbinType", "workbinType", "settings", workbin_type()),
        ("Capacity", "capacity", "settings", capacity()),
        ("Feature", "feature", "features", feature()),
        ("Service", "service", "services", service()),
    ]
}

/// The schemas of the resources and of the replies that have them.
pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    for (name, one, many, example) in all() {
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        let list = json!({"type": "array", "items": reference});
        schemas.insert(name.to_owned(), of_example(&example));
        schemas.insert(format!("{name}Reply"), reply(one, &reference, &example));
        let mut whole = reply(many, &list, &json!([example]));
        whole["properties"]["uris"] =
            json!({"type": "array", "items": {"type": "string", "format": "uri"}});
        whole["properties"]["total"] = json!({"type": "integer", "minimum": 0});
        if name == "Workbin" {
            // With `workbinIds` they are keyed by identifier, and some may be refused.
            whole["properties"][many] = json!({"anyOf": [list, {"type": "object"}]});
            whole["properties"]["statusCode"] = json!({"enum": [0, 7]});
        }
        schemas.insert(format!("{name}ListReply"), whole);
    }
    schemas
}

/// The schema of the reply of a route that shows resources.
pub(super) fn of_reply(operation_id: &str) -> Option<&'static str> {
    Some(match operation_id {
        "read_me" | "read_user" => "UserReply",
        "list_users" => "UserListReply",
        "list_my_channels" | "list_channels" => "ChannelListReply",
        "read_my_channel" => "ChannelReply",
        "list_workbins" | "list_my_workbins" | "list_workbins_of" => "WorkbinListReply",
        "read_workbin" | "read_my_workbin" | "read_workbin_of" => "WorkbinReply",
        "list_queues" => "QueueListReply",
        "read_queue" => "QueueReply",
        "list_skills" => "SkillListReply",
        "read_skill" => "SkillReply",
        "list_groups" => "GroupListReply",
        "read_group" => "GroupReply",
        "list_agent_states" => "AgentStateListReply",
        "list_workbin_types" => "WorkbinTypeListReply",
        "list_capacity" => "CapacityListReply",
        "list_features" => "FeatureListReply",
        "read_feature" => "FeatureReply",
        "list_services" => "ServiceListReply",
        "read_service" => "ServiceReply",
        _ => return None,
    })
}

fn reply(key: &str, schema: &Value, example: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["statusCode", "sequence"],
        "properties": {
            "statusCode": {"const": 0},
            "sequence": {"type": "integer", "minimum": 0},
            key: schema,
        },
        "examples": [{"statusCode": 0, "sequence": 17, key: example}],
    })
}

/// An object with the keys of an example, whose values are of the same types; what is null there is a text or null.
fn of_example(example: &Value) -> Value {
    let properties: Map<String, Value> = example
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| {
            let kind = match value {
                Value::Null => json!(["string", "null"]),
                Value::Bool(_) => json!("boolean"),
                Value::Number(_) => json!("integer"),
                Value::String(_) => json!("string"),
                Value::Array(_) => json!("array"),
                Value::Object(_) => json!("object"),
            };
            (name.clone(), json!({"type": kind}))
        })
        .collect();
    json!({"type": "object", "properties": properties, "examples": [example]})
}

fn located(mut resource: Value, path: &str) -> Value {
    resource["uri"] = json!(format!("http://127.0.0.1:8080/api/v2{path}"));
    resource["path"] = json!(path);
    resource
}

fn named(name: &str, path: &str) -> Value {
    located(json!({"id": name, "name": name}), path)
}

fn user() -> Value {
    let user = json!({
        "id": "ada", "userName": "ada", "firstName": "Ada", "lastName": "Agent", "roles": ["agent"],
        "groups": ["team"], "skills": [{"id": "english", "name": "english", "level": 5}],
        "enabled": true, "loggedIn": false, "place": null,
    });
    located(user, "/users/ada")
}

fn channel() -> Value {
    json!({
        "channel": "chat", "dndState": "Off",
        "userState": {"id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "displayName": "Not Ready", "state": "NotReady"},
        "since": "2031-01-02T03:04:05.000Z", "capacity": 3, "used": 0, "available": false,
        "path": "/me/channels/chat",
    })
}

fn workbin() -> Value {
    let bin = json!({
        "id": "drafts.ada", "name": "drafts", "workbinName": "drafts", "displayName": "Drafts",
        "type": "Agent", "owner": "ada", "agentGroup": null, "total": 2, "subscribed": true,
    });
    located(bin, "/workbins/drafts.ada")
}

fn queue() -> Value {
    let queue = json!({
        "id": "sales", "name": "sales", "channel": "chat", "waiting": 4, "pullGroups": ["team"],
        "skills": [{"id": "english", "name": "english", "level": 5}],
    });
    located(queue, "/queues/sales")
}

fn group() -> Value {
    let group = json!({"id": "team", "name": "team", "type": "AgentGroup"});
    located(group, "/groups/team")
}

fn agent_state() -> Value {
    json!({
        "id": "900D55CC-2BB0-431F-8BF9-D3525B383BE6", "operationName": "NotReady",
        "displayName": "Not Ready", "state": "NotReady",
    })
}

fn workbin_type() -> Value {
    json!({"name": "drafts", "displayName": "Drafts", "type": "Agent", "agentGroup": null})
}

fn capacity() -> Value {
    json!({"name": "chat", "capacity": 3})
}

fn feature() -> Value {
    let feature = json!({"id": "api-multimedia", "displayName": "Interactions", "description": "Interactions"});
    located(feature, "/features/api-multimedia")
}

fn service() -> Value {
    let service = json!({"id": "MultiMediaState", "name": "MultiMediaState", "type": "Media", "state": "Active"});
    located(service, "/services/MultiMediaState")
}
