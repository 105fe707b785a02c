//! `POST /requests`: the reference's requests as JSON, answered in the reference's words.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::Caller;
use super::conditions::Conditions;
use super::error::ApiError;
use super::operate::{Performed, add_partial, is_shown, perform};
use crate::centre::{Done, Identity, event_json};
use crate::domain::{ClientType, Refusal, Role};
use crate::engine::operations::find;
use crate::engine::{Operation, Outcome, answer};

/// Takes a request of the reference
#[utoipa::path(post, path = "/requests", tag = "Event models",
    request_body(content = Value, description = "`{\"request\":\"RequestRouteCall\",\"referenceId\":7,…}`"),
    responses((status = 200, description = "The answer, such as EventAck"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn take_request(
    State(app): State<App>,
    caller: Caller,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let result = take(&app, &caller, &body, conditions).await;
    match result {
        Ok(performed) => Ok(performed.respond(&caller, answer_body(&caller, &performed.done))),
        Err(error) => Err(error_event(error, &caller, &body)),
    }
}

async fn take(
    app: &App,
    caller: &Caller,
    body: &JsonObject,
    conditions: Conditions,
) -> Result<Performed, ApiError> {
    let name = body.text("request")?;
    find(name).ok_or_else(|| Refusal::invalid_value("request", name))?;
    let operation = Operation::parse(name, None, &body.0)?;
    let registers = matches!(operation, Operation::RegisterClient(_));
    let permitted = if registers {
        Ok(())
    } else {
        check_registered(caller)
    };
    let conditions = conditions.permitted(permitted);
    perform(app, caller, operation, &body.0, conditions).await
}

/// A client other than an agent registers before anything else (interaction-models 1.1, variant b).
fn check_registered(caller: &Caller) -> Result<(), ApiError> {
    let state = caller.0.centre.state();
    let types = [
        ClientType::MediaServer,
        ClientType::Router,
        ClientType::ReportingEngine,
    ];
    let roles = &caller.0.roles;
    let must = types.iter().any(|kind| roles.contains(&kind.role()))
        && !roles.contains(&Role::Agent)
        && !caller.sees_all();
    if must && !state.clients.contains_key(caller.user()) {
        return Err(Refusal::not_registered().into());
    }
    Ok(())
}

/// The event that answers; where it follows later, only that the request was taken.
fn answer_body(caller: &Caller, done: &Done) -> Value {
    let identity = Identity {
        server: caller.0.centre.server(),
        at: done.head.at,
    };
    let message = answer(&done.state, &done.head, &done.outcome);
    let mut body = match message {
        Some(mut message) => {
            let attributes = &mut message.attributes;
            attributes
                .interaction
                .take_if(|it| !is_shown(caller, done, it));
            if let Some(all) = &mut attributes.interactions {
                all.retain(|it| is_shown(caller, done, it));
            }
            event_json(&message, done.head.sequence, None, &identity)
        }
        None => json!({"sequence": done.head.sequence}),
    };
    if let Outcome::Created(id) | Outcome::Routed(id) = &done.outcome {
        body["interactionId"] = json!(id);
    }
    body["statusCode"] = json!(0);
    body["referenceId"] = json!(done.head.reference_id);
    if let Outcome::LoggedInPartly { media, missing } = &done.outcome {
        add_partial(&mut body, media, missing);
    }
    body
}

/// EventError, in the protocol of the caller.
fn error_event(error: ApiError, caller: &Caller, body: &JsonObject) -> ApiError {
    let protocol = if caller.0.roles.contains(&Role::Router) {
        "T-Library"
    } else {
        "Interaction Management"
    };
    let code = error.error_code();
    let description = error.message().to_owned();
    let error = error
        .with("event", json!("EventError"))
        .with("protocol", json!(protocol))
        .with("server", json!(caller.0.centre.server()))
        .with("errorDescription", json!(description));
    let error = match code {
        Some(code) => error.with("errorCode", json!(code)),
        None => error,
    };
    match body.0.get("referenceId") {
        Some(reference) if reference.is_u64() => error.with("referenceId", reference.clone()),
        _ => error,
    }
}
