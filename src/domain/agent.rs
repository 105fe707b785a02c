//! An agent who is logged in.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ChosenState, MediaType, PlaceId, Timestamp};

/// A login.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Where the agent sits.
    pub place: PlaceId,
    /// The media of the login, each with its state.
    pub media: Arc<BTreeMap<MediaType, MediaState>>,
    /// Since when.
    pub logged_in_at: Timestamp,
    /// The last request of this agent that took effect; handling timeouts count from here.
    pub last_request_at: Timestamp,
    /// Since when the agent has had nothing to do; decides who is offered the next interaction.
    pub idle_since: Timestamp,
    /// Whether his application is there.
    pub presence: Presence,
}

/// Whether an agent's application is there; known only of who had a push session (design section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// He has had no push session.
    Unknown,
    /// He has one.
    Present,
    /// His last one ended then.
    LostAt(Timestamp),
}

/// Whether an agent takes interactions of one medium.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaState {
    /// Ready or not.
    pub is_ready: bool,
    /// Why not, where a reason was given.
    pub reason: Option<String>,
    /// In which state he is, where it is neither Ready nor just NotReady.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<ChosenState>,
    /// Since when.
    pub since: Timestamp,
}
