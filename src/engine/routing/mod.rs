//! The built-in router: the longest idle agent who is ready for the medium, has the skills and is below his
//! capacity. Who declined an interaction is passed over for one who did not, and never asked again at once.

mod agenda;

pub(super) use agenda::Agenda;

use std::sync::Arc;

use super::State;
use crate::domain::{
    Interaction, InteractionId, MediaType, Presence, Queue, QueueName, Router, Timestamp, UserId,
};

/// Waiting interactions of one queue and medium that are looked at for a match.
const LOOK_AHEAD_LEN_MAX: usize = 100;
/// Interactions that an external router is given at a time.
pub const ROUTER_HOLD_LEN_MAX: usize = 500;

/// What the router does next.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// With which interaction.
    pub interaction: InteractionId,
    /// Who routes it.
    pub router: Router,
    /// To whom the built-in router delivers it.
    pub agent: Option<UserId>,
}

/// Whether an agent is logged in and there, ready for the medium and below his capacity.
pub fn is_available(state: &State, agent: &UserId, media: &MediaType) -> bool {
    let is_ready = state.agents.get(agent).is_some_and(|found| {
        let is_there = !matches!(found.presence, Presence::LostAt(_));
        is_there && found.media.get(media).is_some_and(|it| it.is_ready)
    });
    is_ready && state.load(agent, media) < state.capacity(media)
}

impl Agenda {
    /// The next thing that the router of a queue can do with what waits there of a medium at this time.
    fn look(
        &self,
        state: &State,
        name: &QueueName,
        media: &MediaType,
        now: Timestamp,
    ) -> Option<Move> {
        match state.router_of(name) {
            Router::External(_) => next_external_move(state, name, now),
            Router::BuiltIn => self.next_built_in_move(state, name, media, now),
        }
    }

    /// What waits is delivered, the first that there is an agent for. Most often nobody who is free has the skills, and
    /// then nothing that waits is looked at.
    fn next_built_in_move(
        &self,
        state: &State,
        name: &QueueName,
        media: &MediaType,
        now: Timestamp,
    ) -> Option<Move> {
        let queue = state.configuration.queues.get(name)?;
        self.able(state, queue, media).next()?;
        let mut waiting = state.waiting_of(name, media).take(LOOK_AHEAD_LEN_MAX);
        waiting.find_map(|interaction| {
            let agent = self.choose(state, queue, interaction, now)?;
            Some(Move {
                interaction: interaction.id.clone(),
                router: Router::BuiltIn,
                agent: Some(agent),
            })
        })
    }

    fn choose(
        &self,
        state: &State,
        queue: &Queue,
        interaction: &Arc<Interaction>,
        now: Timestamp,
    ) -> Option<UserId> {
        let timing = &state.configuration.timing;
        let able = || self.able(state, queue, &interaction.media_type);
        let declined_within = |agent: &UserId, ms: u64| {
            let declined_at = interaction.declined.get(agent);
            declined_at.is_some_and(|at| at.plus_ms(ms) > now)
        };
        able()
            .find(|agent| !declined_within(agent, timing.pass_over_ms.max(timing.reoffer_delay_ms)))
            .or_else(|| able().find(|agent| !declined_within(agent, timing.reoffer_delay_ms)))
            .cloned()
    }

    /// The agents who could take something of a medium out of a queue, the longest idle first.
    fn able<'a>(
        &'a self,
        state: &'a State,
        queue: &'a Queue,
        media: &MediaType,
    ) -> impl Iterator<Item = &'a UserId> {
        self.available(media)
            .filter(move |agent| has_skills(state, agent, queue))
    }
}

/// What waits goes to an external router, the first of them first: see [`State::router_for`].
fn next_external_move(state: &State, queue: &QueueName, now: Timestamp) -> Option<Move> {
    let mut waiting = state.waiting(queue).take(LOOK_AHEAD_LEN_MAX);
    waiting.find_map(|interaction| {
        let user = state.router_for(interaction, now)?;
        has_room(state, user).then(|| Move {
            interaction: interaction.id.clone(),
            router: Router::External(user.clone()),
            agent: None,
        })
    })
}

/// Whether an external router can be given one more.
pub(super) fn has_room(state: &State, router: &UserId) -> bool {
    let held = state.routed.get(router).map_or(0, |ids| ids.size());
    held < ROUTER_HOLD_LEN_MAX
}

fn has_skills(state: &State, agent: &UserId, queue: &Queue) -> bool {
    queue.skills.iter().all(|(skill, level)| {
        let user = state.configuration.users.get(agent);
        user.and_then(|user| user.skills.get(skill))
            .is_some_and(|has| has >= level)
    })
}
