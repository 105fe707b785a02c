//! What became of an interaction, as JSON: every change, who made it, and what was said to whom.

use serde_json::{Map, Value, json};

use super::notify::{actor_json, changes_json, channel_name, party_json};
use super::past::Episode;
use super::replay::Said;
use super::resources::{properties, workbin_id};
use crate::domain::{InteractionId, Party, Ticket, UserId};
use crate::engine::{Announcement, Body, Change, Step};

/// One page: `history`, `after` if there is more, and `keptAfter`.
pub(super) fn page(interaction: &InteractionId, episode: &Episode) -> Value {
    let entries: Vec<Value> = episode
        .steps
        .iter()
        .map(|(step, said)| entry(interaction, step, said.as_ref()))
        .collect();
    let mut body = json!({"history": entries, "keptAfter": episode.kept_after});
    if let Some((last, _)) = episode.steps.last().filter(|_| episode.goes_on) {
        body["after"] = json!(last.head.sequence);
    }
    body
}

fn entry(interaction: &InteractionId, step: &Step, said: Option<&Said>) -> Value {
    let head = &step.head;
    let changes = step.changes.iter();
    let changes: Vec<Value> = changes
        .filter(|change| change.interaction() == Some(interaction))
        .map(change_json)
        .collect();
    let said = said.map(|said| {
        let about = said.announcements.iter();
        let about = about.filter(|said| is_about(&said.body, interaction));
        about.map(said_json).collect::<Vec<_>>()
    });
    json!({
        "sequence": head.sequence,
        "at": head.at.to_string(),
        "request": head.request,
        "actor": actor_json(&head.actor),
        "referenceId": head.reference_id,
        "changes": changes,
        "said": said,
    })
}

fn is_about(body: &Body, id: &InteractionId) -> bool {
    match body {
        Body::Event(message) => {
            let attributes = &message.attributes;
            let of_one = attributes.interaction.iter();
            let of_many = attributes.interactions.iter().flatten();
            let named = attributes.interaction_ids.iter().flatten();
            // An answer is about what was asked.
            attributes.reference_id.is_some()
                || of_one.chain(of_many).any(|it| it.id == *id)
                || named.into_iter().any(|it| it == id)
        }
        Body::Interaction(notice) => notice.interaction.id == *id,
        Body::Failure { interaction, .. } | Body::WorkbinChanged { interaction, .. } => {
            interaction.id == *id
        }
        Body::Channels(_) | Body::WorkbinContent { .. } | Body::WorkbinSubscription { .. } => false,
    }
}

/// To whom, where, and what: the event of the reference, else the `notificationType` or `messageType`.
fn said_json(said: &Announcement) -> Value {
    let message = match &said.body {
        Body::Event(message) => message.event.as_str(),
        Body::Interaction(notice) => notice.kind.as_str(),
        Body::Failure { .. } => "Error",
        Body::Channels(_) => "ChannelStateChangeMessageV2",
        Body::WorkbinContent { .. } => "WorkbinContentMessage",
        Body::WorkbinChanged { .. } => "WorkbinStateChangeMessage",
        Body::WorkbinSubscription { .. } => "WorkbinSubscriptionStateChangeMessage",
    };
    json!({"to": said.to, "channel": channel_name(said.body.channel()), "message": message})
}

/// A change: its name, and what it says beside the interaction.
fn change_json(change: &Change) -> Value {
    let (name, details) = described(change);
    let mut body = json!({"change": name});
    if let Value::Object(details) = details {
        for (key, value) in details {
            body[key] = value;
        }
    }
    body
}

fn described(change: &Change) -> (&'static str, Value) {
    let invited = |agent: &UserId, ticket: &Ticket| json!({"agentId": agent, "ticketId": ticket});
    match change {
        Change::Accepted { agent, ticket, .. } => ("Accepted", invited(agent, ticket)),
        Change::AgentInvited { invitation, .. } => {
            let mut details = invited(&invitation.agent, &invitation.ticket);
            details["expiresAt"] = json!(invitation.deadline.to_string());
            ("AgentInvited", details)
        }
        Change::Declined { agent, ticket, .. } => ("Declined", invited(agent, ticket)),
        Change::Held { .. } => ("Held", json!({})),
        Change::InteractionSubmitted(it) => (
            "InteractionSubmitted",
            json!({"interaction": properties(it)}),
        ),
        Change::InvitationRevoked {
            agent,
            ticket,
            cause,
            ..
        } => (
            "InvitationRevoked",
            json!({"agentId": agent, "ticketId": ticket, "cause": cause.as_str()}),
        ),
        Change::Locked { snapshot, .. } => ("Locked", json!({"snapshotId": snapshot})),
        Change::PartyJoined { agent, .. } => ("PartyJoined", json!({"agentId": agent})),
        Change::PartyLeft { agent, cause, .. } => (
            "PartyLeft",
            json!({"agentId": agent, "cause": cause.map(|cause| cause.as_str())}),
        ),
        Change::PlacedInQueue { queue, .. } => ("PlacedInQueue", json!({"queue": queue})),
        Change::PlacedInWorkbin { workbin, .. } => {
            ("PlacedInWorkbin", json!({"workbin": workbin_id(workbin)}))
        }
        Change::PropertiesChanged { changes, .. } => {
            let named = changes_json(changes).into_iter();
            let named: Map<String, Value> = named.map(|(key, it)| (key.to_owned(), it)).collect();
            ("PropertiesChanged", Value::Object(named))
        }
        Change::Pulled { agent, .. } => ("Pulled", json!({"agentId": agent})),
        Change::Resumed { .. } => ("Resumed", json!({})),
        Change::Returned { cause, .. } => ("Returned", json!({"cause": cause.as_str()})),
        Change::RouterPassedOver { router, .. } => ("RouterPassedOver", json!({"router": router})),
        Change::RouterTook { router, .. } => {
            let router = party_json(&Party::Router(router.clone()));
            ("RouterTook", json!({"router": router}))
        }
        Change::RoutingEnded { cause, .. } => ("RoutingEnded", json!({"cause": cause.as_str()})),
        Change::Stopped { .. } => ("Stopped", json!({})),
        Change::Unlocked { .. } => ("Unlocked", json!({})),
        // They are about no interaction.
        Change::AddressRegistered { .. }
        | Change::AddressUnregistered { .. }
        | Change::AgentLoggedIn { .. }
        | Change::AgentLoggedOut { .. }
        | Change::CentreConfigured(_)
        | Change::ConfigurationApplied(_)
        | Change::ConfigurationChanged(_)
        | Change::ClientRegistered { .. }
        | Change::ClientUnregistered { .. }
        | Change::MediaStateChanged { .. }
        | Change::PresenceChanged { .. }
        | Change::SnapshotReleased { .. }
        | Change::SnapshotTaken(_)
        | Change::WorkbinRead(_)
        | Change::WorkbinSubscribed { .. }
        | Change::WorkbinUnsubscribed { .. } => ("", json!({})),
    }
}
