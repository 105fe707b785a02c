//! The past: `?at=` on reads, and what became of an interaction. For those who look after the contact centre, since a
//! right that somebody had then may not be his any more.

use std::sync::Arc;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use super::url::{Parameters, Segment};
use super::view::View;
use crate::centre::Moment;
use crate::domain::{InteractionId, Refusal};
use crate::engine::State;

/// Who reads, the state that he sees (the one of now, or with `at` the one of then), and how he wants to see it.
pub(super) struct Reading(pub Caller, pub Arc<State>, pub View);

impl FromRequestParts<App> for Reading {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let view = View::read(parts, app).await?;
        let state = match view.at.as_deref() {
            Some(at) => state_at(&caller, at).await?,
            None => caller.0.centre.state(),
        };
        Ok(Self(caller, state, view))
    }
}

/// What a history is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct HistoryQuery {
    after: Option<String>,
}

/// What became of an interaction: every change with its sequence, its time and who made it, and what was said to whom
#[utoipa::path(get, path = "/interactions/{id}/history", tag = "Interactions",
    params(("id" = String, Path, description = "The interaction"),
           ("after" = Option<u64>, Query, description = "Only what came after this sequence")),
    responses((status = 200, description = "A page of `history`, with `after` if there is more, and `keptAfter`: what became of it up to that sequence is not kept, 0 if everything is. Where the journal has been trimmed, `said` is null"),
              (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn read_history(
    caller: Caller,
    Segment(id): Segment,
    Parameters(query): Parameters<HistoryQuery>,
) -> Result<Json<Value>, ApiError> {
    require_overseer(&caller)?;
    let id = InteractionId::parse(&id).map_err(|_| Refusal::unknown_interaction())?;
    let after = match query.after.as_deref() {
        None => 0,
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::invalid_value("after", text))?,
    };
    let centre = &caller.0.centre;
    let mut body = centre.history_of(&id, after).await?;
    let is_empty = body["history"] == json!([]);
    if is_empty && centre.state().interaction(&id).is_none() {
        // The journal has been trimmed behind it, or nobody has ever heard of it.
        let archived = centre.archived(&id).await?;
        archived.ok_or_else(Refusal::unknown_interaction)?;
    }
    body["statusCode"] = json!(0);
    body["id"] = json!(id);
    Ok(Json(body))
}

/// The state as it was at the moment that `at` names.
///
/// # Errors
/// `at` is none, is to come, is not kept, or not for this caller.
pub(super) async fn state_at(caller: &Caller, at: &str) -> Result<Arc<State>, ApiError> {
    require_overseer(caller)?;
    let moment = Moment::parse(at).ok_or_else(|| Refusal::invalid_value("at", at))?;
    Ok(caller.0.centre.state_at(moment).await?)
}

fn require_overseer(caller: &Caller) -> Result<(), ApiError> {
    if caller.sees_all() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "The past is for supervisors and administrators",
    ))
}
