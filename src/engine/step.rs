//! What is journalled.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{Change, Idempotency};
use crate::domain::{
    Actor, Address, AddressInfo, Difference, InteractionId, MediaType, ReferenceId, Sequence,
    SnapshotId, Timestamp, WorkbinRef,
};

/// Which rules of `announce` a step was announced by. Across a change of version nothing is replayed
/// (design D4).
pub const ANNOUNCE_VERSION: u32 = 2;

/// A request that took effect (design D3): one request, one sequence, one journal row, atomic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When and by whom.
    pub head: Head,
    /// What the requester is told.
    pub outcome: Outcome,
    /// What became different, in order.
    pub changes: Vec<Change>,
    /// Which rules it was announced by.
    pub announce_version: u32,
}

/// What is known of a step before its first change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// Its place in the journal.
    pub sequence: Sequence,
    /// Engine time.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The requester's reference, repeated in what it leads to.
    pub reference_id: Option<ReferenceId>,
    /// The name of the request, for history and metrics.
    pub request: SmolStr,
    /// What the request is known by when it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Arc<Idempotency>>,
}

/// What the requester is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Done.
    Acknowledged,
    /// What was asked of an address.
    AddressInfo {
        /// Which address.
        address: Address,
        /// What was asked.
        info: AddressInfo,
    },
    /// The contact centre is configured so; what is different, and what is kept although it was not wanted.
    ConfigurationApplied(Vec<Difference>),
    /// Done, and this is the new interaction: submitted, or drafted as a reply.
    Created(InteractionId),
    /// An invitation is out; the answer follows when it ends.
    Invited(InteractionId),
    /// The agent is logged in for some of the media that he asked for.
    LoggedInPartly {
        /// For which.
        media: Vec<MediaType>,
        /// Which of those that he asked for there are not.
        missing: Vec<MediaType>,
    },
    /// These interactions of a snapshot are somewhere else now.
    Moved {
        /// Which snapshot.
        snapshot: SnapshotId,
        /// Which interactions.
        interactions: Vec<InteractionId>,
    },
    /// Properties were changed; these keys were to be deleted, and were not there.
    PropertiesChanged {
        /// Paths of the missing keys.
        missing: Vec<String>,
    },
    /// These interactions are with the agent now.
    Pulled(Vec<InteractionId>),
    /// An address is registered.
    Registered(Address),
    /// The reporting engine is told the state.
    ReportingStarted {
        /// Whether that of the interactions as well.
        interactions: bool,
    },
    /// A router's interaction went where it was routed to.
    Routed(InteractionId),
    /// The snapshot has ended.
    SnapshotReleased(SnapshotId),
    /// There is a snapshot of these interactions.
    SnapshotTaken {
        /// Which snapshot.
        snapshot: SnapshotId,
        /// Of which interactions.
        interactions: Vec<InteractionId>,
    },
    /// Nobody asked: a timer, or the built-in router.
    Unasked,
    /// The address is registered no longer.
    Unregistered(Address),
    /// These interactions are in the workbin.
    WorkbinContent {
        /// Which workbin.
        workbin: WorkbinRef,
        /// What is in it.
        interactions: Vec<InteractionId>,
    },
}

impl Outcome {
    /// Whether the requester only looked at something.
    pub(super) fn is_reading(&self) -> bool {
        matches!(self, Self::AddressInfo { .. } | Self::WorkbinContent { .. })
    }

    /// Bytes of the lists that it holds.
    pub(super) fn lists_bytes(&self) -> usize {
        match self {
            Self::PropertiesChanged { missing } => {
                let each = missing.iter().map(|name| size_of_val(name) + name.len());
                each.sum()
            }
            Self::ConfigurationApplied(differences) => {
                let len = |text: &String| size_of_val(text) + text.len();
                let each = differences.iter().map(|it| {
                    len(&it.what) + len(&it.name) + it.keys.iter().map(len).sum::<usize>()
                });
                each.sum()
            }
            Self::LoggedInPartly { media, missing } => {
                let all = media.iter().chain(missing);
                let each = all.map(|name| size_of_val(name) + name.as_str().len());
                each.sum()
            }
            Self::Pulled(ids)
            | Self::Moved {
                interactions: ids, ..
            }
            | Self::SnapshotTaken {
                interactions: ids, ..
            }
            | Self::WorkbinContent {
                interactions: ids, ..
            } => {
                let each = ids.iter().map(|id| size_of_val(id) + id.as_str().len());
                each.sum()
            }
            Self::Acknowledged
            | Self::AddressInfo { .. }
            | Self::Created(_)
            | Self::Invited(_)
            | Self::Registered(_)
            | Self::ReportingStarted { .. }
            | Self::Routed(_)
            | Self::SnapshotReleased(_)
            | Self::Unasked
            | Self::Unregistered(_) => 0,
        }
    }
}

impl Step {
    /// The identifiers of the interactions that the step is about, each once: the journal's index keys.
    pub fn interaction_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self
            .changes
            .iter()
            .filter_map(Change::interaction)
            .map(ToString::to_string)
            .collect();
        ids.sort();
        ids.dedup();
        ids
    }
}
