//! RequestReadyForMedia and RequestNotReadyForMedia; Ready and NotReady on a channel.

use serde::Deserialize;

use super::change_properties::check_text;
use super::{Gateway, Reply, Spec};
use crate::domain::{ChosenState, MediaState, MediaType, Refusal, Role, UserId};
use crate::engine::{Change, Outcome, Turn};

/// The agent takes interactions of the medium from now on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyForMedia {
    /// Which medium; all of the login's if none is named.
    #[serde(alias = "mediaType", alias = "channel")]
    pub media: Option<MediaType>,
    /// Which agent, where a supervisor or an administrator asks.
    #[serde(alias = "userId")]
    pub agent: Option<UserId>,
}

/// The agent takes no more interactions of the medium.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotReadyForMedia {
    /// Which medium; all of the login's if none is named.
    #[serde(alias = "mediaType", alias = "channel")]
    pub media: Option<MediaType>,
    /// Which agent, where a supervisor or an administrator asks.
    #[serde(alias = "userId")]
    pub agent: Option<UserId>,
    /// Why.
    pub reason: Option<String>,
    /// A well-known state or one of the configuration, by its `operationName`; just not ready without it.
    pub agent_state: Option<String>,
}

/// What an agent is to be for a medium.
struct Wanted {
    is_ready: bool,
    reason: Option<String>,
    chosen: Option<ChosenState>,
}

impl ReadyForMedia {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestReadyForMedia",
        aliases: &["Ready"],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Me,
        summary: "Makes the agent ready for a medium",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = whom(turn, self.agent)?;
        let wanted = Wanted {
            is_ready: true,
            reason: None,
            chosen: None,
        };
        set(turn, &agent, self.media, &wanted)
    }
}

impl NotReadyForMedia {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestNotReadyForMedia",
        aliases: &["NotReady"],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Me,
        summary: "Makes the agent not ready for a medium; invitations that are open stay open",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        check_text("reason", self.reason.as_ref())?;
        let agent = whom(turn, self.agent)?;
        let chosen = match &self.agent_state {
            None => None,
            Some(name) => {
                let found = turn.state().configuration.not_ready_state(name);
                Some(found.ok_or_else(|| Refusal::not_found("agent state", name))?)
            }
        };
        let wanted = Wanted {
            is_ready: false,
            reason: self.reason,
            chosen,
        };
        set(turn, &agent, self.media, &wanted)
    }
}

/// The agent whose state is meant: an agent's own, and whomever a supervisor or an administrator names.
fn whom(turn: &Turn<'_>, named: Option<UserId>) -> Result<UserId, Refusal> {
    if let Some(agent) = turn.head().actor.agent() {
        return match named {
            Some(other) if other != *agent => Err(Refusal::forbidden(
                "An agent can change no state but his own",
            )),
            Some(_) | None => turn.logged_in_agent(),
        };
    }
    let agent = named.ok_or_else(|| Refusal::missing("agent"))?;
    let state = turn.state();
    if state.agents.contains_key(&agent) {
        Ok(agent)
    } else if state.configuration.users.contains_key(&agent) {
        Err(Refusal::invalid_state("The agent is not logged in"))
    } else {
        Err(Refusal::not_found("user", agent.as_str()))
    }
}

fn set(
    turn: &mut Turn<'_>,
    agent: &UserId,
    named: Option<MediaType>,
    wanted: &Wanted,
) -> Result<Outcome, Refusal> {
    let known = turn.state().agents.get(agent);
    let states = known.map(|found| found.media.clone()).unwrap_or_default();
    if let Some(medium) = named.as_ref().filter(|medium| !states.contains_key(medium)) {
        return Err(Refusal::not_found(
            "channel of this session",
            medium.as_str(),
        ));
    }
    let differs = |state: &MediaState| {
        state.is_ready != wanted.is_ready
            || state.reason != wanted.reason
            || state.chosen != wanted.chosen
    };
    let media: Vec<MediaType> = states
        .iter()
        .filter(|(medium, state)| named.as_ref().is_none_or(|it| it == *medium) && differs(state))
        .map(|(medium, _)| medium.clone())
        .collect();
    for medium in media {
        turn.record(Change::MediaStateChanged {
            agent: agent.clone(),
            media: medium,
            is_ready: wanted.is_ready,
            reason: wanted.reason.clone(),
            chosen: wanted.chosen.clone(),
        });
    }
    Ok(Outcome::Acknowledged)
}
