//! The journal is only as long as it can be told again (design D15).

use tokio::sync::oneshot;
use tracing::{error, info};

use super::past::Cause;
use super::reader::JournalReader;
use crate::centre::fold;
use crate::centre::writer::{Reply, Work};
use crate::domain::Timestamp;
use crate::engine::{State, StatePart, StateParts};
use crate::journal::pieces_of;

impl JournalReader {
    /// Lets the history begin with the first step that is not before `before`.
    pub(super) fn trim(&mut self, before: Timestamp) {
        if let Err(cause) = self.try_trim(before)
            && !self.replays.is_closed()
        {
            error!(%cause, "the journal cannot be trimmed; it is kept as it is");
        }
    }

    fn try_trim(&mut self, before: Timestamp) -> Result<(), Cause> {
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
        let pieces_len = self.lay(&state)?;
        self.ask(|reply| Work::Trim(sequence, pieces_len, reply))?;
        self.replays.trimmed(state);
        self.past.forget();
        info!(after = sequence, "the journal was trimmed");
        Ok(())
    }

    /// Has what the history is to go on from written beside what it goes on from now, piece by piece: whoever appends
    /// meanwhile waits for one of them at most. Gives how many they are. They are about to be all that is left of what the
    /// state stands for, so that they must come to it.
    fn lay(&self, state: &State) -> Result<u64, Cause> {
        let (mut copy, mut pieces_len) = (StateParts::default(), 0);
        let parts = state.snapshot_parts().map(|part| {
            copy.add(StatePart::parse(&part)?);
            Ok::<_, Cause>(part)
        });
        for piece in pieces_of(parts) {
            if self.replays.is_closed() {
                return Err("the contact centre is stopping".into());
            }
            let piece = piece?;
            self.ask(|reply| Work::Lay(pieces_len, piece, reply))?;
            pieces_len += 1;
        }
        match copy.finish() == *state {
            true => Ok(pieces_len),
            false => Err("its parts are not the state".into()),
        }
    }

    /// Waits until the journal's thread has done something.
    fn ask(&self, work: impl FnOnce(Reply) -> Work) -> Result<(), Cause> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(work(reply))?;
        Ok(answer.blocking_recv()??)
    }
}
