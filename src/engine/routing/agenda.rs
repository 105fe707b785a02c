//! Where routers have something to look at: a request looks at the queues that it changed something for, and not at
//! everything that waits.

use std::collections::{BTreeMap, BTreeSet};

use super::{Move, has_skills};
use crate::domain::{
    Configuration, InteractionId, MediaType, QueueName, SkillName, Timestamp, UserId,
};
use crate::engine::State;
use crate::engine::standing::Standing;

/// The queues that a router may be able to do something with, by their names and the media of what waits there. Each that
/// it can do something with is among them, whatever came last: something that waits, an agent, the end of a delay.
#[derive(Clone, Debug, Default)]
pub(in crate::engine) struct Agenda {
    queues: BTreeSet<(QueueName, MediaType)>,
    /// The queues by one skill that they ask for, and those that ask for none: an agent's skills lead to his queues.
    by_skill: BTreeMap<Option<SkillName>, Vec<QueueName>>,
    /// Who could take something of a medium, the longest idle first.
    available: BTreeMap<MediaType, BTreeSet<(Timestamp, UserId)>>,
    /// When each agent declined what waits.
    declined: BTreeMap<Timestamp, BTreeSet<InteractionId>>,
    /// Up to when delays before something is offered again have been seen to end.
    seen_until: Timestamp,
}

impl Agenda {
    /// All that waits; nobody is available, and nothing was declined.
    pub(in crate::engine) fn of(state: &State) -> Self {
        let mut agenda = Self::default();
        agenda.look_everywhere(state);
        agenda
    }

    /// Who routes what, or for whom, is different: everything that waits is looked at.
    pub(in crate::engine) fn look_everywhere(&mut self, state: &State) {
        self.queues = all_that_waits(state).collect();
        self.by_skill = by_skill(&state.configuration);
    }

    /// Something else waits there.
    pub(in crate::engine) fn extend(
        &mut self,
        queues: impl Iterator<Item = (QueueName, MediaType)>,
    ) {
        self.queues.extend(queues);
    }

    /// An agent is available, or is no more.
    pub(in crate::engine) fn set_available(
        &mut self,
        agent: &UserId,
        standing: &Standing,
        present: bool,
    ) {
        for media in &standing.available_for {
            let line = (standing.idle_since, agent.clone());
            if present {
                let agents = self.available.entry(media.clone()).or_default();
                agents.insert(line);
            } else if let Some(agents) = self.available.get_mut(media) {
                agents.remove(&line);
            }
        }
    }

    /// An agent may be able to take something.
    pub(in crate::engine) fn look_for(
        &mut self,
        agent: &UserId,
        standing: &Standing,
        state: &State,
    ) {
        for media in &standing.available_for {
            self.add_queues_of(agent, media, state);
        }
    }

    /// Something that waits was declined at a time.
    pub(in crate::engine) fn set_declined(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        present: bool,
    ) {
        if present {
            self.declined.entry(at).or_default().insert(id);
        } else if let Some(interactions) = self.declined.get_mut(&at) {
            interactions.remove(&id);
            if interactions.is_empty() {
                self.declined.remove(&at);
            }
        }
    }

    /// When a declined interaction may be offered to the same agent again, if that is still to come.
    pub(in crate::engine) fn next_reoffer(
        &self,
        state: &State,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let delay_ms = state.configuration.timing.reoffer_delay_ms;
        let from = Timestamp((now.0 + 1).saturating_sub(delay_ms));
        let (declined_at, _) = self.declined.range(from..).next()?;
        Some(declined_at.plus_ms(delay_ms))
    }

    /// Who could take something of a medium, the longest idle first.
    pub(super) fn available(&self, media: &MediaType) -> impl Iterator<Item = &UserId> {
        let agents = self.available.get(media).into_iter().flatten();
        agents.map(|(_, agent)| agent)
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
            let found = self.look(state, queue, media, now);
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
        for (_, interactions) in self.declined.range(ended) {
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
