//! The answer to the requester.

use std::sync::Arc;

use crate::domain::{
    Address, AddressAttributes, AddressInfo, Answers, Attributes, Event, HeldCall, Interaction,
    InteractionId, Message, Party, PartyState, Protocol, RouteResult, SnapshotId, for_router,
};
use crate::engine::{Head, Outcome, State};

/// Interactions that are listed of an address; `InfoStatus` says how many there are.
pub const ADDRESS_CALLS_LEN_MAX: usize = 100;

/// The answer that the requester hears now; none where it follows later.
pub fn answer(state: &State, head: &Head, outcome: &Outcome) -> Option<Message> {
    let one = |id: &InteractionId| state.interaction(id).cloned();
    let mut attributes = Attributes {
        reference_id: head.reference_id,
        ..Attributes::default()
    };
    let (event, answers) = match outcome {
        Outcome::Invited(_) | Outcome::Unasked => return None,
        Outcome::Acknowledged
        | Outcome::ConfigurationApplied(_)
        | Outcome::LoggedInPartly { .. }
        | Outcome::ReportingStarted { .. } => (Event::Ack, Answers::Route),
        Outcome::AddressInfo { address, info } => {
            return Some(tell_address(state, address, *info, attributes));
        }
        Outcome::Created(id) => {
            attributes.interaction = one(id);
            (Event::Ack, Answers::Route)
        }
        Outcome::Moved {
            snapshot,
            interactions,
        } => {
            tell_snapshot(state, *snapshot, interactions, &mut attributes);
            (Event::InteractionMoved, Answers::Route)
        }
        Outcome::SnapshotTaken {
            snapshot,
            interactions,
        } => {
            tell_snapshot(state, *snapshot, interactions, &mut attributes);
            (Event::SnapshotTaken, Answers::Route)
        }
        Outcome::SnapshotReleased(snapshot) => {
            attributes.snapshot = Some(*snapshot);
            (Event::SnapshotReleased, Answers::Route)
        }
        Outcome::PropertiesChanged { .. } => (Event::Ack, Answers::Properties),
        Outcome::Routed(id) => {
            attributes.interaction = one(id);
            attributes.route_result = Some(RouteResult::Delivered);
            (Event::Ack, Answers::Route)
        }
        Outcome::Pulled(ids) => {
            attributes.interactions = Some(ids.iter().filter_map(one).collect());
            (Event::PulledInteractions, Answers::Route)
        }
        Outcome::WorkbinContent {
            workbin,
            interactions,
        } => {
            attributes.workbin = Some(workbin.clone());
            attributes.interactions = Some(interactions.iter().filter_map(one).collect());
            (Event::WorkbinContent, Answers::Route)
        }
        Outcome::Registered(address) => {
            return Some(about_address(state, Event::Registered, address, attributes));
        }
        Outcome::Unregistered(address) => {
            let event = Event::Unregistered;
            return Some(about_address(state, event, address, attributes));
        }
    };
    let (event, protocol) = in_words_of(head, outcome, event, answers);
    Some(Message {
        event,
        protocol,
        attributes,
    })
}

/// The answer in the words of the requester: what is about routing, a router hears in those of T-Library.
fn in_words_of(
    head: &Head,
    outcome: &Outcome,
    event: Event,
    answers: Answers,
) -> (Event, Protocol) {
    let is_about_routing = matches!(
        outcome,
        Outcome::Routed(_) | Outcome::PropertiesChanged { .. }
    );
    match &head.actor.party() {
        Some(Party::Router(_)) if is_about_routing => for_router(event, answers),
        _ => (event, Protocol::InteractionManagement),
    }
}

/// What is said of a snapshot, and how long it lasts.
fn tell_snapshot(
    state: &State,
    id: SnapshotId,
    interactions: &[InteractionId],
    attributes: &mut Attributes,
) {
    attributes.snapshot = Some(id);
    attributes.interaction_ids = Some(interactions.to_vec());
    attributes.deadline = state.snapshots.get(&id).map(|it| it.expires_at);
}

/// An event about an address, for whoever is or was registered for it.
pub(super) fn about_address(
    state: &State,
    event: Event,
    address: &Address,
    attributes: Attributes,
) -> Message {
    let message = tell_address(state, address, AddressInfo::AddressType, attributes);
    Message { event, ..message }
}

/// EventAddressInfo.
fn tell_address(
    state: &State,
    address: &Address,
    info: AddressInfo,
    mut attributes: Attributes,
) -> Message {
    attributes.address = Some(describe(state, address, info));
    Message {
        event: Event::AddressInfo,
        protocol: Protocol::TLibrary,
        attributes,
    }
}

fn describe(state: &State, address: &Address, info: AddressInfo) -> AddressAttributes {
    let held = |it: &Arc<Interaction>, party_state| HeldCall {
        id: it.id.clone(),
        party_state,
    };
    let (agent, held_len, holds) = match address {
        Address::Queue(queue) => {
            let at_queue = |it: &Arc<Interaction>| {
                let is_routed = it.routing().is_some();
                held(
                    it,
                    if is_routed {
                        PartyState::Routing
                    } else {
                        PartyState::Queued
                    },
                )
            };
            let calls = state.calls_at(queue).take(ADDRESS_CALLS_LEN_MAX);
            (
                None,
                state.calls_len_at(queue),
                calls.map(at_queue).collect(),
            )
        }
        Address::Agent(agent) => {
            let at_agent = |it: &Arc<Interaction>| {
                if it.invites(agent) {
                    held(it, PartyState::Alerting)
                } else {
                    held(it, PartyState::Connected)
                }
            };
            let calls = state.involved(agent).take(ADDRESS_CALLS_LEN_MAX);
            let logged_in = state.agents.get(agent).map(|_| agent.clone());
            let held_len = state.involved(agent).count();
            (logged_in, held_len, calls.map(at_agent).collect())
        }
    };
    AddressAttributes {
        info,
        this_dn: address.to_string(),
        is_queue: matches!(address, Address::Queue(_)),
        agent,
        held_len,
        holds,
    }
}
