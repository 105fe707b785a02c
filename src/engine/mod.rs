//! The first floor's engine: a deterministic, sans-IO state machine of one contact centre (design D1 to D4).
//!
//! # Contract
//! Call [`Engine::handle_request`] for each request that [`State::first_answer`] does not answer, and
//! [`Engine::handle_timeout`] until it gives nothing, both with the present engine time; call the latter again at [`Engine::poll_timeout`], and after each request. Every
//! [`Effect`] carries the step to journal and what it says to whom; nothing of it may leave the server before the
//! step is durable. Folding the journalled steps with [`fold`] gives the same state and says the same.

mod alter;
mod announce;
mod apply;
mod change;
mod first_answers;
mod index;
pub mod operations;
mod registration;
pub mod routing;
mod schedule;
mod snapshot;
mod standing;
mod state;
mod step;
mod stopped;
mod timers;
mod turn;
mod views;

pub use announce::{
    ADDRESS_CALLS_LEN_MAX, Announcement, Body, Channel, Heard, InteractionNotice, NoticeKind,
    STATE_IDS_LEN_MAX, answer, fold,
};
pub use change::Change;
pub use first_answers::{CALLER_ANSWERS_KIB_MAX, CENTRE_ANSWERS_KIB_MAX, FirstAnswer, Idempotency};
pub use operations::Operation;
pub use registration::Registration;
pub use snapshot::{StatePart, StateParts};
pub use state::{Client, State};
pub use step::{ANNOUNCE_VERSION, Head, Outcome, Step};
pub use stopped::{STOPPED_KIB_MAX, STOPPED_LEN_MAX};
pub use turn::{AGENT_HOLD_LEN_MAX, Turn};
pub use views::{AgentState, agent_state, capabilities, neutral_state};

use std::sync::Arc;

use smol_str::SmolStr;

use crate::domain::{Actor, ReferenceId, Refusal, RefusalKind, Sequence, Timestamp};

/// What somebody asks for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Who asks.
    pub actor: Actor,
    /// Repeated in the answer.
    pub reference_id: Option<ReferenceId>,
    /// Refused unless one of these steps changed the interaction last (`If-Match`).
    pub if_match: Option<Vec<Sequence>>,
    /// What it is known by when it comes again.
    pub idempotency: Option<Arc<Idempotency>>,
    /// Random bytes for a new identifier.
    pub entropy: [u8; 16],
    /// What for.
    pub operation: Operation,
}

impl Request {
    /// A request of the server's own.
    pub fn of_server(operation: Operation) -> Self {
        Self {
            actor: Actor::Server,
            reference_id: None,
            if_match: None,
            idempotency: None,
            entropy: [0; 16],
            operation,
        }
    }
}

/// A request that took effect.
#[derive(Clone, Debug)]
pub struct Effect {
    /// What to journal.
    pub step: Step,
    /// What to say once it is durable.
    pub announcements: Vec<Announcement>,
}

/// The interaction engine of one contact centre.
#[derive(Clone, Debug, Default)]
pub struct Engine {
    state: State,
    schedule: schedule::Schedule,
}

impl Engine {
    /// An engine that goes on from a state.
    pub fn new(state: State) -> Self {
        let schedule = schedule::Schedule::of(&state);
        Self { state, schedule }
    }

    /// The state after the last step.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Carries out a request at a time, which is never before that of the last step. One with a key has no first answer
    /// yet: see [`State::first_answer`].
    ///
    /// # Errors
    /// The refusal; the state is as before.
    pub fn handle_request(&mut self, now: Timestamp, request: Request) -> Result<Effect, Refusal> {
        let name = request.operation.spec().name;
        let reference_id = request.reference_id;
        let head = Head {
            idempotency: request.idempotency,
            ..self.next_head(now, request.actor, reference_id, name)
        };
        self.take_turn(head, request.entropy, |turn| {
            match_version(turn, &request.operation, request.if_match.as_deref())?;
            request.operation.perform(turn)
        })
        .map_err(|refusal| refusal.answering(reference_id))
    }

    fn next_head(
        &self,
        now: Timestamp,
        actor: Actor,
        reference_id: Option<ReferenceId>,
        name: &'static str,
    ) -> Head {
        Head {
            sequence: self.state.sequence.next(),
            at: now.max(self.state.at),
            actor,
            reference_id,
            request: SmolStr::new_static(name),
            idempotency: None,
        }
    }

    fn take_turn(
        &mut self,
        head: Head,
        entropy: [u8; 16],
        perform: impl FnOnce(&mut Turn<'_>) -> Result<Outcome, Refusal>,
    ) -> Result<Effect, Refusal> {
        let mut turn = Turn::new(&mut self.state, head, entropy);
        let outcome = match perform(&mut turn) {
            Ok(outcome) => outcome,
            Err(refusal) => {
                turn.refuse();
                return Err(refusal);
            }
        };
        let (head, changes, announcer) = turn.end();
        let announcements = announcer.finish(&mut self.state, &head, &outcome);
        let mut news = std::mem::take(&mut self.state.news);
        self.schedule.add(&mut news, &self.state);
        self.state.news = news;
        let step = Step {
            head,
            outcome,
            changes,
            announce_version: ANNOUNCE_VERSION,
        };
        Ok(Effect {
            step,
            announcements,
        })
    }
}

/// The interaction, or the configuration, has not changed since the requester read it. An interaction that he may not know of is left to the operation.
fn match_version(
    turn: &Turn<'_>,
    operation: &Operation,
    expected: Option<&[Sequence]>,
) -> Result<(), Refusal> {
    let Some(expected) = expected else {
        return Ok(());
    };
    if let Operation::ChangeConfiguration(_) | Operation::ApplyConfiguration(_) = operation {
        let is_same = expected.contains(&turn.state().configured_sequence);
        let text = "The configuration has changed since it was read";
        return is_same
            .then_some(())
            .ok_or_else(|| Refusal::new(RefusalKind::Stale, text));
    }
    let Some(id) = operation.interaction() else {
        return Ok(());
    };
    match turn.interaction(id) {
        Ok(found) if !expected.contains(&found.changed_sequence) => Err(Refusal::new(
            RefusalKind::Stale,
            "The interaction has changed since it was read",
        )),
        _ => Ok(()),
    }
}
