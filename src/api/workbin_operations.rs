//! What an agent does with workbins: he hears of what comes into them, parks interactions there and takes them out again.
//! Supervisors and administrators who are logged in as agents do so with the workbins of others, but for parking.

use axum::extract::State;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller, Overseer};
use super::channels::known_user;
use super::conditions::Conditions;
use super::error::ApiError;
use super::operate::{operate, perform, reply_body};
use super::url::{Segment, Segments};
use super::view::View;
use super::workbins::find_of;
use crate::domain::Refusal;
use crate::engine::Operation;
use crate::engine::operations::Reply;

/// Names of the operation that parks an interaction, and of that which takes one out.
const ADDED: [&str; 5] = [
    "AddInteraction",
    "AddChat",
    "AddEmail",
    "AddWorkitem",
    "AddOpenmedia",
];
const PULLED: [&str; 5] = [
    "PullInteraction",
    "PullChat",
    "PullEmail",
    "PullWorkitem",
    "PullOpenmedia",
];

/// Subscribes the agent to the changes of a workbin or ends that, adds an interaction of his to it, or takes one out
#[utoipa::path(post, path = "/workbins/{id}", tag = "Workbins",
    params(("id" = String, Path, description = "The workbin")),
    request_body(content = Value, description = "`operationName`: Subscribe, Unsubscribe, AddInteraction or PullInteraction (AddChat, PullEmail … are the same), the last two with the `id` of an interaction", example = json!({"operationName": "PullInteraction", "id": "0001XA7TEST0001"})),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_workbin(
    State(app): State<App>,
    Agent(caller): Agent,
    Segment(id): Segment,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let operation = read_operation(&body, &id)?;
    operate(&app, &caller, operation, &body.0, conditions).await
}

/// The same for a workbin that the agent may use
#[utoipa::path(post, path = "/me/workbins/{id}", tag = "Me",
    params(("id" = String, Path, description = "The workbin")),
    request_body(content = Value, description = "As for `/workbins/{id}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_my_workbin(
    app: State<App>,
    agent: Agent,
    segment: Segment,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    operate_on_workbin(app, agent, segment, conditions, body).await
}

/// Subscribes the agent to the changes of several workbins at once, or ends that
#[utoipa::path(post, path = "/workbins", tag = "Workbins",
    request_body(content = Value, description = "`{\"operationName\":\"Subscribe\",\"workbinIds\":[…]}`, or Unsubscribe", example = json!({"operationName": "Subscribe", "workbinIds": ["drafts.ada", "team.team"]})),
    responses((status = 200, description = "Done, with `referenceIds`: by workbin the reference that its notification repeats"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn operate_on_workbins(
    State(app): State<App>,
    Agent(caller): Agent,
    view: View,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    subscribe_several(&app, &caller, &view, conditions, body).await
}

/// Subscribes the supervisor or administrator to the changes of a workbin that another may use or ends that, or takes an
/// interaction out of it; he is logged in as an agent
#[utoipa::path(post, path = "/users/{id}/workbins/{workbin}", tag = "Directory",
    params(("id" = String, Path, description = "The user"), ("workbin" = String, Path, description = "A workbin that he may use")),
    request_body(content = Value, description = "`operationName`: Subscribe, Unsubscribe or PullInteraction (PullChat, PullEmail … are the same), the last one with the `id` of an interaction", example = json!({"operationName": "PullInteraction", "id": "0001XA7TEST0001"})),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_workbin_of(
    State(app): State<App>,
    Overseer(caller): Overseer,
    Segments([id, workbin]): Segments<2>,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let operation = read_operation(&body, &workbin)?;
    let conditions = conditions.permitted(check_use(&caller, &id, [workbin.as_str()]));
    operate(&app, &caller, operation, &body.0, conditions).await
}

/// Subscribes the supervisor or administrator to the changes of several workbins that another may use, or ends that
#[utoipa::path(post, path = "/users/{id}/workbins", tag = "Directory",
    params(("id" = String, Path, description = "The user")),
    request_body(content = Value, description = "As for `/workbins`", example = json!({"operationName": "Subscribe", "workbinIds": ["drafts.ada", "team.team"]})),
    responses((status = 200, description = "Done, with `referenceIds`: by workbin the reference that its notification repeats"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 503)))]
pub(super) async fn operate_on_workbins_of(
    State(app): State<App>,
    Overseer(caller): Overseer,
    Segment(id): Segment,
    view: View,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let body = with_ids_of_query(&view, body);
    let named = body.0.get("workbinIds").and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(Value::as_str);
    let conditions = conditions.permitted(check_use(&caller, &id, named));
    subscribe_several(&app, &caller, &view, conditions, body).await
}

/// The user may use these workbins, and the caller look into his session. Whoever asks again is answered as he was, whatever
/// has become of them since.
fn check_use<'a>(
    caller: &Caller,
    id: &str,
    workbins: impl IntoIterator<Item = &'a str>,
) -> Result<(), ApiError> {
    let state = caller.0.centre.state();
    let user = known_user(caller, &state, id)?;
    let mut workbins = workbins.into_iter();
    workbins.try_for_each(|workbin| find_of(&state, &user, workbin).map(drop))
}

fn with_ids_of_query(view: &View, JsonObject(mut body): JsonObject) -> JsonObject {
    if let Some(ids) = view.parameter("workbinIds") {
        let ids: Vec<&str> = ids.split(',').collect();
        body.insert("workbinIds".to_owned(), json!(ids));
    }
    JsonObject(body)
}

async fn subscribe_several(
    app: &App,
    caller: &Caller,
    view: &View,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let body = with_ids_of_query(view, body);
    let name = match body.text("operationName")? {
        "Subscribe" => "RequestSubscribeWorkbin",
        "Unsubscribe" => "RequestUnsubscribeWorkbin",
        other => return Err(Refusal::invalid_value("operationName", other).into()),
    };
    let operation = Operation::parse(name, None, &body.0)?;
    let done = perform(app, caller, operation, &body.0, conditions).await?;
    let mut reply = reply_body(caller, Reply::StatusCode, &done.done);
    let ids = body.0.get("workbinIds").and_then(Value::as_array);
    let ids = ids.into_iter().flatten().filter_map(Value::as_str);
    let by_id = ids.map(|id| (id.to_owned(), json!(done.done.head.reference_id)));
    reply["referenceIds"] = Value::Object(by_id.collect());
    Ok(done.respond(caller, reply))
}

/// The operation of the engine that an operation on a workbin is.
fn read_operation(body: &JsonObject, workbin: &str) -> Result<Operation, ApiError> {
    let name = body.text("operationName")?;
    let mut parameters = Map::from_iter([("workbin".to_owned(), json!(workbin))]);
    let (name, interaction) = match name {
        "Subscribe" => ("RequestSubscribeWorkbin", None),
        "Unsubscribe" => ("RequestUnsubscribeWorkbin", None),
        _ if ADDED.contains(&name) => ("PlaceInWorkbin", Some(body.text("id")?)),
        _ if PULLED.contains(&name) => {
            parameters.insert("interactionId".to_owned(), json!(body.text("id")?));
            ("RequestPull", None)
        }
        other => return Err(Refusal::invalid_value("operationName", other).into()),
    };
    Ok(Operation::parse(name, interaction, &parameters)?)
}
