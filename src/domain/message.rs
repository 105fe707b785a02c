//! What parties hear, in the reference's words.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Actor, Cause, Interaction, InteractionId, MediaType, Party, PlaceId, PropertyChanges,
    QueueName, ReferenceId, Refusal, SnapshotId, Ticket, Timestamp, UserId, WorkbinRef,
};

/// The protocol that a message belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Towards agents and media servers.
    InteractionManagement,
    /// Towards reporting engines.
    Reporting,
    /// Towards routers, and for registrations of addresses.
    TLibrary,
}

impl Protocol {
    /// The protocol as the message tables of the reference write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InteractionManagement => "Interaction Management",
            Self::Reporting => "Reporting",
            Self::TLibrary => "T-Library",
        }
    }
}

macro_rules! events {
    ($(#[doc = $summary:literal] $name:ident = $wire:literal,)*) => {
        /// The events of the reference; on the wire with `Event` before the name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Event {
            $(#[doc = $summary] $name,)*
        }

        impl Event {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What it says, in a sentence.
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$name => $summary.trim_ascii(),)*
                }
            }

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $wire,)*
                }
            }
        }
    };
}

events! {
    /// The router loses an interaction that it was working on.
    Abandoned = "EventAbandoned",
    /// The request was carried out.
    Ack = "EventAck",
    /// An invitation was accepted.
    Accepted = "EventAccepted",
    /// What an address is and holds.
    AddressInfo = "EventAddressInfo",
    /// Another login of the agent took the place of this connection.
    AgentConnectionClosed = "EventAgentConnectionClosed",
    /// An agent was offered an interaction.
    AgentInvited = "EventAgentInvited",
    /// An agent logged in.
    AgentLogin = "EventAgentLogin",
    /// An agent logged out.
    AgentLogout = "EventAgentLogout",
    /// Attached data changed, towards a router.
    AttachedDataChanged = "EventAttachedDataChanged",
    /// The media of an agent with their states and capacities.
    CurrentAgentStatus = "EventCurrentAgentStatus",
    /// The request was not carried out.
    Error = "EventError",
    /// How many interactions are in one state, and which; not of the reference.
    InteractionsInState = "EventInteractionsInState",
    /// Interactions of a snapshot were placed somewhere else.
    InteractionMoved = "EventInteractionMoved",
    /// A new interaction exists.
    InteractionSubmitted = "EventInteractionSubmitted",
    /// The agent is offered an interaction.
    Invite = "EventInvite",
    /// A medium came to the login of an agent.
    MediaAdded = "EventMediaAdded",
    /// Somebody takes part.
    PartyAdded = "EventPartyAdded",
    /// Somebody takes part no longer.
    PartyRemoved = "EventPartyRemoved",
    /// The media and interactions of an agent.
    PlaceAgentState = "EventPlaceAgentState",
    /// An interaction came into a queue.
    PlacedInQueue = "EventPlacedInQueue",
    /// An interaction came into a workbin.
    PlacedInWorkbin = "EventPlacedInWorkbin",
    /// An interaction ended.
    ProcessingStopped = "EventProcessingStopped",
    /// Properties of an interaction changed.
    PropertiesChanged = "EventPropertiesChanged",
    /// The interactions that were asked for, now with the agent.
    PulledInteractions = "EventPulledInteractions",
    /// An address was registered.
    Registered = "EventRegistered",
    /// An invitation was declined.
    Rejected = "EventRejected",
    /// An invitation or an interaction was taken away.
    Revoked = "EventRevoked",
    /// The router is asked to route an interaction.
    RouteRequest = "EventRouteRequest",
    /// A route request of the router is settled.
    RouteUsed = "EventRouteUsed",
    /// A snapshot ended, and its locks with it.
    SnapshotReleased = "EventSnapshotReleased",
    /// A snapshot was taken of these interactions.
    SnapshotTaken = "EventSnapshotTaken",
    /// An interaction left a queue.
    TakenFromQueue = "EventTakenFromQueue",
    /// An interaction left a workbin.
    TakenFromWorkbin = "EventTakenFromWorkbin",
    /// The registration of an address was cancelled.
    Unregistered = "EventUnregistered",
    /// The interactions in a workbin.
    WorkbinContent = "EventWorkbinContent",
    /// An interaction came into or left a workbin that the agent subscribed to.
    WorkbinContentChanged = "EventWorkbinContentChanged",
}

/// One message to one party.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// What is said.
    pub event: Event,
    /// In which protocol.
    pub protocol: Protocol,
    /// The attributes of the event; only those that it has are set.
    pub attributes: Attributes,
}

