//! What is done with a snapshot of interactions: they are locked, and moved (interaction-models
//! 1.17). What has been taken or placed anew since is not moved, so that nobody acts on what he has not seen.

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{
    Interaction, InteractionId, QueueName, Refusal, RefusalKind, Role, Snapshot, SnapshotId,
    Whereabouts, WorkbinKind, WorkbinRef,
};
use crate::engine::{Change, Outcome, State, Turn};

/// Interactions that one request moves.
pub const MOVE_LEN_MAX: usize = 100;

pub(super) const ROLES: &[Role] = &[Role::MediaServer, Role::Supervisor, Role::Admin];

/// Parameters of RequestLockInteraction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockInteraction {
    snapshot_id: SnapshotId,
}

impl LockInteraction {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestLockInteraction",
        aliases: &["LockInteraction"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Locks an interaction of a snapshot: no view shows it, and nobody is given it",
        guard: None,
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let snapshot = own_snapshot(turn, self.snapshot_id)?;
        unchanged(turn.state(), self.snapshot_id, &snapshot, &interaction.id)?;
        if interaction.locked_by.is_some() {
            return Err(Refusal::invalid_state("The interaction is locked already"));
        }
        turn.record(Change::Locked {
            interaction: interaction.id.clone(),
            snapshot: self.snapshot_id,
        });
        Ok(Outcome::Acknowledged)
    }
}

/// Parameters of RequestMoveInteractions: to a queue, or to a workbin as `<workbin>.<owner>`. With identifiers all of
/// them are moved or none; without, the first of the snapshot that have not changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoveInteractions {
    snapshot_id: SnapshotId,
    interaction_ids: Option<Vec<InteractionId>>,
    #[serde(alias = "queueName")]
    queue: Option<QueueName>,
    #[serde(alias = "workbinId")]
    workbin: Option<String>,
}

impl MoveInteractions {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestMoveInteractions",
        aliases: &["MoveInteractions"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Moves interactions of a snapshot to a queue or a workbin, unless they have changed since it was taken",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let snapshot = own_snapshot(turn, self.snapshot_id)?;
        let target = self.target(turn.state())?;
        let chosen = self.choose(turn.state(), &snapshot)?;
        for id in &chosen {
            match &target {
                Target::Queue(queue) => place_in_queue(turn, id, queue),
                Target::Workbin(workbin) => turn.place_in_workbin(id, workbin.clone()),
            }
        }
        Ok(Outcome::Moved {
            snapshot: self.snapshot_id,
            interactions: chosen,
        })
    }

    fn target(&self, state: &State) -> Result<Target, Refusal> {
        match (&self.queue, &self.workbin) {
            (Some(queue), None) if state.configuration.queues.contains_key(queue) => {
                Ok(Target::Queue(queue.clone()))
            }
            (Some(queue), None) => Err(Refusal::not_found("queue", queue.as_str())),
            (None, Some(named)) => workbin(state, named)
                .map(Target::Workbin)
                .ok_or_else(|| Refusal::not_found("workbin", named)),
            (None, None) => Err(Refusal::missing("queue")),
            (Some(_), Some(named)) => Err(Refusal::invalid_value("workbin", named)),
        }
    }

    fn choose(&self, state: &State, snapshot: &Snapshot) -> Result<Vec<InteractionId>, Refusal> {
        let check = |id: &InteractionId| unchanged(state, self.snapshot_id, snapshot, id);
        let Some(named) = &self.interaction_ids else {
            let still = snapshot.ids().filter(|id| check(id).is_ok());
            return Ok(still.take(MOVE_LEN_MAX).cloned().collect());
        };
        if named.len() > MOVE_LEN_MAX {
            return Err(Refusal::too_large("interactionIds", MOVE_LEN_MAX));
        }
        let mut chosen: Vec<InteractionId> = Vec::with_capacity(named.len());
        for id in named {
            check(id)?;
            if !chosen.contains(id) {
                chosen.push(id.clone());
            }
        }
        Ok(chosen)
    }
}

/// Where interactions are moved to.
enum Target {
    Queue(QueueName),
    Workbin(WorkbinRef),
}

/// Parameters of RequestReleaseSnapshot.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseSnapshot {
    snapshot_id: SnapshotId,
}

impl ReleaseSnapshot {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestReleaseSnapshot",
        aliases: &["ReleaseSnapshot"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends a snapshot; what it locked can be given out again",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        own_snapshot(turn, self.snapshot_id)?;
        turn.release_snapshot(self.snapshot_id);
        Ok(Outcome::SnapshotReleased(self.snapshot_id))
    }
}

/// Whoever waited longer in another queue is served first in this one as well.
fn place_in_queue(turn: &mut Turn<'_>, id: &InteractionId, queue: &QueueName) {
    let order = match turn.state().interactions.get(id).map(|it| &it.whereabouts) {
        Some(Whereabouts::Queued(spot)) => spot.order,
        _ => turn.head().sequence,
    };
    turn.record(Change::PlacedInQueue {
        interaction: id.clone(),
        queue: queue.clone(),
        order,
    });
}

/// The workbin that `<workbin>.<owner>` names.
pub(super) fn workbin(state: &State, named: &str) -> Option<WorkbinRef> {
    let configuration = &state.configuration;
    configuration.workbins.iter().find_map(|(name, workbin)| {
        let owner = named.strip_prefix(name.as_str())?.strip_prefix('.')?;
        let is_owner = match &workbin.kind {
            WorkbinKind::Agent => configuration.users.keys().any(|it| it.as_str() == owner),
            WorkbinKind::AgentGroup(group) => group.as_str() == owner,
        };
        is_owner.then(|| WorkbinRef {
            name: name.clone(),
            owner: owner.to_owned(),
        })
    })
}

/// A snapshot that the requester took.
fn own_snapshot(turn: &Turn<'_>, id: SnapshotId) -> Result<Arc<Snapshot>, Refusal> {
    let user = turn.user()?;
    let found = turn.state().snapshots.get(&id);
    found
        .filter(|snapshot| snapshot.owner == user)
        .cloned()
        .ok_or_else(|| Refusal::not_found("snapshot", &id.to_string()))
}

/// The interaction is where the snapshot found it, and no other snapshot has locked it.
fn unchanged(
    state: &State,
    id: SnapshotId,
    snapshot: &Snapshot,
    interaction: &InteractionId,
) -> Result<(), Refusal> {
    let mut entries = snapshot.interactions.iter();
    let (_, placed) = entries
        .find(|(found, _)| found == interaction)
        .ok_or_else(|| Refusal::invalid_value("interactionId", interaction.as_str()))?;
    let is_there = state.interactions.get(interaction).is_some_and(|it| {
        it.is_placed()
            && it.place_in_queue_sequence == *placed
            && it.locked_by.is_none_or(|by| by == id)
    });
    if is_there {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalKind::Stale,
        format!("The interaction {interaction} has changed since the snapshot was taken"),
    ))
}
