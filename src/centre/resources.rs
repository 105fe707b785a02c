//! Resources as JSON: interactions, agents, workbins, the same in replies and in notifications.

use serde_json::{Map, Value, json};

use crate::domain::{
    Agent, Interaction, Invitation, MediaType, PlaceId, Timestamp, UserId, Whereabouts, WorkbinRef,
};
use crate::engine::{AgentState, State, agent_state, capabilities, neutral_state};

/// Well-known identifiers of agent states (gateway-api section 4).
const READY_ID: &str = "9430250E-0A1B-421F-B372-F29E69366DED";
const NOT_READY_ID: &str = "900D55CC-2BB0-431F-8BF9-D3525B383BE6";

/// Where resources live.
#[derive(Clone, Debug)]
pub struct Links {
    external_url: String,
}

impl Links {
    /// Links below an external URL such as `http://127.0.0.1:8080`.
    pub fn new(external_url: &str) -> Self {
        Self {
            external_url: external_url.trim_end_matches('/').to_owned(),
        }
    }

    /// The absolute URI of a path such as `/interactions/1`.
    pub fn uri(&self, path: &str) -> String {
        format!("{}/api/v2{path}", self.external_url)
    }
}

/// An interaction as one user sees it: the agent's view if it is his, else the neutral one.
pub fn interaction_for(interaction: &Interaction, user: &UserId, links: &Links) -> Value {
    match agent_state(interaction, user) {
        Some(state) => interaction_of_agent(interaction, user, state, links),
        None => resource(interaction, neutral_state(interaction), &[], None, links),
    }
}

/// An interaction in the state in which an agent sees it (gateway-api 2.5).
pub(super) fn interaction_of_agent(
    interaction: &Interaction,
    agent: &UserId,
    state: AgentState,
    links: &Links,
) -> Value {
    let may = match state {
        AgentState::Completed | AgentState::Revoked => Vec::new(),
        AgentState::Invited
        | AgentState::Processing
        | AgentState::Composing
        | AgentState::Transferring => capabilities(interaction, agent),
    };
    let open = interaction.invitation().filter(|open| open.agent == *agent);
    resource(interaction, state.as_str(), &may, open, links)
}

fn resource(
    it: &Interaction,
    state: &str,
    may: &[&str],
    invitation: Option<&Invitation>,
    links: &Links,
) -> Value {
    let path = format!("/interactions/{}", it.id);
    let participants: Vec<Value> = it
        .parties()
        .iter()
        .map(|agent| json!({"userId": agent, "userName": agent, "type": "Agent"}))
        .collect();
    let mut body = json!({
        "id": it.id,
        "state": state,
        "channel": it.media_type,
        "mediaType": it.media_type,
        "interactionType": it.interaction_type,
        "interactionSubtype": it.interaction_subtype,
        "parentId": it.parent_id,
        "externalId": it.external_id,
        "receivedDate": it.received_at.to_gateway_date(),
        "submittedBy": it.submitted_by,
        "interactionQueue": it.queue,
        "workbin": workbin_of(it).map(|workbin| json!({"id": workbin_id(workbin), "name": workbin.name, "owner": workbin.owner})),
        "assignedTo": it.assigned_to,
        "subject": it.subject,
        "isOnline": it.is_online,
        "userData": it.user_data,
        "participants": participants,
        "capabilities": may,
        "sequence": it.changed_sequence,
        "uri": links.uri(&path),
        "path": path,
    });
    for (name, at) in times(it) {
        body[name] = at.map_or(Value::Null, |at| Value::from(at.to_string()));
    }
    if let Some(open) = invitation {
        body["invitation"] = json!({
            "ticketId": open.ticket,
            "expiresAt": open.deadline.to_string(),
            "timeoutMs": open.deadline.0.saturating_sub(open.invited_at.0),
        });
    }
    body
}

/// The properties of an interaction as the reference's events carry them (interaction-models 2.6).
pub(super) fn properties(it: &Interaction) -> Value {
    let mut body = json!({
        "id": it.id,
        "externalId": it.external_id,
        "parentInteractionId": it.parent_id,
        "mediaType": it.media_type,
        "interactionType": it.interaction_type,
        "interactionSubtype": it.interaction_subtype,
        "interactionState": it.state_number(),
        "queue": it.queue,
        "workbin": workbin_of(it).map(|workbin| &workbin.name),
        "workbinOwner": workbin_of(it).map(|workbin| &workbin.owner),
        "isHeld": u8::from(it.held_at.is_some()),
        "isLocked": u8::from(it.locked_by.is_some()),
        "subject": it.subject,
        "isOnline": u8::from(it.is_online),
        "submittedBy": it.submitted_by,
        "submitSeq": it.submit_sequence,
        "placeInQueueSeq": it.place_in_queue_sequence,
        "receivedAt": it.received_at.to_string(),
        "assignedTo": it.assigned_to,
        "userData": it.user_data,
    });
    for (name, at) in times(it) {
        body[name] = at.map_or(Value::Null, |at| Value::from(at.to_string()));
    }
    body
}

