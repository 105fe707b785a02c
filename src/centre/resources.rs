//! Resources as JSON: interactions, agents, workbins, the same in replies and in notifications.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::domain::{
    Agent, Interaction, Invitation, MediaState, PlaceId, SkillName, Timestamp, UserId,
    WellKnownState, Whereabouts, WorkbinRef,
};
use crate::engine::{AgentState, State, agent_state, capabilities, neutral_state};

/// What is written as it is in a segment of a path (RFC 3986 section 3.3, the unreserved characters).
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

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

    /// Adds where a resource lives: its relative `path`, such as `/queues/sales`, and its absolute `uri`.
    pub fn locate(&self, resource: &mut Value, segments: &[&str]) {
        let path = path_of(segments);
        resource["uri"] = Value::from(self.uri(&path));
        resource["path"] = Value::from(path);
    }

    /// The absolute URI of a path such as `/interactions/1`.
    pub fn uri(&self, path: &str) -> String {
        format!("{}/api/v2{path}", self.external_url)
    }
}

/// A path of these segments, written as a URI writes them.
fn path_of(segments: &[&str]) -> String {
    let mut path = String::new();
    for segment in segments {
        path.push('/');
        path.extend(utf8_percent_encode(segment, IN_PATH));
    }
    path
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

/// The media of an agent with their states and capacities, for himself at `/me`, for others at `/users/{id}`; empty when he
/// is not logged in.
pub fn channels(state: &State, user: &UserId, is_own: bool) -> Vec<Value> {
    let mut all = channel_states(state.agents.get(user).map(AsRef::as_ref));
    let media = state.agents.get(user).into_iter();
    for (body, (medium, ready)) in all
        .iter_mut()
        .zip(media.flat_map(|agent| agent.media.iter()))
    {
        let used = state.load(user, medium);
        let capacity = state.capacity(medium);
        body["capacity"] = json!(capacity);
        body["used"] = json!(used);
        body["available"] = json!(ready.is_ready && used < capacity);
        if !is_own {
            body["path"] = json!(path_of(&[
                "users",
                user.as_str(),
                "channels",
                medium.as_str()
            ]));
        }
    }
    all
}

/// The channels of an agent as a notification carries them: only what has been decided, by him or for him.
pub(super) fn channel_states(agent: Option<&Agent>) -> Vec<Value> {
    let media = agent.into_iter().flat_map(|agent| agent.media.iter());
    media
        .map(|(medium, ready)| {
            json!({
                "channel": medium,
                "dndState": "Off",
                "userState": user_state(ready),
                "since": ready.since.to_string(),
                "path": path_of(&["me", "channels", medium.as_str()]),
            })
        })
        .collect()
}

fn user_state(state: &MediaState) -> Value {
    let known = if state.is_ready {
        WellKnownState::READY
    } else {
        WellKnownState::NOT_READY
    };
    let mut body = json!({"id": known.id, "displayName": known.display_name, "state": known.state});
    if let Some(chosen) = &state.chosen {
        body["id"] = json!(chosen.id);
        body["displayName"] = json!(chosen.display_name);
    }
    if let Some(reason) = &state.reason {
        body["reason"] = json!(reason);
    }
    body
}

/// A user, with his session if he is logged in as an agent.
pub fn user(state: &State, id: &UserId, links: &Links) -> Value {
    let configured = state.configuration.users.get(id);
    let agent = state.agents.get(id);
    let place = agent.map(|agent: &std::sync::Arc<Agent>| -> &PlaceId { &agent.place });
    let mut body = json!({
        "id": id,
        "userName": id,
        "firstName": configured.map_or("", |user| &user.first_name),
        "lastName": configured.map_or("", |user| &user.last_name),
        "roles": configured.map(|user| &user.roles),
        "groups": configured.map(|user| &user.groups),
        "skills": configured.map_or_else(|| json!([]), |user| skill_levels(&user.skills)),
        "enabled": true,
        "loggedIn": agent.is_some(),
        "place": place,
    });
    links.locate(&mut body, &["users", id.as_str()]);
    body
}

/// Skills with their levels.
pub fn skill_levels(skills: &BTreeMap<SkillName, u32>) -> Value {
    skills
        .iter()
        .map(|(skill, level)| json!({"id": skill, "name": skill, "level": level}))
        .collect()
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
