//! What the engine knows beside the state, for itself alone: what ends when, and where routers have something to look at.
//!
//! It is a function of the state, and of what routers have looked at already. Nobody else reads it, so that it is kept in
//! place: the state's maps are copied on their way down for everybody who still reads the state before.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Entry, Timer, entries};
use super::routing::{self, Agenda};
use super::standing::Standing;
use super::{Client, State};
use crate::domain::{InteractionId, MediaType, QueueName, Timestamp, UserId};

/// One line of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    /// When an interaction that waits was declined.
    Declined(Timestamp, InteractionId),
    /// What ends at a time.
    Timer(Timestamp, Timer),
}

/// What the changes of a step are to it. The state takes note of it, and the engine takes it with each step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct News {
    /// Lines that come, or go.
    lines: Vec<(Line, bool)>,
    /// The agent whose request it is.
    renewed: Option<UserId>,
    /// Agents who may be available for something else, or lose something else by themselves.
    agents: Vec<UserId>,
    /// Where something else waits.
    queues: Vec<(QueueName, MediaType)>,
    /// The configuration is different.
    is_configured: bool,
    /// There are other routers, or one has room again.
    is_routed_anew: bool,
}

impl News {
    pub(super) fn of_line(&mut self, line: Line, present: bool) {
        self.lines.push((line, present));
    }

    pub(super) fn of_request(&mut self, agent: &UserId) {
        self.renewed = Some(agent.clone());
    }

    pub(super) fn of_agent(&mut self, agent: &UserId) {
        if self.agents.last() != Some(agent) {
            self.agents.push(agent.clone());
        }
    }

    pub(super) fn of_queue(&mut self, queue: &QueueName, media: &MediaType) {
        self.queues.push((queue.clone(), media.clone()));
    }

    pub(super) fn of_configuration(&mut self) {
        self.is_configured = true;
    }

    pub(super) fn of_routers(&mut self) {
        self.is_routed_anew = true;
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.lines.clear();
        self.renewed = None;
        self.agents.clear();
        self.queues.clear();
        self.is_configured = false;
        self.is_routed_anew = false;
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    timers: BTreeSet<(Timestamp, Timer)>,
    standings: BTreeMap<UserId, Standing>,
    agenda: Agenda,
}

impl Schedule {
    /// That of a state, of which routers have seen nothing yet.
    pub(super) fn of(state: &State) -> Self {
        let mut schedule = Self {
            agenda: Agenda::of(state),
            ..Self::default()
        };
        for interaction in state.interactions.values() {
            entries(interaction, |entry| {
                if let Entry::Scheduled(line) = entry {
                    schedule.set(line, true);
                }
            });
        }
        let leaving = |(user, client): (&UserId, &Client)| {
            let timer = Timer::Router(user.clone());
            client.leaves_at.map(|at| (at, timer))
        };
        let expiring = state.snapshots.iter();
        let expiring = expiring.map(|(id, it)| (it.expires_at, Timer::Snapshot(*id)));
        let leaving = state.clients.iter().filter_map(leaving);
        schedule.timers.extend(leaving.chain(expiring));
        for agent in state.agents.keys() {
            schedule.refresh(agent, state);
        }
        schedule
    }

    /// Takes note of what a step changed.
    pub(super) fn add(&mut self, news: &mut News, state: &State) {
        for (line, present) in news.lines.drain(..) {
            self.set(line, present);
        }
        if news.is_configured {
            news.agents.extend(state.agents.keys().cloned());
        }
        if news.is_configured || news.is_routed_anew {
            self.agenda.look_everywhere(state);
        }
        self.agenda.extend(news.queues.drain(..));
        if let Some(agent) = news.renewed.take()
            && !news.agents.contains(&agent)
        {
            self.renew(&agent, state);
        }
        for agent in news.agents.drain(..) {
            self.refresh(&agent, state);
        }
        news.clear();
    }

    /// The first thing that ends by itself, and when.
    pub(super) fn first_timer(&self) -> Option<&(Timestamp, Timer)> {
        self.timers.first()
    }

    /// The next thing that a router can do at this time.
    pub(super) fn next_move(&mut self, state: &State, now: Timestamp) -> Option<routing::Move> {
        self.agenda.next_move(state, now)
    }

    /// When the next thing happens, if nothing else does before.
    pub(super) fn next_time(&self, state: &State, now: Timestamp) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| *at);
        timer
            .into_iter()
            .chain(self.agenda.next_reoffer(state, now))
            .min()
    }

    fn set(&mut self, line: Line, present: bool) {
        match (line, present) {
            (Line::Timer(at, timer), true) => {
                self.timers.insert((at, timer));
            }
            (Line::Timer(at, timer), false) => {
                self.timers.remove(&(at, timer));
            }
            (Line::Declined(at, id), present) => self.agenda.set_declined(at, id, present),
        }
    }

    /// An agent's request took effect that changed nothing else for him: only when he loses something is different.
    fn renew(&mut self, user: &UserId, state: &State) {
        let Some(standing) = self.standings.get_mut(user) else {
            return;
        };
        standing.timers(user).for_each(|it| {
            self.timers.remove(&it);
        });
        standing.renew(state.at);
        self.timers.extend(standing.timers(user));
    }

    /// Looks at an agent again.
    fn refresh(&mut self, user: &UserId, state: &State) {
        let new = state
            .agents
            .get(user)
            .map(|agent| Standing::of(state, user, agent));
        let old = self.standings.get(user);
        if old == new.as_ref() {
            return;
        }
        if let Some(old) = old {
            old.timers(user).for_each(|it| {
                self.timers.remove(&it);
            });
            self.agenda.set_available(user, old, false);
        }
        let Some(new) = new else {
            self.standings.remove(user);
            return;
        };
        self.timers.extend(new.timers(user));
        self.agenda.set_available(user, &new, true);
        self.agenda.look_for(user, &new, state);
        self.standings.insert(user.clone(), new);
    }
}
