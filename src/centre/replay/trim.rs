//! The journal is only as long as it can be told again (design D15).

use tracing::{error, info};

use super::reader::JournalReader;
use crate::centre::fold;
use crate::centre::writer::Work;
use crate::domain::Timestamp;
use crate::engine::State;
use crate::journal::Base;

impl JournalReader {
    /// Lets the history begin with the first step that is not before `before`.
    pub(super) fn trim(&mut self, before: Timestamp) {
        if let Err(cause) = self.try_trim(before)
            && !self.replays.is_closed()
        {
            error!(%cause, "the journal cannot be trimmed; it is kept as it is");
        }
    }

    fn try_trim(&mut self, before: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
        let kept_after = self.replays.history().kept_after;
        let sequence = self
            .past
            .last_before(before, kept_after, self.replays.ring().up_to())?;
        if sequence <= kept_after {
            return Ok(());
        }
        let mut state = self.past.state_before(sequence)?;
        fold::advance(self.past.journal(), &mut state, sequence, |_, _, _| {
            !self.replays.is_closed()
        })?;
        if state.sequence.0 < sequence {
            return Ok(());
        }
        let body = state.to_snapshot();
        // It is about to be all that is left of what it stands for.
        if State::from_snapshot(&body)? != state {
            return Err("the snapshot is not the state".into());
        }
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.writer
            .send(Work::Trim(Base { sequence, body }, reply))?;
        answer.blocking_recv()??;
        self.replays.trimmed(state);
        self.past.forget();
        info!(after = sequence, "the journal was trimmed");
        Ok(())
    }
}
