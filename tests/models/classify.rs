//! Which row of the state machine (interaction-models section 7 (a)) a step takes: told from the state before and what
//! was journalled, and from nothing that was said. What the state machine leaves out is cited by section or race.

use baton::domain::{
    Actor, Cause, Interaction, InteractionId, Purpose, RefusalKind, Role, Whereabouts,
};
use baton::engine::{Change, Operation, State, Step};

/// A place of the specification, and the interaction that went there.
pub(crate) struct Taken {
    pub(crate) interaction: Option<InteractionId>,
    pub(crate) citation: &'static str,
}

/// What a step did, in order; the sequence's first is its main one.
pub(crate) fn of_step(before: &State, step: &Step) -> Vec<Taken> {
    let mut taken: Vec<Taken> = step
        .changes
        .iter()
        .map(|change| Taken {
            interaction: change.interaction().cloned(),
            citation: of_change(before, &step.head.actor, change),
        })
        .collect();
    if taken.is_empty() {
        // A request that found everything as it wanted it.
        taken.push(Taken {
            interaction: None,
            citation: of_request(&step.head.request),
        });
    }
    taken
}

/// Where a refused request belongs; the interaction is the one that it names.
pub(crate) fn of_refusal(
    before: &State,
    operation: Option<&Operation>,
    kind: RefusalKind,
) -> &'static str {
    let named = operation.and_then(Operation::interaction);
    let found = named.and_then(|id| before.interaction(id));
    if found.is_some_and(|it| it.is_stopped()) {
        return "row 41";
    }
    match operation {
        Some(Operation::Submit(_)) => "row 3",
        Some(Operation::Accept(..) | Operation::Reject(..)) if found.is_some() => "row 14",
        Some(Operation::RouteCall(..))
            if matches!(kind, RefusalKind::AgentUnavailable | RefusalKind::NotFound) =>
        {
            "row 7"
        }
        _ => "row 42",
    }
}

fn of_request(name: &str) -> &'static str {
    match name {
        "RegisterAddress" | "RequestQueryAddress" => "section 4",
        "RequestStartPlaceAgentReportingAll" => "section 1.15",
        "RequestReadyForMedia" | "RequestNotReadyForMedia" => "section 1.13",
        "RequestPull" => "row 37",
        "RequestApplyConfiguration" => "design D16",
        "RequestMoveInteractions" => "section 1.17",
        _ => "row ?",
    }
}

fn of_change(before: &State, actor: &Actor, change: &Change) -> &'static str {
    let it = change.interaction().and_then(|id| before.interaction(id));
    let it = it.map(AsRef::as_ref);
    match change {
        Change::InteractionSubmitted(new) => submitted(new, actor),
        Change::RouterTook { .. } => "row 5",
        Change::AgentInvited { invitation, .. } => match invitation.purpose {
            Purpose::Delivery { .. } => "row 6",
            Purpose::Transfer { .. } | Purpose::Conference { .. } => "row 28",
        },
        Change::Accepted { .. } if is_conference(it) => "row 30",
        Change::Accepted { .. } if is_from_agent(it) => "row 29",
        Change::Accepted { .. } => "row 8",
        Change::Declined { .. } if is_from_agent(it) => "row 31",
        Change::Declined { .. } => "row 9",
        Change::InvitationRevoked { cause, .. } => revoked(it, *cause),
        Change::RouterPassedOver { .. } | Change::RoutingEnded { .. } => "row 21",
        Change::PlacedInQueue { .. } if role(actor) == Some(Role::Router) => "row 15",
        Change::PlacedInQueue { .. } if it.is_some_and(Interaction::is_placed) => "section 1.17",
        Change::PlacedInQueue { .. } => "row 26",
        Change::PlacedInWorkbin { .. } if role(actor) == Some(Role::Router) => "row 16",
        Change::PlacedInWorkbin { .. } if it.is_some_and(Interaction::is_placed) => "section 1.17",
        Change::PlacedInWorkbin { .. } => "row 27",
        Change::Pulled { .. } => match it.map(|it| &it.whereabouts) {
            Some(Whereabouts::InWorkbin(_)) => "row 38",
            _ => "row 37",
        },
        Change::Returned {
            cause: Cause::HandlingExpired,
            ..
        } => "row 36",
        Change::Returned {
            cause: Cause::Left, ..
        } => "row 35",
        Change::PartyLeft { cause: None, .. } => "row 34",
        Change::PartyLeft { .. } | Change::Returned { .. } => "section 3.3 (agent)",
        Change::PartyJoined { .. } => "section 1.10",
        Change::Held { .. } | Change::Resumed { .. } => "section 1.18",
        Change::Locked { .. }
        | Change::SnapshotReleased { .. }
        | Change::SnapshotTaken(_)
        | Change::Unlocked { .. } => "section 1.17",
        Change::PropertiesChanged { .. } => properties_changed(it, actor),
        Change::Stopped { .. } => stopped(it, actor),
        Change::ClientRegistered { .. } | Change::ClientUnregistered { .. } => "section 1.1",
        Change::AddressRegistered { .. } | Change::AddressUnregistered { .. } => "section 4",
        Change::AgentLoggedIn { .. }
        | Change::AgentLoggedOut { .. }
        | Change::MediaStateChanged { .. } => "section 1.13",
        Change::PresenceChanged { .. } => "section 1.14",
        Change::WorkbinRead(_)
        | Change::WorkbinSubscribed { .. }
        | Change::WorkbinUnsubscribed { .. } => "section 1.7",
        Change::ConfigurationApplied(_) | Change::ConfigurationChanged(_) => "design D16",
        Change::CentreConfigured(_) => "row ?",
    }
}

