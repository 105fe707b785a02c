//! RequestSubmit and POST /interactions: a new interaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::change_properties::{check_online, check_text};
use super::{Gateway, Reply, Spec};
use crate::domain::{
    Handling, Interaction, InteractionId, MediaType, QueueName, Refusal, RefusalKind, Role,
    Sequence, Spot, Timestamp, UserData, Whereabouts, WorkbinRef,
};
use crate::engine::alter::submitted;
use crate::engine::{Outcome, Turn};

/// Parameters of RequestSubmit (interaction-models 2.1). An agent who names neither queue nor workbin handles the
/// new interaction himself; everybody else must name a queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submit {
    media_type: Option<MediaType>,
    #[serde(alias = "queueName")]
    queue: Option<QueueName>,
    #[serde(alias = "workbinTypeId")]
    workbin: Option<String>,
    #[serde(alias = "id")]
    interaction_id: Option<String>,
    external_id: Option<String>,
    #[serde(alias = "parentId")]
    parent_interaction_id: Option<InteractionId>,
    interaction_type: Option<String>,
    interaction_subtype: Option<String>,
    subject: Option<String>,
    received_at: Option<String>,
    is_online: Option<Value>,
    #[serde(default)]
    user_data: Map<String, Value>,
}

impl Submit {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestSubmit",
        aliases: &["Submit"],
        roles: &[
            Role::MediaServer,
            Role::Agent,
            Role::Supervisor,
            Role::Admin,
        ],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Submits a new interaction",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let id = self.id(turn)?;
        let media_type = self.medium(turn)?;
        let whereabouts = self.place(turn, &media_type)?;
        check_text("subject", self.subject.as_ref())?;
        check_text("externalId", self.external_id.as_ref())?;
        check_text("interactionType", self.interaction_type.as_ref())?;
        check_text("interactionSubtype", self.interaction_subtype.as_ref())?;
        let is_online = check_online(self.is_online.as_ref(), &media_type)?.unwrap_or(false);
        let (at, sequence) = (turn.head().at, turn.head().sequence);
        let assigned_to = match &whereabouts {
            Whereabouts::Handling(handling) => handling.parties.first().cloned(),
            Whereabouts::Queued(_)
            | Whereabouts::InWorkbin(_)
            | Whereabouts::Routing(_)
            | Whereabouts::Inviting(..)
            | Whereabouts::Stopped(_) => None,
        };
        let interaction = Interaction {
            id,
            queue: self.queue_name(turn, &whereabouts, &media_type)?,
            media_type,
            interaction_type: self
                .interaction_type
                .map_or("Inbound".into(), SmolStr::from),
            interaction_subtype: self
                .interaction_subtype
                .map_or("InboundNew".into(), SmolStr::from),
            external_id: self.external_id,
            parent_id: self.parent_interaction_id,
            is_draft: false,
            subject: self.subject,
            user_data: Arc::new(UserData::parse(self.user_data)?),
            submitted_by: turn.user()?,
            received_at: parse_time(self.received_at.as_deref(), at)?,
            submitted_at: at,
            submit_sequence: sequence,
            placed_in_queue_at: None,
            place_in_queue_sequence: None::<Sequence>,
            moved_to_queue_at: Arc::default(),
            submitted_to_router_at: None,
            delivered_at: None,
            assigned_at: assigned_to.as_ref().map(|_| at),
            assigned_to,
            is_online,
            abandoned_at: None,
            completed_at: None,
            held_at: None,
            locked_by: None,
            declined: BTreeMap::new(),
            whereabouts,
            changed_sequence: sequence,
        };
        let (id, change) = submitted(interaction, sequence);
        turn.record(change);
        Ok(Outcome::Created(id))
    }

    fn id(&self, turn: &Turn<'_>) -> Result<InteractionId, Refusal> {
        let Some(text) = &self.interaction_id else {
            return Ok(turn.new_interaction_id());
        };
        let id = InteractionId::parse(text)?;
        if turn.state().interaction(&id).is_some() {
            return Err(Refusal::new(
                RefusalKind::AlreadyExists,
                "An interaction with this identifier exists already",
            ));
        }
        Ok(id)
    }

    /// The medium that is named, which must be configured; else that of the queue.
    fn medium(&self, turn: &Turn<'_>) -> Result<MediaType, Refusal> {
        let configuration = &turn.state().configuration;
        match (&self.media_type, &self.queue) {
            (Some(media), _) if configuration.capacity.contains_key(media) => Ok(media.clone()),
            (Some(media), _) => Err(Refusal::not_found("media type", media.as_str())),
            (None, Some(queue)) => configuration
                .queues
                .get(queue)
                .map(|found| found.media_type.clone())
                .ok_or_else(|| Refusal::not_found("queue", queue.as_str())),
            (None, None) => Err(Refusal::missing("mediaType")),
        }
    }

    fn place(&self, turn: &Turn<'_>, media: &MediaType) -> Result<Whereabouts, Refusal> {
        let (state, head) = (turn.state(), turn.head());
        if let Some(queue) = &self.queue {
            if !state.configuration.queues.contains_key(queue) {
                return Err(Refusal::not_found("queue", queue.as_str()));
            }
            return Ok(Whereabouts::Queued(Spot {
                queue: queue.clone(),
                order: head.sequence,
            }));
        }
        if head.actor.agent().is_none() {
            return Err(Refusal::missing("queue"));
        }
        let agent = turn.logged_in_agent()?;
        if let Some(named) = &self.workbin {
            let workbin: WorkbinRef = turn.workbin(named, &agent)?;
            return Ok(Whereabouts::InWorkbin(workbin));
        }
        let from = state
            .home_of(&agent, media, head.sequence)
            .ok_or_else(|| Refusal::missing("queue"))?;
        turn.check_hold(&agent, 1)?;
        Ok(Whereabouts::Handling(Handling {
            parties: vec![agent],
            from,
            timeout_ms: turn.handling_timeout_ms(),
            pending: None,
        }))
    }

    /// The queue of the record, also for what is not in a queue: the first one of the medium.
    fn queue_name(
        &self,
        turn: &Turn<'_>,
        whereabouts: &Whereabouts,
        media: &MediaType,
    ) -> Result<QueueName, Refusal> {
        if let Whereabouts::Queued(spot) = whereabouts {
            return Ok(spot.queue.clone());
        }
        let mut queues = turn.state().configuration.queues.iter();
        queues
            .find(|(_, queue)| queue.media_type == *media)
            .map(|(name, _)| name.clone())
            .ok_or_else(|| Refusal::missing("queue"))
    }
}

fn parse_time(text: Option<&str>, now: Timestamp) -> Result<Timestamp, Refusal> {
    match text {
        None => Ok(now),
        Some(text) => {
            Timestamp::parse(text).ok_or_else(|| Refusal::invalid_value("receivedAt", text))
        }
    }
}
