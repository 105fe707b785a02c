//! What the indexes hold of an agent or a client: for what he is available, and when he loses something by himself.

use std::sync::Arc;

use super::index::{Timer, member};
use super::{Client, State, routing};
use crate::domain::{Agent, ClientType, MediaType, Presence, Timestamp, UserId};

/// What the indexes hold of an agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Standing {
    idle_since: Timestamp,
    available_for: Vec<MediaType>,
    last_request_at: Timestamp,
    /// The shortest of the timeouts of what he works on.
    handling_timeout_ms: Option<u64>,
    grace_ends_at: Option<Timestamp>,
}

impl Standing {
    fn timers(&self, user: &UserId) -> impl Iterator<Item = (Timestamp, Timer)> {
        let handling = self.handling_timeout_ms.map(|timeout_ms| {
            let at = self.last_request_at.plus_ms(timeout_ms);
            (at, Timer::Handling(user.clone()))
        });
        let presence = self
            .grace_ends_at
            .map(|at| (at, Timer::Presence(user.clone())));
        handling.into_iter().chain(presence)
    }
}

impl State {
    /// An agent's request takes effect: his holds last anew, and so does his grace time if his push session was lost.
    pub(super) fn renew(&mut self, user: &UserId) {
        let Some(agent) = self.agents.get(user) else {
            return;
        };
        let mut agent = agent.as_ref().clone();
        let was_lost = matches!(agent.presence, Presence::LostAt(_));
        if was_lost {
            agent.presence = Presence::LostAt(self.at);
        }
        agent.last_request_at = self.at;
        self.agents.insert_mut(user.clone(), Arc::new(agent));
        if was_lost {
            return self.refresh_agent(user, false);
        }
        // The common case, and it does not depend on how much he has.
        if let Some(standing) = self.standings.get(user) {
            let mut standing = standing.clone();
            self.index_timers(user, &standing, false);
            standing.last_request_at = self.at;
            self.index_timers(user, &standing, true);
            self.standings.insert_mut(user.clone(), standing);
        }
    }

    /// A client's request takes effect: if its push session was lost, its grace time begins anew.
    pub(super) fn renew_client(&mut self, user: &UserId) {
        if let Some(client) = self.clients.get(user)
            && let Presence::LostAt(_) = client.presence
        {
            let mut client = client.clone();
            client.presence = Presence::LostAt(self.at);
            self.set_client(user, Some(client));
        }
    }

    /// Replaces the record of a client and keeps its timer: a lost router leaves by itself, others only hear nothing.
    pub(super) fn set_client(&mut self, user: &UserId, client: Option<Client>) {
        let is_router = |it: &Client| it.client_type == ClientType::Router;
        let was_router = self.clients.get(user).is_some_and(is_router);
        if was_router || client.as_ref().is_some_and(is_router) {
            self.news.of_all();
        }
        let timer = |at| (at, Timer::Router(user.clone()));
        if let Some(at) = self.clients.get(user).and_then(|old| old.leaves_at) {
            self.timers.remove_mut(&timer(at));
        }
        let Some(mut client) = client else {
            self.clients.remove_mut(user);
            return;
        };
        client.leaves_at = match client.presence {
            Presence::LostAt(lost_at) if client.client_type == ClientType::Router => {
                Some(lost_at.plus_ms(self.configuration.timing.ownership_grace_ms))
            }
            Presence::Unknown | Presence::Present | Presence::LostAt(_) => None,
        };
        if let Some(at) = client.leaves_at {
            self.timers.insert_mut(timer(at));
        }
        self.clients.insert_mut(user.clone(), client);
    }

    /// Recomputes what the indexes hold of an agent; `touched` if his set of interactions changed.
    pub(super) fn refresh_agent(&mut self, user: &UserId, touched: bool) {
        if let Some(old) = self.standings.get(user).cloned() {
            self.index_availability(user, &old, false);
            self.index_timers(user, &old, false);
        }
        let Some(mut agent) = self.agents.get(user).cloned() else {
            self.standings.remove_mut(user);
            return;
        };
        if touched && agent.idle_since != self.at {
            Arc::make_mut(&mut agent).idle_since = self.at;
            self.agents.insert_mut(user.clone(), agent.clone());
        }
        let new = self.standing(user, &agent);
        self.index_availability(user, &new, true);
        self.index_timers(user, &new, true);
        self.standings.insert_mut(user.clone(), new);
    }

    /// The same for every agent, after a change of the configuration.
    pub(super) fn refresh_agents(&mut self) {
        let agents: Vec<UserId> = self.agents.keys().cloned().collect();
        for user in agents {
            self.refresh_agent(&user, false);
        }
    }

    fn standing(&self, user: &UserId, agent: &Agent) -> Standing {
        let available_for = agent
            .media
            .keys()
            .filter(|media| routing::is_available(self, user, media))
            .cloned()
            .collect();
        let handling_timeout_ms = self
            .involvements(user)
            .filter_map(|it| it.handling_timeout_ms)
            .min();
        Standing {
            idle_since: agent.idle_since,
            available_for,
            last_request_at: agent.last_request_at,
            handling_timeout_ms,
            grace_ends_at: self.grace_ends_at(user, agent),
        }
    }

    /// When an agent whose application was lost loses something next: first his invitations, then the rest.
    fn grace_ends_at(&self, user: &UserId, agent: &Agent) -> Option<Timestamp> {
        let Presence::LostAt(lost_at) = agent.presence else {
            return None;
        };
        let timing = &self.configuration.timing;
        let is_invited = self.involvements(user).any(|it| it.is_invited);
        let grace_ms = if is_invited {
            timing.invitation_grace_ms.min(timing.ownership_grace_ms)
        } else {
            timing.ownership_grace_ms
        };
        Some(lost_at.plus_ms(grace_ms))
    }

    fn index_availability(&mut self, user: &UserId, standing: &Standing, present: bool) {
        for media in &standing.available_for {
            let entry = (standing.idle_since, user.clone());
            member(&mut self.available, media, entry, present);
            if present {
                self.news.of_agent(user, media);
            }
        }
    }

    fn index_timers(&mut self, user: &UserId, standing: &Standing, present: bool) {
        for timer in standing.timers(user) {
            if present {
                self.timers.insert_mut(timer);
            } else {
                self.timers.remove_mut(&timer);
            }
        }
    }
}
