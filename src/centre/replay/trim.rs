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
        check_parts(&state)?;
        let pieces_len = self.lay(&state)?;
        self.ask(|reply| Work::Trim(sequence, pieces_len, reply))?;
        self.replays.trimmed(state);
        self.past.forget();
        info!(after = sequence, "the journal was trimmed");
        Ok(())
    }

    /// Has what the history is to go on from written beside what it goes on from now, piece by piece: whoever appends
    /// meanwhile waits for one of them at most. Gives how many they are.
    fn lay(&self, state: &State) -> Result<u64, Cause> {
        let mut pieces_len = 0;
        for piece in pieces_of(state.snapshot_parts().map(Ok::<_, Cause>)) {
            if self.replays.is_closed() {
                return Err("the contact centre is stopping".into());
            }
            let piece = piece?;
            self.ask(|reply| Work::Lay(pieces_len, piece, reply))?;
            pieces_len += 1;
        }
        Ok(pieces_len)
    }

    /// Waits until the journal's thread has done something.
    fn ask(&self, work: impl FnOnce(Reply) -> Work) -> Result<(), Cause> {
        let (reply, answer) = oneshot::channel();
        self.writer.send(work(reply))?;
        Ok(answer.blocking_recv()??)
    }
}

/// The parts of a state are about to be all that is left of what it stands for.
fn check_parts(state: &State) -> Result<(), Cause> {
    let mut copy = StateParts::default();
    for part in state.snapshot_parts() {
        copy.add(StatePart::parse(&part)?);
    }
    match copy.finish() == *state {
        true => Ok(()),
        false => Err("its parts are not the state".into()),
    }
}
