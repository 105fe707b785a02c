//! What must hold of the records: whereabouts, indexes, times, timers, who is invited and who waits.

use std::collections::{BTreeMap, BTreeSet};

use baton::domain::{
    Address, Interaction, InteractionId, Presence, Purpose, RegisterMode, Role, Router, Sequence,
    Timestamp, UserId, Whereabouts, WorkbinKind, WorkbinRef,
};
use baton::engine::{Change, Engine, State, Step};

use super::setting::QUEUES;
use super::snapshots;
use super::world::{is_router, queue};

/// Checks what one step may and may not do.
pub(super) fn check_step(before: &State, step: &Step, after: &State) {
    assert_eq!(step.head.sequence, before.sequence.next());
    assert!(step.head.at >= before.at);
    for id in step.interaction_ids() {
        let id = InteractionId::parse(&id).unwrap();
        let now = after.interaction(&id).unwrap();
        if let Some(was) = before.interaction(&id) {
            check_times(was, now);
            check_return(step, was, now);
        }
        assert_eq!(now.changed_sequence, step.head.sequence);
    }
    for change in &step.changes {
        match change {
            Change::AgentInvited {
                interaction,
                invitation,
            } if matches!(invitation.purpose, Purpose::Delivery { .. }) => {
                let interaction = after.interaction(interaction).unwrap();
                check_delivery(before, interaction, &invitation.agent);
            }
            Change::Pulled {
                interaction, agent, ..
            } => check_pull(before, interaction, agent),
            Change::PlacedInWorkbin { workbin, .. } => {
                assert!(has_owner(before, workbin), "{workbin:?} is nobody's");
            }
            _ => {}
        }
    }
}

/// A router delivers to who is there, ready and below his capacity.
fn check_delivery(before: &State, interaction: &Interaction, user: &UserId) {
    let id = &interaction.id;
    let agent = before
        .agents
        .get(user)
        .expect("the invited agent is logged in");
    let media = &interaction.media_type;
    assert!(agent.media[media].is_ready, "{user} is not ready: {id}");
    assert!(
        !matches!(agent.presence, Presence::LostAt(_)),
        "{user}: {id}"
    );
    let load = before.load(user, media);
    assert!(load < before.capacity(media), "{user} is full: {id}");
}

/// An agent takes only what he may see in a place from which he may pull.
fn check_pull(before: &State, id: &InteractionId, agent: &UserId) {
    let allowed = match &before.interaction(id).unwrap().whereabouts {
        Whereabouts::Queued(spot) => before.configuration.may_pull(agent, &spot.queue),
        Whereabouts::InWorkbin(workbin) => before.may_use(agent, workbin),
        _ => false,
    };
    assert!(allowed, "{agent} may not pull {id}");
}

/// I7.
fn check_times(was: &Interaction, now: &Interaction) {
    let id = &now.id;
    assert!(was.placed_in_queue_at <= now.placed_in_queue_at, "{id}");
    for (queue, at) in was.moved_to_queue_at.iter() {
        assert_eq!(now.moved_to_queue_at.get(queue), Some(at), "{id} {queue}");
    }
    for (was, now) in [
        (was.delivered_at, now.delivered_at),
        (was.abandoned_at, now.abandoned_at),
        (was.completed_at, now.completed_at),
    ] {
        assert!(was.is_none() || was == now, "{id}: set once");
    }
    assert_eq!(now.completed_at.is_some(), now.is_stopped(), "{id}");
}

/// What returns to its queue returns to its old place there.
fn check_return(step: &Step, was: &Interaction, now: &Interaction) {
    let is_placed = step.changes.iter().any(|change| {
        matches!(change, Change::PlacedInQueue { interaction, .. } if *interaction == now.id)
    });
    if let (Some(routing), Whereabouts::Queued(spot)) = (was.routing(), &now.whereabouts)
        && !is_placed
    {
        assert_eq!(routing.from, *spot, "{}", now.id);
    }
}

