//! What administrators change of the contact centre (design D16): PUT replaces one thing by its name or makes it, DELETE
//! removes it.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::App;
use super::body::JsonObject;
use super::caller::{Administrator, Caller};
use super::conditions::{Conditions, etag};
use super::configured::{AgentStateBody, CapacityBody, QueueBody, UserBody, WorkbinBody, read};
use super::error::ApiError;
use super::operate::{perform, reply_body};
use super::url::Segment;
use crate::domain::{
    AgentStateName, ConfigurationChange, MediaType, QueueName, UserId, WorkbinName,
};
use crate::engine::operations::{ChangeConfiguration, Reply};
use crate::engine::{self, Operation};

/// `statusCode` where the journal does not take what makes, removes or replaces a resource (gateway-api 1.5).
const CANNOT_CREATE: u8 = 13;
const CANNOT_DELETE: u8 = 14;
pub(super) const CANNOT_UPDATE: u8 = 15;
/// Bytes of a password.
const PASSWORD_BYTES_MAX: usize = 256;

/// What a user has as a password from now on.
enum Password {
    /// The one that he has.
    Kept,
    /// None.
    None,
    /// This one, whose hash alone goes further.
    New(String),
}

/// Makes a user, or replaces him; without `password` he keeps the one that he has
#[utoipa::path(put, path = "/users/{id}", tag = "Administration",
    params(("id" = String, Path, description = "The user")),
    request_body(content = Value, description = "`{\"firstName\":…,\"lastName\":…,\"roles\":[\"agent\"],\"groups\":[…],\"skills\":[{\"name\":…,\"level\":5}],\"password\":…}`; `null` as password takes it away"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn put_user(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(id): Segment,
    mut conditions: Conditions,
    JsonObject(mut body): JsonObject,
) -> Result<Response, ApiError> {
    let id = UserId::parse(&id)?;
    let password = read_password(body.remove("password"))?;
    let mut user = read::<UserBody>(&body)?.user();
    let keeps_password = matches!(password, Password::Kept);
    if let Password::New(plain) = password {
        conditions = conditions.with_password(&app.credentials).await?;
        let hash = app.credentials.hash(plain).await;
        user.password_hash = Some(hash.ok_or_else(ApiError::internal)?);
    }
    let operation = ChangeConfiguration {
        change: ConfigurationChange::User(id, Some(user)),
        keeps_password,
    };
    change(&app, &caller, conditions, &body, operation).await
}

/// Removes a user: he is logged out, his push sessions end, and no token of his is taken until he is put again
#[utoipa::path(delete, path = "/users/{id}", tag = "Administration",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn delete_user(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(id): Segment,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let gone = ConfigurationChange::User(UserId::parse(&id)?, None);
    change(&app, &caller, conditions, &Map::new(), plain(gone)).await
}

/// Makes a queue, or replaces it
#[utoipa::path(put, path = "/queues/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The queue")),
    request_body(content = Value, description = "`{\"channel\":\"chat\",\"skills\":[{\"name\":…,\"level\":5}],\"pullGroups\":[…]}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn put_queue(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let queue = read::<QueueBody>(&body)?.queue();
    let new = ConfigurationChange::Queue(QueueName::parse(&name)?, Some(queue));
    change(&app, &caller, conditions, &body, plain(new)).await
}

/// Removes a queue; what waits in it stays there, for those who see all
#[utoipa::path(delete, path = "/queues/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The queue")),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn delete_queue(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let gone = ConfigurationChange::Queue(QueueName::parse(&name)?, None);
    change(&app, &caller, conditions, &Map::new(), plain(gone)).await
}

/// Makes a workbin type, or replaces it
#[utoipa::path(put, path = "/settings/workbins/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The workbin type")),
    request_body(content = Value, description = "`{\"displayName\":…,\"type\":\"Agent\"}`, or `{\"displayName\":…,\"type\":\"AgentGroup\",\"agentGroup\":…}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn put_workbin(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let workbin = read::<WorkbinBody>(&body)?.workbin()?;
    let new = ConfigurationChange::Workbin(WorkbinName::parse(&name)?, Some(workbin));
    change(&app, &caller, conditions, &body, plain(new)).await
}

