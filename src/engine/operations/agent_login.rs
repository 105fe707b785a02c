//! RequestAgentLogin and RequestAgentLogout; StartContactCenterSession and EndContactCenterSession.

use serde::Deserialize;
use serde_json::Value;

use super::{Gateway, Reply, Spec};
use crate::domain::{
    Cause, MediaType, MultipleConnections, PlaceId, Presence, Refusal, RefusalKind, Role, UserId,
};
use crate::engine::{Change, Outcome, Turn};

/// Media that one login names.
pub const CHANNELS_LEN_MAX: usize = 64;

/// Parameters: `channels` (or `mediaList`, a list or a map with 1 for ready), and the place, by default the
/// agent's id. What a second login does, `allow_multiple_agent_connections` of the configuration says; usually it adds
/// its media to the first. An agent who is there already is told what he has. Of media that there are and media that there
/// are not, the former begin (partial success).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AgentLogin {
    #[serde(alias = "mediaList")]
    channels: Value,
    #[serde(alias = "placeId")]
    place: Option<PlaceId>,
}

impl AgentLogin {
    pub(in crate::engine) const SPEC: &Spec = &Spec {
        name: "StartContactCenterSession",
        aliases: &["RequestAgentLogin"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::Me,
        summary: "Logs the agent in for media, not ready",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.user()?;
        let wanted = self.media(turn)?;
        let place = match self.place {
            Some(place) => place,
            None => PlaceId::parse(agent.as_str())?,
        };
        check_place(turn, &agent, &place)?;
        make_way(turn, &agent)?;
        let known = turn.state().agents.get(&agent);
        let again = known.is_some_and(|known| known.place == place);
        let is_new =
            |medium: &MediaType| known.is_none_or(|known| !known.media.contains_key(medium));
        let names = wanted.media.iter().map(|(medium, _)| medium);
        let added = names.filter(|it| is_new(it)).cloned().collect();
        turn.record(Change::AgentLoggedIn {
            agent: agent.clone(),
            place,
            again,
            media: added,
        });
        for (medium, is_ready) in &wanted.media {
            if *is_ready {
                turn.record(Change::MediaStateChanged {
                    agent: agent.clone(),
                    media: medium.clone(),
                    is_ready: true,
                    reason: None,
                    chosen: None,
                });
            }
        }
        Ok(wanted.outcome())
    }

    /// The media asked for; all of the contact centre's if none is named.
    fn media(&self, turn: &Turn<'_>) -> Result<Wanted, Refusal> {
        let capacity = &turn.state().configuration.capacity;
        let invalid = |value: &Value| Refusal::invalid_value("channels", &value.to_string());
        let named: Vec<(String, bool)> = match &self.channels {
            Value::Null => {
                let all = capacity.keys().map(|media| (media.clone(), false));
                return Ok(Wanted {
                    media: all.collect(),
                    missing: Vec::new(),
                });
            }
            Value::Array(items) => items
                .iter()
                .map(|item| {
                    let name = item.as_str().ok_or_else(|| invalid(item))?;
                    Ok((name.to_owned(), false))
                })
                .collect::<Result<_, _>>()?,
            Value::Object(map) => map
                .iter()
                .map(|(name, ready)| (name.clone(), ready == &Value::from(1)))
                .collect(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                return Err(invalid(other));
            }
        };
        if named.len() > CHANNELS_LEN_MAX {
            let text = format!("Parameter 'channels' names more than {CHANNELS_LEN_MAX} media");
            return Err(Refusal::new(RefusalKind::InvalidValue, text));
        }
        let mut wanted = Wanted::default();
        for (name, ready) in named {
            let media = MediaType::parse(&name)?;
            if capacity.contains_key(&media) {
                wanted.media.push((media, ready));
            } else {
                wanted.missing.push(media);
            }
        }
        match (wanted.media.is_empty(), wanted.missing.first()) {
            (true, Some(missing)) => Err(Refusal::not_found("channel", missing.as_str())),
            (true, None) | (false, _) => Ok(wanted),
        }
    }
}

/// What a login is for.
#[derive(Default)]
struct Wanted {
    /// Media, each with whether it begins ready.
    media: Vec<(MediaType, bool)>,
    /// Media that the contact centre does not have; the login is for the others.
    missing: Vec<MediaType>,
}

impl Wanted {
    fn outcome(self) -> Outcome {
        if self.missing.is_empty() {
            return Outcome::Acknowledged;
        }
        Outcome::LoggedInPartly {
            media: self.media.into_iter().map(|(medium, _)| medium).collect(),
            missing: self.missing,
        }
    }
}

/// Nobody else sits there (gateway-api section 4, StartContactCenterSession).
fn check_place(turn: &Turn<'_>, agent: &UserId, place: &PlaceId) -> Result<(), Refusal> {
    let seated = turn.state().seated.get(place).into_iter();
    let mut others = seated
        .flat_map(|agents| agents.iter())
        .filter(|user| *user != agent);
    if others.next().is_some() {
        let text = "Another agent is logged in at this place";
        return Err(Refusal::new(RefusalKind::InUse, text));
    }
    Ok(())
}

/// A login of an agent who is logged in: as the configuration says, unless that login's application is lost. Who comes
/// back within the grace time keeps what he has.
fn make_way(turn: &mut Turn<'_>, agent: &UserId) -> Result<(), Refusal> {
    let known = turn.state().agents.get(agent);
    let is_there = known.is_some_and(|known| !matches!(known.presence, Presence::LostAt(_)));
    if !is_there {
        return Ok(());
    }
    match turn.state().configuration.allow_multiple_agent_connections {
        MultipleConnections::Allowed => Ok(()),
        MultipleConnections::Refused => {
            let text = "The agent is logged in already, and may be so only once";
            Err(Refusal::invalid_state(text))
        }
        MultipleConnections::ForceLogout => {
            turn.log_out(agent, Cause::LoggedOut);
            Ok(())
        }
    }
}

/// The agent leaves: his invitations are revoked, his interactions go back to where they came from.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct AgentLogout {}

impl AgentLogout {
    pub(super) const SPEC: &Spec = &Spec {
        name: "EndContactCenterSession",
        aliases: &["RequestAgentLogout", "Offline"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::Me,
        summary: "Logs the agent out; what he had goes back to where it came from",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_agent()?;
        turn.log_out(&agent, Cause::LoggedOut);
        Ok(Outcome::Acknowledged)
    }
}
