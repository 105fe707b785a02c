//! What each change does to the record of an interaction.

use std::sync::Arc;

use super::{Change, State};
use crate::domain::{
    Cause, Handling, Interaction, InteractionId, Invitation, Origin, PropertyChanges, Purpose,
    Router, Routing, Sequence, Spot, Timestamp, UserId, Whereabouts, WorkbinRef,
};

/// Makes a change to the record of an interaction.
pub(super) fn alter(it: &mut Interaction, change: &Change, state: &State) {
    match change {
        Change::Accepted {
            agent,
            handling_timeout_ms,
            ..
        } => accept(it, agent, *handling_timeout_ms, state),
        Change::AgentInvited { invitation, .. } => invite(it, invitation),
        Change::Declined { agent, .. } => {
            it.declined.insert(agent.clone(), state.at);
            end_invitation(it, state);
        }
        Change::InvitationRevoked { agent, cause, .. } => {
            if *cause == Cause::Expired {
                it.declined.insert(agent.clone(), state.at);
            }
            end_invitation(it, state);
        }
        Change::Held { .. } => it.held_at = Some(state.at),
        Change::Resumed { .. } => it.held_at = None,
        Change::Locked { snapshot, .. } => it.locked_by = Some(*snapshot),
        Change::Unlocked { .. } => it.locked_by = None,
        Change::PartyJoined { agent, .. } => join(it, agent),
        Change::PartyLeft { agent, .. } => part(it, agent),
        Change::PlacedInQueue { queue, order, .. } => {
            it.declined.clear();
            let (queue, order) = (queue.clone(), *order);
            place_in_queue(it, Spot { queue, order }, state);
        }
        Change::PlacedInWorkbin { workbin, .. } => {
            it.declined.clear();
            place_in_workbin(it, workbin, state);
        }
        Change::PropertiesChanged { changes, .. } => change_properties(it, changes, state.at),
        Change::Pulled {
            agent,
            handling_timeout_ms,
            ..
        } => pull(it, agent, *handling_timeout_ms, state),
        Change::Returned { .. } => send_home(it, state),
        Change::RouterPassedOver { router, .. } => {
            it.declined.insert(router.clone(), state.at);
        }
        Change::RouterTook {
            router, deadline, ..
        } => take_by_router(it, router, *deadline, state),
        Change::RoutingEnded { .. } => end_routing(it, state),
        Change::Stopped { .. } => stop(it, state),
        Change::AddressRegistered { .. }
        | Change::AddressUnregistered { .. }
        | Change::AgentLoggedIn { .. }
        | Change::AgentLoggedOut { .. }
        | Change::CentreConfigured(_)
        | Change::ConfigurationApplied(_)
        | Change::ConfigurationChanged(_)
        | Change::ClientRegistered { .. }
        | Change::ClientUnregistered { .. }
        | Change::InteractionSubmitted(_)
        | Change::MediaStateChanged { .. }
        | Change::PresenceChanged { .. }
        | Change::SnapshotReleased { .. }
        | Change::SnapshotTaken(_)
        | Change::WorkbinRead(_)
        | Change::WorkbinSubscribed { .. }
        | Change::WorkbinUnsubscribed { .. } => {}
    }
}

fn stop(it: &mut Interaction, state: &State) {
    it.completed_at = Some(state.at);
    it.locked_by = None;
    it.whereabouts = Whereabouts::Stopped(it.parties().to_vec());
}

fn pull(it: &mut Interaction, agent: &UserId, timeout_ms: u64, state: &State) {
    let from = match &it.whereabouts {
        Whereabouts::Queued(spot) => Origin::Queue(spot.clone()),
        Whereabouts::InWorkbin(workbin) => Origin::Workbin(workbin.clone()),
        Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_)
        | Whereabouts::Stopped(_) => return,
    };
    give(it, agent, from, timeout_ms, state);
}

fn take_by_router(it: &mut Interaction, router: &Router, deadline: Timestamp, state: &State) {
    if let Whereabouts::Queued(from) = &it.whereabouts {
        it.submitted_to_router_at = Some(state.at);
        it.whereabouts = Whereabouts::Routing(Routing {
            router: router.clone(),
            from: from.clone(),
            deadline,
        });
    }
}

