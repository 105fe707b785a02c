//! What is said, as JSON on a CometD channel.

use serde_json::{Value, json};

use super::media::MediaWords;
use super::replay::{History, Lost};
use super::resources::{
    Links, channel_states, interaction_for, interaction_of_agent, properties, workbin_id,
};
use crate::domain::{
    Actor, AddressAttributes, AddressInfo, Attributes, Interaction, Message, Party,
    PropertyChanges, Router, Sequence, Timestamp, WorkbinRef,
};
use crate::engine::{Announcement, Body, Channel, Head};

/// `AddressInfoAddressType` and `AddressType…`, as T-Library counts them (interaction-models section 4).
const ADDRESS_TYPE_DN: u8 = 1;
const ADDRESS_TYPE_ROUTE_QUEUE: u8 = 12;

/// What an event says of the server that says it.
pub struct Identity<'a> {
    /// `Server`: the configured name.
    pub server: &'a str,
    /// When.
    pub at: Timestamp,
}

/// The CometD channel on which something is heard.
pub fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Channels => "/v2/me/channels",
        Channel::Interactions => "/v2/me/interactions",
        Channel::Messages => "/v2/me/messages",
        Channel::Workbins => "/v2/me/workbins",
    }
}

/// The channels on which what steps say is heard.
pub(super) const CHANNELS: [&str; 4] = [
    "/v2/me/channels",
    "/v2/me/interactions",
    "/v2/me/messages",
    "/v2/me/workbins",
];

/// What a subscriber hears instead of what he missed: from which sequence to read on (design D10). The state that he is
/// told next is valid at `sequence`, and so is whatever he reads from here on.
pub(super) fn resync_message(lost: Lost, history: &History, sequence: u64) -> Value {
    json!({
        "messageType": "ResyncMessage",
        "notificationType": "Resync",
        "reason": lost.as_str(),
        "sequence": sequence,
        "oldestReplayableSequence": history.kept_after,
        "epoch": history.epoch.to_string(),
    })
}

/// One announcement as the `data` of a CometD event.
pub fn notification(said: &Announcement, head: &Head, server: &str, links: &Links) -> Value {
    let mut body = content(said, head, server, links);
    if let Body::Event(_) = said.body {
        return body;
    }
    body["sequence"] = json!(head.sequence);
    if let Some(previous) = said.previous.filter(|_| !said.body.is_transient()) {
        body["previousSequence"] = json!(previous);
    }
    if head.actor.user() == Some(&said.to)
        && body.get("referenceId").is_none()
        && let Some(reference) = head.reference_id
    {
        body["referenceId"] = json!(reference);
    }
    body
}

fn content(said: &Announcement, head: &Head, server: &str, links: &Links) -> Value {
    match &said.body {
        Body::Event(message) => {
            let identity = Identity {
                server,
                at: head.at,
            };
            event_json(message, head.sequence, said.previous, &identity)
        }
        Body::Interaction(notice) => {
            let kind = notice.kind.as_str();
            let resource = interaction_of_agent(&notice.interaction, &said.to, notice.state, links);
            let mut body = interaction_message(kind, resource);
            if let Some(reference) = notice.settles {
                body["referenceId"] = json!(reference);
            }
            if let Some(cause) = notice.cause {
                body["cause"] = Value::from(cause.as_str());
            }
            body
        }
        Body::Failure {
            reference_id,
            interaction,
            text,
        } => {
            let mut body =
                interaction_message("Error", interaction_for(interaction, &said.to, links));
            body["errorMessage"] = Value::from(*text);
            body["referenceId"] = json!(reference_id);
            body
        }
        Body::Channels(agent) => json!({
            "messageType": "ChannelStateChangeMessageV2",
            "channels": channel_states(agent.as_deref()),
        }),
        Body::WorkbinContent {
            workbin,
            interactions,
        } => {
            let items: Vec<Value> = interactions
                .iter()
                .map(|item| interaction_for(item, &said.to, links))
                .collect();
            json!({
                "messageType": "WorkbinContentMessage",
                "workbin": workbin_json(workbin),
                "interactions": items,
            })
        }
        Body::WorkbinChanged {
            workbin,
            interaction,
            added,
        } => {
            let resource = interaction_for(interaction, &said.to, links);
            workbin_change(workbin, interaction, resource, *added)
        }
        Body::WorkbinSubscription {
            workbin,
            subscribed,
        } => json!({
            "messageType": "WorkbinSubscriptionStateChangeMessage",
            "stateResource": if *subscribed { "Subscribed" } else { "Unsubscribed" },
            "id": workbin_id(workbin),
            "workbinUserId": said.to,
            "workbin": workbin_json(workbin),
        }),
    }
}

