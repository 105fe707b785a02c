//! `/me`: the caller, his session, his channels, his workbins.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller};
use super::conditions::Conditions;
use super::error::ApiError;
use super::operate::{operate, read_operation};
use super::url::{Parameters, Segment};
use crate::centre::{channels, select, user, workbin_id};
use crate::domain::{Refusal, WorkbinKind, WorkbinRef};
use crate::engine::operations::Gateway;

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FieldsQuery {
    pub(super) fields: Option<String>,
}

/// The caller
#[utoipa::path(get, path = "/me", tag = "Me", responses((status = 200, description = "The user"), (status = 401)))]
pub(super) async fn read_me(caller: Caller) -> Json<Value> {
    let state = caller.0.centre.state();
    let mut body = user(&state, caller.user(), caller.0.centre.links());
    let agent = state.agents.get(caller.user());
    body["roles"] = json!(caller.0.roles);
    body["contactCenterId"] = json!(caller.0.centre_id());
    body["channels"] = json!(channels(&state, caller.user(), agent.map(AsRef::as_ref)));
    Json(json!({"statusCode": 0, "user": body, "sequence": state.sequence}))
}

/// Starts or ends the agent's session, or makes him ready or not ready for all of its channels
#[utoipa::path(post, path = "/me", tag = "Me",
    request_body(content = Value, description = "`{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"chat\"],\"place\":…}`, or EndContactCenterSession, Ready, NotReady"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn operate_on_me(
    State(app): State<App>,
    Agent(caller): Agent,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let operation = read_operation(Gateway::Me, None, &body)?;
    operate(&app, &caller, operation, &body.0, conditions).await
}

/// The channels of the agent's session, with states and capacities
#[utoipa::path(get, path = "/me/channels", tag = "Me",
    responses((status = 200, description = "The channels; none without a session"), (status = 401), (status = 403)))]
pub(super) async fn list_my_channels(Agent(caller): Agent) -> Json<Value> {
    let state = caller.0.centre.state();
    let agent = state.agents.get(caller.user());
    let channels = channels(&state, caller.user(), agent.map(AsRef::as_ref));
    Json(json!({"statusCode": 0, "channels": channels, "sequence": state.sequence}))
}

/// Makes the agent ready or not ready for a channel
#[utoipa::path(post, path = "/me/channels/{channel}", tag = "Me",
    params(("channel" = String, Path, description = "A medium of the session")),
    request_body(content = Value, description = "`{\"operationName\":\"Ready\"}` or `{\"operationName\":\"NotReady\",\"reason\":…}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn operate_on_channel(
    State(app): State<App>,
    Agent(caller): Agent,
    Segment(channel): Segment,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let name = body.text("operationName")?.to_owned();
    if !matches!(name.as_str(), "Ready" | "NotReady") {
        return Err(Refusal::invalid_value("operationName", &name).into());
    }
    let mut parameters: Map<String, Value> = body.0;
    parameters.retain(|name, _| matches!(name.as_str(), "reason" | "referenceId"));
    parameters.insert("media".to_owned(), json!(channel));
    parameters.insert("operationName".to_owned(), json!(name));
    let parameters = JsonObject(parameters);
    let operation = read_operation(Gateway::Me, None, &parameters)?;
    operate(&app, &caller, operation, &parameters.0, conditions).await
}

/// The workbins that the agent may use
#[utoipa::path(get, path = "/me/workbins", tag = "Me",
    params(("fields" = Option<String>, Query, description = "`*` or a list of fields; without it URIs are given")),
    responses((status = 200, description = "URIs or workbins"), (status = 401), (status = 403)))]
pub(super) async fn list_my_workbins(
    Agent(caller): Agent,
    Parameters(query): Parameters<FieldsQuery>,
) -> Json<Value> {
    let state = caller.0.centre.state();
    let links = caller.0.centre.links();
    let mut workbins = Vec::new();
    for (name, workbin, owner) in state.configuration.workbins_of(caller.user()) {
        let kind = match workbin.kind {
            WorkbinKind::Agent => "Agent",
            WorkbinKind::AgentGroup(_) => "AgentGroup",
        };
        let id = workbin_id(&WorkbinRef {
            name: name.clone(),
            owner: owner.clone(),
        });
        let path = format!("/workbins/{id}");
        workbins.push(json!({
            "id": id, "name": name, "workbinName": name, "displayName": workbin.display_name,
            "type": kind, "owner": owner, "uri": links.uri(&path), "path": path,
        }));
    }
    Json(collection("workbins", workbins, query.fields.as_deref()))
}

/// A collection: its URIs without `fields`, else the named fields of its members.
pub(super) fn collection(name: &str, members: Vec<Value>, fields: Option<&str>) -> Value {
    match fields {
        None => {
            let uris: Vec<&Value> = members.iter().map(|member| &member["uri"]).collect();
            json!({"statusCode": 0, "uris": uris})
        }
        Some(fields) => {
            let selected = members.into_iter().map(|member| select(member, fields));
            let selected: Vec<Value> = selected.collect();
            json!({"statusCode": 0, name: selected})
        }
    }
}