/// I1, and that every index says what the records say.
pub(super) fn check_state(state: &State) {
    let mut waiting: BTreeMap<_, BTreeSet<(Sequence, InteractionId)>> = BTreeMap::new();
    let mut held: BTreeMap<_, BTreeSet<(Sequence, InteractionId)>> = BTreeMap::new();
    let mut bins: BTreeMap<WorkbinRef, BTreeSet<InteractionId>> = BTreeMap::new();
    let mut involved: BTreeMap<UserId, BTreeSet<InteractionId>> = BTreeMap::new();
    let mut routed: BTreeMap<UserId, BTreeSet<InteractionId>> = BTreeMap::new();
    for (id, interaction) in state.interactions.iter() {
        assert!(!interaction.is_stopped() && state.stopped.get(id).is_none());
        check_holders(state, interaction);
        match &interaction.whereabouts {
            Whereabouts::Queued(_) if interaction.locked_by.is_some() => {}
            Whereabouts::Queued(spot) => {
                let is_held = interaction.held_at.is_some();
                let spots = if is_held { &mut held } else { &mut waiting };
                let spots = spots.entry(spot.queue.clone()).or_default();
                spots.insert((spot.order, id.clone()));
            }
            Whereabouts::InWorkbin(workbin) => {
                bins.entry(workbin.clone()).or_default().insert(id.clone());
            }
            _ => {}
        }
        if let Some(Router::External(router)) = interaction.routing().map(|it| &it.router) {
            routed.entry(router.clone()).or_default().insert(id.clone());
        }
        let invited = interaction.invitation().map(|open| &open.agent);
        for agent in interaction.parties().iter().chain(invited) {
            involved
                .entry(agent.clone())
                .or_default()
                .insert(id.clone());
        }
    }
    snapshots::check(state);
    let configuration = &state.configuration;
    // What waits in a queue that was configured away waits there still.
    let everywhere = QUEUES.map(queue);
    for queue in &everywhere {
        let indexed: Vec<InteractionId> = state.waiting(queue).map(|it| it.id.clone()).collect();
        let spots = waiting.remove(queue).unwrap_or_default();
        let expected: Vec<InteractionId> = spots.into_iter().map(|(_, id)| id).collect();
        assert_eq!(indexed, expected, "index of queue {queue}");
        let indexed: Vec<InteractionId> = state.held(queue).map(|it| it.id.clone()).collect();
        let spots = held.remove(queue).unwrap_or_default();
        let expected: Vec<InteractionId> = spots.into_iter().map(|(_, id)| id).collect();
        assert_eq!(indexed, expected, "held in queue {queue}");
    }
    assert!(waiting.is_empty(), "in no queue: {waiting:?}");
    for user in configuration.users.keys() {
        let indexed: BTreeSet<_> = state.involved(user).map(|it| it.id.clone()).collect();
        assert_eq!(indexed, involved.remove(user).unwrap_or_default(), "{user}");
        let indexed: BTreeSet<_> = state.routed_by(user).map(|it| it.id.clone()).collect();
        assert_eq!(indexed, routed.remove(user).unwrap_or_default(), "{user}");
        for (name, _, owner) in configuration.workbins_of(user) {
            let name = name.clone();
            let workbin = WorkbinRef { name, owner };
            let indexed: BTreeSet<_> = state
                .workbin_content(&workbin)
                .map(|it| it.id.clone())
                .collect();
            let expected = bins.get(&workbin).cloned().unwrap_or_default();
            assert_eq!(indexed, expected, "index of {workbin:?}");
        }
    }
    assert!(involved.is_empty(), "who is not there: {involved:?}");
    assert!(routed.is_empty(), "who is not there: {routed:?}");
}

/// Whoever holds an interaction is there to hold it.
fn check_holders(state: &State, interaction: &Interaction) {
    let id = &interaction.id;
    match &interaction.whereabouts {
        // The workbin may have been configured away since it was placed there.
        Whereabouts::InWorkbin(_) => {
            assert!(interaction.placed_in_queue_at.is_some(), "{id}");
        }
        Whereabouts::Routing(routing) | Whereabouts::Inviting(routing, _) => {
            if let Router::External(router) = &routing.router {
                let address = Address::Queue(routing.from.queue.clone());
                let registered = state.registration(router, &address);
                assert!(is_router(state, router), "{id} is with no router");
                assert!(
                    registered.is_some_and(|it| it.mode != RegisterMode::Monitor),
                    "{id}"
                );
            }
        }
        Whereabouts::Handling(handling) => {
            let parties: BTreeSet<&UserId> = handling.parties.iter().collect();
            assert!(!parties.is_empty() && parties.len() == handling.parties.len());
            for party in parties {
                assert!(state.agents.contains_key(party), "{party} has {id}");
            }
        }
        Whereabouts::Queued(_) => assert!(interaction.placed_in_queue_at.is_some(), "{id}"),
        Whereabouts::Stopped(_) => {}
    }
    if let Some(invitation) = interaction.invitation() {
        let invited = &invitation.agent;
        assert!(state.agents.contains_key(invited), "{invited}, {id}");
        assert!(
            !interaction.has_party(invited),
            "{invited} has {id} already"
        );
        assert!(invitation.ticket.0 <= state.last_ticket);
    }
}

