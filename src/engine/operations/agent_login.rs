//! RequestAgentLogin and RequestAgentLogout; StartContactCenterSession and EndContactCenterSession.

use serde::Deserialize;
use serde_json::Value;

use super::{Gateway, Reply, Spec};
use crate::domain::{
    Cause, MediaType, MultipleConnections, PlaceId, Presence, Refusal, RefusalKind, Role, UserId,
};
use crate::engine::{Change, Outcome, Turn};

/// Parameters: `channels` (or `mediaList`, a list or a map with 1 for ready), and the place, by default the
/// agent's id. What a second login does, `allow_multiple_agent_connections` of the configuration says; usually it adds
/// its media to the first. An agent who is there already is told what he has.
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
        let media = self.media(turn)?;
        let place = match self.place {
            Some(place) => place,
            None => PlaceId::parse(agent.as_str())?,
        };
        make_way(turn, &agent)?;
        let known = turn.state().agents.get(&agent);
        let again = known.is_some_and(|known| known.place == place);
        let is_new =
            |medium: &MediaType| known.is_none_or(|known| !known.media.contains_key(medium));
        let names = media.iter().map(|(medium, _)| medium);
        let added = names.filter(|it| is_new(it)).cloned().collect();
        turn.record(Change::AgentLoggedIn {
            agent: agent.clone(),
            place,
            again,
            media: added,
        });
        for (medium, is_ready) in media {
            if is_ready {
                turn.record(Change::MediaStateChanged {
                    agent: agent.clone(),
                    media: medium,
                    is_ready,
                    reason: None,
                    chosen: None,
                });
            }
        }
        Ok(Outcome::Acknowledged)
    }

    /// The media asked for, each with whether it begins ready; all of the contact centre's if none is named.
    fn media(&self, turn: &Turn<'_>) -> Result<Vec<(MediaType, bool)>, Refusal> {
        let capacity = &turn.state().configuration.capacity;
        let invalid = |value: &Value| Refusal::invalid_value("channels", &value.to_string());
        let named: Vec<(String, bool)> = match &self.channels {
            Value::Null => {
                return Ok(capacity
                    .keys()
                    .map(|media| (media.clone(), false))
                    .collect());
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
        named
            .into_iter()
            .map(|(name, ready)| {
                let media = MediaType::parse(&name)?;
                if capacity.contains_key(&media) {
                    Ok((media, ready))
                } else {
                    Err(Refusal::new(
                        RefusalKind::NotFound,
                        format!("There is no channel '{media}'"),
                    ))
                }
            })
            .collect()
    }
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
