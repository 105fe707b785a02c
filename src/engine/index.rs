//! What the indexes hold of an interaction, as a function of its record.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync as Map, RedBlackTreeSetSync as Set};

use super::schedule::Line;
use super::{State, routing};
use crate::domain::{
    Interaction, InteractionId, MediaType, PlaceId, QueueName, Router, Sequence, Snapshot,
    SnapshotId, UserId, Whereabouts, WorkbinRef,
};

/// What ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The open invitation of an interaction.
    Invitation(InteractionId),
    /// A router's hold on an interaction.
    Routing(InteractionId),
    /// The first of the holds of an agent.
    Handling(UserId),
    /// The grace time of an agent whose application was lost.
    Presence(UserId),
    /// The grace time of a router that was lost.
    Router(UserId),
    /// A snapshot of interactions.
    Snapshot(SnapshotId),
}

/// That an interaction concerns an agent, with what decides what else he can have and when he loses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Involvement {
    pub(super) interaction: InteractionId,
    /// What it counts for; a draft counts for nothing.
    pub(super) counts_for: Option<MediaType>,
    pub(super) is_invited: bool,
    /// How long he may stay silent, if he works on it.
    pub(super) handling_timeout_ms: Option<u64>,
}

impl Involvement {
    fn of(agent: &UserId, interaction: &Interaction) -> Self {
        let handling = interaction.handling();
        let handling = handling.filter(|_| interaction.has_party(agent));
        Self {
            interaction: interaction.id.clone(),
            counts_for: (!interaction.is_draft).then(|| interaction.media_type.clone()),
            is_invited: interaction.invites(agent),
            handling_timeout_ms: handling.map(|it| it.timeout_ms),
        }
    }
}

/// One line in one index.
pub(super) enum Entry {
    Held(QueueName, (Sequence, InteractionId)),
    InWorkbin(WorkbinRef, InteractionId),
    Routed(UserId, InteractionId),
    Scheduled(Line),
    Waiting(QueueName, MediaType, (Sequence, InteractionId)),
}

/// The agents whom an interaction concerns: its parties and its invitee.
pub(super) fn involved_agents(interaction: &Interaction) -> impl Iterator<Item = &UserId> {
    interaction
        .parties()
        .iter()
        .chain(interaction.invitation().map(|invitation| &invitation.agent))
}

/// Every line that the indexes hold of an interaction, but for those of its agents.
pub(super) fn entries(interaction: &Interaction, mut each: impl FnMut(Entry)) {
    let id = || interaction.id.clone();
    match &interaction.whereabouts {
        Whereabouts::Queued(_) if interaction.locked_by.is_some() => {}
        Whereabouts::Queued(spot) if interaction.held_at.is_some() => {
            each(Entry::Held(spot.queue.clone(), (spot.order, id())));
        }
        Whereabouts::Queued(spot) => {
            let media = interaction.media_type.clone();
            each(Entry::Waiting(
                spot.queue.clone(),
                media,
                (spot.order, id()),
            ));
            // One for each agent: the first of them may be asked again before the last.
            for declined_at in interaction.declined.values() {
                each(Entry::Scheduled(Line::Declined(*declined_at, id())));
            }
        }
        Whereabouts::InWorkbin(workbin) => each(Entry::InWorkbin(workbin.clone(), id())),
        Whereabouts::Routing(routing) | Whereabouts::Inviting(routing, _) => {
            let timer = Timer::Routing(id());
            each(Entry::Scheduled(Line::Timer(routing.deadline, timer)));
            if let Router::External(user) = &routing.router {
                each(Entry::Routed(user.clone(), id()));
            }
        }
        Whereabouts::Handling(_) | Whereabouts::Stopped(_) => {}
    }
    if let Some(invitation) = interaction.invitation() {
        let timer = Timer::Invitation(id());
        each(Entry::Scheduled(Line::Timer(invitation.deadline, timer)));
    }
}

impl State {
    /// Keeps the indexes of an interaction that is somewhere else now.
    pub(super) fn index_move(&mut self, before: Option<&Interaction>, after: &Interaction) {
        if let Some(before) = before {
            entries(before, |entry| self.index(entry, false));
            for agent in involved_agents(before) {
                if !involved_agents(after).any(|it| it == agent) {
                    self.forget_involvement(agent, &before.id);
                    self.touch(agent);
                }
            }
        }
        self.index_whole(after);
        for agent in involved_agents(after) {
            self.touch(agent);
        }
    }

