//! `/me/channels`, `/users/{id}/channels`: for what an agent is ready, said by himself or by a supervisor.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller, Overseer};
use super::conditions::Conditions;
use super::directory::find_user;
use super::error::ApiError;
use super::history::Reading;
use super::operate::{operate, read_operation};
use super::url::{Segment, Segments};
use super::view::{Kind, View};
use crate::centre::channels;
use crate::domain::{Refusal, UserId};
use crate::engine;
use crate::engine::operations::{Gateway, find};

/// Channels.
pub(super) const CHANNEL: Kind = Kind {
    one: "channel",
    many: "channels",
    filters: &["channel", "available"],
};

/// The channels of the agent's session, with states and capacities
#[utoipa::path(get, path = "/me/channels", tag = "Me",
    responses((status = 200, description = "The channels; none without a session"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn list_my_channels(Agent(caller): Agent, view: View) -> Json<Value> {
    let state = caller.0.centre.state();
    Json(list(&state, caller.user(), &view, true))
}

/// A channel of the agent's session
#[utoipa::path(get, path = "/me/channels/{channel}", tag = "Me",
    params(("channel" = String, Path, description = "A medium of the session")),
    responses((status = 200, description = "The channel"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn read_my_channel(
    Agent(caller): Agent,
    Segment(channel): Segment,
    view: View,
) -> Result<Json<Value>, ApiError> {
    let state = caller.0.centre.state();
    let mut all = channels(&state, caller.user(), true).into_iter();
    let found = all.find(|it| it["channel"] == json!(channel));
    let found = found.ok_or_else(|| Refusal::not_found("channel of this session", &channel))?;
    Ok(Json(view.one(&CHANNEL, state.sequence, found)))
}

/// Makes the agent ready or not ready for a channel
#[utoipa::path(post, path = "/me/channels/{channel}", tag = "Me",
    params(("channel" = String, Path, description = "A medium of the session")),
    request_body(content = Value, description = "`{\"operationName\":\"Ready\"}`, `{\"operationName\":\"NotReady\",\"reason\":…}`, or the name of another state of `/settings/agent-states`", example = json!({"operationName": "Ready"})),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn operate_on_channel(
    State(app): State<App>,
    Agent(caller): Agent,
    Segment(channel): Segment,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    change(&app, &caller, None, Some(&channel), conditions, body).await
}

/// The channels of an agent's session; an agent reads his own, supervisors and administrators everybody's
#[utoipa::path(get, path = "/users/{id}/channels", tag = "Directory",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "The channels; none without a session"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn list_channels(
    Reading(caller, state, view): Reading,
    Segment(id): Segment,
) -> Result<Json<Value>, ApiError> {
    let user = known_user(&caller, &state, &id)?;
    Ok(Json(list(&state, &user, &view, false)))
}

/// Makes an agent ready or not ready for all channels of his session; he is told
#[utoipa::path(post, path = "/users/{id}/channels", tag = "Directory",
    params(("id" = String, Path, description = "The agent")),
    request_body(content = Value, description = "`operationName`: a state of `/settings/agent-states`, and `reason`", example = json!({"operationName": "NotReady", "reason": "meeting"})),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn operate_on_channels_of(
    State(app): State<App>,
    Overseer(caller): Overseer,
    Segment(id): Segment,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let conditions = conditions.permitted(check_known(&caller, &id));
    change(&app, &caller, Some(&id), None, conditions, body).await
}

/// Makes an agent ready or not ready for a channel of his session; he is told
#[utoipa::path(post, path = "/users/{id}/channels/{channel}", tag = "Directory",
    params(("id" = String, Path, description = "The agent"), ("channel" = String, Path, description = "A medium of his session")),
    request_body(content = Value, description = "`operationName`: a state of `/settings/agent-states`, and `reason`", example = json!({"operationName": "NotReady", "reason": "meeting"})),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn operate_on_channel_of(
    State(app): State<App>,
    Overseer(caller): Overseer,
    Segments([id, channel]): Segments<2>,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let conditions = conditions.permitted(check_known(&caller, &id));
    change(&app, &caller, Some(&id), Some(&channel), conditions, body).await
}

/// An `operationName` that is a state of agents, as the operation that leads to it: states other than Ready and NotReady
/// are ways of not being ready.
pub(super) fn with_agent_state(caller: &Caller, mut body: JsonObject) -> JsonObject {
    let name = body.text("operationName").unwrap_or_default().to_owned();
    let state = caller.0.centre.state();
    if find(&name).is_none() && state.configuration.not_ready_state(&name).is_some() {
        let parameters = &mut body.0;
        parameters.insert("operationName".to_owned(), json!("NotReady"));
        parameters.insert("agentState".to_owned(), json!(name));
    }
    body
}

fn list(state: &engine::State, user: &UserId, view: &View, is_own: bool) -> Value {
    let all = channels(state, user, is_own).into_iter();
    view.whole_list(&CHANNEL, state.sequence, all)
}

async fn change(
    app: &App,
    caller: &Caller,
    agent: Option<&str>,
    channel: Option<&str>,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let body = with_agent_state(caller, body);
    let name = body.text("operationName")?.to_owned();
    if !matches!(name.as_str(), "Ready" | "NotReady") {
        return Err(Refusal::invalid_value("operationName", &name).into());
    }
    let mut parameters: Map<String, Value> = body.0;
    parameters.retain(|name, _| {
        matches!(
            name.as_str(),
            "operationName" | "reason" | "referenceId" | "agentState"
        )
    });
    if let Some(channel) = channel {
        parameters.insert("media".to_owned(), json!(channel));
    }
    if let Some(agent) = agent {
        let agent = UserId::parse(agent).map_err(|_| Refusal::not_found("user", agent))?;
        parameters.insert("agent".to_owned(), json!(agent));
    }
    let parameters = JsonObject(parameters);
    let operation = read_operation(Gateway::Me, None, &parameters)?;
    operate(app, caller, operation, &parameters.0, conditions).await
}

/// Whoever asks again is answered as he was, also about a user who has been removed since.
fn check_known(caller: &Caller, id: &str) -> Result<(), ApiError> {
    known_user(caller, &caller.0.centre.state(), id).map(drop)
}

/// A user whose session the caller may look into: his own, and everybody's for who looks after the contact centre.
///
/// # Errors
/// Another one's, for others; nobody's.
pub(super) fn known_user(
    caller: &Caller,
    state: &engine::State,
    id: &str,
) -> Result<UserId, ApiError> {
    if !caller.sees_all() && caller.user().as_str() != id {
        return Err(ApiError::forbidden(
            "What others have is for supervisors and administrators",
        ));
    }
    find_user(state, id)
}
