//! `/health/live`, `/health/ready` and the version, answered without credentials; and what the disk holds.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::centre::Health;
use crate::domain::Role;

/// The process answers
#[utoipa::path(get, path = "/health/live", tag = "Operation", responses((status = 200, description = "It lives")))]
pub(super) async fn live() -> Json<Value> {
    Json(json!({"statusCode": 0, "status": "live"}))
}

/// Every contact centre takes changes
#[utoipa::path(get, path = "/health/ready", tag = "Operation",
    responses((status = 200, description = "Ready"), (status = 503, description = "Not ready, with the reasons")))]
pub(super) async fn ready(State(app): State<App>) -> Response {
    let reasons = reasons(&app);
    if reasons.is_empty() {
        Json(json!({"statusCode": 0, "status": "ready"})).into_response()
    } else {
        let body = json!({
            "statusCode": 4, "statusMessage": "Not ready", "status": "not ready", "reasons": reasons,
        });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    }
}

/// Why the server is not ready; nothing if it is.
pub(super) fn reasons(app: &App) -> Vec<String> {
    let mut reasons = Vec::new();
    for handle in app.centres.all() {
        if let Health::Refusing(reason) | Health::Failed(reason) = handle.health() {
            reasons.push(format!("{}: {reason}", handle.id()));
        }
    }
    if app.hub.is_stopping() {
        reasons.push("the server is stopping".to_owned());
    }
    reasons
}

/// The server's version
#[utoipa::path(get, path = "/diagnostics/version", tag = "Operation",
    responses((status = 200, description = "The version")))]
pub(super) async fn version() -> Json<Value> {
    Json(json!({"statusCode": 0, "version": env!("CARGO_PKG_VERSION")}))
}

/// What the contact centre takes up on the disk, in bytes; for administrators
#[utoipa::path(get, path = "/diagnostics/storage", tag = "Operation",
    responses((status = 200, description = "The journal's file with what of it is free, the archive and the kept histories in it, and the state snapshots"),
              (status = 401), (status = 403), (status = 503)))]
pub(super) async fn storage(caller: Caller) -> Result<Json<Value>, ApiError> {
    if !caller.0.roles.contains(&Role::Admin) {
        return Err(ApiError::forbidden("This is for administrators"));
    }
    let storage = caller.0.centre.storage().await?;
    let journal = storage.journal;
    Ok(Json(json!({
        "statusCode": 0,
        "journal": {"bytes": journal.bytes, "freeBytes": journal.free_bytes},
        "archive": {"interactions": journal.archived_len, "bytes": journal.archived_bytes},
        "histories": {"steps": journal.kept_len, "bytes": journal.kept_bytes},
        "stateSnapshots": {"files": storage.snapshots_len, "bytes": storage.snapshots_bytes},
    })))
}
