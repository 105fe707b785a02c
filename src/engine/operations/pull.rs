//! RequestPull: an agent takes interactions out of a queue or a workbin; a supervisor or an administrator who is logged in,
//! out of anybody's workbin (gateway-api section 4).

use std::sync::Arc;

use serde::Deserialize;

use super::{Gateway, Reply, Spec};
use crate::domain::{
    Interaction, InteractionId, QueueName, Refusal, RefusalKind, Role, Sequence, UserId,
    Whereabouts,
};
use crate::engine::{Change, Outcome, Turn};

/// Most interactions that one request pulls.
const PULL_LEN_MAX: usize = 100;

/// Parameters: a queue or a workbin (`viewId` names either), and which interactions or how many (default 1).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pull {
    #[serde(alias = "queueName")]
    queue: Option<QueueName>,
    #[serde(alias = "viewId", alias = "workbinId")]
    workbin: Option<String>,
    interaction_id: Option<InteractionId>,
    interaction_ids: Option<Vec<InteractionId>>,
    count: Option<usize>,
    /// Held interactions as well.
    #[serde(default)]
    ignore_hold: bool,
}

impl Pull {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestPull",
        aliases: &["Pull"],
        roles: &[Role::Agent, Role::Supervisor, Role::Admin],
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Takes interactions out of a queue or a workbin; the agent owns them from then on",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let agent = turn.logged_in_user()?;
        let candidates = self.candidates(turn, &agent)?;
        let named = self.named()?;
        let chosen = match named {
            Some(ids) => choose(&candidates, &ids)?,
            None => {
                let count = self.count.unwrap_or(1).min(PULL_LEN_MAX);
                candidates.into_iter().take(count).collect()
            }
        };
        turn.check_hold(&agent, chosen.len())?;
        let mut pulled = Vec::with_capacity(chosen.len());
        for interaction in chosen {
            turn.record(Change::Pulled {
                interaction: interaction.id.clone(),
                agent: agent.clone(),
                handling_timeout_ms: turn.handling_timeout_ms(),
            });
            pulled.push(interaction.id.clone());
        }
        Ok(Outcome::Pulled(pulled))
    }

    fn named(&self) -> Result<Option<Vec<InteractionId>>, Refusal> {
        let ids = match (&self.interaction_ids, &self.interaction_id) {
            (Some(ids), _) => ids.clone(),
            (None, Some(id)) => vec![id.clone()],
            (None, None) => return Ok(None),
        };
        if ids.len() > PULL_LEN_MAX {
            return Err(Refusal::too_large("interactionIds", PULL_LEN_MAX));
        }
        Ok(Some(ids))
    }

    /// What may be pulled from the named place; without a place, the named interaction from where it is.
    fn candidates(
        &self,
        turn: &Turn<'_>,
        agent: &UserId,
    ) -> Result<Vec<Arc<Interaction>>, Refusal> {
        let state = turn.state();
        let of_queue = |queue: &QueueName| {
            if !state.configuration.queues.contains_key(queue) {
                return Err(Refusal::not_found("queue", queue.as_str()));
            }
            if !state.configuration.may_pull(agent, queue) {
                return Err(Refusal::forbidden("The agent may not pull from this queue"));
            }
            let mut waiting: Vec<Arc<Interaction>> = state.waiting(queue).cloned().collect();
            if self.ignore_hold {
                waiting.extend(state.held(queue).cloned());
                waiting.sort_by_key(|interaction| spot(interaction));
            }
            Ok(waiting)
        };
        if let Some(queue) = &self.queue {
            return of_queue(queue);
        }
        if let Some(view) = &self.workbin {
            return match (turn.workbin_in_reach(view, agent), QueueName::parse(view)) {
                (Ok(workbin), _) => Ok(state
                    .workbin_content(&workbin)
                    .filter(|it| it.locked_by.is_none())
                    .cloned()
                    .collect()),
                (Err(_), Ok(queue)) if state.configuration.queues.contains_key(&queue) => {
                    of_queue(&queue)
                }
                (Err(refusal), _) => Err(refusal),
            };
        }
        let id = self
            .interaction_id
            .as_ref()
            .ok_or_else(|| Refusal::missing("workbin"))?;
        let interaction = turn.interaction(id)?;
        match &interaction.whereabouts {
            // Who declined it knows of it still, which lets nobody pull.
            Whereabouts::Queued(_) | Whereabouts::InWorkbin(_)
                if state.may_see(&interaction, agent, Role::Agent)
                    && interaction.locked_by.is_none()
                    && (self.ignore_hold || interaction.held_at.is_none()) =>
            {
                Ok(vec![interaction])
            }
            Whereabouts::Queued(_)
            | Whereabouts::InWorkbin(_)
            | Whereabouts::Routing(_)
            | Whereabouts::Inviting(..)
            | Whereabouts::Handling(_)
            | Whereabouts::Stopped(_) => Err(not_there()),
        }
    }
}

fn choose(
    candidates: &[Arc<Interaction>],
    ids: &[InteractionId],
) -> Result<Vec<Arc<Interaction>>, Refusal> {
    let mut chosen: Vec<Arc<Interaction>> = Vec::with_capacity(ids.len());
    for id in ids {
        if chosen.iter().any(|known| known.id == *id) {
            continue;
        }
        let found = candidates.iter().find(|candidate| candidate.id == *id);
        chosen.push(found.cloned().ok_or_else(not_there)?);
    }
    Ok(chosen)
}

/// The place of an interaction in its queue.
fn spot(interaction: &Interaction) -> Option<Sequence> {
    match &interaction.whereabouts {
        Whereabouts::Queued(spot) => Some(spot.order),
        Whereabouts::InWorkbin(_)
        | Whereabouts::Routing(_)
        | Whereabouts::Inviting(..)
        | Whereabouts::Handling(_)
        | Whereabouts::Stopped(_) => None,
    }
}

fn not_there() -> Refusal {
    Refusal::new(
        RefusalKind::UnknownInteraction,
        "The interaction is not there to be pulled",
    )
}
