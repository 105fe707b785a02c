//! The state of one contact centre, and its indexes.
//!
//! All maps are persistent: a copy of the state costs a few reference counts and shares everything (design D5).
//! Every index is a function of the records, kept by [`State::put`].

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use rpds::{RedBlackTreeMapSync as Map, RedBlackTreeSetSync as Set};

use super::announce::Heard;
use super::first_answers::FirstAnswers;
use super::index::Involvement;
use super::registration::Registration;
use super::schedule::News;
use super::{Change, Step};
use crate::domain::{
    Address, Agent, ClientType, Configuration, Interaction, InteractionId, MediaType, Origin,
    PlaceId, Presence, QueueName, Sequence, Snapshot, SnapshotId, Spot, Timestamp, UserId,
    WorkbinKind, WorkbinRef,
};

/// Everything the engine knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The last step.
    pub sequence: Sequence,
    /// Engine time of the last step.
    pub at: Timestamp,
    /// What the contact centre consists of.
    pub configuration: Arc<Configuration>,
    /// The last step that changed it.
    pub configured_sequence: Sequence,
    /// Registered clients.
    pub clients: Map<UserId, Client>,
    /// Agents who are logged in.
    pub agents: Map<UserId, Arc<Agent>>,
    /// Who is registered for an address, first come first.
    pub addresses: Map<Address, Arc<Vec<Registration>>>,
    /// Who is subscribed to a workbin.
    pub subscriptions: Map<WorkbinRef, Arc<BTreeSet<UserId>>>,
    /// Interactions that have not been stopped.
    pub interactions: Map<InteractionId, Arc<Interaction>>,
    /// The last stopped ones.
    pub stopped: Map<InteractionId, Arc<Interaction>>,
    /// The snapshots of interactions that have not been released.
    pub snapshots: Map<SnapshotId, Arc<Snapshot>>,
    /// The greatest ticket so far.
    pub last_ticket: u64,
    /// The last sequence that each user heard on each channel (`previousSequence`, design D10).
    pub heard: Map<UserId, Heard>,
    pub(super) first_answers: FirstAnswers,
    pub(super) stopped_order: Set<(Sequence, InteractionId)>,
    pub(super) stopped_kib: u64,
    pub(super) waiting: Map<QueueName, Map<MediaType, Set<(Sequence, InteractionId)>>>,
    pub(super) held: Map<QueueName, Set<(Sequence, InteractionId)>>,
    pub(super) workbin_content: Map<WorkbinRef, Set<InteractionId>>,
    pub(super) involved: Map<UserId, Vec<Involvement>>,
    pub(super) routed: Map<UserId, Set<InteractionId>>,
    pub(super) seated: Map<PlaceId, Set<UserId>>,
    /// Of the present step; nothing between steps.
    pub(super) news: News,
}

/// A registered client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// As what it registered.
    pub client_type: ClientType,
    /// Whether it wants to hear when others change properties.
    pub properties_changed: bool,
    /// Whether it has a push session; known only of who had one.
    pub presence: Presence,
    /// When a router that was lost leaves by itself.
    pub(super) leaves_at: Option<Timestamp>,
}

/// An interaction before and after a change.
pub(super) struct Altered {
    pub(super) before: Option<Arc<Interaction>>,
    pub(super) after: Arc<Interaction>,
}

impl State {
    /// An interaction, also one that was stopped lately.
    pub fn interaction(&self, id: &InteractionId) -> Option<&Arc<Interaction>> {
        self.interactions.get(id).or_else(|| self.stopped.get(id))
    }

    /// What a step has stopped, in the state after it.
    pub fn stopped_by<'a>(&'a self, step: &'a Step) -> impl Iterator<Item = &'a Arc<Interaction>> {
        step.changes.iter().filter_map(|change| {
            let Change::Stopped { interaction } = change else {
                return None;
            };
            self.stopped.get(interaction)
        })
    }

    /// The interactions that an agent works on or is invited to.
    pub fn involved(&self, agent: &UserId) -> impl Iterator<Item = &Arc<Interaction>> {
        self.involvements(agent)
            .filter_map(|it| self.interactions.get(&it.interaction))
    }

    /// What the indexes know of them.
    pub(super) fn involvements(&self, agent: &UserId) -> impl Iterator<Item = &Involvement> {
        self.involved.get(agent).into_iter().flatten()
    }

    /// How many there are.
    pub(super) fn involved_len(&self, agent: &UserId) -> usize {
        self.involved.get(agent).map_or(0, Vec::len)
    }