fn has_owner(state: &State, workbin: &WorkbinRef) -> bool {
    let Some(found) = state.configuration.workbins.get(&workbin.name) else {
        return false;
    };
    match &found.kind {
        WorkbinKind::Agent => state
            .configuration
            .users
            .get(&UserId::parse(&workbin.owner).unwrap())
            .is_some_and(|user| user.roles.contains(&Role::Agent)),
        WorkbinKind::AgentGroup(group) => workbin.owner == group.as_str(),
    }
}

/// When nothing is due, the engine asks to be woken at the first time at which something is.
pub(super) fn check_timers(engine: &Engine, now: Timestamp) {
    let state = engine.state();
    let timing = &state.configuration.timing;
    let mut first: Option<Timestamp> = None;
    let mut add = |at: Timestamp| first = Some(first.map_or(at, |first| first.min(at)));
    for interaction in state.interactions.values() {
        if let Some(routing) = interaction.routing() {
            add(routing.deadline);
        }
        if let Some(invitation) = interaction.invitation() {
            add(invitation.deadline);
        }
        for party in interaction.parties() {
            let timeout_ms = interaction.handling().unwrap().timeout_ms;
            add(state.agents[party].last_request_at.plus_ms(timeout_ms));
        }
    }
    for (user, agent) in state.agents.iter() {
        if let Presence::LostAt(lost_at) = agent.presence {
            add(lost_at.plus_ms(timing.ownership_grace_ms));
            if state.involved(user).any(|it| it.invites(user)) {
                add(lost_at.plus_ms(timing.invitation_grace_ms));
            }
        }
    }
    for snapshot in state.snapshots.values() {
        add(snapshot.expires_at);
    }
    assert!(first.is_none_or(|first| first > now), "overdue");
    let wakes_at = engine.poll_timeout(now);
    match (first, wakes_at) {
        (None, None) => {}
        (None, Some(at)) => assert!(at > now, "woken for nothing at once"),
        (Some(first), Some(at)) => assert!(now < at && at <= first, "{at:?} for {first:?}"),
        (Some(_), None) => panic!("sleeps for ever"),
    }
}

/// When nothing is due, nothing waits in a queue of the built-in router that a ready agent could take.
pub(super) fn check_nobody_waits_in_vain(engine: &Engine, now: Timestamp) {
    let state = engine.state();
    for (name, queue) in &state.configuration.queues {
        if state.router_of(name) != Router::BuiltIn {
            for interaction in state.waiting(name) {
                let router = state.router_for(interaction, now);
                assert_eq!(router, None, "{name} has a router");
                let wakes_at = engine.poll_timeout(now);
                assert!(wakes_at.is_some(), "{name}: nobody wakes");
            }
            continue;
        }
        for interaction in state.waiting(name) {
            for (user, agent) in state.agents.iter() {
                let media = &interaction.media_type;
                let skills = &state.configuration.users[user].skills;
                let is_free = agent.media.get(media).is_some_and(|it| it.is_ready)
                    && !matches!(agent.presence, Presence::LostAt(_))
                    && state.load(user, media) < state.capacity(media);
                let is_able = queue
                    .skills
                    .iter()
                    .all(|(skill, level)| skills.get(skill).is_some_and(|has| has >= level));
                if !is_free || !is_able {
                    continue;
                }
                let id = &interaction.id;
                let declined_at = interaction.declined.get(user).copied();
                let delay_ms = state.configuration.timing.reoffer_delay_ms;
                let again_at = declined_at.map_or(now, |at| at.plus_ms(delay_ms));
                assert!(again_at > now, "{id} waits for {user}, who is free");
                let wakes_at = engine.poll_timeout(now);
                assert!(
                    wakes_at.is_some_and(|at| at <= again_at),
                    "{id} may be offered to {user} at {again_at:?}, and nobody wakes"
                );
            }
        }
    }
}
