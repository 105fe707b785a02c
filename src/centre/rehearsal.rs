//! What requests would lead to, without their being done.

use crate::domain::{Refusal, Timestamp};
use crate::engine::{Engine, Outcome, Request, State};

/// A copy of the durable state, on which requests are carried out one after the other by the engine itself: its rules are the
/// only ones. Nothing is journalled and nobody hears of it; with the copy everything is forgotten.
pub struct Rehearsal {
    engine: Engine,
    now: Timestamp,
}

impl Rehearsal {
    pub(super) fn new(state: &State, now: Timestamp) -> Self {
        Self {
            engine: Engine::new(state.clone()),
            now,
        }
    }

    /// What a request would be answered after those before it, and after all that these set off.
    ///
    /// # Errors
    /// The refusal.
    pub fn perform(&mut self, request: Request) -> Result<Outcome, Refusal> {
        let effect = self.engine.handle_request(self.now, request)?;
        while self.engine.handle_timeout(self.now).is_some() {}
        Ok(effect.step.outcome)
    }
}
