//! `/me`: the caller, and at one call everything that his desktop shows.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller};
use super::channels::with_agent_state;
use super::conditions::Conditions;
use super::directory::USER;
use super::error::ApiError;
use super::operate::{operate, read_operation};
use super::view::{Room, View};
use super::{services, settings, workbins};
use crate::centre::{MediaWords, channels, interaction_for, user};
use crate::engine::operations::Gateway;
use crate::engine::{self};

/// What `/me` can be asked for along with the user. There are no calls and no devices here, and clients that ask for them
/// are told so.
const SUBRESOURCES: [&str; 14] = [
    "calls",
    "channelStates",
    "channels",
    "chats",
    "devices",
    "emails",
    "features",
    "groups",
    "interactions",
    "openmedia",
    "settings",
    "skills",
    "workbins",
    "workitems",
];

/// The caller; with `subresources=*` everything that his desktop shows, all of it valid at `sequence`
#[utoipa::path(get, path = "/me", tag = "Me",
    responses((status = 200, description = "The user"), (status = 400), (status = 401)))]
pub(super) async fn read_me(caller: Caller, view: View) -> Result<Json<Value>, ApiError> {
    view.check_subresources(&SUBRESOURCES)?;
    let state = caller.0.centre.state();
    let mut body = user(&state, caller.user(), caller.0.centre.links());
    body["roles"] = json!(caller.0.roles);
    body["contactCenterId"] = json!(caller.0.centre_id());
    body["channels"] = json!(channels(&state, caller.user(), true));
    if view.includes("channelStates") {
        body["channelStates"] = body["channels"].clone();
    }
    for absent in ["calls", "devices"] {
        if view.includes(absent) {
            body[absent] = json!([]);
        }
    }
    if view.includes("features") {
        body["features"] = json!(services::features(&caller, &state.configuration));
    }
    if view.includes("settings") {
        body["settings"] = settings::of_user(&state.configuration);
    }
    let mut room = Room::of_reply();
    add_interactions(&caller, &state, &view, &mut room, &mut body);
    if view.includes("workbins") {
        body["workbins"] = workbins_with_content(&caller, &state, &mut room);
    }
    Ok(Json(view.one(&USER, state.sequence, body)))
}

/// Starts or ends the agent's session, or makes him ready or not ready for all of its channels
#[utoipa::path(post, path = "/me", tag = "Me",
    request_body(content = Value, description = "`{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"chat\"],\"place\":…}`, EndContactCenterSession, or the name of a state of `/settings/agent-states`", example = json!({"operationName": "StartContactCenterSession", "channels": ["chat", "email"]})),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_me(
    State(app): State<App>,
    Agent(caller): Agent,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let body = with_agent_state(&caller, body);
    let operation = read_operation(Gateway::Me, None, &body)?;
    operate(&app, &caller, operation, &body.0, conditions).await
}

/// Adds what the caller works on or is invited to, as one list and by medium, as far as it is asked for and the reply has
/// room; `interactionsAfter` is where `/me/interactions` goes on.
fn add_interactions(
    caller: &Caller,
    state: &engine::State,
    view: &View,
    room: &mut Room,
    body: &mut Value,
) {
    let links = caller.0.centre.links();
    let lists = MediaWords::ALL.map(|words| words.many);
    for list in lists.iter().chain(&["interactions"]) {
        if view.includes(list) {
            body[*list] = json!([]);
        }
    }
    let mut last = None;
    for interaction in state.involved(caller.user()) {
        let words = MediaWords::of(&interaction.media_type);
        if !view.includes("interactions") && !view.includes(words.many) {
            continue;
        }
        if !room.take(interaction) {
            body["interactionsAfter"] = json!(last);
            break;
        }
        last = Some(&interaction.id);
        let resource = interaction_for(interaction, caller.user(), links);
        if let Some(list) = body.get_mut(words.many).and_then(Value::as_array_mut) {
            list.push(words.translate(interaction, resource.clone(), links));
        }
        if let Some(list) = body.get_mut("interactions").and_then(Value::as_array_mut) {
            list.push(resource);
        }
    }
}

fn workbins_with_content(caller: &Caller, state: &engine::State, room: &mut Room) -> Value {
    let page = View::first_page();
    let bins = workbins::own(state, caller.user()).into_iter();
    bins.map(|bin| {
        let mut body = workbins::shown(caller, state, &bin, caller.user());
        workbins::add_content(caller, state, &bin, &page, room, &mut body);
        body
    })
    .collect()
}
