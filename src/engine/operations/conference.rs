//! RequestConference, leaving, and RequestIntrude: several agents work on one interaction (interaction-models 1.9, 1.10).

use std::sync::Arc;

use serde::Deserialize;

use super::single_step_transfer::check_target;
use super::{Gateway, Reply, Spec};
use crate::domain::{Actor, Cause, Interaction, Purpose, Refusal, RefusalKind, Role, UserId};
use crate::engine::turn::owns;
use crate::engine::{Change, Outcome, Turn};

/// Agents who may work on one interaction.
pub const PARTIES_MAX: usize = 10;

/// Parameters of RequestConference: `userId`, or `targetUri` of a user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conference {
    #[serde(alias = "agentId")]
    user_id: Option<UserId>,
    #[serde(alias = "userUri")]
    target_uri: Option<String>,
}

impl Conference {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Conference",
        aliases: &["RequestConference", "Invite"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::Interaction,
        summary: "Invites another agent to work on the interaction together",
        guard: Some(may_confer),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let to = self.target()?;
        check_target(turn, &to, interaction)?;
        let (by, reference_id) = (turn.user()?, turn.head().reference_id);
        turn.invite(
            &interaction.id,
            &to,
            Purpose::Conference { by, reference_id },
        );
        Ok(Outcome::Invited(interaction.id.clone()))
    }

    fn target(self) -> Result<UserId, Refusal> {
        if let Some(user) = self.user_id {
            return Ok(user);
        }
        let uri = self.target_uri.ok_or_else(|| Refusal::missing("userId"))?;
        match uri.rsplit_once("users/") {
            Some((_, id)) => UserId::parse(id),
            None => Err(Refusal::invalid_value("targetUri", &uri)),
        }
    }
}

/// Leave takes no parameters.
#[derive(Clone, Debug, Deserialize)]
pub struct Leave {}

impl Leave {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Leave",
        aliases: &["RequestLeaveInteraction"],
        roles: &[Role::Agent],
        reply: Reply::StatusCode,
        gateway: Gateway::Interaction,
        summary: "Leaves the interaction to the others; the last one's goes back to where it came from",
        guard: Some(owns),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        let agent = turn.user()?;
        if interaction.parties().len() > 1 {
            turn.withdraw_invitation_of(interaction, &agent);
            turn.record(Change::PartyLeft {
                interaction: interaction.id.clone(),
                agent,
                cause: None,
            });
        } else {
            turn.take_from(interaction, &agent, Cause::Left);
        }
        Ok(Outcome::Acknowledged)
    }
}

/// Parameters of RequestIntrude: the only visibility mode is that of a conference, which everybody sees.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Intrude {
    visibility_mode: Option<String>,
}

impl Intrude {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestIntrude",
        aliases: &["Intrude"],
        roles: &[Role::Supervisor],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Joins an interaction that agents work on, without being invited",
        guard: Some(may_intrude),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        if let Some(mode) = self.visibility_mode.filter(|mode| mode != "Conference") {
            return Err(Refusal::invalid_value("visibilityMode", &mode));
        }
        let agent = turn.user()?;
        check_target(turn, &agent, interaction)?;
        turn.record(Change::PartyJoined {
            interaction: interaction.id.clone(),
            agent,
        });
        Ok(Outcome::Acknowledged)
    }
}

fn may_confer(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    owns(interaction, actor)?;
    has_room(interaction)
}

fn may_intrude(interaction: &Interaction, _: &Actor) -> Result<(), Refusal> {
    if interaction.is_stopped() {
        return Err(Refusal::unknown_interaction());
    }
    if interaction.parties().is_empty() {
        return Err(Refusal::invalid_state("No agent works on this interaction"));
    }
    has_room(interaction)
}

fn has_room(interaction: &Interaction) -> Result<(), Refusal> {
    if interaction.invitation().is_some() {
        return Err(Refusal::invalid_state(
            "An invitation to this interaction is pending",
        ));
    }
    if interaction.parties().len() >= PARTIES_MAX {
        return Err(Refusal::new(
            RefusalKind::InvalidState,
            format!("No more than {PARTIES_MAX} agents may work on an interaction"),
        ));
    }
    Ok(())
}
