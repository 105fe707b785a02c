//! An interaction and where it is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{
    InteractionId, MediaType, QueueName, ReferenceId, Router, Sequence, SnapshotId, Ticket,
    Timestamp, UserData, UserId, WorkbinName,
};

/// An interaction with its attributes (interaction-models 2.6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// Its identifier.
    pub id: InteractionId,
    /// Its medium.
    pub media_type: MediaType,
    /// For example `Inbound`.
    pub interaction_type: SmolStr,
    /// For example `InboundNew`.
    pub interaction_subtype: SmolStr,
    /// The submitter's own identifier.
    pub external_id: Option<String>,
    /// The interaction that this one belongs to.
    pub parent_id: Option<InteractionId>,
    /// Whether it is a reply that has not been sent.
    pub is_draft: bool,
    /// What it is about, in a line.
    pub subject: Option<String>,
    /// Attached data.
    pub user_data: Arc<UserData>,
    /// Who submitted it.
    pub submitted_by: UserId,
    /// When it entered the submitter's system.
    pub received_at: Timestamp,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// The step that submitted it.
    pub submit_sequence: Sequence,
    /// The queue that it is in, or was in last.
    pub queue: QueueName,
    /// When it was last placed in a queue; each placement moves it on.
    pub placed_in_queue_at: Option<Timestamp>,
    /// The step of that placement.
    pub place_in_queue_sequence: Option<Sequence>,
    /// When it came to each queue for the first time; coming back changes nothing.
    pub moved_to_queue_at: Arc<BTreeMap<QueueName, Timestamp>>,
    /// When a router last took it.
    pub submitted_to_router_at: Option<Timestamp>,
    /// When it was offered to an agent for the first time.
    pub delivered_at: Option<Timestamp>,
    /// The agent who works on it, or did last.
    pub assigned_to: Option<UserId>,
    /// Since when.
    pub assigned_at: Option<Timestamp>,
    /// Whether the customer is there (`IsOnline`); never with an e-mail.
    #[serde(default)]
    pub is_online: bool,
    /// When the media server first said that the customer is there no longer.
    #[serde(default)]
    pub abandoned_at: Option<Timestamp>,
    /// When it was stopped.
    pub completed_at: Option<Timestamp>,
    /// Since when nobody is to be given it out of its queue, if so (`HeldAt`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_at: Option<Timestamp>,
    /// The snapshot that keeps it from routers and agents, if one does (`IsLocked`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_by: Option<SnapshotId>,
    /// Agents who declined it or let it expire, and when last.
    pub declined: BTreeMap<UserId, Timestamp>,
    /// Where it is.
    pub whereabouts: Whereabouts,
    /// The step that changed it last.
    pub changed_sequence: Sequence,
}

/// Where an interaction is: always exactly one of these (invariant I1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Whereabouts {
    /// In a queue, waiting.
    Queued(Spot),
    /// In a workbin, which is a queue with an owner.
    InWorkbin(WorkbinRef),
    /// With a router.
    Routing(Routing),
    /// With a router, offered to an agent.
    Inviting(Routing, Invitation),
    /// With agents.
    Handling(Handling),
    /// Gone; the record is kept for late questions of those who held it last.
    Stopped(Vec<UserId>),
}

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spot {
    /// Which queue.
    pub queue: QueueName,
    /// Its order there: the step that first placed it, kept when it returns.
    pub order: Sequence,
}

/// A workbin: its type and its owner, an agent or a group by the workbin's kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkbinRef {
    /// Which type.
    pub name: WorkbinName,
    /// Whose.
    pub owner: String,
}

/// Where an interaction was taken from, and returns to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A queue, in its old place.
    Queue(Spot),
    /// A workbin.
    Workbin(WorkbinRef),
}

/// A router's hold on an interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Routing {
    /// Whose hold.
    pub router: Router,
    /// Where it was taken from.
    pub from: Spot,
    /// When the hold ends by itself.
    pub deadline: Timestamp,
}

/// The lease that an agent is offered (design D12).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invitation {
    /// Fencing token.
    pub ticket: Ticket,
    /// Who is invited.
    pub agent: UserId,
    /// When it was sent.
    pub invited_at: Timestamp,
    /// When it ends by itself.
    pub deadline: Timestamp,
    /// What accepting it means.
    pub purpose: Purpose,
}

