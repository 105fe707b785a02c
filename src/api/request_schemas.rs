//! The shapes of requests' bodies, as JSON Schema: what must be there, and of which type it is.

use serde_json::{Value, json};

use super::bulk;

/// The schema of the body that an operation takes. What it does not name is taken as a parameter of the operation.
pub(super) fn of_request(operation_id: &str) -> Value {
    let text = json!({"type": "string"});
    let texts = json!({"type": "array", "items": text});
    let (required, properties): (&[&str], Value) = match operation_id {
        "log_in" => (
            &["userName", "password"],
            json!({"userName": text, "password": text}),
        ),
        "operate_on_me" => (
            &["operationName"],
            json!({"operationName": text, "channels": texts}),
        ),
        "operate_on_channel" | "operate_on_channels_of" | "operate_on_channel_of" => (
            &["operationName"],
            json!({"operationName": text, "reason": text}),
        ),
        "operate_on_chat" | "operate_on_email" | "operate_on_workitem" | "operate_on_openmedia" => {
            (&["operationName"], json!({"operationName": text}))
        }
        "operate_on_workbins" | "operate_on_workbins_of" => (
            &["operationName"],
            json!({"operationName": text, "workbinIds": texts}),
        ),
        "operate_on_workbin" | "operate_on_my_workbin" | "operate_on_workbin_of" => (
            &["operationName"],
            json!({"operationName": text, "id": text}),
        ),
        "submit_interaction" => (
            &[],
            json!({
                "mediaType": text, "queue": text, "subject": text, "interactionId": text,
                "userData": {"type": "object"},
            }),
        ),
        "update_interaction" => (
            &[],
            json!({"externalId": text, "subject": text, "userData": {"type": "object"}}),
        ),
        "revoke_token" => (
            &[],
            json!({"token": text, "jti": text, "expiresAt": {"type": "string", "format": "date-time"}}),
        ),
        "put_configuration" => (
            &["contactCenterId", "configuration"],
            json!({
                "contactCenterId": text, "configuration": {"type": "object"},
                "removeOthers": {"type": "boolean"}, "dryRun": {"type": "boolean"},
            }),
        ),
        "operate_on_interactions" => (&["operationName"], bulk::of_request()),
        _ => (&[], json!({})),
    };
    json!({"type": "object", "required": required, "properties": properties})
}
