//! Carrying out an operation for a caller, and the shapes of the replies.

use serde_json::{Map, Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Caller, reference_id};
use super::error::ApiError;
use crate::centre::{Done, interaction_for};
use crate::domain::{InteractionId, Refusal, Sequence};
use crate::engine::operations::{Gateway, Reply, find};
use crate::engine::{Operation, Outcome, Request};

/// Reads an operation of one of the gateway's POSTs, by `operationName`.
///
/// # Errors
/// No such operation there; a parameter missing or invalid, told as the operation's own failures are.
pub(super) fn read_operation(
    gateway: Gateway,
    interaction: Option<&str>,
    parameters: &JsonObject,
) -> Result<Operation, ApiError> {
    let name = parameters.text("operationName")?;
    let spec = find(name)
        .filter(|spec| spec.gateway == gateway)
        .ok_or_else(|| Refusal::invalid_value("operationName", name))?;
    Operation::parse(name, interaction, &parameters.0)
        .map_err(|refusal| ApiError::from(refusal).for_operation(spec.reply))
}

/// Carries out an operation and gives the gateway's reply.
///
/// # Errors
/// The refusal, with the keys of the operation's own failures.
pub(super) async fn operate(
    app: &App,
    caller: &Caller,
    operation: Operation,
    parameters: &Map<String, Value>,
    if_match: Option<Sequence>,
) -> Result<Value, ApiError> {
    let reply = operation.spec().reply;
    let done = perform(app, caller, operation, parameters, if_match).await;
    let done = done.map_err(|error| error.for_operation(reply))?;
    Ok(reply_body(caller, reply, &done))
}

/// Carries out an operation.
///
/// # Errors
/// The refusal.
pub(super) async fn perform(
    app: &App,
    caller: &Caller,
    operation: Operation,
    parameters: &Map<String, Value>,
    if_match: Option<Sequence>,
) -> Result<Done, ApiError> {
    let request = Request {
        actor: caller.actor(operation.spec())?,
        reference_id: Some(reference_id(app, parameters)?),
        if_match,
        entropy: app.entropy()?,
        operation,
    };
    let interaction = request.operation.interaction().cloned();
    let done = caller.0.centre.request(request).await;
    done.map_err(|refusal| with_present_state(refusal, caller, interaction.as_ref()))
}

/// A lost race is told with the interaction as it is now, if the caller may see it.
fn with_present_state(
    refusal: Refusal,
    caller: &Caller,
    interaction: Option<&InteractionId>,
) -> ApiError {
    let is_conflict = refusal.kind.codes().http_status == 409;
    let error = ApiError::from(refusal);
    let state = caller.0.centre.state();
    let found = interaction.and_then(|id| state.interaction(id));
    match found.filter(|found| is_conflict && caller.may_see(&state, found)) {
        Some(found) => {
            let links = caller.0.centre.links();
            error.with("interaction", interaction_for(found, caller.user(), links))
        }
        None => error,
    }
}

/// The reply to an operation: what the seed documents for it, `referenceId`, `sequence`, and what it gives.
fn reply_body(caller: &Caller, reply: Reply, done: &Done) -> Value {
    let mut body = json!({
        "statusCode": 0,
        "referenceId": done.head.reference_id,
        "sequence": done.head.sequence,
    });
    match reply {
        Reply::Status => body["status"] = json!("ok"),
        Reply::StatusZero => body["status"] = json!(0),
        Reply::StatusCode => {}
    }
    let links = caller.0.centre.links();
    match &done.outcome {
        Outcome::Created(id) => {
            let path = format!("/interactions/{id}");
            body["id"] = json!(id);
            body["uri"] = json!(links.uri(&path));
            body["path"] = json!(path);
        }
        Outcome::PropertiesChanged { missing } if !missing.is_empty() => {
            body["missingKeys"] = json!(missing);
        }
        Outcome::WorkbinContent { interactions, .. } | Outcome::Pulled(interactions) => {
            let found = interactions.iter();
            let resources: Vec<Value> = found
                .filter_map(|id| done.state.interaction(id))
                .map(|interaction| interaction_for(interaction, caller.user(), links))
                .collect();
            body["interactions"] = json!(resources);
        }
        Outcome::Moved {
            snapshot,
            interactions,
        }
        | Outcome::SnapshotTaken {
            snapshot,
            interactions,
        } => {
            body["snapshotId"] = json!(snapshot);
            body["interactionIds"] = json!(interactions);
        }
        Outcome::SnapshotReleased(snapshot) => body["snapshotId"] = json!(snapshot),
        Outcome::Acknowledged
        | Outcome::AddressInfo { .. }
        | Outcome::Invited(_)
        | Outcome::PropertiesChanged { .. }
        | Outcome::Registered(_)
        | Outcome::ReportingStarted { .. }
        | Outcome::Routed(_)
        | Outcome::Unasked
        | Outcome::Unregistered(_) => {}
    }
    body
}
