//! The ground floor: the words of a contact centre, without behaviour over time.
//!
//! Everything here is parsed once and valid from then on. Nothing here knows the time, the network or the disk.

mod agent;
mod agent_state;
mod configuration;
mod configuration_change;
mod configuration_difference;
mod configuration_problems;
mod dialect;
mod ids;
mod interaction;
mod message;
mod party;
mod properties;
mod refusal;
mod snapshot;
mod timestamp;
mod user_data;

pub use agent::{Agent, MediaState, Presence};
pub use agent_state::{ChosenState, WellKnownState};
pub use configuration::{
    AgentState, Configuration, MultipleConnections, Queue, Timing, User, Workbin, WorkbinKind,
};
pub use configuration_change::ConfigurationChange;
pub use configuration_difference::{Difference, DifferenceKind};
pub use configuration_problems::{
    CAPACITY_MAX, CONFIGURED_LEN_MAX, DISPLAY_NAME_LEN_MAX, NAMES_LEN_MAX, Problem,
};
pub use dialect::{Answers, for_router};
pub use ids::{
    AgentStateName, CentreId, GroupName, IdempotencyKey, InteractionId, MediaType, PlaceId,
    QueueName, ReferenceId, RequestDigest, Sequence, SkillName, SnapshotId, Ticket, UserId,
    WorkbinName,
};
pub use interaction::{
    Handling, Interaction, Invitation, Origin, Purpose, Routing, Spot, Whereabouts, WorkbinRef,
};
pub use message::{
    AddressAttributes, AddressInfo, Attributes, Event, HeldCall, Message, PartyState, Protocol,
    RouteResult,
};
pub use party::{Actor, Address, Cause, ClientType, Party, RegisterMode, Role, Router};
pub use properties::PropertyChanges;
pub use refusal::{Refusal, RefusalKind};
pub use snapshot::Snapshot;
pub use timestamp::Timestamp;
pub use user_data::{USER_DATA_BYTES_MAX, USER_DATA_DEPTH_MAX, UserData};