    /// The interactions in a workbin.
    pub fn workbin_content(&self, workbin: &WorkbinRef) -> impl Iterator<Item = &Arc<Interaction>> {
        self.workbin_content
            .get(workbin)
            .into_iter()
            .flat_map(|ids| ids.iter())
            .filter_map(|id| self.interactions.get(id))
    }

    /// The interactions that wait in a queue, first come first, but for those that are held or locked.
    pub fn waiting(&self, queue: &QueueName) -> impl Iterator<Item = &Arc<Interaction>> {
        let by_medium = self.waiting.get(queue).into_iter().flat_map(Map::values);
        let mut media: Vec<_> = by_medium.map(|spots| spots.iter().peekable()).collect();
        let first = move || {
            let firsts = media.iter_mut().map(Peekable::peek).enumerate();
            let firsts = firsts.filter_map(|(medium, first)| Some((*first?, medium)));
            let (_, medium) = firsts.min()?;
            media[medium].next()
        };
        std::iter::from_fn(first).filter_map(|(_, id)| self.interactions.get(id))
    }

    /// The same of one medium.
    pub(super) fn waiting_of(
        &self,
        queue: &QueueName,
        media: &MediaType,
    ) -> impl Iterator<Item = &Arc<Interaction>> {
        self.waiting
            .get(queue)
            .and_then(|by_medium| by_medium.get(media))
            .into_iter()
            .flat_map(|spots| spots.iter())
            .filter_map(|(_, id)| self.interactions.get(id))
    }

    /// How many interactions wait in a queue, but for those that are held or locked.
    pub fn waiting_len(&self, queue: &QueueName) -> usize {
        let by_medium = self.waiting.get(queue).into_iter().flat_map(Map::values);
        by_medium.map(Set::size).sum()
    }

    /// How many interactions are in a workbin.
    pub fn workbin_len(&self, workbin: &WorkbinRef) -> usize {
        self.workbin_content.get(workbin).map_or(0, Set::size)
    }

    /// The interactions that are held in a queue, but for those that are locked.
    pub fn held(&self, queue: &QueueName) -> impl Iterator<Item = &Arc<Interaction>> {
        self.held
            .get(queue)
            .into_iter()
            .flat_map(|spots| spots.iter())
            .filter_map(|(_, id)| self.interactions.get(id))
    }

    /// How many interactions of a medium an agent has, invitations included and drafts not.
    pub fn load(&self, agent: &UserId, media: &MediaType) -> u32 {
        let involved = self.involvements(agent);
        let of_medium = involved.filter(|it| it.counts_for.as_ref() == Some(media));
        u32::try_from(of_medium.count()).unwrap_or(u32::MAX)
    }

    /// How many interactions of a medium an agent may have.
    pub fn capacity(&self, media: &MediaType) -> u32 {
        self.configuration.capacity.get(media).copied().unwrap_or(1)
    }

    /// The registered reporting engines.
    pub fn reporting_engines(&self) -> impl Iterator<Item = &UserId> {
        self.clients
            .iter()
            .filter(|(_, client)| client.client_type == ClientType::ReportingEngine)
            .map(|(user, _)| user)
    }

    /// Replaces the record of an interaction and keeps the indexes.
    pub(super) fn put(
        &mut self,
        before: Option<Arc<Interaction>>,
        after: Arc<Interaction>,
    ) -> Altered {
        let moved = before.as_ref().is_none_or(|before| {
            before.whereabouts != after.whereabouts
                || before.held_at != after.held_at
                || before.locked_by != after.locked_by
        });
        if after.is_stopped() {
            self.interactions.remove_mut(&after.id);
            self.remember_stopped(&after);
        } else if before.is_some()
            && let Some(known) = self.interactions.get_mut(&after.id)
        {
            known.clone_from(&after);
        } else {
            self.interactions
                .insert_mut(after.id.clone(), after.clone());
        }
        if moved {
            self.index_move(before.as_deref(), &after);
        }
        Altered { before, after }
    }

    /// Where an interaction that nobody took from anywhere goes when its agent loses it: his own workbin,
    /// else a queue of its medium.
    pub fn home_of(&self, agent: &UserId, media: &MediaType, order: Sequence) -> Option<Origin> {
        let own = self
            .configuration
            .workbins
            .iter()
            .find(|(_, workbin)| workbin.kind == WorkbinKind::Agent)
            .map(|(name, _)| {
                Origin::Workbin(WorkbinRef {
                    name: name.clone(),
                    owner: agent.to_string(),
                })
            });
        own.or_else(|| {
            let mut queues = self.configuration.queues.iter();
            queues
                .find(|(_, queue)| queue.media_type == *media)
                .map(|(queue, _)| {
                    Origin::Queue(Spot {
                        queue: queue.clone(),
                        order,
                    })
                })
        })
    }
}
