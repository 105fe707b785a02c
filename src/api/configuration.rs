//! `/configuration`: a whole contact centre as `baton.toml` has it, applied to the one that runs (design D16).

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::administration::CANNOT_UPDATE;
use super::body::JsonObject;
use super::caller::{Administrator, Caller};
use super::conditions::{Conditions, etag};
use super::configured::read;
use super::error::ApiError;
use super::operate::{perform, reply_body};
use crate::domain::{CentreId, Configuration, Refusal};
use crate::engine::operations::{ApplyConfiguration, Reply};
use crate::engine::{Operation, Outcome, Request};
use crate::identity::is_password_hash;

/// A contact centre as it is wanted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    /// Which one it is meant for: the caller's, or he has taken the wrong file.
    contact_center_id: CentreId,
    /// In the words of `baton.toml`; times are options of the server and not looked at.
    configuration: Box<Configuration>,
    #[serde(default)]
    remove_others: bool,
    #[serde(default)]
    dry_run: bool,
}

/// Makes the contact centre what `baton.toml` says of it: what is different is changed at once; what is not named stays, unless
/// `removeOthers`. With `dryRun` nothing is changed
#[utoipa::path(put, path = "/configuration", tag = "Administration",
    request_body(content = Value, description = "`{\"contactCenterId\":…,\"configuration\":{…},\"removeOthers\":false,\"dryRun\":false}`: the tables of `[centres.<id>]` as JSON. A user without `password_hash` keeps the password that he has",
        example = json!({"contactCenterId": "demo", "configuration": {"queues": {"vip": {"media_type": "chat"}}}, "dryRun": true})),
    responses((status = 200, description = "Done, with `changes`: what was made, replaced (with the keys that differ), removed, or kept although it is not named"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn put_configuration(
    State(app): State<App>,
    Administrator(caller): Administrator,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let wanted = read::<Wanted>(&body)?;
    check(&caller, &wanted)?;
    let is_dry_run = wanted.dry_run;
    let operation = Operation::ApplyConfiguration(ApplyConfiguration {
        configuration: wanted.configuration,
        removes_others: wanted.remove_others,
    });
    if is_dry_run {
        return rehearse(&app, &caller, conditions, operation).await;
    }
    // The body is the configuration: of its other keys only the reference is looked at.
    let performed = perform(&app, &caller, operation, &body, conditions).await;
    let done = performed
        .map_err(|error| error.of_resource(CANNOT_UPDATE))?
        .done;
    let mut reply = reply_body(&caller, Reply::StatusCode, &done);
    tell(&mut reply, &done.outcome, false);
    let configured = done.state.configured_sequence.min(done.head.sequence);
    let tag = etag(caller.0.centre.epoch(), configured);
    Ok(([(header::ETAG, tag)], Json(reply)).into_response())
}

fn check(caller: &Caller, wanted: &Wanted) -> Result<(), ApiError> {
    if wanted.contact_center_id != *caller.0.centre.id() {
        let name = wanted.contact_center_id.as_str();
        return Err(Refusal::invalid_value("contactCenterId", name).into());
    }
    for (name, user) in &wanted.configuration.users {
        let hash = user.password_hash.as_deref();
        if hash.is_some_and(|hash| !is_password_hash(hash)) {
            return Err(ApiError::invalid(format!(
                "The password_hash of {name} is no hash of a password"
            )));
        }
    }
    Ok(())
}

async fn rehearse(
    app: &App,
    caller: &Caller,
    conditions: Conditions,
    operation: Operation,
) -> Result<Response, ApiError> {
    let centre = &caller.0.centre;
    let outcome = centre.rehearsal().await?.perform(Request {
        actor: caller.actor(operation.spec())?,
        reference_id: None,
        if_match: conditions.versions(centre.epoch()),
        idempotency: None,
        entropy: app.entropy()?,
        operation,
    })?;
    let mut reply = json!({"statusCode": 0});
    tell(&mut reply, &outcome, true);
    Ok(Json(reply).into_response())
}

fn tell(reply: &mut Value, outcome: &Outcome, is_dry_run: bool) {
    reply["dryRun"] = json!(is_dry_run);
    if let Outcome::ConfigurationApplied(changes) = outcome {
        reply["changes"] = json!(changes);
    }
}
