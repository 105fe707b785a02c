//! `/login` and `/logout`: the page's cookie.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::json;

use super::App;
use super::body::JsonObject;
use super::error::ApiError;
use super::tokens::revoke;
use crate::centre::user;
use crate::domain::Timestamp;
use crate::identity::{CENTRE_HEADER, COOKIE};
use crate::transports::Client;

/// Gives the page's cookie for a name and a password
#[utoipa::path(post, path = "/login", tag = "Session",
    request_body(content = Value, description = "`{\"userName\":…,\"password\":…}`"),
    responses((status = 200, description = "The user; sets the cookie"), (status = 400), (status = 401), (status = 403), (status = 429)))]
pub(super) async fn log_in(
    State(app): State<App>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let centre = headers.get(CENTRE_HEADER).and_then(|it| it.to_str().ok());
    let (name, password) = (body.text("userName")?, body.text("password")?);
    let client = client.map(|Extension(client)| client);
    let found = app.credentials.by_password(name, password, centre, client);
    let identity = app.credentials.admit(&headers, found.await?)?;
    let tokens = app.credentials.tokens();
    let signed = tokens.issue_cookie(
        identity.user.clone(),
        identity.centre_id().clone(),
        &identity.roles,
        app.cookie_max_age_ms,
    );
    let token = signed.map_err(|_| ApiError::internal())?;
    let resource = user(
        &identity.centre.state(),
        &identity.user,
        identity.centre.links(),
    );
    let body = Json(json!({"statusCode": 0, "user": resource}));
    let is_secure = app.cookies_secure || client.is_some_and(|client| client.is_secure);
    let cookie = cookie(is_secure, &token, app.cookie_max_age_ms / 1_000);
    Ok(([(header::SET_COOKIE, cookie)], body).into_response())
}

/// Revokes the page's cookie, and ends the push sessions that live by it
#[utoipa::path(post, path = "/logout", tag = "Session", responses((status = 200, description = "Done"), (status = 503)))]
pub(super) async fn log_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if let Ok(identity) = app.credentials.by_cookie(&headers) {
        let principal = identity.principal();
        if let (Some(token_id), Some(end)) = (&principal.token_id, principal.expires_at_ms) {
            revoke(&app, Some(&principal.key), token_id, Timestamp(end)).await?;
        }
    }
    let body = Json(json!({"statusCode": 0}));
    Ok((
        [(header::SET_COOKIE, cookie(app.cookies_secure, "", 0))],
        body,
    )
        .into_response())
}

fn cookie(is_secure: bool, value: &str, max_age_s: u64) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let text =
        format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&text).expect("a token is plain text")
}
