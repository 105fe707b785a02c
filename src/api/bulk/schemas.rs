//! The shapes of `/bulk/interactions`, as JSON Schema.

use serde_json::{Map, Value, json};

use super::request::{BULK_LEN_MAX, operations};
use crate::api::schemas::{object, success};
use crate::api::search::BODY_FILTERS;

/// The keys of the body besides the parameters of the operation.
pub(in crate::api) fn of_request() -> Value {
    let names: Vec<&str> = operations().map(|spec| spec.name).collect();
    let value = json!({"type": ["string", "integer"], "minimum": 0});
    let filters = BODY_FILTERS.map(|name| (name.to_owned(), value.clone()));
    json!({
        "operationName": {"type": "string", "enum": names},
        "interactionIds": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": BULK_LEN_MAX},
        "query": {"type": "object", "additionalProperties": false, "properties": Map::from_iter(filters)},
        "dryRun": {"type": ["boolean", "null"]},
        "referenceId": {"type": ["integer", "null"], "minimum": 0},
    })
}

/// The reply to an operation on many interactions.
pub(in crate::api) fn of_reply() -> Value {
    let count = |text: &str| json!({"type": "integer", "minimum": 0, "description": text});
    let mut result = success();
    result["id"] = json!({"type": "string"});
    result["statusCode"] = json!({"type": "integer", "minimum": 0, "maximum": 20});
    result["statusMessage"] = json!({"type": "string"});
    let result = object(&["id", "statusCode"], result);
    let properties = json!({
        "statusCode": {"enum": [0, 7]},
        "statusMessage": {"type": "string"},
        "dryRun": {"type": "boolean"},
        "done": count("How many were done, or would be"),
        "refused": count("How many were refused, or would be"),
        "results": {"type": "array", "items": result},
        "after": {"type": "string", "description": "As `after` of the query it goes on with those that were not reached"},
        "remaining": count("How many these are; left out with `q`"),
    });
    let mut schema = object(
        &["statusCode", "dryRun", "done", "refused", "results"],
        properties,
    );
    schema["examples"] = json!([{
        "statusCode": 7, "statusMessage": "1 of 2 were refused", "dryRun": false, "done": 1, "refused": 1,
        "results": [
            {"id": "0001XA7TEST0001", "statusCode": 0, "referenceId": 1, "sequence": 17},
            {"id": "0001XA7TEST0002", "statusCode": 2, "statusMessage": "The interaction was stopped already", "referenceId": 2},
        ],
    }]);
    schema
}
