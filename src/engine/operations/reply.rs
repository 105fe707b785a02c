//! Reply and ReplyAll: an agent begins an outbound answer to an e-mail.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply as ReplyShape, Spec};
use crate::domain::{
    Actor, Handling, Interaction, Refusal, Role, Sequence, Timestamp, Whereabouts,
};
use crate::engine::alter::submitted;
use crate::engine::turn::owns;
use crate::engine::{Outcome, Turn};

/// The medium that can be replied to.
const REPLIABLE: &str = "email";

/// Reply: to the sender.
#[derive(Clone, Debug, Deserialize)]
pub struct Reply {}

/// ReplyAll: to the sender and everybody who had a copy.
#[derive(Clone, Debug, Deserialize)]
pub struct ReplyAll {}

impl Reply {
    pub(super) const SPEC: &Spec = &Spec {
        name: "Reply",
        aliases: &[],
        roles: &[Role::Agent],
        reply: ReplyShape::StatusCode,
        gateway: Gateway::Interaction,
        summary: "Begins a reply to the sender of an e-mail: a draft, a child of the interaction",
        guard: Some(may_reply),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        draft(turn, interaction, "OutboundReply")
    }
}

impl ReplyAll {
    pub(super) const SPEC: &Spec = &Spec {
        name: "ReplyAll",
        aliases: &[],
        roles: &[Role::Agent],
        reply: ReplyShape::StatusCode,
        gateway: Gateway::Interaction,
        summary: "Begins a reply to all receivers of an e-mail: a draft, a child of the interaction",
        guard: Some(may_reply),
    };

    pub(super) fn perform(
        self,
        turn: &mut Turn<'_>,
        interaction: &Arc<Interaction>,
    ) -> Result<Outcome, Refusal> {
        draft(turn, interaction, "OutboundReplyAll")
    }
}

fn draft(turn: &mut Turn<'_>, parent: &Interaction, subtype: &str) -> Result<Outcome, Refusal> {
    let agent = turn.logged_in_agent()?;
    let at = turn.head().at;
    let sequence = turn.head().sequence;
    let from = turn
        .state()
        .home_of(&agent, &parent.media_type, sequence)
        .ok_or_else(|| Refusal::not_found("workbin", "of an agent"))?;
    let subject = parent
        .subject
        .as_ref()
        .map(|subject| format!("Re: {subject}"));
    turn.check_hold(&agent, 1)?;
    let child = Interaction {
        id: turn.new_interaction_id(),
        parent_id: Some(parent.id.clone()),
        external_id: None,
        media_type: parent.media_type.clone(),
        interaction_type: "Outbound".into(),
        interaction_subtype: subtype.into(),
        is_draft: true,
        subject,
        user_data: parent.user_data.clone(),
        submitted_by: agent.clone(),
        received_at: at,
        submitted_at: at,
        submit_sequence: Sequence::default(),
        queue: parent.queue.clone(),
        placed_in_queue_at: None,
        place_in_queue_sequence: None,
        moved_to_queue_at: Arc::default(),
        submitted_to_router_at: None,
        delivered_at: None::<Timestamp>,
        assigned_to: Some(agent.clone()),
        assigned_at: Some(at),
        is_online: false,
        abandoned_at: None,
        completed_at: None,
        held_at: None,
        locked_by: None,
        declined: BTreeMap::new(),
        whereabouts: Whereabouts::Handling(Handling {
            parties: vec![agent],
            from,
            timeout_ms: turn.handling_timeout_ms(),
            pending: None,
        }),
        changed_sequence: sequence,
    };
    let (id, change) = submitted(child, sequence);
    turn.record(change);
    Ok(Outcome::Created(id))
}

fn may_reply(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    owns(interaction, actor)?;
    if interaction.is_draft || interaction.media_type.as_str() != REPLIABLE {
        Err(Refusal::invalid_state("Only an e-mail can be replied to"))
    } else {
        Ok(())
    }
}
