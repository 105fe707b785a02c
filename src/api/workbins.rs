//! `/workbins`, `/me/workbins` and `/users/{id}/workbins`: the shelves where interactions are parked, and what is in them
//! (gateway-api section 4).

use axum::Json;
use serde_json::{Map, Value, json};

use super::caller::{Agent, Caller};
use super::channels::known_user;
use super::error::ApiError;
use super::history::Reading;
use super::operate::PARTIAL_SUCCESS;
use super::url::{Segment, Segments};
use super::view::{Kind, Room, View};
use crate::centre::{MediaWords, interaction_for, workbin_id};
use crate::domain::{Refusal, Role, UserId, WorkbinKind, WorkbinRef};
use crate::engine;
use crate::engine::operations::WORKBINS_LEN_MAX;

/// Workbins.
pub(super) const WORKBIN: Kind = Kind {
    one: "workbin",
    many: "workbins",
    filters: &[
        "id",
        "name",
        "workbinName",
        "displayName",
        "type",
        "owner",
        "agentGroup",
        "placeGroup",
        "subscribed",
    ],
};
/// The workbins of the contact centre, for an agent those that he may use. With `workbinIds` those, keyed by their
/// identifiers, and with `subresources=*` what is in them
#[utoipa::path(get, path = "/workbins", tag = "Workbins",
    params(("workbinIds" = Option<String>, Query, description = "Up to 100 identifiers, separated by commas")),
    responses((status = 200, description = "URIs or workbins; `statusCode` 7 where some of the identifiers are not known"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn list_workbins(
    Reading(caller, state, view): Reading,
) -> Result<Json<Value>, ApiError> {
    require_user_of_workbins(&caller)?;
    if let Some(ids) = view.parameter("workbinIds") {
        return Ok(Json(read_several(&caller, &state, ids, &view)?));
    }
    let bins: Vec<WorkbinRef> = if caller.sees_all() {
        state.configuration.all_workbins().collect()
    } else {
        own(&state, caller.user())
    };
    let show = |bin: WorkbinRef| shown(&caller, &state, &bin, caller.user());
    Ok(Json(view.list(
        &WORKBIN,
        state.sequence,
        bins.into_iter(),
        show,
    )))
}

/// The workbins that the agent may use; with `subresources=*` what is in them
#[utoipa::path(get, path = "/me/workbins", tag = "Me",
    responses((status = 200, description = "URIs or workbins"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn list_my_workbins(Agent(caller): Agent, view: View) -> Json<Value> {
    let state = caller.0.centre.state();
    Json(list_of(&caller, &state, caller.user(), &view))
}

/// A workbin that the agent may use; with `subresources=*` what is in it
#[utoipa::path(get, path = "/me/workbins/{id}", tag = "Me",
    params(("id" = String, Path, description = "The workbin")),
    responses((status = 200, description = "The workbin"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn read_my_workbin(
    Agent(caller): Agent,
    Segment(id): Segment,
    view: View,
) -> Result<Json<Value>, ApiError> {
    let state = caller.0.centre.state();
    let bin = find(&caller, &state, &id)?;
    Ok(Json(show(&caller, &state, &bin, caller.user(), &view)))
}

/// The workbins that an agent may use; his own, or for supervisors and administrators everybody's
#[utoipa::path(get, path = "/users/{id}/workbins", tag = "Directory",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "URIs or workbins"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn list_workbins_of(
    Reading(caller, state, view): Reading,
    Segment(id): Segment,
) -> Result<Json<Value>, ApiError> {
    let user = known_user(&caller, &state, &id)?;
    Ok(Json(list_of(&caller, &state, &user, &view)))
}

/// A workbin that an agent may use; his own, or for supervisors and administrators everybody's
#[utoipa::path(get, path = "/users/{id}/workbins/{workbin}", tag = "Directory",
    params(("id" = String, Path, description = "The user"), ("workbin" = String, Path, description = "A workbin that he may use")),
    responses((status = 200, description = "The workbin, and whether the user is subscribed to it"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn read_workbin_of(
    Reading(caller, state, view): Reading,
    Segments([id, workbin]): Segments<2>,
) -> Result<Json<Value>, ApiError> {
    let user = known_user(&caller, &state, &id)?;
    let bin = find_of(&state, &user, &workbin)?;
    Ok(Json(show(&caller, &state, &bin, &user, &view)))
}

/// A workbin; with `subresources=*` what is in it, by medium, `offset` and `limit` choosing among it
#[utoipa::path(get, path = "/workbins/{id}", tag = "Workbins",
    params(("id" = String, Path, description = "The workbin")),
    responses((status = 200, description = "The workbin"), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn read_workbin(
    Reading(caller, state, view): Reading,
    Segment(id): Segment,
) -> Result<Json<Value>, ApiError> {
    require_user_of_workbins(&caller)?;
    let bin = find(&caller, &state, &id)?;
    Ok(Json(show(&caller, &state, &bin, caller.user(), &view)))
}

/// A workbin as a reply, with what is in it if that is wanted, and whether `user` is subscribed to it.
fn show(
    caller: &Caller,
    state: &engine::State,
    bin: &WorkbinRef,
    user: &UserId,
    view: &View,
) -> Value {
    let mut body = shown(caller, state, bin, user);
    if view.is_deep() {
        let mut room = Room::of_reply();
        add_content(caller, state, bin, view, &mut room, &mut body);
    }
    view.one(&WORKBIN, state.sequence, body)
}

fn list_of(caller: &Caller, state: &engine::State, user: &UserId, view: &View) -> Value {
    let mut room = Room::of_reply();
    let bins = own(state, user).into_iter();
    let bins: Vec<Value> = bins
        .map(|bin| {
            let mut body = shown(caller, state, &bin, user);
            if view.is_deep() {
                add_content(
                    caller,
                    state,
                    &bin,
                    &View::first_page(),
                    &mut room,
                    &mut body,
                );
            }
            body
        })
        .collect();
    view.list(&WORKBIN, state.sequence, bins.into_iter(), |it| it)
}

/// Each of the named workbins by its identifier, or why not (gateway-api 1.5, partial success).
fn read_several(
    caller: &Caller,
    state: &engine::State,
    ids: &str,
    view: &View,
) -> Result<Value, ApiError> {
    let ids: Vec<&str> = ids.split(',').map(str::trim).collect();
    if ids.len() > WORKBINS_LEN_MAX {
        let text = format!("Parameter 'workbinIds' names more than {WORKBINS_LEN_MAX} workbins");
        return Err(ApiError::invalid(text));
    }
    let mut room = Room::of_reply();
    let (mut bins, mut refused) = (Map::new(), None);
    for id in &ids {
        let result = match find(caller, state, id) {
            Ok(bin) => {
                let mut body = shown(caller, state, &bin, caller.user());
                if view.is_deep() {
                    add_content(caller, state, &bin, view, &mut room, &mut body);
                }
                view.select(body)
            }
            Err(error) => refused.insert(error).item(),
        };
        bins.insert((*id).to_owned(), result);
    }
    let known = bins.values().filter(|bin| bin.get("statusCode").is_none());
    match (known.count(), refused) {
        (0, Some(error)) => Err(error),
        (_, None) => Ok(json!({"statusCode": 0, "workbins": bins, "sequence": state.sequence})),
        (_, Some(error)) => Ok(json!({
            "statusCode": PARTIAL_SUCCESS, "statusMessage": error.message(), "workbins": bins,
            "sequence": state.sequence,
        })),
    }
}

/// The workbins that a user may use.
pub(super) fn own(state: &engine::State, user: &UserId) -> Vec<WorkbinRef> {
    let bins = state.configuration.workbins_of(user);
    let refer = |(name, _, owner)| WorkbinRef {
        name: Clone::clone(name),
        owner,
    };
    bins.map(refer).collect()
}

/// A workbin that a user may use, by its identifier.
///
/// # Errors
/// None, or none of his.
pub(super) fn find_of(
    state: &engine::State,
    user: &UserId,
    id: &str,
) -> Result<WorkbinRef, ApiError> {
    let found = state.configuration.workbin(id);
    let found = found.filter(|bin| state.may_use(user, bin));
    found.ok_or_else(|| Refusal::not_found("workbin", id).into())
}

/// A workbin by its identifier.
fn find(caller: &Caller, state: &engine::State, id: &str) -> Result<WorkbinRef, ApiError> {
    let found = state.configuration.workbin(id);
    let found = found.filter(|bin| caller.sees_all() || state.may_use(caller.user(), bin));
    found.ok_or_else(|| Refusal::not_found("workbin", id).into())
}

/// Workbins are for those who park interactions in them, and those who look after them.
fn require_user_of_workbins(caller: &Caller) -> Result<(), ApiError> {
    if caller.sees_all() || caller.0.roles.contains(&Role::Agent) {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "This is for agents, supervisors and administrators",
    ))
}

/// A workbin without what is in it, and whether `user` is subscribed to it.
pub(super) fn shown(
    caller: &Caller,
    state: &engine::State,
    bin: &WorkbinRef,
    user: &UserId,
) -> Value {
    let configured = state.configuration.workbins.get(&bin.name);
    let group = configured.and_then(|it| match &it.kind {
        WorkbinKind::Agent => None,
        WorkbinKind::AgentGroup(group) => Some(group),
    });
    let id = workbin_id(bin);
    let subscribers = state.subscriptions.get(bin);
    let mut body = json!({
        "id": id,
        "name": bin.name,
        "workbinName": bin.name,
        "displayName": configured.map_or(bin.name.as_str(), |it| it.display_name.as_str()),
        "type": if group.is_some() { "AgentGroup" } else { "Agent" },
        "owner": bin.owner,
        "agentGroup": group,
        "total": state.workbin_len(bin),
        "subscribed": subscribers.is_some_and(|agents| agents.contains(user)),
    });
    let links = caller.0.centre.links();
    links.locate(&mut body, &["workbins", &id]);
    body
}

/// Adds what is in a workbin, by medium, as far as the reply has room; `nextOffset` says where to go on.
pub(super) fn add_content(
    caller: &Caller,
    state: &engine::State,
    bin: &WorkbinRef,
    view: &View,
    room: &mut Room,
    body: &mut Value,
) {
    let links = caller.0.centre.links();
    for words in MediaWords::ALL {
        body[words.many] = json!([]);
    }
    let mut next = view.offset();
    for interaction in view.page(state.workbin_content(bin)) {
        if !room.take(interaction) {
            break;
        }
        next += 1;
        let words = MediaWords::of(&interaction.media_type);
        let item = interaction_for(interaction, caller.user(), links);
        if let Some(items) = body[words.many].as_array_mut() {
            items.push(words.with_type(interaction, item));
        }
    }
    if next < state.workbin_len(bin) {
        body["nextOffset"] = json!(next);
    }
}