    /// Puts an interaction into every index.
    pub(super) fn index_whole(&mut self, interaction: &Interaction) {
        entries(interaction, |entry| self.index(entry, true));
        for agent in involved_agents(interaction) {
            self.note_involvement(agent, Involvement::of(agent, interaction));
        }
    }

    fn index(&mut self, entry: Entry, present: bool) {
        match entry {
            Entry::Held(queue, spot) => member(&mut self.held, &queue, spot, present),
            Entry::InWorkbin(bin, id) => member(&mut self.workbin_content, &bin, id, present),
            Entry::Routed(user, id) => {
                if !present && !routing::has_room(self, &user) {
                    self.news.of_routers();
                }
                member(&mut self.routed, &user, id, present);
            }
            Entry::Scheduled(line) => self.news.of_line(line, present),
            Entry::Waiting(queue, media, spot) => {
                self.news.of_queue(&queue, &media);
                self.index_waiting(&queue, &media, spot, present);
            }
        }
    }

    fn note_involvement(&mut self, agent: &UserId, involvement: Involvement) {
        let Some(known) = self.involved.get_mut(agent) else {
            self.involved.insert_mut(agent.clone(), vec![involvement]);
            return;
        };
        match known.binary_search_by(|it| it.interaction.cmp(&involvement.interaction)) {
            Ok(place) => known[place] = involvement,
            Err(place) => known.insert(place, involvement),
        }
    }

    fn forget_involvement(&mut self, agent: &UserId, interaction: &InteractionId) {
        if let Some(known) = self.involved.get_mut(agent) {
            known.retain(|it| it.interaction != *interaction);
            if known.is_empty() {
                self.involved.remove_mut(agent);
            }
        }
    }

    /// What an agent has is different from now on.
    fn touch(&mut self, user: &UserId) {
        let now = self.at;
        if self.agents.get(user).is_some_and(|it| it.idle_since != now)
            && let Some(agent) = self.agents.get_mut(user)
        {
            Arc::make_mut(agent).idle_since = now;
        }
        self.news.of_agent(user);
    }
}

impl State {
    fn index_waiting(
        &mut self,
        queue: &QueueName,
        media: &MediaType,
        spot: (Sequence, InteractionId),
        present: bool,
    ) {
        if present && !self.waiting.contains_key(queue) {
            self.waiting.insert_mut(queue.clone(), Map::new_sync());
        }
        if let Some(by_medium) = self.waiting.get_mut(queue) {
            member(by_medium, media, spot, present);
            if by_medium.is_empty() {
                self.waiting.remove_mut(queue);
            }
        }
    }

    /// Notes that an agent sits at a place, or does no more.
    pub(super) fn seat(&mut self, place: &PlaceId, agent: &UserId, present: bool) {
        member(&mut self.seated, place, agent.clone(), present);
    }

    /// Remembers a snapshot of interactions, or forgets it.
    pub(super) fn set_snapshot(&mut self, id: SnapshotId, snapshot: Option<Arc<Snapshot>>) {
        if let Some(known) = self.snapshots.get(&id) {
            let timer = Line::Timer(known.expires_at, Timer::Snapshot(id));
            self.news.of_line(timer, false);
            self.snapshots.remove_mut(&id);
        }
        if let Some(snapshot) = snapshot {
            let timer = Line::Timer(snapshot.expires_at, Timer::Snapshot(id));
            self.news.of_line(timer, true);
            self.snapshots.insert_mut(id, snapshot);
        }
    }
}

/// Puts a value into the set of a key or takes it out; sets that become empty go.
fn member<K, V>(map: &mut Map<K, Set<V>>, key: &K, value: V, present: bool)
where
    K: Ord + Clone,
    V: Ord + Clone,
{
    match (map.get_mut(key), present) {
        (Some(set), true) => set.insert_mut(value),
        (Some(set), false) => {
            set.remove_mut(&value);
            if set.is_empty() {
                map.remove_mut(key);
            }
        }
        (None, true) => {
            let mut set = Set::new_sync();
            set.insert_mut(value);
            map.insert_mut(key.clone(), set);
        }
        (None, false) => {}
    }
}
