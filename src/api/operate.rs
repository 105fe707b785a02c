//! Carrying out an operation for a caller, and the shapes of the replies.

use std::time::Instant;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Caller, reference_id};
use super::conditions::{Conditions, etag};
use super::error::ApiError;
use super::observer;
use crate::centre::{Done, interaction_for};
use crate::domain::{Interaction, InteractionId, MediaType, Refusal};
use crate::engine::operations::{Gateway, Reply, find};
use crate::engine::{Operation, Outcome, Request};

/// `statusCode` where some of what was asked for was done.
pub(super) const PARTIAL_SUCCESS: u8 = 7;

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
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let reply = operation.spec().reply;
    let done = perform(app, caller, operation, parameters, conditions).await;
    let done = done.map_err(|error| error.for_operation(reply))?;
    Ok(done.respond(caller, reply_body(caller, reply, &done.done)))
}

/// A request that was carried out, now or when it came first.
pub(super) struct Performed {
    pub(super) done: Done,
    is_about_interaction: bool,
}

impl Performed {
    /// The reply, with the tag of the interaction that the request was about or has made: the request changed it, so that
    /// its version then was that of the step, whatever has happened since.
    pub(super) fn respond(&self, caller: &Caller, body: Value) -> Response {
        let has_tag = self.is_about_interaction || matches!(self.done.outcome, Outcome::Created(_));
        let tag = etag(caller.0.centre.epoch(), self.done.head.sequence);
        let tag = has_tag.then_some([(header::ETAG, tag)]);
        (tag, Json(body)).into_response()
    }
}

/// Carries out an operation, or finds what was answered when it came first.
///
/// # Errors
/// The refusal.
pub(super) async fn perform(
    app: &App,
    caller: &Caller,
    operation: Operation,
    parameters: &Map<String, Value>,
    conditions: Conditions,
) -> Result<Performed, ApiError> {
    let (began, place) = (Instant::now(), operation.place());
    observer::seen_operation(operation.spec().name);
    let performed = perform_unseen(app, caller, operation, parameters, conditions).await;
    let code = performed.as_ref().err().map_or(0, ApiError::status_code);
    let meters = caller.0.centre.meters();
    meters.operation(place, code, began.elapsed());
    performed
}

async fn perform_unseen(
    app: &App,
    caller: &Caller,
    operation: Operation,
    parameters: &Map<String, Value>,
    conditions: Conditions,
) -> Result<Performed, ApiError> {
    let centre = &caller.0.centre;
    let request = Request {
        actor: caller.actor(operation.spec())?,
        reference_id: Some(reference_id(app, parameters)?),
        if_match: conditions.versions(centre.epoch()),
        idempotency: conditions.idempotency,
        entropy: app.entropy()?,
        operation,
    };
    let interaction = request.operation.interaction().cloned();
    let done = match centre.first_answer(&request)? {
        Some(done) => Ok(done),
        None => {
            conditions.permitted?;
            centre.request(request).await
        }
    };
    Ok(Performed {
        done: done.map_err(|refusal| with_present_state(refusal, caller, interaction.as_ref()))?,
        is_about_interaction: interaction.is_some(),
    })
}

/// A lost race is told with the interaction as it is now and its tag, if the caller may see it.
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
            let centre = &caller.0.centre;
            let tag = etag(centre.epoch(), found.changed_sequence);
            let resource = interaction_for(found, caller.user(), centre.links());
            error
                .with("interaction", resource)
                .with_header(header::ETAG, tag)
        }
        None => error,
    }
}

/// Whether an answer shows an interaction as it is now. A repeated one tells nobody what has become of one that he may no
/// longer know of.
pub(super) fn is_shown(caller: &Caller, done: &Done, interaction: &Interaction) -> bool {
    !done.is_repeated
        || interaction.changed_sequence <= done.head.sequence
        || caller.may_see(&done.state, interaction)
}

/// The reply to an operation: what the seed documents for it, `referenceId`, `sequence`, and what it gives.
pub(super) fn reply_body(caller: &Caller, reply: Reply, done: &Done) -> Value {
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
                .filter(|interaction| is_shown(caller, done, interaction))
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
        Outcome::LoggedInPartly { media, missing } => add_partial(&mut body, media, missing),
        Outcome::Acknowledged
        | Outcome::AddressInfo { .. }
        | Outcome::ConfigurationApplied(_)
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

/// A session that began for some of the media asked for: which, and why not for the others (gateway-api 1.5).
pub(super) fn add_partial(body: &mut Value, media: &[MediaType], missing: &[MediaType]) {
    let begun = media
        .iter()
        .map(|medium| json!({"channel": medium, "statusCode": 0}));
    let refused = missing.iter().map(|medium| {
        let refusal = Refusal::not_found("channel", medium.as_str());
        let mut item = ApiError::from(refusal).item();
        item["channel"] = json!(medium);
        item
    });
    let channels: Vec<Value> = begun.chain(refused).collect();
    body["statusCode"] = json!(PARTIAL_SUCCESS);
    body["statusMessage"] = json!("The session began for some of the channels only");
    body["channels"] = json!(channels);
}