fn invite(it: &mut Interaction, invitation: &Invitation) {
    it.delivered_at = it.delivered_at.or(Some(invitation.invited_at));
    match &mut it.whereabouts {
        Whereabouts::Routing(routing) => {
            it.whereabouts = Whereabouts::Inviting(routing.clone(), invitation.clone());
        }
        Whereabouts::Handling(handling) => handling.pending = Some(invitation.clone()),
        Whereabouts::Queued(_)
        | Whereabouts::InWorkbin(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Stopped(_) => {}
    }
}

fn accept(it: &mut Interaction, agent: &UserId, timeout_ms: u64, state: &State) {
    match &mut it.whereabouts {
        Whereabouts::Inviting(routing, _) => {
            let from = Origin::Queue(routing.from.clone());
            give(it, agent, from, timeout_ms, state);
        }
        Whereabouts::Handling(handling) => {
            let pending = handling.pending.take();
            it.declined.clear();
            handling.parties.push(agent.clone());
            handling.timeout_ms = timeout_ms;
            if let Some(Purpose::Transfer { by, .. }) = pending.map(|found| found.purpose) {
                handling.parties.retain(|party| *party != by);
                it.assigned_to = Some(agent.clone());
                it.assigned_at = Some(state.at);
            }
        }
        Whereabouts::Queued(_)
        | Whereabouts::InWorkbin(_)
        | Whereabouts::Routing(_)
        | Whereabouts::Stopped(_) => {}
    }
}

fn join(it: &mut Interaction, agent: &UserId) {
    if let Whereabouts::Handling(handling) = &mut it.whereabouts {
        handling.parties.push(agent.clone());
    }
}

/// Whoever came next after an owner who leaves owns it.
fn part(it: &mut Interaction, agent: &UserId) {
    if let Whereabouts::Handling(handling) = &mut it.whereabouts {
        handling.parties.retain(|party| party != agent);
        if it.assigned_to.as_ref() == Some(agent) {
            it.assigned_to = handling.parties.first().cloned();
        }
    }
}

fn give(it: &mut Interaction, agent: &UserId, from: Origin, timeout_ms: u64, state: &State) {
    it.assigned_to = Some(agent.clone());
    it.assigned_at = Some(state.at);
    // An agent has it: it is not in a queue any more in which it would be held.
    it.held_at = None;
    it.declined.clear();
    it.whereabouts = Whereabouts::Handling(Handling {
        parties: vec![agent.clone()],
        from,
        timeout_ms,
        pending: None,
    });
}

fn end_invitation(it: &mut Interaction, state: &State) {
    match &mut it.whereabouts {
        Whereabouts::Inviting(..) => end_routing(it, state),
        Whereabouts::Handling(handling) => handling.pending = None,
        Whereabouts::Queued(_)
        | Whereabouts::InWorkbin(_)
        | Whereabouts::Routing(_)
        | Whereabouts::Stopped(_) => {}
    }
}

fn end_routing(it: &mut Interaction, state: &State) {
    if let Some(routing) = it.routing() {
        let spot = routing.from.clone();
        place_in_queue(it, spot, state);
    }
}

fn send_home(it: &mut Interaction, state: &State) {
    match it.handling().map(|handling| handling.from.clone()) {
        Some(Origin::Queue(spot)) => place_in_queue(it, spot, state),
        Some(Origin::Workbin(workbin)) => place_in_workbin(it, &workbin, state),
        None => {}
    }
}

fn place_in_queue(it: &mut Interaction, spot: Spot, state: &State) {
    it.queue = spot.queue.clone();
    note_placement(it, state);
    if !it.moved_to_queue_at.contains_key(&spot.queue) {
        Arc::make_mut(&mut it.moved_to_queue_at).insert(spot.queue.clone(), state.at);
    }
    it.assigned_to = None;
    it.whereabouts = Whereabouts::Queued(spot);
}

fn place_in_workbin(it: &mut Interaction, workbin: &WorkbinRef, state: &State) {
    note_placement(it, state);
    it.assigned_to = None;
    it.whereabouts = Whereabouts::InWorkbin(workbin.clone());
}

fn note_placement(it: &mut Interaction, state: &State) {
    it.locked_by = None;
    it.placed_in_queue_at = Some(state.at);
    it.place_in_queue_sequence = Some(state.sequence);
}

fn change_properties(it: &mut Interaction, changes: &PropertyChanges, at: Timestamp) {
    // The operation has checked the limits on the same data.
    if let Ok((data, _)) = changes.applied_to(&it.user_data) {
        it.user_data = Arc::new(data);
    }
    if let Some(external_id) = &changes.external_id {
        it.external_id = Some(external_id.clone());
    }
    if let Some(parent_id) = &changes.parent_id {
        it.parent_id = Some(parent_id.clone());
    }
    if let Some(is_online) = changes.is_online {
        if it.is_online && !is_online {
            it.abandoned_at = it.abandoned_at.or(Some(at));
        }
        it.is_online = is_online;
    }
    if let Some(subject) = &changes.subject {
        it.subject = Some(subject.clone());
    }
}

/// The record of a new interaction in a place, with what every submission sets.
pub(super) fn submitted(mut it: Interaction, sequence: Sequence) -> (InteractionId, Change) {
    it.submit_sequence = sequence;
    it.changed_sequence = sequence;
    match &it.whereabouts {
        Whereabouts::Queued(spot) => {
            Arc::make_mut(&mut it.moved_to_queue_at).insert(spot.queue.clone(), it.submitted_at);
            note_submission_to_place(&mut it, sequence);
        }
        // A workbin is a queue with an owner.
        Whereabouts::InWorkbin(_) => note_submission_to_place(&mut it, sequence),
        Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_)
        | Whereabouts::Stopped(_) => {}
    }
    (it.id.clone(), Change::InteractionSubmitted(Arc::new(it)))
}

fn note_submission_to_place(it: &mut Interaction, sequence: Sequence) {
    it.placed_in_queue_at = Some(it.submitted_at);
    it.place_in_queue_sequence = Some(sequence);
}
