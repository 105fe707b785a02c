//! `POST /tokens/revoke`: a token that got lost is not taken any more.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Administrator, Caller};
use super::error::ApiError;
use crate::domain::{Refusal, Timestamp};
use crate::identity::{RevocationError, token_id};

/// Characters of a `jti` that can be revoked.
const JTI_LEN_MAX: usize = 256;

/// Revokes a token of the contact centre until it would have ended, and ends the push sessions that live by it; for
/// administrators
#[utoipa::path(post, path = "/tokens/revoke", tag = "Session",
    request_body(content = Value, description = "`{\"token\":…}`, or `{\"jti\":…,\"expiresAt\":\"2031-01-02T03:04:05Z\"}`"),
    responses((status = 200, description = "It is not taken any more"), (status = 400), (status = 401), (status = 403), (status = 503)))]
pub(super) async fn revoke_token(
    State(app): State<App>,
    Administrator(caller): Administrator,
    body: JsonObject,
) -> Result<Json<Value>, ApiError> {
    let (token_id, until) = match body.0.get("token") {
        Some(_) => by_token(&app, &caller, body.text("token")?).await?,
        None => by_name(&app, &caller, &body)?,
    };
    revoke(&app, None, &token_id, until).await?;
    Ok(Json(json!({"statusCode": 0})))
}

/// Revokes a token, and ends the push sessions that live by it: those of `user`, or of anybody.
///
/// # Errors
/// Too many are revoked, or it cannot be written.
pub(super) async fn revoke(
    app: &App,
    user: Option<&str>,
    token_id: &str,
    until: Timestamp,
) -> Result<(), ApiError> {
    app.credentials
        .revoke(token_id, until)
        .map_err(unavailable)?;
    app.hub.end_sessions_of_token(user, token_id);
    let written = app.credentials.revocations_written().await;
    written.map_err(unavailable)
}

async fn by_token(
    app: &App,
    caller: &Caller,
    token: &str,
) -> Result<(String, Timestamp), ApiError> {
    // Who did not hear that it was done asks again.
    let claims = app.credentials.claims_of(token).await;
    let claims = claims.ok().filter(|it| it.centre == *caller.0.centre_id());
    let claims =
        claims.ok_or_else(|| ApiError::invalid("This is no valid token of the contact centre"))?;
    match claims.jti {
        Some(jti) => Ok((token_id(caller.0.centre_id(), &jti), claims.expires_at)),
        None => Err(ApiError::invalid("The token has no jti to revoke it by")),
    }
}

fn by_name(app: &App, caller: &Caller, body: &JsonObject) -> Result<(String, Timestamp), ApiError> {
    let jti = body.text("jti")?;
    if jti.is_empty() || jti.len() > JTI_LEN_MAX {
        return Err(
            Refusal::invalid_value("jti", "a text of 1 to 256 characters is needed").into(),
        );
    }
    let end = body.text("expiresAt")?;
    let end = Timestamp::parse(end).ok_or_else(|| Refusal::invalid_value("expiresAt", end))?;
    let until = end.plus_ms(app.credentials.leeway_ms());
    Ok((token_id(caller.0.centre_id(), jti), until))
}

fn unavailable(error: RevocationError) -> ApiError {
    tracing::error!(%error, "a token could not be revoked for good");
    let later = HeaderValue::from_static("1");
    let message = "The token could not be revoked for good";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, 4, message)
        .with_header(header::RETRY_AFTER, later)
}
