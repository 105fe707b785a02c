//! `/statistics`: how much there is to do and who does it, for those who look after the contact centre.

use std::sync::Arc;

use axum::Json;
use serde_json::{Value, json};

use super::caller::Overseer;
use super::error::ApiError;
use super::history::Reading;
use crate::centre::statistics_of;
use crate::engine::State;

/// Queues with how many wait and how long, agents by channel and state, interactions by state; up to 250 ms old
#[utoipa::path(get, path = "/statistics", tag = "Operation",
    responses((status = 200, description = "The numbers, valid at `sequence` and `time`"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn read_statistics(
    Overseer(_): Overseer,
    Reading(caller, state, view): Reading,
) -> Result<Json<Value>, ApiError> {
    let counted = match view.at {
        // What was is not shared by all who ask now.
        Some(_) => counted_at(state).await?,
        None => caller.0.centre.statistics(),
    };
    let mut body = view.select(counted.as_ref().clone());
    body["statusCode"] = json!(0);
    body["sequence"] = counted["sequence"].clone();
    Ok(Json(body))
}

async fn counted_at(state: Arc<State>) -> Result<Arc<Value>, ApiError> {
    let counting = tokio::task::spawn_blocking(move || statistics_of(&state, state.at));
    let counted = counting.await.map_err(|_| ApiError::internal())?;
    Ok(Arc::new(counted))
}
