//! `/statistics`: how much there is to do and who does it, for those who look after the contact centre.

use axum::Json;
use serde_json::{Value, json};

use super::caller::Overseer;
use super::view::View;

/// Queues with how many wait and how long, agents by channel and state, interactions by state; up to 250 ms old
#[utoipa::path(get, path = "/statistics", tag = "Operation",
    responses((status = 200, description = "The numbers, valid at `sequence` and `time`"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn read_statistics(Overseer(caller): Overseer, view: View) -> Json<Value> {
    let counted = caller.0.centre.statistics();
    let mut body = view.select(counted.as_ref().clone());
    body["statusCode"] = json!(0);
    body["sequence"] = counted["sequence"].clone();
    Json(body)
}
