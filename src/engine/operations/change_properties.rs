//! RequestChangeProperties (seed 000), and what every change of properties has in common.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::complete::not_stopped;
use super::{Gateway, Reply, Spec};
use crate::domain::{
    Actor, Interaction, InteractionId, MediaType, PropertyChanges, Refusal, Role, UserData,
};
use crate::engine::turn::owns;
use crate::engine::{Change, Outcome, Turn};

/// Parameters of RequestChangeProperties: maps of properties. `ExternalId`, `ParentId` and `Subject` among the
/// added and changed ones are the interaction's own attributes, as is `IsOnline` where a media server names it (0 when
/// the customer has left); all others are attached data.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangeProperties {
    added_properties: Map<String, Value>,
    changed_properties: Map<String, Value>,
    deleted_properties: Map<String, Value>,
    /// The whole of attached data anew (PUT /interactions/{id}).
    pub user_data: Option<Map<String, Value>>,
    /// `ExternalId`.
    pub external_id: Option<String>,
    /// `Subject`.
    pub subject: Option<String>,
}

impl ChangeProperties {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestChangeProperties",
        aliases: &["ChangeProperties"],
        roles: &[
            Role::Agent,
            Role::MediaServer,
            Role::Supervisor,
            Role::Admin,
        ],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Changes properties of an interaction wherever it is",
        guard: Some(may_change),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let mut merged = self.added_properties;
        merged.extend(self.changed_properties);
        let online = match &turn.head().actor {
            Actor::User { role, .. } if *role == Role::MediaServer => merged.remove("IsOnline"),
            Actor::User { .. } | Actor::BuiltInRouter | Actor::Server => None,
        };
        let is_online = check_online(online.as_ref(), &interaction.media_type)?;
        let mut attribute = |names: &[&str]| -> Result<Option<String>, Refusal> {
            let found = names.iter().find_map(|name| merged.remove(*name));
            match found {
                None => Ok(None),
                Some(Value::String(text)) => Ok(Some(text)),
                Some(other) => Err(Refusal::invalid_value(names[0], &other.to_string())),
            }
        };
        let external_id = attribute(&["ExternalId"])?.or(self.external_id);
        let parent_id = attribute(&["ParentId", "ParentID"])?;
        let subject = attribute(&["Subject"])?.or(self.subject);
        let changes = PropertyChanges {
            deleted: non_empty(self.deleted_properties)?,
            merged: non_empty(merged)?,
            replaced: self.user_data.map(UserData::parse).transpose()?,
            external_id,
            parent_id: parent_id.as_deref().map(InteractionId::parse).transpose()?,
            is_online,
            subject,
        };
        record_changes(turn, interaction, changes)
    }
}

/// Checks that the changed data keeps its limits, and records the change.
pub(super) fn record_changes(
    turn: &mut Turn<'_>,
    interaction: &Interaction,
    changes: PropertyChanges,
) -> Result<Outcome, Refusal> {
    if changes.is_empty() {
        return Err(Refusal::missing("userData"));
    }
    check_text("externalId", changes.external_id.as_ref())?;
    check_text("subject", changes.subject.as_ref())?;
    let missing = changes.check(&interaction.user_data)?;
    turn.record(Change::PropertiesChanged {
        interaction: interaction.id.clone(),
        changes: Arc::new(changes),
    });
    Ok(Outcome::PropertiesChanged { missing })
}

/// The medium whose customers are never online (interaction-models 2.6).
const NEVER_ONLINE: &str = "email";

/// Reads `IsOnline`, 0 or 1 as in the reference, or a boolean.
pub(super) fn check_online(
    value: Option<&Value>,
    media: &MediaType,
) -> Result<Option<bool>, Refusal> {
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let read = value
        .as_bool()
        .or_else(|| value.as_u64().filter(|it| *it < 2).map(|it| it == 1));
    match read {
        Some(true) if media.as_str() == NEVER_ONLINE => None,
        read => read,
    }
    .map(Some)
    .ok_or_else(|| Refusal::invalid_value("isOnline", &value.to_string()))
}

/// Longest text of an attribute such as the subject, in characters.
const TEXT_LEN_MAX: usize = 1_000;

/// Checks the text of an attribute.
pub(super) fn check_text(name: &str, text: Option<&String>) -> Result<(), Refusal> {
    match text {
        Some(text) if text.chars().count() > TEXT_LEN_MAX => {
            Err(Refusal::too_large(name, TEXT_LEN_MAX))
        }
        _ => Ok(()),
    }
}

fn non_empty(map: Map<String, Value>) -> Result<Option<UserData>, Refusal> {
    if map.is_empty() {
        Ok(None)
    } else {
        UserData::parse(map).map(Some)
    }
}

/// An agent changes what he works on, others what has not been stopped.
pub(super) fn may_change(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    match actor.agent() {
        Some(_) => owns(interaction, actor),
        None => not_stopped(interaction),
    }
}
