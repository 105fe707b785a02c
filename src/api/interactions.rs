//! `/interactions` and `/me/interactions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller};
use super::conditions::{Conditions, Tags, etag};
use super::error::ApiError;
use super::history::state_at;
use super::operate::{operate, read_operation};
use super::url::{Parameters, Segment};
use crate::centre::{interaction_for, select};
use crate::domain::{Interaction, InteractionId, Refusal, Role};
use crate::engine::operations::Gateway;
use crate::engine::{self, Operation, agent_state};

/// Interactions in one reply; `after` of the reply asks for the next ones.
const LIST_LEN_MAX: usize = 500;
/// Bytes of attached data in one reply, above which no further interaction is added.
const LIST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ListQuery {
    fields: Option<String>,
    after: Option<String>,
    at: Option<String>,
}

/// The active interactions of the contact centre; for an agent those that he may know of
#[utoipa::path(get, path = "/interactions", tag = "Interactions",
    params(("fields" = Option<String>, Query, description = "`*` or a list of fields; without it URIs are given"),
           ("after" = Option<String>, Query, description = "Only interactions after this identifier"),
           ("at" = Option<String>, Query, description = "As it was after this sequence or at this time; for supervisors and administrators")),
    responses((status = 200, description = "URIs or interactions"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn list_interactions(
    caller: Caller,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let state = state_at(&caller, query.at.as_deref()).await?;
    if !caller.sees_all() && !caller.0.roles.contains(&Role::Agent) {
        return Err(ApiError::forbidden(
            "This is for agents, supervisors and administrators",
        ));
    }
    let visible = state.interactions.values();
    let visible = visible.filter(|interaction| caller.may_see(&state, interaction));
    Ok(Json(list(&caller, visible, &query)))
}

/// The interactions that the agent works on or is invited to
#[utoipa::path(get, path = "/me/interactions", tag = "Interactions",
    params(("fields" = Option<String>, Query, description = "`*` or a list of fields; without it URIs are given")),
    responses((status = 200, description = "URIs or interactions"), (status = 401), (status = 403)))]
pub(super) async fn list_my_interactions(
    Agent(caller): Agent,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    let state = caller.0.centre.state();
    let mine = state.involved(caller.user());
    let mut body = list(&caller, mine, &query);
    body["sequence"] = json!(state.sequence);
    Ok(Json(body))
}

