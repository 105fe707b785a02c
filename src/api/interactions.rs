//! `/interactions` and `/me/interactions`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller};
use super::conditions::{Conditions, Tags, etag};
use super::error::ApiError;
use super::history::state_at;
use super::operate::{operate, read_operation};
use super::search::{ListQuery, Search};
use super::url::{Parameters, Segment};
use super::view::refuse_past;
use crate::centre::{interaction_for, select};
use crate::domain::{Interaction, InteractionId, Refusal, Role, UserId};
use crate::engine::operations::Gateway;
use crate::engine::{self, AgentState, Operation, agent_state, neutral_state};

/// The active interactions of the contact centre, for an agent those that he may know of; with `state=Completed` those that
/// have ended, for supervisors and administrators
#[utoipa::path(get, path = "/interactions", tag = "Interactions",
    params(("fields" = Option<String>, Query, description = "`*` or a list of fields; without it URIs are given"),
           ("state" = Option<String>, Query, description = "Only those in this state; `Completed` ones are in the archive, the newest first"),
           ("queue" = Option<String>, Query, description = "Only those that are in this queue, or were in last"),
           ("mediaType" = Option<String>, Query, description = "Only those of this medium"),
           ("from" = Option<String>, Query, description = "ISO 8601: only those that were completed then or later; active ones: submitted"),
           ("to" = Option<String>, Query, description = "ISO 8601: only those before then"),
           ("q" = Option<String>, Query, description = "Only those with this text in `id`, `externalId`, `subject` or the JSON text of `userData`, whatever the case; a reply may hold none and yet say where to go on"),
           ("limit" = Option<u32>, Query, description = "Interactions in one reply, at most 500"),
           ("after" = Option<String>, Query, description = "`after` of the reply before: goes on there"),
           ("at" = Option<String>, Query, description = "As it was after this sequence or at this time, for supervisors and administrators; not of what is in the archive")),
    responses((status = 200, description = "URIs or interactions"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn list_interactions(
    caller: Caller,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    if !caller.sees_all() && !caller.0.roles.contains(&Role::Agent) {
        return Err(ApiError::forbidden(
            "This is for agents, supervisors and administrators",
        ));
    }
    let search = Search::parse(&query)?;
    if search.is_of_completed() {
        if let Some(at) = &query.at {
            return Err(Refusal::invalid_value("at", at).into());
        }
        if !caller.sees_all() {
            return Err(ApiError::forbidden(
                "What has ended is for supervisors and administrators",
            ));
        }
        let (found, next, damaged) = search.completed(&caller).await?;
        let mut body = list(&caller, (found, next), &query);
        if damaged > 0 {
            body["damaged"] = json!(damaged);
        }
        return Ok(Json(body));
    }
    let state = match query.at.as_deref() {
        Some(at) => state_at(&caller, at).await?,
        None => caller.0.centre.state(),
    };
    let visible = state.interactions.values();
    let visible = visible.filter(|interaction| caller.may_see(&state, interaction));
    let mut body = list(&caller, search.active(visible, neutral_state), &query);
    body["sequence"] = json!(state.sequence);
    Ok(Json(body))
}

/// The interactions that the agent works on or is invited to
#[utoipa::path(get, path = "/me/interactions", tag = "Interactions",
    responses((status = 200, description = "URIs or interactions"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn list_my_interactions(
    Agent(caller): Agent,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    refuse_past(query.at.as_deref())?;
    let search = Search::parse(&query)?;
    let state = caller.0.centre.state();
    let mine = search.active(state.involved(caller.user()), own_state(caller.user()));
    let mut body = list(&caller, mine, &query);
    body["sequence"] = json!(state.sequence);
    Ok(Json(body))
}

/// The state in which a user sees what is his.
pub(super) fn own_state(user: &UserId) -> impl Fn(&Interaction) -> &'static str {
    |it| agent_state(it, user).map_or_else(|| neutral_state(it), AgentState::as_str)
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
    let state = match query.at.as_deref() {
        Some(at) => state_at(&caller, at).await?,
        None => caller.0.centre.state(),
    };
    let found = find_anywhere(&caller, &state, &id).await?;
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
    refuse_past(query.at.as_deref())?;
    let found = find(&caller, &caller.0.centre.state(), &id)?;
    if agent_state(&found, caller.user()).is_none() {
        return Err(Refusal::unknown_interaction().into());
    }
    show(&caller, &found, &query, &headers)
}

fn show(
    caller: &Caller,
    interaction: &Interaction,
    query: &ListQuery,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    unless_known(caller, interaction, headers, || {
        let links = caller.0.centre.links();
        let resource = interaction_for(interaction, caller.user(), links);
        let resource = select(resource, query.fields.as_deref().unwrap_or("*"));
        json!({"statusCode": 0, "interaction": resource})
    })
}

/// An interaction as the caller sees it, unless he has seen this version.
///
/// # Errors
/// `If-None-Match` cannot be read.
pub(super) fn unless_known(
    caller: &Caller,
    interaction: &Interaction,
    headers: &HeaderMap,
    body: impl FnOnce() -> Value,
) -> Result<Response, ApiError> {
    let (epoch, changed) = (caller.0.centre.epoch(), interaction.changed_sequence);
    let tag = [(header::ETAG, etag(epoch, changed))];
    let known = Tags::read(headers, &header::IF_NONE_MATCH)?;
    if known.is_some_and(|tags| tags.contain(epoch, changed)) {
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok((tag, Json(body())).into_response())
}

/// Replaces what is named of `userData`, `externalId` and `subject`
#[utoipa::path(put, path = "/interactions/{id}", tag = "Interactions",
    params(("id" = String, Path, description = "The interaction")),
    request_body(content = Value, description = "`{\"userData\":{…},\"externalId\":…,\"subject\":…}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
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
    responses((status = 200, description = "Submitted, with `id` and `uri`"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn submit_interaction(
    State(app): State<App>,
    caller: Caller,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let operation = Operation::parse("RequestSubmit", None, &body)?;
    operate(&app, &caller, operation, &body, conditions).await
}

/// A page of interactions as a reply, with the place where the next page begins.
fn list(
    caller: &Caller,
    (found, next): (Vec<Arc<Interaction>>, Option<String>),
    query: &ListQuery,
) -> Value {
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

/// An interaction that the caller may know of, also one that had ended long before.
async fn find_anywhere(
    caller: &Caller,
    state: &engine::State,
    id: &str,
) -> Result<Arc<Interaction>, ApiError> {
    let archived = match InteractionId::parse(id) {
        Ok(id) if state.interaction(&id).is_none() => caller.0.centre.archived(&id).await?,
        Ok(_) | Err(_) => None,
    };
    let is_shown = |it: &Interaction| {
        let had_ended = it.changed_sequence <= state.sequence;
        had_ended && caller.may_see(state, it)
    };
    match archived.filter(is_shown) {
        Some(interaction) => Ok(Arc::new(interaction)),
        None => find(caller, state, id),
    }
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