/// Removes a workbin type; what is in its workbins stays there, for those who see all
#[utoipa::path(delete, path = "/settings/workbins/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The workbin type")),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn delete_workbin(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let gone = ConfigurationChange::Workbin(WorkbinName::parse(&name)?, None);
    change(&app, &caller, conditions, &Map::new(), plain(gone)).await
}

/// Makes a medium, or changes how many interactions of it an agent may have at once
#[utoipa::path(put, path = "/settings/capacity/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The medium")),
    request_body(content = Value, description = "`{\"capacity\":3}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn put_capacity(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let capacity = read::<CapacityBody>(&body)?.capacity;
    let new = ConfigurationChange::Capacity(MediaType::parse(&name)?, Some(capacity));
    change(&app, &caller, conditions, &body, plain(new)).await
}

/// Removes a medium that no queue is for
#[utoipa::path(delete, path = "/settings/capacity/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The medium")),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn delete_capacity(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let gone = ConfigurationChange::Capacity(MediaType::parse(&name)?, None);
    change(&app, &caller, conditions, &Map::new(), plain(gone)).await
}

/// Makes a state in which agents are not ready, or replaces it; the well-known ones stay as they are
#[utoipa::path(put, path = "/settings/agent-states/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The `operationName` that leads to the state")),
    request_body(content = Value, description = "`{\"displayName\":…,\"id\":…}`, of which `id` may be left out"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 409), (status = 503)))]
pub(super) async fn put_agent_state(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
    JsonObject(body): JsonObject,
) -> Result<Response, ApiError> {
    let name = AgentStateName::parse(&name)?;
    let state = read::<AgentStateBody>(&body)?.agent_state();
    let new = ConfigurationChange::AgentState(name, Some(state));
    change(&app, &caller, conditions, &body, plain(new)).await
}

/// Removes a state in which agents are not ready; who is in it stays so
#[utoipa::path(delete, path = "/settings/agent-states/{name}", tag = "Administration",
    params(("name" = String, Path, description = "The `operationName` that leads to the state")),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn delete_agent_state(
    State(app): State<App>,
    Administrator(caller): Administrator,
    Segment(name): Segment,
    conditions: Conditions,
) -> Result<Response, ApiError> {
    let gone = ConfigurationChange::AgentState(AgentStateName::parse(&name)?, None);
    change(&app, &caller, conditions, &Map::new(), plain(gone)).await
}

/// What is shown of the configuration, with the tag of its last change: `If-Match` of a PUT or DELETE takes it. What else is
/// shown along with it, such as who is logged in, does not change the tag.
pub(super) fn tagged(caller: &Caller, state: &engine::State, body: Value) -> Response {
    let tag = etag(caller.0.centre.epoch(), state.configured_sequence);
    ([(header::ETAG, tag)], Json(body)).into_response()
}

fn plain(change: ConfigurationChange) -> ChangeConfiguration {
    ChangeConfiguration {
        change,
        keeps_password: false,
    }
}

async fn change(
    app: &App,
    caller: &Caller,
    conditions: Conditions,
    body: &Map<String, Value>,
    operation: ChangeConfiguration,
) -> Result<Response, ApiError> {
    let is_known = operation
        .change
        .is_of(&caller.0.centre.state().configuration);
    let undone = match (operation.change.is_removal(), is_known) {
        (true, _) => CANNOT_DELETE,
        (false, true) => CANNOT_UPDATE,
        (false, false) => CANNOT_CREATE,
    };
    let operation = Operation::ChangeConfiguration(operation);
    let performed = perform(app, caller, operation, body, conditions).await;
    let done = performed.map_err(|error| error.of_resource(undone))?.done;
    let tag = etag(caller.0.centre.epoch(), done.head.sequence);
    let body = reply_body(caller, Reply::StatusCode, &done);
    Ok(([(header::ETAG, tag)], Json(body)).into_response())
}

/// The value itself is never told again, not even in a refusal.
fn read_password(given: Option<Value>) -> Result<Password, ApiError> {
    match given {
        None => Ok(Password::Kept),
        Some(Value::Null) => Ok(Password::None),
        Some(Value::String(plain)) if (1..=PASSWORD_BYTES_MAX).contains(&plain.len()) => {
            Ok(Password::New(plain))
        }
        Some(_) => Err(ApiError::invalid(format!(
            "Parameter 'password' must be a text of 1 to {PASSWORD_BYTES_MAX} bytes, or null"
        ))),
    }
}
