//! The answer to the requester.

use crate::domain::{
    Address, AddressAttributes, Answers, Attributes, Event, InteractionId, Message, Party,
    Protocol, RouteResult, for_router,
};
use crate::engine::{Head, Outcome, State};

/// The answer that the requester hears now; none where it follows later.
pub fn answer(state: &State, head: &Head, outcome: &Outcome) -> Option<Message> {
    let one = |id: &InteractionId| state.interaction(id).cloned();
    let mut attributes = Attributes {
        reference_id: head.reference_id,
        ..Attributes::default()
    };
    let (event, answers) = match outcome {
        Outcome::Invited(_) | Outcome::Unasked => return None,
        Outcome::Acknowledged => (Event::Ack, Answers::Route),
        Outcome::Created(id) => {
            attributes.interaction = one(id);
            (Event::Ack, Answers::Route)
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
            return Some(about_address(
                state,
                Event::Unregistered,
                address,
                attributes,
            ));
        }
    };
    let is_about_routing = matches!(
        outcome,
        Outcome::Routed(_) | Outcome::PropertiesChanged { .. }
    );
    let (event, protocol) = match &head.actor.party() {
        Some(Party::Router(_)) if is_about_routing => for_router(event, answers),
        _ => (event, Protocol::InteractionManagement),
    };
    Some(Message {
        event,
        protocol,
        attributes,
    })
}

fn about_address(
    state: &State,
    event: Event,
    address: &Address,
    mut attributes: Attributes,
) -> Message {
    attributes.address = Some(describe(state, address));
    Message {
        event,
        protocol: Protocol::TLibrary,
        attributes,
    }
}

fn describe(state: &State, address: &Address) -> AddressAttributes {
    let (agent, holds) = match address {
        Address::Queue(queue) => (
            None,
            state
                .waiting(queue)
                .map(|it| it.id.clone())
                .take(100)
                .collect(),
        ),
        Address::Agent(agent) => (
            state.agents.get(agent).map(|_| agent.clone()),
            state.involved(agent).map(|it| it.id.clone()).collect(),
        ),
    };
    AddressAttributes {
        this_dn: address.to_string(),
        is_queue: matches!(address, Address::Queue(_)),
        agent,
        holds,
    }
}
