//! RequestReadyForMedia and RequestNotReadyForMedia; Ready and NotReady on a channel.

use serde::Deserialize;

use super::change_properties::check_text;
use super::{Reply, Spec};
use crate::domain::{MediaType, Refusal, Role};
use crate::engine::{Change, Outcome, Turn};

/// The agent takes interactions of the medium from now on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyForMedia {
    /// Which medium.
    #[serde(alias = "mediaType", alias = "channel")]
    pub media: MediaType,
}

/// The agent takes no more interactions of the medium.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotReadyForMedia {
    /// Which medium.
    #[serde(alias = "mediaType", alias = "channel")]
    pub media: MediaType,
    /// Why.
    pub reason: Option<String>,
}

impl ReadyForMedia {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestReadyForMedia",
        aliases: &["Ready"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        summary: "Makes the agent ready for a medium",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        set(turn, self.media, true, None)
    }
}

impl NotReadyForMedia {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestNotReadyForMedia",
        aliases: &["NotReady"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        summary: "Makes the agent not ready for a medium; invitations that are open stay open",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        check_text("reason", self.reason.as_ref())?;
        set(turn, self.media, false, self.reason)
    }
}

fn set(
    turn: &mut Turn<'_>,
    media: MediaType,
    is_ready: bool,
    reason: Option<String>,
) -> Result<Outcome, Refusal> {
    let agent = turn.logged_in_agent()?;
    let logged_in = turn
        .state()
        .agents
        .get(&agent)
        .is_some_and(|found| found.media.contains_key(&media));
    if !logged_in {
        return Err(Refusal::not_found(
            "channel of this session",
            media.as_str(),
        ));
    }
    turn.record(Change::MediaStateChanged {
        agent,
        media,
        is_ready,
        reason,
    });
    Ok(Outcome::Acknowledged)
}
