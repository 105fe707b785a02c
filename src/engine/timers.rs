//! What happens by itself: expired timers, and the moves of routers.

use std::sync::Arc;

use super::index::Timer;
use super::operations::leave;
use super::routing::Move;
use super::{Change, Effect, Engine, Outcome, State, Turn};
use crate::domain::{
    Actor, Cause, Interaction, InteractionId, Presence, Purpose, Router, Timestamp, UserId,
};

/// What is due.
enum Due {
    Expired(Timer),
    Route(Move),
}

impl Engine {
    /// When to call [`Engine::handle_timeout`] next, if nothing else happens before.
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        self.schedule.next_time(&self.state, now)
    }

    /// Does one thing that is due; nothing if nothing is.
    pub fn handle_timeout(&mut self, now: Timestamp) -> Option<Effect> {
        let (actor, name, due) = match self.schedule.first_timer() {
            Some((at, timer)) if *at <= now => {
                (Actor::Server, "Timeout", Due::Expired(timer.clone()))
            }
            _ => {
                let next = self.schedule.next_move(&self.state, now)?;
                (Actor::BuiltInRouter, "Route", Due::Route(next))
            }
        };
        let head = self.next_head(now, actor, None, name);
        let effect = self.take_turn(head, [0; 16], |turn| {
            match due {
                Due::Expired(timer) => expire(turn, &timer),
                Due::Route(next) => route(turn, next),
            }
            Ok(Outcome::Unasked)
        });
        effect.ok()
    }
}

fn expire(turn: &mut Turn<'_>, timer: &Timer) {
    match timer {
        Timer::Invitation(id) => turn.revoke_invitation(id, Cause::Expired),
        Timer::Routing(id) => expire_routing(turn, id),
        Timer::Handling(agent) => expire_holds(turn, agent),
        Timer::Presence(agent) => expire_presence(turn, agent),
        Timer::Router(router) => leave(turn, router),
        Timer::Snapshot(snapshot) => turn.release_snapshot(*snapshot),
    }
}

/// The router has kept the interaction too long: it goes back to its old place, and to another router first.
fn expire_routing(turn: &mut Turn<'_>, id: &InteractionId) {
    let Some(interaction) = turn.state().interaction(id).cloned() else {
        return;
    };
    if let Some(Router::External(router)) = interaction.routing().map(|it| it.router.clone()) {
        turn.record(Change::RouterPassedOver {
            interaction: id.clone(),
            router,
        });
    }
    if interaction.invitation().is_some() {
        turn.revoke_invitation(id, Cause::RouterGone);
    } else {
        turn.record(Change::RoutingEnded {
            interaction: id.clone(),
            cause: Cause::Expired,
        });
    }
}

/// The agent's application is gone: first his invitations are revoked, then he is logged out.
fn expire_presence(turn: &mut Turn<'_>, agent: &UserId) {
    let grace_ms = turn.state().configuration.timing.ownership_grace_ms;
    let presence = turn.state().agents.get(agent).map(|found| found.presence);
    let Some(Presence::LostAt(lost_at)) = presence else {
        return;
    };
    if lost_at.plus_ms(grace_ms) <= turn.head().at {
        turn.log_out(agent, Cause::Disconnected);
        return;
    }
    let invited: Vec<Arc<Interaction>> = turn
        .state()
        .involved(agent)
        .filter(|interaction| interaction.invites(agent))
        .cloned()
        .collect();
    for interaction in invited {
        turn.revoke_invitation(&interaction.id, Cause::Disconnected);
    }
}

/// The agent has been silent for too long: every hold of his that ends by now is taken from him.
fn expire_holds(turn: &mut Turn<'_>, agent: &UserId) {
    let now = turn.head().at;
    let Some(last_request_at) = turn.state().agents.get(agent).map(|it| it.last_request_at) else {
        return;
    };
    let expired = |interaction: &&Arc<Interaction>| {
        interaction.has_party(agent)
            && interaction
                .handling()
                .is_some_and(|handling| last_request_at.plus_ms(handling.timeout_ms) <= now)
    };
    let lost: Vec<Arc<Interaction>> = turn
        .state()
        .involved(agent)
        .filter(expired)
        .cloned()
        .collect();
    for interaction in lost {
        turn.take_from(&interaction, agent, Cause::HandlingExpired);
    }
}

fn route(turn: &mut Turn<'_>, next: Move) {
    let deadline = deadline(turn.state(), turn.head().at);
    turn.record(Change::RouterTook {
        interaction: next.interaction.clone(),
        router: next.router,
        deadline,
    });
    if let Some(agent) = next.agent {
        let purpose = Purpose::Delivery { reference_id: None };
        turn.invite(&next.interaction, &agent, purpose);
    }
}

fn deadline(state: &State, now: Timestamp) -> Timestamp {
    now.plus_ms(state.configuration.timing.routing_timeout_ms)
}

impl State {
    /// The interactions that an external router holds.
    pub fn routed_by<'a>(&'a self, router: &UserId) -> impl Iterator<Item = &'a Arc<Interaction>> {
        self.routed
            .get(router)
            .into_iter()
            .flat_map(|ids| ids.iter())
            .filter_map(|id| self.interactions.get(id))
    }
}
