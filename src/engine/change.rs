//! The journalled facts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{
    Address, Cause, ChosenState, ClientType, Configuration, ConfigurationChange, Interaction,
    InteractionId, Invitation, MediaType, PlaceId, PropertyChanges, QueueName, RegisterMode,
    Router, Sequence, Snapshot, SnapshotId, Ticket, Timestamp, UserId, WorkbinRef,
};

/// One fact, past tense. State changes only by `State::apply` of these (design D3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// An invitation was accepted: the agent has the interaction now.
    Accepted {
        /// Which interaction.
        interaction: InteractionId,
        /// Who accepted.
        agent: UserId,
        /// Which invitation.
        ticket: Ticket,
        /// How long the agent may stay silent from now on.
        handling_timeout_ms: u64,
    },
    /// A client registered for an address, or anew in another mode.
    AddressRegistered {
        /// Who.
        user: UserId,
        /// For what.
        address: Address,
        /// How.
        #[serde(default)]
        mode: RegisterMode,
    },
    /// A client's registration for an address ended.
    AddressUnregistered {
        /// Who.
        user: UserId,
        /// For what.
        address: Address,
    },
    /// An agent was invited.
    AgentInvited {
        /// To which interaction.
        interaction: InteractionId,
        /// How.
        invitation: Invitation,
    },
    /// An agent logged in, with these media not ready; or added these media to his login.
    AgentLoggedIn {
        /// Who.
        agent: UserId,
        /// Where he sits.
        place: PlaceId,
        /// For what, besides what he was logged in for already.
        media: Vec<MediaType>,
        /// Whether he was logged in at this place already.
        #[serde(default)]
        again: bool,
    },
    /// An agent logged out.
    AgentLoggedOut {
        /// Who.
        agent: UserId,
    },
    /// The contact centre was configured.
    CentreConfigured(Box<Configuration>),
    /// An administrator changed several parts of the configuration at once.
    ConfigurationApplied(Vec<ConfigurationChange>),
    /// An administrator changed a part of the configuration.
    ConfigurationChanged(Box<ConfigurationChange>),
    /// A client registered.
    ClientRegistered {
        /// Who.
        user: UserId,
        /// As what.
        client_type: ClientType,
        /// Whether it wants to hear when others change properties (extension `event_properties_changed`).
        properties_changed: bool,
    },
    /// A client's registration ended.
    ClientUnregistered {
        /// Who.
        user: UserId,
    },
    /// An invitation was declined by the invited agent.
    Declined {
        /// Which interaction.
        interaction: InteractionId,
        /// Who declined.
        agent: UserId,
        /// Which invitation.
        ticket: Ticket,
    },
    /// An interaction in a queue is held: nobody is given it until it is resumed.
    Held {
        /// Which interaction.
        interaction: InteractionId,
    },
    /// A new interaction exists.
    InteractionSubmitted(Arc<Interaction>),
    /// An invitation was taken back.
    InvitationRevoked {
        /// Which interaction.
        interaction: InteractionId,
        /// Who was invited.
        agent: UserId,
        /// Which invitation.
        ticket: Ticket,
        /// Why.
        cause: Cause,
    },
    /// An interaction is locked: no view shows it, and nobody is given it.
    Locked {
        /// Which interaction.
        interaction: InteractionId,
        /// By which snapshot.
        snapshot: SnapshotId,
    },
    /// An agent became ready or not ready for a medium.
    MediaStateChanged {
        /// Who.
        agent: UserId,
        /// For which medium.
        media: MediaType,
        /// Ready or not.
        is_ready: bool,
        /// Why not.
        reason: Option<String>,
        /// In which state he is then, where it is neither Ready nor just NotReady.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        chosen: Option<ChosenState>,
    },
    /// An agent began to work on an interaction that others work on.
    PartyJoined {
        /// Which interaction.
        interaction: InteractionId,
        /// Who.
        agent: UserId,
    },
    /// An agent works on an interaction no longer, but others do.
    PartyLeft {
        /// Which interaction.
        interaction: InteractionId,
        /// Who.
        agent: UserId,
        /// Why it was taken from him; none if he left.
        cause: Option<Cause>,
    },
    /// The interaction was placed in a queue.
    PlacedInQueue {
        /// Which interaction.
        interaction: InteractionId,
        /// Where.
        queue: QueueName,
        /// Its order there.
        order: Sequence,
    },
    /// The interaction was placed in a workbin.
    PlacedInWorkbin {
        /// Which interaction.
        interaction: InteractionId,
        /// Where.
        workbin: WorkbinRef,
    },
    /// The application of an agent or another client came back or was lost.
    PresenceChanged {
        /// Whose.
        user: UserId,
        /// Whether it is there.
        present: bool,
    },
    /// Properties of the interaction changed.
    PropertiesChanged {
        /// Which interaction.
        interaction: InteractionId,
        /// How.
        changes: Arc<PropertyChanges>,
    },
    /// An agent took the interaction out of a queue or a workbin.
    Pulled {
        /// Which interaction.
        interaction: InteractionId,
        /// Who.
        agent: UserId,
        /// How long the agent may stay silent from now on.
        handling_timeout_ms: u64,
    },
    /// A held interaction may be given out again.
    Resumed {
        /// Which interaction.
        interaction: InteractionId,
    },
    /// The agents lost the interaction, and it went back to where it came from.
    Returned {
        /// Which interaction.
        interaction: InteractionId,
        /// Why.
        cause: Cause,
    },
    /// The router kept the interaction too long: it is not asked again at once.
    RouterPassedOver {
        /// Which interaction.
        interaction: InteractionId,
        /// Which router.
        router: UserId,
    },
    /// A router took the interaction out of its queue.
    RouterTook {
        /// Which interaction.
        interaction: InteractionId,
        /// Which router.
        router: Router,
        /// When the hold ends by itself.
        deadline: Timestamp,
    },
    /// The router lost the interaction, and it went back to its queue.
    RoutingEnded {
        /// Which interaction.
        interaction: InteractionId,
        /// Why.
        cause: Cause,
    },
    /// A snapshot ended.
    SnapshotReleased {
        /// Which.
        snapshot: SnapshotId,
        /// Who had taken it.
        owner: UserId,
    },
    /// A snapshot was taken; its identifier is the sequence of the step.
    SnapshotTaken(Arc<Snapshot>),
    /// The interaction ended.
    Stopped {
        /// Which interaction.
        interaction: InteractionId,
    },
    /// The snapshot that locked an interaction locks it no longer.
    Unlocked {
        /// Which interaction.
        interaction: InteractionId,
    },
    /// An agent read the content of a workbin.
    WorkbinRead(WorkbinRef),
    /// An agent subscribed to a workbin.
    WorkbinSubscribed {
        /// Who.
        agent: UserId,
        /// To what.
        workbin: WorkbinRef,
    },
    /// An agent's subscription to a workbin ended.
    WorkbinUnsubscribed {
        /// Who.
        agent: UserId,
        /// From what.
        workbin: WorkbinRef,
    },
}