/// One interaction
#[utoipa::path(get, path = "/interactions/{id}", tag = "Interactions",
    params(("id" = String, Path, description = "The interaction"),
           ("fields" = Option<String>, Query, description = "A list of fields; all without it"),
           ("at" = Option<String>, Query, description = "As it was after this sequence or at this time; for supervisors and administrators")),
    responses((status = 200, description = "The interaction, with an ETag"), (status = 304), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn read_interaction(
    caller: Caller,
    Segment(id): Segment,
    Parameters(query): Parameters<ListQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let state = state_at(&caller, query.at.as_deref()).await?;
    let found = find(&caller, &state, &id)?;
    show(&caller, &found, &query, &headers)
}

/// One interaction that the agent works on or is invited to
#[utoipa::path(get, path = "/me/interactions/{id}", tag = "Interactions",
    params(("id" = String, Path, description = "The interaction"),
           ("fields" = Option<String>, Query, description = "A list of fields; all without it")),
    responses((status = 200, description = "The interaction, with an ETag"), (status = 304), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn read_my_interaction(
    Agent(caller): Agent,
    Segment(id): Segment,
    Parameters(query): Parameters<ListQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let found = find(&caller, &caller.0.centre.state(), &id)?;
    if agent_state(&found, caller.user()).is_none() {
        return Err(Refusal::unknown_interaction().into());
    }
    show(&caller, &found, &query, &headers)
}

/// An interaction as the caller sees it, unless he has seen this version.
fn show(
    caller: &Caller,
    interaction: &Interaction,
    query: &ListQuery,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let centre = &caller.0.centre;
    let (epoch, changed) = (centre.epoch(), interaction.changed_sequence);
    let tag = [(header::ETAG, etag(epoch, changed))];
    let known = Tags::read(headers, &header::IF_NONE_MATCH)?;
    if known.is_some_and(|tags| tags.contain(epoch, changed)) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    let resource = interaction_for(interaction, caller.user(), centre.links());
    let resource = select(resource, query.fields.as_deref().unwrap_or("*"));
    let body = Json(json!({"statusCode": 0, "interaction": resource}));
    Ok((tag, body).into_response())
}

/// Replaces what is named of `userData`, `externalId` and `subject`
#[utoipa::path(put, path = "/interactions/{id}", tag = "Interactions",
    params(("id" = String, Path, description = "The interaction")),
    request_body(content = Value, description = "`{\"userData\":{…},\"externalId\":…,\"subject\":…}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409)))]
pub(super) async fn update_interaction(
    State(app): State<App>,
    caller: Caller,
    Segment(id): Segment,
    conditions: Conditions,
    JsonObject(mut body): JsonObject,
) -> Result<Response, ApiError> {
    body.retain(|name, _| {
        matches!(
            name.as_str(),
            "userData" | "externalId" | "subject" | "referenceId"
        )
    });
    let conditions = conditions.permitted(check_submitter(&caller, &id));
    let operation = Operation::parse("RequestChangeProperties", Some(&id), &body)?;
    operate(&app, &caller, operation, &body, conditions).await
}

/// Performs an operation on an interaction of the agent
#[utoipa::path(post, path = "/me/interactions/{id}", tag = "Interactions",
    params(("id" = String, Path, description = "The interaction")),
    request_body(content = Value, description = "`operationName` and the operation's parameters"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_interaction(
    State(app): State<App>,
    Agent(caller): Agent,
    Segment(id): Segment,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let operation = read_operation(Gateway::Interaction, Some(&id), &body)?;
    operate(&app, &caller, operation, &body.0, conditions).await
}

/// Submits a new interaction
#[utoipa::path(post, path = "/interactions", tag = "Interactions",
    request_body(content = Value, description = "`mediaType`, `queue`, `subject`, `userData`, `interactionId`, `externalId`, `parentInteractionId`, `isOnline` …"),
    responses((status = 200, description = "Submitted, with `id` and `uri`"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn submit_interaction(
    State(app): State<App>,
    caller: Caller,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let operation = Operation::parse("RequestSubmit", None, &body)?;
    operate(&app, &caller, operation, &body, conditions).await
}

/// One page of what the caller may see, given in the order of the identifiers.
fn list<'a>(
    caller: &Caller,
    visible: impl Iterator<Item = &'a Arc<Interaction>>,
    query: &ListQuery,
) -> Value {
    let after = query.after.as_deref().unwrap_or_default();
    let mut rest = visible
        .filter(|interaction| interaction.id.as_str() > after)
        .peekable();
    let (mut found, mut bytes) = (Vec::new(), 0);
    while found.len() < LIST_LEN_MAX && bytes < LIST_BYTES_MAX {
        let Some(next) = rest.next() else { break };
        bytes += query
            .fields
            .as_ref()
            .map_or(0, |_| next.user_data.text_len());
        found.push(next);
    }
    let last = found.last().filter(|_| rest.peek().is_some());
    let next = last.map(|interaction| interaction.id.clone());
    let links = caller.0.centre.links();
    let mut body = match &query.fields {
        None => {
            let uris: Vec<String> = found
                .iter()
                .map(|interaction| links.uri(&format!("/interactions/{}", interaction.id)))
                .collect();
            json!({"statusCode": 0, "uris": uris})
        }
        Some(fields) => {
            let resources: Vec<Value> = found
                .iter()
                .map(|it| select(interaction_for(it, caller.user(), links), fields))
                .collect();
            json!({"statusCode": 0, "interactions": resources})
        }
    };
    if let Some(next) = next {
        body["after"] = json!(next);
    }
    body
}

fn find(caller: &Caller, state: &engine::State, id: &str) -> Result<Arc<Interaction>, ApiError> {
    let id = InteractionId::parse(id).ok();
    id.and_then(|id| state.interaction(&id))
        .filter(|interaction| caller.may_see(state, interaction))
        .cloned()
        .ok_or_else(|| Refusal::unknown_interaction().into())
}

/// A media server replaces properties of what it has submitted itself (design section 6).
fn check_submitter(caller: &Caller, id: &str) -> Result<(), ApiError> {
    let roles = &caller.0.roles;
    if !roles.contains(&Role::MediaServer) || caller.sees_all() || roles.contains(&Role::Agent) {
        return Ok(());
    }
    let found = find(caller, &caller.0.centre.state(), id)?;
    if found.submitted_by == *caller.user() {
        Ok(())
    } else {
        Err(Refusal::unknown_interaction().into())
    }
}
