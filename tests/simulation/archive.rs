//! What everybody must have heard, by a fold of the journal that nothing else of the simulation takes part in; and what
//! whoever comes back is told again, by another one.

use std::collections::{BTreeMap, BTreeSet};

use baton::domain::{Address, QueueName, ReferenceId, RegisterMode, Sequence, UserId, WorkbinRef};
use baton::engine::{Announcement, Body, Change, Channel, State, Step, fold};

use super::disk::Disk;
use crate::support::base::restored;

/// Steps between the states that a replay can begin with.
const CHECKPOINT_STEPS: usize = 32;

/// The journal as far as it is durable, and what it says.
pub(super) struct Archive {
    steps: Vec<Step>,
    state: State,
    told: BTreeMap<(UserId, Channel), Vec<(Sequence, Body)>>,
    /// Requests that took effect, and when first: whose, and by which reference.
    effects: BTreeMap<(UserId, ReferenceId), Sequence>,
    /// Since when somebody is subscribed to a workbin.
    subscribed_at: BTreeMap<(UserId, WorkbinRef), Sequence>,
    /// Who monitored a queue at some time.
    monitors: BTreeSet<(UserId, QueueName)>,
    /// States to replay from, each with the number of steps before it. The first one is where what is kept begins.
    checkpoints: Vec<(usize, State)>,
}

impl Default for Archive {
    fn default() -> Self {
        Self {
            steps: Vec::new(),
            state: State::default(),
            told: BTreeMap::new(),
            effects: BTreeMap::new(),
            subscribed_at: BTreeMap::new(),
            monitors: BTreeSet::new(),
            checkpoints: vec![(0, State::default())],
        }
    }
}

impl Archive {
    /// Takes over what has become durable.
    pub(super) fn follow(&mut self, disk: &Disk) {
        for row in disk.acknowledged().iter().skip(self.steps.len()) {
            let step: Step = serde_json::from_str(row).unwrap();
            self.check_about(&step);
            for said in fold(&mut self.state, &step) {
                if !said.body.is_transient() {
                    let key = (said.to, said.body.channel());
                    let told = self.told.entry(key).or_default();
                    told.push((step.head.sequence, said.body));
                }
            }
            if let (Some(user), Some(reference)) = (step.head.actor.user(), step.head.reference_id)
            {
                let first = self.effects.entry((user.clone(), reference));
                first.or_insert(step.head.sequence);
            }
            self.follow_registrations(&step);
            self.steps.push(step);
            if self.steps.len().is_multiple_of(CHECKPOINT_STEPS) {
                let checkpoint = (self.steps.len(), self.state.clone());
                self.checkpoints.push(checkpoint);
            }
        }
    }

    /// A step is about interactions that are there: what is kept of them goes with the step that stopped them.
    fn check_about(&self, step: &Step) {
        let mut submitted = BTreeSet::new();
        let mut stopped = BTreeSet::new();
        for change in &step.changes {
            let Some(id) = change.interaction() else {
                continue;
            };
            if let Change::InteractionSubmitted(_) = change {
                submitted.insert(id);
            }
            let is_there = submitted.contains(id) || self.state.interactions.contains_key(id);
            let sequence = step.head.sequence;
            assert!(is_there && !stopped.contains(id), "{id} at {sequence}");
            if let Change::Stopped { .. } = change {
                stopped.insert(id);
            }
        }
    }

    fn follow_registrations(&mut self, step: &Step) {
        for change in &step.changes {
            match change {
                Change::WorkbinSubscribed { agent, workbin } => {
                    let since = self.subscribed_at.entry((agent.clone(), workbin.clone()));
                    since.or_insert(step.head.sequence);
                }
                Change::WorkbinUnsubscribed { agent, workbin } => {
                    self.subscribed_at.remove(&(agent.clone(), workbin.clone()));
                }
                Change::AddressRegistered {
                    user,
                    address: Address::Queue(queue),
                    mode: RegisterMode::Monitor,
                } => {
                    self.monitors.insert((user.clone(), queue.clone()));
                }
                _ => {}
            }
        }
    }

    /// Since when a user is subscribed to a workbin without a break.
    pub(super) fn subscribed_at(&self, user: &UserId, workbin: &WorkbinRef) -> Option<Sequence> {
        let key = (user.clone(), workbin.clone());
        self.subscribed_at.get(&key).copied()
    }

    /// Whether a user ever heard of what another router does in a queue.
    pub(super) fn has_monitored(&self, user: &UserId, queue: &QueueName) -> bool {
        self.monitors.contains(&(user.clone(), queue.clone()))
    }

    /// The durable state, which is what readers see.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// When a request took effect, if it did.
    pub(super) fn effect_of(&self, user: &UserId, reference: ReferenceId) -> Option<Sequence> {
        self.effects.get(&(user.clone(), reference)).copied()
    }

    /// Everything that a user must hear on a channel.
    pub(super) fn told(&self, user: &UserId, channel: Channel) -> &[(Sequence, Body)] {
        let told = self.told.get(&(user.clone(), channel));
        told.map_or(&[], Vec::as_slice)
    }

    /// What came after this sequence can be told again.
    pub(super) fn kept_after(&self) -> Sequence {
        self.checkpoints[0].1.sequence
    }

    /// The history before a state in the middle of what is kept goes; that state is kept as a snapshot.
    pub(super) fn trim(&mut self) {
        self.checkpoints.drain(..self.checkpoints.len() / 2);
        let (_, base) = &mut self.checkpoints[0];
        *base = restored(base);
    }

    /// What a user heard after a sequence, transient things not among it.
    pub(super) fn replay(
        &self,
        user: &UserId,
        after: Sequence,
    ) -> Vec<(Sequence, Vec<Announcement>)> {
        let (len, base) = self
            .checkpoints
            .iter()
            .rfind(|(_, state)| state.sequence <= after)
            .expect("only what is kept is replayed");
        let mut state = base.clone();
        let mut replayed = Vec::new();
        for step in &self.steps[*len..] {
            let mut said = fold(&mut state, step);
            said.retain(|said| said.to == *user && !said.body.is_transient());
            if step.head.sequence > after && !said.is_empty() {
                replayed.push((step.head.sequence, said));
            }
        }
        replayed
    }
}
