//! UpdateUserData, AttachUserData and DeleteUserData.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::change_properties::{self, record_changes};
use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Interaction, PropertyChanges, Refusal, Role, Router, UserData};
use crate::engine::{Outcome, Turn};

/// The one parameter of all three (seed 004).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    user_data: Map<String, Value>,
}

/// UpdateUserData; also the router's RequestUpdateUserData (seed 000, "URS Requests").
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct UpdateUserData(Parameters);

/// AttachUserData.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct AttachUserData(Parameters);

/// DeleteUserData; the values are not looked at, maps are descended into.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct DeleteUserData(Parameters);

impl UpdateUserData {
    pub(super) const SPEC: &Spec = &Spec {
        name: "UpdateUserData",
        aliases: &["RequestUpdateUserData"],
        roles: &[Role::Agent, Role::Router, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Replaces and adds keys of attached data; maps are merged key by key",
        guard: Some(may_change),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        merge(turn, interaction, self.0)
    }
}

impl AttachUserData {
    pub(super) const SPEC: &Spec = &Spec {
        name: "AttachUserData",
        aliases: &["RequestAttachUserData"],
        roles: &[Role::Agent, Role::Router, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Adds keys to attached data; an existing key is replaced, maps are merged key by key",
        guard: Some(may_change),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        merge(turn, interaction, self.0)
    }
}

impl DeleteUserData {
    pub(super) const SPEC: &Spec = &Spec {
        name: "DeleteUserData",
        aliases: &["RequestDeleteUserData"],
        roles: &[Role::Agent, Role::Router, Role::Supervisor, Role::Admin],
        reply: Reply::Status,
        gateway: Gateway::Interaction,
        summary: "Removes keys of attached data, nested ones too; the reply lists keys that were not there",
        guard: Some(may_change),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let names = UserData::parse(self.0.user_data)?;
        let changes = PropertyChanges {
            deleted: Some(names),
            ..PropertyChanges::default()
        };
        record_changes(turn, interaction, changes)
    }
}

fn merge(
    turn: &mut Turn<'_>,
    interaction: &Interaction,
    parameters: Parameters,
) -> Result<Outcome, Refusal> {
    let changes = PropertyChanges {
        merged: Some(UserData::parse(parameters.user_data)?),
        ..PropertyChanges::default()
    };
    record_changes(turn, interaction, changes)
}

/// A router changes what it routes; everybody else what he may change by RequestChangeProperties as well.
fn may_change(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    match actor {
        Actor::User {
            user,
            role: Role::Router,
        } => {
            let router = Router::External(user.clone());
            match interaction.routing() {
                Some(routing) if routing.router == router => Ok(()),
                _ => Err(Refusal::unknown_interaction()),
            }
        }
        Actor::User { .. } | Actor::BuiltInRouter | Actor::Server => {
            change_properties::may_change(interaction, actor)
        }
    }
}
