//! What an agent is to routers, and when he loses something by himself.

use super::index::Timer;
use super::{State, routing};
use crate::domain::{Agent, MediaType, Presence, Timestamp, UserId};

/// As the state has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Standing {
    /// Who has had nothing to do for the longest is offered the next interaction.
    pub(super) idle_since: Timestamp,
    pub(super) available_for: Vec<MediaType>,
    last_request_at: Timestamp,
    /// How long he may stay silent, if he works on something.
    silence_ms: Option<u64>,
    lost_at: Option<Timestamp>,
    /// How long his application may be away before he loses something.
    grace_ms: u64,
}

impl Standing {
    pub(super) fn of(state: &State, user: &UserId, agent: &Agent) -> Self {
        let available_for = agent
            .media
            .keys()
            .filter(|media| routing::is_available(state, user, media))
            .cloned()
            .collect();
        let holds = state.involvements(user);
        Self {
            idle_since: agent.idle_since,
            available_for,
            last_request_at: agent.last_request_at,
            silence_ms: holds.filter_map(|it| it.handling_timeout_ms).min(),
            lost_at: match agent.presence {
                Presence::LostAt(lost_at) => Some(lost_at),
                Presence::Unknown | Presence::Present => None,
            },
            grace_ms: grace_ms(state, user),
        }
    }

    /// He has asked for something.
    pub(super) fn renew(&mut self, now: Timestamp) {
        self.last_request_at = now;
        self.lost_at = self.lost_at.map(|_| now);
    }

    pub(super) fn timers(&self, user: &UserId) -> impl Iterator<Item = (Timestamp, Timer)> {
        let silent_until = self.silence_ms.map(|ms| self.last_request_at.plus_ms(ms));
        let handling = silent_until.map(|at| (at, Timer::Handling(user.clone())));
        let grace_ends_at = self.lost_at.map(|at| at.plus_ms(self.grace_ms));
        let presence = grace_ends_at.map(|at| (at, Timer::Presence(user.clone())));
        handling.into_iter().chain(presence)
    }
}

/// First he loses his invitations, then the rest.
fn grace_ms(state: &State, user: &UserId) -> u64 {
    let timing = &state.configuration.timing;
    if state.involvements(user).any(|it| it.is_invited) {
        timing.invitation_grace_ms.min(timing.ownership_grace_ms)
    } else {
        timing.ownership_grace_ms
    }
}
