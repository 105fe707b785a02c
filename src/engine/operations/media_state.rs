//! RequestReadyForMedia and RequestNotReadyForMedia; Ready and NotReady on a channel.

use serde::Deserialize;

use super::change_properties::check_text;
use super::{Gateway, Reply, Spec};
use crate::domain::{MediaState, MediaType, Refusal, Role};
use crate::engine::{Change, Outcome, Turn};

/// The agent takes interactions of the medium from now on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyForMedia {
    /// Which medium; all of the login's if none is named.
    #[serde(alias = "mediaType", alias = "channel")]
    pub media: Option<MediaType>,
}

/// The agent takes no more interactions of the medium.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotReadyForMedia {
    /// Which medium; all of the login's if none is named.
    #[serde(alias = "mediaType", alias = "channel")]
    pub media: Option<MediaType>,
    /// Why.
    pub reason: Option<String>,
}

impl ReadyForMedia {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestReadyForMedia",
        aliases: &["Ready"],
        roles: &[Role::Agent],
        reply: Reply::Status,
        gateway: Gateway::Me,
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
        gateway: Gateway::Me,
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
    named: Option<MediaType>,
    is_ready: bool,
    reason: Option<String>,
) -> Result<Outcome, Refusal> {
    let agent = turn.logged_in_agent()?;
    let known = turn.state().agents.get(&agent);
    let states = known.map(|found| found.media.clone()).unwrap_or_default();
    if let Some(medium) = named.as_ref().filter(|medium| !states.contains_key(medium)) {
        return Err(Refusal::not_found(
            "channel of this session",
            medium.as_str(),
        ));
    }
    let differs = |state: &MediaState| state.is_ready != is_ready || state.reason != reason;
    let media: Vec<MediaType> = states
        .iter()
        .filter(|(medium, state)| named.as_ref().is_none_or(|it| it == *medium) && differs(state))
        .map(|(medium, _)| medium.clone())
        .collect();
    for medium in media {
        turn.record(Change::MediaStateChanged {
            agent: agent.clone(),
            media: medium,
            is_ready,
            reason: reason.clone(),
        });
    }
    Ok(Outcome::Acknowledged)
}
