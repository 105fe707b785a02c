//! What the indexes hold of an interaction, as a function of its record.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync as Map, RedBlackTreeSetSync as Set};

use super::{State, routing};
use crate::domain::{
    Interaction, InteractionId, MediaType, PlaceId, QueueName, Router, Sequence, Snapshot,
    SnapshotId, Timestamp, UserId, Whereabouts, WorkbinRef,
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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    Involved(UserId, Involvement),
    InWorkbin(WorkbinRef, InteractionId),
    Reoffer(Timestamp, InteractionId),
    Routed(UserId, InteractionId),
    Timer(Timestamp, Timer),
    Waiting(QueueName, MediaType, (Sequence, InteractionId)),
}

/// The agents whom an interaction concerns: its parties and its invitee.
pub(super) fn involved_agents(interaction: &Interaction) -> impl Iterator<Item = &UserId> {
    interaction
        .parties()
        .iter()
        .chain(interaction.invitation().map(|invitation| &invitation.agent))
}

/// Every line that the indexes hold of an interaction.
pub(super) fn entries(interaction: &Interaction) -> impl Iterator<Item = Entry> {
    let id = interaction.id.clone();
    let mut entries = Vec::new();
    match &interaction.whereabouts {
        Whereabouts::Queued(spot) => {
            if interaction.locked_by.is_some() {
                return entries.into_iter();
            }
            let spot_in_queue = (spot.order, id.clone());
            if interaction.held_at.is_some() {
                entries.push(Entry::Held(spot.queue.clone(), spot_in_queue));
                return entries.into_iter();
            }
            let media = interaction.media_type.clone();
            entries.push(Entry::Waiting(spot.queue.clone(), media, spot_in_queue));
            // One for each agent: the first of them may be asked again before the last.
            for declined_at in interaction.declined.values() {
                entries.push(Entry::Reoffer(*declined_at, id.clone()));
            }
        }
        Whereabouts::InWorkbin(workbin) => {
            entries.push(Entry::InWorkbin(workbin.clone(), id.clone()));
        }
        Whereabouts::Routing(routing) | Whereabouts::Inviting(routing, _) => {
            entries.push(Entry::Timer(routing.deadline, Timer::Routing(id.clone())));
            if let Router::External(user) = &routing.router {
                entries.push(Entry::Routed(user.clone(), id.clone()));
            }
        }
        Whereabouts::Handling(_) | Whereabouts::Stopped(_) => {}
    }
    if let Some(invitation) = interaction.invitation() {
        let timer = Timer::Invitation(id.clone());
        entries.push(Entry::Timer(invitation.deadline, timer));
    }
    for agent in involved_agents(interaction) {
        let involvement = Involvement::of(agent, interaction);
        entries.push(Entry::Involved(agent.clone(), involvement));
    }
    entries.into_iter()
}

impl State {
    /// Adds a line to its index or takes it out.
    pub(super) fn index(&mut self, entry: Entry, present: bool) {
        match entry {
            Entry::Held(queue, spot) => member(&mut self.held, &queue, spot, present),
            Entry::Involved(agent, it) => member(&mut self.involved, &agent, it, present),
            Entry::InWorkbin(bin, id) => member(&mut self.workbin_content, &bin, id, present),
            Entry::Reoffer(at, id) => member(&mut self.reoffers, &at, id, present),
            Entry::Routed(user, id) => {
                if !present && !routing::has_room(self, &user) {
                    self.news.of_all();
                }
                member(&mut self.routed, &user, id, present);
            }
            Entry::Timer(at, timer) => set_member(&mut self.timers, (at, timer), present),
            Entry::Waiting(queue, media, spot) => {
                self.news.of_queue(&queue, &media);
                self.index_waiting(&queue, &media, spot, present);
            }
        }
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
            let timer = (known.expires_at, Timer::Snapshot(id));
            set_member(&mut self.timers, timer, false);
            self.snapshots.remove_mut(&id);
        }
        if let Some(snapshot) = snapshot {
            let timer = (snapshot.expires_at, Timer::Snapshot(id));
            set_member(&mut self.timers, timer, true);
            self.snapshots.insert_mut(id, snapshot);
        }
    }
}

/// Puts a value into the set of a key or takes it out; sets that become empty go.
pub(super) fn member<K, V>(map: &mut Map<K, Set<V>>, key: &K, value: V, present: bool)
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

fn set_member<V: Ord + Clone>(set: &mut Set<V>, value: V, present: bool) {
    if present {
        set.insert_mut(value);
    } else {
        set.remove_mut(&value);
    }
}