fn submitted(new: &Interaction, actor: &Actor) -> &'static str {
    match (role(actor), new.parties().is_empty()) {
        (Some(Role::Agent), false) => "row 2",
        (Some(Role::Agent), true) => "section 2.1",
        _ => "row 1",
    }
}

fn revoked(it: Option<&Interaction>, cause: Cause) -> &'static str {
    match (is_from_agent(it), cause) {
        (true, Cause::Expired) => "row 32",
        (false, Cause::Expired) => "row 10",
        (false, Cause::LoggedOut | Cause::Disconnected) => "row 13",
        (false, Cause::RouterGone) => "section 3.3 (router)",
        // The one who was invited leaves; or the one who invited withdraws.
        (true, _) => "race 16",
        (false, _) => "race 12",
    }
}

fn properties_changed(it: Option<&Interaction>, actor: &Actor) -> &'static str {
    match (it.map(|it| &it.whereabouts), role(actor)) {
        (Some(Whereabouts::Routing(_)), Some(Role::Router)) => "row 18",
        (Some(Whereabouts::Inviting(..)), Some(Role::Router)) => "race 9",
        (Some(Whereabouts::Routing(_)), _) => "row 19",
        (Some(Whereabouts::Inviting(..)), _) => "row 12",
        (Some(Whereabouts::Handling(_)), Some(Role::Agent)) => "row 23",
        (Some(Whereabouts::Handling(_)), _) => "row 22",
        _ => "section 1.11",
    }
}

fn stopped(it: Option<&Interaction>, actor: &Actor) -> &'static str {
    match (it.map(|it| &it.whereabouts), role(actor)) {
        (Some(Whereabouts::Routing(_)), Some(Role::Router)) => "row 17",
        (Some(Whereabouts::Inviting(..)), Some(Role::Router)) => "race 12",
        (Some(Whereabouts::Routing(_)), _) => "row 20",
        (Some(Whereabouts::Inviting(..)), _) => "row 11",
        (Some(Whereabouts::Handling(handling)), _) if handling.pending.is_some() => "row 33",
        (Some(Whereabouts::Handling(_)), Some(Role::Agent)) => "row 25",
        (Some(Whereabouts::Handling(_)), _) => "row 24",
        (Some(Whereabouts::Queued(_) | Whereabouts::InWorkbin(_)), _) => "row 39",
        _ => "row ?",
    }
}

fn is_from_agent(it: Option<&Interaction>) -> bool {
    let open = it.and_then(Interaction::invitation);
    open.is_some_and(|open| open.purpose.sender().is_some())
}

fn is_conference(it: Option<&Interaction>) -> bool {
    let open = it.and_then(Interaction::invitation);
    open.is_some_and(|open| matches!(open.purpose, Purpose::Conference { .. }))
}

fn role(actor: &Actor) -> Option<Role> {
    match actor {
        Actor::User { role, .. } => Some(*role),
        Actor::BuiltInRouter | Actor::Server => None,
    }
}