impl Change {
    /// The interaction that the change is about.
    pub fn interaction(&self) -> Option<&InteractionId> {
        match self {
            Self::Accepted { interaction, .. }
            | Self::AgentInvited { interaction, .. }
            | Self::Declined { interaction, .. }
            | Self::Held { interaction }
            | Self::InvitationRevoked { interaction, .. }
            | Self::Locked { interaction, .. }
            | Self::PartyJoined { interaction, .. }
            | Self::PartyLeft { interaction, .. }
            | Self::PlacedInQueue { interaction, .. }
            | Self::PlacedInWorkbin { interaction, .. }
            | Self::PropertiesChanged { interaction, .. }
            | Self::Pulled { interaction, .. }
            | Self::Resumed { interaction }
            | Self::Returned { interaction, .. }
            | Self::RouterPassedOver { interaction, .. }
            | Self::RouterTook { interaction, .. }
            | Self::RoutingEnded { interaction, .. }
            | Self::Stopped { interaction }
            | Self::Unlocked { interaction } => Some(interaction),
            Self::InteractionSubmitted(interaction) => Some(&interaction.id),
            Self::AddressRegistered { .. }
            | Self::AddressUnregistered { .. }
            | Self::AgentLoggedIn { .. }
            | Self::AgentLoggedOut { .. }
            | Self::CentreConfigured(_)
            | Self::ConfigurationApplied(_)
            | Self::ConfigurationChanged(_)
            | Self::ClientRegistered { .. }
            | Self::ClientUnregistered { .. }
            | Self::MediaStateChanged { .. }
            | Self::PresenceChanged { .. }
            | Self::SnapshotReleased { .. }
            | Self::SnapshotTaken(_)
            | Self::WorkbinRead(_)
            | Self::WorkbinSubscribed { .. }
            | Self::WorkbinUnsubscribed { .. } => None,
        }
    }
}
