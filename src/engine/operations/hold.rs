//! Hold and resume: an interaction stays in its queue, and nobody is given it (interaction-models 1.18).

use std::sync::Arc;

use serde::Deserialize;

use super::complete::not_stopped;
use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Interaction, Refusal, Role, Whereabouts};
use crate::engine::{Change, Outcome, Turn};

const ROLES: &[Role] = &[Role::MediaServer, Role::Supervisor, Role::Admin];

/// Hold takes no parameters.
#[derive(Clone, Debug, Deserialize)]
pub struct Hold {}

impl Hold {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestHold",
        aliases: &["Hold"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Holds an interaction in its queue: no router takes it, and a pull has to ignore the hold",
        guard: Some(may_be_held),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        turn.record(Change::Held {
            interaction: interaction.id.clone(),
        });
        Ok(Outcome::Acknowledged)
    }
}

/// Resume takes no parameters.
#[derive(Clone, Debug, Deserialize)]
pub struct Resume {}

impl Resume {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestResume",
        aliases: &["Resume"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends the hold of an interaction: it waits in its old place",
        guard: Some(may_be_resumed),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        turn.record(Change::Resumed {
            interaction: interaction.id.clone(),
        });
        Ok(Outcome::Acknowledged)
    }
}

fn may_be_held(interaction: &Interaction, _: &Actor) -> Result<(), Refusal> {
    not_stopped(interaction)?;
    if interaction.held_at.is_some() {
        return Err(Refusal::invalid_state("The interaction is held already"));
    }
    match interaction.whereabouts {
        Whereabouts::Queued(_) => Ok(()),
        Whereabouts::InWorkbin(_)
        | Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_)
        | Whereabouts::Stopped(_) => Err(Refusal::invalid_state(
            "Only an interaction that waits in a queue can be held",
        )),
    }
}

fn may_be_resumed(interaction: &Interaction, _: &Actor) -> Result<(), Refusal> {
    not_stopped(interaction)?;
    match interaction.held_at {
        Some(_) => Ok(()),
        None => Err(Refusal::invalid_state("The interaction is not held")),
    }
}