/// Attributes of events; the wire leaves out what is not set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    /// Which request this answers.
    pub reference_id: Option<ReferenceId>,
    /// Why the request was not carried out.
    pub refusal: Option<Refusal>,
    /// Which invitation.
    pub ticket: Option<Ticket>,
    /// When the invitation ends by itself.
    pub deadline: Option<Timestamp>,
    /// Which interaction, as it is after the step.
    pub interaction: Option<Arc<Interaction>>,
    /// Which interactions, as they are after the step.
    pub interactions: Option<Vec<Arc<Interaction>>>,
    /// Who takes part, or does so no longer.
    pub party: Option<Party>,
    /// Who did it.
    pub actor: Option<Actor>,
    /// Why it was taken away.
    pub cause: Option<Cause>,
    /// How a route request was settled.
    pub route_result: Option<RouteResult>,
    /// Which queue.
    pub queue: Option<QueueName>,
    /// Which workbin.
    pub workbin: Option<WorkbinRef>,
    /// Whether something came into (true) or left (false) the workbin.
    pub workbin_added: Option<bool>,
    /// Which properties changed.
    pub changes: Option<Arc<PropertyChanges>>,
    /// Which agent.
    pub agent: Option<UserId>,
    /// Where the agent sits.
    pub place: Option<PlaceId>,
    /// Which medium.
    pub media: Option<MediaType>,
    /// Each medium, ready or not.
    pub media_states: Option<BTreeMap<MediaType, bool>>,
    /// How many more interactions of each medium the agent can take.
    pub media_capacities: Option<BTreeMap<MediaType, u32>>,
    /// The interactions that the agent works on, that are in the state or the snapshot, or that were moved.
    pub interaction_ids: Option<Vec<InteractionId>>,
    /// Which snapshot.
    pub snapshot: Option<SnapshotId>,
    /// Which state of interactions.
    pub state: Option<&'static str>,
    /// How many interactions are in the state.
    pub count: Option<usize>,
    /// The registered address with what the Extensions say of it.
    pub address: Option<AddressAttributes>,
}

/// How a route request was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouteResult {
    /// The target has the interaction.
    Delivered,
    /// The agent declined.
    Rejected,
    /// The invitation ended otherwise.
    Revoked,
}

impl RouteResult {
    /// The result on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "Delivered",
            Self::Rejected => "Rejected",
            Self::Revoked => "Revoked",
        }
    }
}

/// What is said of an address (TAddressInfoType, interaction-models section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressInfo {
    /// How many interactions there are at a queue.
    NumberOfCallsInQueue,
    /// What kind of address it is.
    AddressType,
    /// The interactions of an agent.
    DnStatus,
    /// The interactions at a queue.
    QueueStatus,
}

impl AddressInfo {
    /// Every kind that can be asked for.
    pub const ALL: [Self; 4] = [
        Self::NumberOfCallsInQueue,
        Self::AddressType,
        Self::DnStatus,
        Self::QueueStatus,
    ];

    /// The number that T-Library gives it.
    pub fn number(self) -> u8 {
        match self {
            Self::NumberOfCallsInQueue => 7,
            Self::AddressType => 8,
            Self::DnStatus => 17,
            Self::QueueStatus => 18,
        }
    }

    /// The name that T-Library gives it, without what all of them begin with.
    pub fn short_name(self) -> &'static str {
        self.as_str().trim_start_matches("AddressInfo")
    }

    /// The name that T-Library gives it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NumberOfCallsInQueue => "AddressInfoNumberOfCallsInQueue",
            Self::AddressType => "AddressInfoAddressType",
            Self::DnStatus => "AddressInfoDNStatus",
            Self::QueueStatus => "AddressInfoQueueStatus",
        }
    }
}

/// What EventRegistered, EventUnregistered and EventAddressInfo say of an address (seed 003).
#[derive(Clone, Debug, PartialEq)]
pub struct AddressAttributes {
    /// What is said (`InfoType`).
    pub info: AddressInfo,
    /// The address.
    pub this_dn: String,
    /// Whether it is a queue (`AddressTypeRouteQueue`) or an agent (`AddressTypeDN`).
    pub is_queue: bool,
    /// The agent at the address, for an agent's address where one is logged in.
    pub agent: Option<UserId>,
    /// How many interactions the address holds.
    pub held_len: usize,
    /// The first of them: QueueStatus for a queue, DNStatus for an agent.
    pub holds: Vec<HeldCall>,
}

/// One interaction at an address.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldCall {
    /// Which.
    pub id: InteractionId,
    /// What the address has to do with it.
    pub party_state: PartyState,
}

/// What an address has to do with an interaction (TPartyState, interaction-models section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartyState {
    /// It waits there.
    Queued,
    /// The agent is invited.
    Alerting,
    /// The agent works on it.
    Connected,
    /// A router is at it.
    Routing,
}

impl PartyState {
    /// The bits that T-Library gives it.
    pub fn bits(self) -> u16 {
        match self {
            Self::Queued => 0x9,
            Self::Alerting => 0xA,
            Self::Connected => 0xC,
            Self::Routing => 0x800,
        }
    }
}