/// What came into or left a workbin, in the gateway's words for its medium and in ours (gateway-api 2.6).
fn workbin_change(workbin: &WorkbinRef, it: &Interaction, resource: Value, added: bool) -> Value {
    let words = MediaWords::of(&it.media_type);
    json!({
        "messageType": "WorkbinStateChangeMessage",
        "action": if added { "ItemAdded" } else { "ItemRemoved" },
        "id": workbin_id(workbin),
        "workbin": workbin_json(workbin),
        words.state_resource: words.with_type(it, resource.clone()),
        "interaction": resource,
    })
}

/// An interaction's message on `/v2/me/interactions` (gateway-api 2.5).
pub fn interaction_message(kind: &str, resource: Value) -> Value {
    json!({
        "messageType": "InteractionStateChangeMessage",
        "messageTypeName": "InteractionStateMessage",
        "notificationType": kind,
        "interaction": resource,
    })
}

/// The state of an agent's channels, as a client gets it on subscribe.
pub(super) fn channels_message(agent: Option<&crate::domain::Agent>) -> Value {
    json!({
        "messageType": "ChannelStateChangeMessageV2",
        "channels": channel_states(agent),
    })
}

/// An event of the reference with its attributes.
pub fn event_json(
    message: &Message,
    sequence: Sequence,
    previous: Option<Sequence>,
    identity: &Identity<'_>,
) -> Value {
    let mut body = json!({
        "event": message.event.as_str(),
        "protocol": message.protocol.as_str(),
        "server": identity.server,
        "time": identity.at.to_string(),
        "sequence": sequence,
    });
    if let Some(previous) = previous {
        body["previousSequence"] = json!(previous);
    }
    add_attributes(&mut body, &message.attributes);
    body
}

fn add_attributes(body: &mut Value, attributes: &Attributes) {
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    set("referenceId", attributes.reference_id.map(|it| json!(it)));
    if let Some(refusal) = &attributes.refusal {
        set("errorCode", Some(json!(refusal.kind.codes().error_code)));
        // T-Library and Interaction Management call it differently.
        let text = match attributes.address {
            Some(_) => "errorMessage",
            None => "errorDescription",
        };
        set(text, Some(json!(refusal.text)));
    }
    set("ticketId", attributes.ticket.map(|it| json!(it)));
    let deadline = attributes.deadline;
    set("expiresAt", deadline.map(|at| json!(at.to_string())));
    if let Some(interaction) = &attributes.interaction {
        set("interactionId", Some(json!(interaction.id)));
        set("interaction", Some(properties(interaction)));
    }
    if let Some(interactions) = &attributes.interactions {
        let by_id = interactions
            .iter()
            .map(|it| (it.id.to_string(), properties(it)))
            .collect();
        set("interactions", Some(Value::Object(by_id)));
    }
    set("party", attributes.party.as_ref().map(party_json));
    set("actor", attributes.actor.as_ref().map(actor_json));
    if let Some(cause) = attributes.cause {
        let reason = json!({"reasonSystemName": cause.as_str()});
        set("reason", Some(reason));
        set("reasonSystemName", Some(json!(cause.as_str())));
    }
    let result = attributes.route_result;
    set("result", result.map(|result| json!(result.as_str())));
    set("queue", attributes.queue.as_ref().map(|it| json!(it)));
    set("workbin", attributes.workbin.as_ref().map(workbin_json));
    if let Some(added) = attributes.workbin_added {
        let (content, operation) = if added {
            ("Add", "PlaceInWorkbin")
        } else {
            ("Remove", "Pull")
        };
        set("workbinContentOperation", Some(json!(content)));
        set("operation", Some(json!(operation)));
    }
    if let Some(changes) = &attributes.changes {
        for (name, value) in changes_json(changes) {
            set(name, Some(value));
        }
    }
    add_agent_attributes(body, attributes);
}