fn times(it: &Interaction) -> [(&'static str, Option<Timestamp>); 9] {
    [
        ("submittedAt", Some(it.submitted_at)),
        ("placedInQueueAt", it.placed_in_queue_at),
        (
            "movedToQueueAt",
            it.moved_to_queue_at.get(&it.queue).copied(),
        ),
        ("submittedToRouterAt", it.submitted_to_router_at),
        ("deliveredAt", it.delivered_at),
        ("assignedAt", it.assigned_at),
        ("abandonedAt", it.abandoned_at),
        ("completedAt", it.completed_at),
        ("heldAt", it.held_at),
    ]
}

fn workbin_of(it: &Interaction) -> Option<&WorkbinRef> {
    match &it.whereabouts {
        Whereabouts::InWorkbin(workbin) => Some(workbin),
        Whereabouts::Queued(_)
        | Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_)
        | Whereabouts::Stopped(_) => None,
    }
}

/// The identifier of one workbin: its type and its owner.
pub fn workbin_id(workbin: &WorkbinRef) -> String {
    format!("{}.{}", workbin.name, workbin.owner)
}

/// The media of an agent with their states and capacities; empty when he is not logged in.
pub fn channels(state: &State, user: &UserId, agent: Option<&Agent>) -> Vec<Value> {
    let media = agent.into_iter().flat_map(|agent| &agent.media);
    media
        .map(|(medium, ready)| {
            let used = state.load(user, medium);
            let capacity = state.capacity(medium);
            json!({
                "channel": medium,
                "dndState": "Off",
                "userState": user_state(ready.is_ready, ready.reason.as_deref()),
                "since": ready.since.to_string(),
                "capacity": capacity,
                "used": used,
                "available": ready.is_ready && used < capacity,
                "path": channel_path(medium),
            })
        })
        .collect()
}

/// The channels of an agent as a notification carries them: only what the agent itself has decided.
pub(super) fn channel_states(agent: Option<&Agent>) -> Vec<Value> {
    let media = agent.into_iter().flat_map(|agent| &agent.media);
    media
        .map(|(medium, ready)| {
            json!({
                "channel": medium,
                "dndState": "Off",
                "userState": user_state(ready.is_ready, ready.reason.as_deref()),
                "since": ready.since.to_string(),
                "path": channel_path(medium),
            })
        })
        .collect()
}

fn channel_path(medium: &MediaType) -> String {
    format!("/me/channels/{medium}")
}

fn user_state(is_ready: bool, reason: Option<&str>) -> Value {
    let mut body = if is_ready {
        json!({"id": READY_ID, "displayName": "Ready", "state": "Ready"})
    } else {
        json!({"id": NOT_READY_ID, "displayName": "Not Ready", "state": "NotReady"})
    };
    if let Some(reason) = reason {
        body["reason"] = Value::from(reason);
    }
    body
}

/// A user, with his session if he is logged in as an agent.
pub fn user(state: &State, id: &UserId, links: &Links) -> Value {
    let path = format!("/users/{id}");
    let configured = state.configuration.users.get(id);
    let agent = state.agents.get(id);
    let place = agent.map(|agent: &std::sync::Arc<Agent>| -> &PlaceId { &agent.place });
    let skills: Vec<Value> = configured
        .into_iter()
        .flat_map(|user| &user.skills)
        .map(|(skill, level)| json!({"id": skill, "name": skill, "level": level}))
        .collect();
    json!({
        "id": id,
        "userName": id,
        "firstName": configured.map_or("", |user| &user.first_name),
        "lastName": configured.map_or("", |user| &user.last_name),
        "roles": configured.map(|user| &user.roles),
        "groups": configured.map(|user| &user.groups),
        "skills": skills,
        "enabled": true,
        "loggedIn": agent.is_some(),
        "place": place,
        "uri": links.uri(&path),
        "path": path,
    })
}

/// Only the named fields of an object, or all of it for `*`.
pub fn select(body: Value, fields: &str) -> Value {
    if fields == "*" {
        return body;
    }
    let Value::Object(mut all) = body else {
        return body;
    };
    let wanted: Map<String, Value> = fields
        .split(',')
        .filter_map(|name| all.remove_entry(name.trim()))
        .collect();
    Value::Object(wanted)
}
