//! `/features` and `/services`: what the caller may do here, and whether that works now (gateway-api 1.11 and section 4).

use axum::Json;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::ApiError;
use super::url::Segment;
use super::view::{Kind, View};
use crate::centre::services;
use crate::domain::{Configuration, MediaType, Refusal, Role};

/// Features.
pub(super) const FEATURE: Kind = Kind {
    one: "feature",
    many: "features",
    filters: &["id", "displayName"],
};
/// Services.
pub(super) const SERVICE: Kind = Kind {
    one: "service",
    many: "services",
    filters: &["id", "name", "type", "state"],
};
/// Who looks after agents.
const OVERSEERS: &[Role] = &[Role::Supervisor, Role::Admin];
/// Each with the medium that it is about, if any, and the roles that have it.
const FEATURES: [(&str, &str, Option<&str>, &[Role]); 7] = [
    ("api-multimedia", "Interactions", None, &[Role::Agent]),
    ("api-multimedia-chat", "Chats", Some("chat"), &[Role::Agent]),
    (
        "api-multimedia-email",
        "E-mails",
        Some("email"),
        &[Role::Agent],
    ),
    (
        "api-multimedia-workitem",
        "Work items",
        Some("workitem"),
        &[Role::Agent],
    ),
    ("api-agent-control", "Own state", None, &[Role::Agent]),
    (
        "api-supervisor-agent-control",
        "State of agents",
        None,
        OVERSEERS,
    ),
    (
        "api-provisioning-read",
        "Users, queues, skills and groups",
        None,
        &Role::ALL,
    ),
];

/// What the caller may do here
#[utoipa::path(get, path = "/features", tag = "Directory",
    responses((status = 200, description = "URIs or features"), (status = 400), (status = 401)))]
pub(super) async fn list_features(caller: Caller, view: View) -> Json<Value> {
    let state = caller.0.centre.state();
    let all = features(&caller, &state.configuration).into_iter();
    Json(view.list(&FEATURE, state.sequence, all, |it| it))
}

/// A feature of the caller's
#[utoipa::path(get, path = "/features/{id}", tag = "Directory",
    params(("id" = String, Path, description = "The feature")),
    responses((status = 200, description = "The feature"), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn read_feature(
    caller: Caller,
    Segment(id): Segment,
    view: View,
) -> Result<Json<Value>, ApiError> {
    let state = caller.0.centre.state();
    let mut all = features(&caller, &state.configuration).into_iter();
    let found = all.find(|it| it["id"] == json!(id));
    let found = found.ok_or_else(|| Refusal::not_found("feature", &id))?;
    Ok(Json(view.one(&FEATURE, state.sequence, found)))
}

/// What the contact centre is made of, and whether it works
#[utoipa::path(get, path = "/services", tag = "Operation",
    responses((status = 200, description = "URIs or services"), (status = 400), (status = 401)))]
pub(super) async fn list_services(caller: Caller, view: View) -> Json<Value> {
    let centre = &caller.0.centre;
    let state = centre.state();
    let all = services(&centre.health(), &state).into_iter();
    Json(view.list(&SERVICE, state.sequence, all, |it| {
        it.resource(centre.links())
    }))
}

/// A service
#[utoipa::path(get, path = "/services/{id}", tag = "Operation",
    params(("id" = String, Path, description = "The service")),
    responses((status = 200, description = "The service"), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn read_service(
    caller: Caller,
    Segment(id): Segment,
    view: View,
) -> Result<Json<Value>, ApiError> {
    let centre = &caller.0.centre;
    let state = centre.state();
    let mut all = services(&centre.health(), &state).into_iter();
    let found = all.find(|it| it.id == id);
    let found = found.ok_or_else(|| Refusal::not_found("service", &id))?;
    let found = found.resource(centre.links());
    Ok(Json(view.one(&SERVICE, state.sequence, found)))
}

/// The features that the caller has by his roles and the media of the contact centre.
pub(super) fn features(caller: &Caller, configuration: &Configuration) -> Vec<Value> {
    let has_medium = |medium: &str| {
        let parsed = MediaType::parse(medium);
        parsed.is_ok_and(|medium| configuration.capacity.contains_key(&medium))
    };
    let own = FEATURES.iter().filter(|(_, _, medium, roles)| {
        medium.is_none_or(has_medium) && roles.iter().any(|role| caller.0.roles.contains(role))
    });
    own.map(|(id, name, ..)| {
        let mut body = json!({"id": id, "displayName": name, "description": name});
        caller.0.centre.links().locate(&mut body, &["features", id]);
        body
    })
    .collect()
}