/// What is said of an agent, of the interactions in a state, or of an address.
fn add_agent_attributes(body: &mut Value, attributes: &Attributes) {
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[name] = value;
        }
    };
    set("agentId", attributes.agent.as_ref().map(|it| json!(it)));
    set("placeId", attributes.place.as_ref().map(|it| json!(it)));
    set("mediaType", attributes.media.as_ref().map(|it| json!(it)));
    if let Some(states) = &attributes.media_states {
        let numbers = states
            .iter()
            .map(|(media, ready)| (media.to_string(), json!(u8::from(*ready))))
            .collect();
        set("mediaStateList", Some(Value::Object(numbers)));
    }
    let capacities = attributes.media_capacities.as_ref();
    set("mediaCapacityList", capacities.map(|it| json!(it)));
    let ids = attributes.interaction_ids.as_ref();
    set("interactionIds", ids.map(|it| json!(it)));
    set("snapshotId", attributes.snapshot.map(|it| json!(it)));
    set("state", attributes.state.map(|it| json!(it)));
    set("count", attributes.count.map(|it| json!(it)));
    if let Some(address) = &attributes.address {
        for (name, value) in address_json(address) {
            set(name, Some(value));
        }
    }
}

pub(super) fn changes_json(changes: &PropertyChanges) -> Vec<(&'static str, Value)> {
    let mut named = Vec::new();
    let mut changed = changes
        .merged
        .as_ref()
        .map_or_else(|| json!({}), |data| json!(data));
    let attributes = [
        (
            "ExternalId",
            changes.external_id.as_ref().map(|it| json!(it)),
        ),
        ("ParentId", changes.parent_id.as_ref().map(|it| json!(it))),
        ("IsOnline", changes.is_online.map(|it| json!(u8::from(it)))),
        ("Subject", changes.subject.as_ref().map(|it| json!(it))),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            changed[name] = value;
        }
    }
    named.push(("changedProperties", changed));
    if let Some(deleted) = &changes.deleted {
        named.push(("deletedProperties", json!(deleted)));
    }
    if let Some(replaced) = &changes.replaced {
        named.push(("replacedProperties", json!(replaced)));
    }
    named
}

/// What T-Library events say of an address (seed 003): the Extensions are those of QueueStatus, respectively DNStatus.
fn address_json(address: &AddressAttributes) -> Vec<(&'static str, Value)> {
    let mut extensions = serde_json::Map::new();
    for (index, held) in address.holds.iter().enumerate() {
        let number = index + 1;
        extensions.insert(format!("conn-{number}"), json!(held.id));
        if !address.is_queue {
            let bits = held.party_state.bits();
            extensions.insert(format!("ps-{number}"), json!(bits));
        }
    }
    let address_type = if address.is_queue {
        ADDRESS_TYPE_ROUTE_QUEUE
    } else {
        let is_there = u8::from(address.agent.is_some());
        extensions.insert("AgentStatus".to_owned(), json!(is_there));
        ADDRESS_TYPE_DN
    };
    extensions.insert("InfoStatus".to_owned(), json!(address.held_len));
    let info_status = match address.info {
        AddressInfo::AddressType => json!({"addressType": address_type}),
        AddressInfo::NumberOfCallsInQueue | AddressInfo::QueueStatus => {
            json!({"numberOfCallsInQueue": address.held_len})
        }
        AddressInfo::DnStatus => json!({"numberOfListElements": address.holds.len()}),
    };
    let mut named = vec![
        ("thisDN", json!(address.this_dn)),
        ("infoType", json!(address.info.as_str())),
        ("infoStatus", info_status),
        ("extensions", Value::Object(extensions)),
    ];
    if let Some(agent) = &address.agent {
        named.push(("agentId", json!(agent)));
    }
    named
}

fn workbin_json(workbin: &WorkbinRef) -> Value {
    json!({"id": workbin_id(workbin), "name": workbin.name, "owner": workbin.owner})
}

pub(super) fn party_json(party: &Party) -> Value {
    match party {
        Party::Agent(agent) => json!({"type": "agent", "agentId": agent}),
        Party::MediaServer(user) => json!({"type": "media_server", "id": user}),
        Party::Router(Router::BuiltIn) => json!({"type": "router", "id": "built-in"}),
        Party::Router(Router::External(user)) => json!({"type": "router", "id": user}),
        Party::Reporting(user) => json!({"type": "reporting", "id": user}),
        Party::Supervisor(user) => json!({"type": "supervisor", "id": user}),
    }
}

pub(super) fn actor_json(actor: &Actor) -> Value {
    match actor.party() {
        Some(party) => party_json(&party),
        None => json!({"type": "server"}),
    }
}
