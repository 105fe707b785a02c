//! `/users` and `/queues`: whom and what an interaction can be passed to.

use axum::Json;
use serde_json::{Value, json};

use super::caller::Caller;
use super::me::{FieldsQuery, collection};
use super::url::Parameters;
use crate::centre::user;

/// The users of the contact centre
#[utoipa::path(get, path = "/users", tag = "Directory",
    params(("fields" = Option<String>, Query, description = "`*` or a list of fields; without it URIs are given")),
    responses((status = 200, description = "URIs or users"), (status = 401)))]
pub(super) async fn list_users(
    caller: Caller,
    Parameters(query): Parameters<FieldsQuery>,
) -> Json<Value> {
    let state = caller.0.centre.state();
    let links = caller.0.centre.links();
    let ids = state.configuration.users.keys();
    let users = ids.map(|id| user(&state, id, links)).collect();
    Json(collection("users", users, query.fields.as_deref()))
}

/// The queues of the contact centre
#[utoipa::path(get, path = "/queues", tag = "Directory",
    params(("fields" = Option<String>, Query, description = "`*` or a list of fields; without it URIs are given")),
    responses((status = 200, description = "URIs or queues"), (status = 401)))]
pub(super) async fn list_queues(
    caller: Caller,
    Parameters(query): Parameters<FieldsQuery>,
) -> Json<Value> {
    let state = caller.0.centre.state();
    let links = caller.0.centre.links();
    let queues = state.configuration.queues.iter();
    let queues = queues
        .map(|(name, queue)| {
            let path = format!("/queues/{name}");
            json!({
                "id": name, "name": name, "channel": queue.media_type,
                "waiting": state.waiting(name).count(), "uri": links.uri(&path), "path": path,
            })
        })
        .collect();
    Json(collection("queues", queues, query.fields.as_deref()))
}