/// What accepting an invitation means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Purpose {
    /// A router delivers; `reference_id` is that of its RequestRouteCall.
    Delivery {
        /// Repeated in EventRouteUsed.
        reference_id: Option<ReferenceId>,
    },
    /// Another agent passes it on.
    Transfer {
        /// Who passes it on.
        by: UserId,
        /// Repeated in the answer at the resolution.
        reference_id: Option<ReferenceId>,
    },
    /// Another agent wants to work on it together.
    Conference {
        /// Who invites.
        by: UserId,
        /// Repeated in the answer at the resolution.
        reference_id: Option<ReferenceId>,
    },
}

impl Purpose {
    /// The agent who sent the invitation and waits for its answer, with the reference of his request; none for a router.
    pub fn sender(&self) -> Option<(&UserId, Option<ReferenceId>)> {
        match self {
            Self::Delivery { .. } => None,
            Self::Transfer { by, reference_id } | Self::Conference { by, reference_id } => {
                Some((by, *reference_id))
            }
        }
    }
}

/// Agents' hold on an interaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Handling {
    /// Who works on it, in the order in which they came; never empty.
    pub parties: Vec<UserId>,
    /// Where it goes when the last of them loses it.
    pub from: Origin,
    /// How long an agent may stay silent, fixed when he took it.
    pub timeout_ms: u64,
    /// A second agent who is invited meanwhile.
    pub pending: Option<Invitation>,
}

impl Interaction {
    /// The invitation that is open, if one is.
    pub fn invitation(&self) -> Option<&Invitation> {
        match &self.whereabouts {
            Whereabouts::Inviting(_, invitation) => Some(invitation),
            Whereabouts::Handling(handling) => handling.pending.as_ref(),
            Whereabouts::Queued(_)
            | Whereabouts::InWorkbin(_)
            | Whereabouts::Routing(_)
            | Whereabouts::Stopped(_) => None,
        }
    }

    /// The agents who work on it.
    pub fn parties(&self) -> &[UserId] {
        self.handling().map_or(&[], |handling| &handling.parties)
    }

    /// The agents' hold, if agents hold it.
    pub fn handling(&self) -> Option<&Handling> {
        match &self.whereabouts {
            Whereabouts::Handling(handling) => Some(handling),
            Whereabouts::Queued(_)
            | Whereabouts::InWorkbin(_)
            | Whereabouts::Routing(_)
            | Whereabouts::Inviting(..)
            | Whereabouts::Stopped(_) => None,
        }
    }

    /// The router's hold, if a router holds it.
    pub fn routing(&self) -> Option<&Routing> {
        match &self.whereabouts {
            Whereabouts::Routing(routing) | Whereabouts::Inviting(routing, _) => Some(routing),
            Whereabouts::Queued(_)
            | Whereabouts::InWorkbin(_)
            | Whereabouts::Handling(_)
            | Whereabouts::Stopped(_) => None,
        }
    }

    /// Whether this agent works on it.
    pub fn has_party(&self, agent: &UserId) -> bool {
        self.parties().contains(agent)
    }

    /// Whether this agent is invited to it.
    pub fn invites(&self, agent: &UserId) -> bool {
        self.invitation()
            .is_some_and(|invitation| invitation.agent == *agent)
    }

    /// Whether it is in a queue or a workbin.
    pub fn is_placed(&self) -> bool {
        matches!(
            self.whereabouts,
            Whereabouts::Queued(_) | Whereabouts::InWorkbin(_)
        )
    }

    /// Whether a text is in an identifier of it, its subject or the JSON text of its attached data, whatever the case.
    /// The text is in lower case.
    pub fn mentions(&self, text: &str) -> bool {
        let own = [
            Some(self.id.as_str()),
            self.external_id.as_deref(),
            self.subject.as_deref(),
        ];
        let mut own = own.into_iter().flatten().chain([self.user_data.text()]);
        own.any(|it| it.to_lowercase().contains(text))
    }

    /// Whether it has been stopped.
    pub fn is_stopped(&self) -> bool {
        matches!(self.whereabouts, Whereabouts::Stopped(_))
    }

    /// `InteractionState` of the reference: 0 queued, 2 with a router, 3 with an agent; 4, ours, stopped.
    pub fn state_number(&self) -> u8 {
        match self.whereabouts {
            Whereabouts::Queued(_) | Whereabouts::InWorkbin(_) => 0,
            Whereabouts::Routing(_) | Whereabouts::Inviting(..) => 2,
            Whereabouts::Handling(_) => 3,
            Whereabouts::Stopped(_) => 4,
        }
    }
}
