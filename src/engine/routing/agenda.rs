//! Where routers have something to look at: a request looks at the queues that it changed something for, and not at
//! everything that waits.

use std::collections::{BTreeMap, BTreeSet};

use super::{Move, has_skills, look};
use crate::domain::{Configuration, MediaType, QueueName, SkillName, Timestamp, UserId};
use crate::engine::State;

/// What the changes of a step are to routers. The state takes note of it, and the engine takes it with each step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::engine) struct News {
    /// Where something else waits.
    queues: Vec<(QueueName, MediaType)>,
    /// Who has become available, and for what.
    agents: Vec<(UserId, MediaType)>,
    /// The configuration is different, or which routers there are.
    is_all_different: bool,
}

impl News {
    pub(in crate::engine) fn of_queue(&mut self, queue: &QueueName, media: &MediaType) {
        self.queues.push((queue.clone(), media.clone()));
    }

    pub(in crate::engine) fn of_agent(&mut self, agent: &UserId, media: &MediaType) {
        self.agents.push((agent.clone(), media.clone()));
    }

    pub(in crate::engine) fn of_all(&mut self) {
        self.is_all_different = true;
    }
}

/// The queues that a router may be able to do something with, by their names and the media of what waits there. Each that
/// it can do something with is among them, whatever came last: something that waits, an agent, the end of a delay.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Agenda {
    queues: BTreeSet<(QueueName, MediaType)>,
    /// The queues by one skill that they ask for, and those that ask for none: an agent's skills lead to his queues.
    by_skill: BTreeMap<Option<SkillName>, Vec<QueueName>>,
    /// Up to when delays before something is offered again have been seen to end.
    seen_until: Timestamp,
}

impl Agenda {
    /// All that waits.
    pub(in crate::engine) fn of(state: &State) -> Self {
        Self {
            queues: all_that_waits(state).collect(),
            by_skill: by_skill(&state.configuration),
            seen_until: Timestamp(0),
        }
    }

    /// Takes note of what a step changed.
    pub(in crate::engine) fn add(&mut self, news: News, state: &State) {
        if news.is_all_different {
            *self = Self {
                seen_until: self.seen_until,
                ..Self::of(state)
            };
            return;
        }
        self.queues.extend(news.queues);
        for (agent, media) in &news.agents {
            self.add_queues_of(agent, media, state);
        }
    }

    fn add_queues_of(&mut self, agent: &UserId, media: &MediaType, state: &State) {
        let configured = &state.configuration;
        let skills = configured.users.get(agent).map(|user| user.skills.keys());
        let skills = skills.into_iter().flatten().cloned().map(Some);
        let led_to = skills
            .chain([None])
            .filter_map(|skill| self.by_skill.get(&skill))
            .flatten()
            .filter(|name| {
                let waiting = state.waiting.get(name);
                waiting.is_some_and(|by_medium| by_medium.contains_key(media))
            })
            .filter(|name| {
                let queue = configured.queues.get(name);
                queue.is_some_and(|queue| has_skills(state, agent, queue))
            });
        self.queues
            .extend(led_to.map(|name| (name.clone(), media.clone())));
    }

    /// The next thing that a router can do at this time.
    pub(in crate::engine) fn next_move(&mut self, state: &State, now: Timestamp) -> Option<Move> {
        self.see_delays_end(state, now);
        while let Some((queue, media)) = self.queues.first() {
            let found = look(state, queue, media, now);
            if found.is_some() {
                return found;
            }
            self.queues.pop_first();
        }
        None
    }

    fn see_delays_end(&mut self, state: &State, now: Timestamp) {
        if now <= self.seen_until {
            return;
        }
        let delay_ms = state.configuration.timing.reoffer_delay_ms;
        // What was declined before this has waited long enough.
        let bound = |at: Timestamp| Timestamp(at.0.checked_sub(delay_ms).map_or(0, |it| it + 1));
        let ended = bound(self.seen_until)..bound(now);
        for (_, interactions) in state.reoffers.range(ended) {
            let waiting = interactions
                .iter()
                .filter_map(|id| state.interactions.get(id));
            self.queues
                .extend(waiting.map(|it| (it.queue.clone(), it.media_type.clone())));
        }
        self.seen_until = now;
    }
}

fn all_that_waits(state: &State) -> impl Iterator<Item = (QueueName, MediaType)> {
    state
        .waiting
        .iter()
        .flat_map(|(queue, by_medium)| by_medium.keys().map(|media| (queue.clone(), media.clone())))
}

fn by_skill(configuration: &Configuration) -> BTreeMap<Option<SkillName>, Vec<QueueName>> {
    let mut by_skill: BTreeMap<_, Vec<QueueName>> = BTreeMap::new();
    for (name, queue) in &configuration.queues {
        let skill = queue.skills.keys().next().cloned();
        by_skill.entry(skill).or_default().push(name.clone());
    }
    by_skill
}
