//! `/settings`: the states that agents can be in, the workbin types, and the media with their capacities.

use axum::response::Response;
use serde_json::{Map, Value, json};

use super::administration::tagged;
use super::history::Reading;
use super::view::Kind;
use crate::domain::{Configuration, WellKnownState, WorkbinKind};

/// States of agents.
pub(super) const AGENT_STATE: Kind = Kind {
    one: "agentState",
    many: "settings",
    filters: &["id", "operationName", "displayName", "state", "workMode"],
};

/// Workbin types.
pub(super) const WORKBIN_TYPE: Kind = Kind {
    one: "workbinType",
    many: "settings",
    filters: &["name", "displayName", "type", "agentGroup"],
};
/// Media with their capacities.
pub(super) const CAPACITY: Kind = Kind {
    one: "capacity",
    many: "settings",
    filters: &["name", "capacity"],
};

/// The states of agents: the well-known ones, and those that the configuration adds
#[utoipa::path(get, path = "/settings/agent-states", tag = "Directory",
    responses((status = 200, description = "`settings`: each with the `operationName` that leads to it; `key` names what they are told apart by"), (status = 400), (status = 401)))]
pub(super) async fn list_agent_states(Reading(caller, state, view): Reading) -> Response {
    let all = agent_states(&state.configuration).into_iter();
    let mut body = view.whole_list(&AGENT_STATE, state.sequence, all);
    body["key"] = json!("operationName");
    tagged(&caller, &state, body)
}

/// The workbin types: an agent or a group has one workbin of each
#[utoipa::path(get, path = "/settings/workbins", tag = "Directory",
    responses((status = 200, description = "`settings`: each workbin type; `key` names what they are told apart by"), (status = 400), (status = 401)))]
pub(super) async fn list_workbin_types(Reading(caller, state, view): Reading) -> Response {
    let types = state.configuration.workbins.iter();
    let types = types.map(|(name, workbin)| {
        let (kind, group) = match &workbin.kind {
            WorkbinKind::Agent => ("Agent", None),
            WorkbinKind::AgentGroup(group) => ("AgentGroup", Some(group)),
        };
        json!({"name": name, "displayName": workbin.display_name, "type": kind, "agentGroup": group})
    });
    let mut body = view.whole_list(&WORKBIN_TYPE, state.sequence, types);
    body["key"] = json!("name");
    tagged(&caller, &state, body)
}

/// The media, with how many interactions of each an agent may have at once
#[utoipa::path(get, path = "/settings/capacity", tag = "Directory",
    responses((status = 200, description = "`settings`: each medium; `key` names what they are told apart by"), (status = 400), (status = 401)))]
pub(super) async fn list_capacity(Reading(caller, state, view): Reading) -> Response {
    let media = state.configuration.capacity.iter();
    let media = media.map(|(name, capacity)| json!({"name": name, "capacity": capacity}));
    let mut body = view.whole_list(&CAPACITY, state.sequence, media);
    body["key"] = json!("name");
    tagged(&caller, &state, body)
}

/// The settings of a user, each group by the keys of its entries.
pub(super) fn of_user(configuration: &Configuration) -> Value {
    let all = agent_states(configuration).into_iter();
    let by_name = all.filter_map(|state| {
        let name = state["operationName"].as_str()?.to_owned();
        Some((name, state))
    });
    json!({"agent-states": Map::from_iter(by_name)})
}

fn agent_states(configuration: &Configuration) -> Vec<Value> {
    let known = WellKnownState::ALL.into_iter().map(|state| {
        let mut body = json!({
            "id": state.id, "operationName": state.operation_name,
            "displayName": state.display_name, "state": state.state,
        });
        if let Some(work_mode) = state.work_mode {
            body["workMode"] = json!(work_mode);
        }
        body
    });
    let names = configuration.agent_states.keys();
    let own = names.filter(|name| WellKnownState::find(name.as_str()).is_none());
    let own = own.filter_map(|name| {
        let found = configuration.not_ready_state(name.as_str())?;
        Some(json!({
            "id": found.id, "operationName": name,
            "displayName": found.display_name, "state": WellKnownState::NOT_READY.state,
        }))
    });
    known.chain(own).collect()
}
