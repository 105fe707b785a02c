//! Where to begin to read the past: the nearest state that is known.

use std::sync::Arc;

use super::Replays;
use crate::centre::state_snapshots::{read_base, read_state_while};
use crate::domain::Timestamp;
use crate::engine::State;
use crate::journal::{self, Reader, StateSnapshot, StateSnapshots};

/// Ends of earlier readings that are kept: whoever wants to know what came next goes on there.
const ENDS_LEN_MAX: usize = 4;

/// Why the journal cannot be read on.
pub(in crate::centre) type Cause = Box<dyn std::error::Error>;

/// What the past is read from.
pub(in crate::centre) struct Eye {
    journal: Box<dyn Reader>,
    snapshots: Option<StateSnapshots>,
}

/// The past of a contact centre, for one who reads it.
pub(in crate::centre) struct Past {
    replays: Arc<Replays>,
    eye: Eye,
    ends: Vec<State>,
}

impl Past {
    pub(in crate::centre) fn new(replays: Arc<Replays>, eye: Eye) -> Self {
        Self {
            replays,
            eye,
            ends: Vec::new(),
        }
    }

    pub(in crate::centre) fn journal(&self) -> &dyn Reader {
        self.eye.journal.as_ref()
    }

    /// What was up to this sequence cannot be folded again.
    pub(in crate::centre) fn kept_after(&self) -> u64 {
        self.replays.history().kept_after
    }

    /// The last step before a time, of those after `kept_after` up to `head`; `kept_after` if none is.
    pub(in crate::centre) fn last_before(
        &self,
        before: Timestamp,
        kept_after: u64,
        head: u64,
    ) -> Result<u64, journal::Error> {
        // Times never go back from one step to the next.
        let (mut last, mut beyond) = (kept_after, head + 1);
        while beyond - last > 1 {
            let middle = last + (beyond - last) / 2;
            let record = self.eye.journal.read_after(middle - 1, 1)?;
            if record.first().is_some_and(|it| it.at_ms < before.0) {
                last = middle;
            } else {
                beyond = middle;
            }
        }
        Ok(last)
    }

    /// Whether the contact centre is stopping: then no question is worth its answer.
    pub(in crate::centre) fn is_closed(&self) -> bool {
        self.replays.is_closed()
    }

    /// Keeps a state, to go on from.
    pub(in crate::centre) fn remember(&mut self, state: State) {
        self.ends.insert(0, state);
        self.ends.truncate(ENDS_LEN_MAX);
    }

    /// Forgets what it remembers.
    pub(super) fn forget(&mut self) {
        self.ends.clear();
    }

    /// The nearest known state that is not after `sequence`, which is kept.
    pub(in crate::centre) fn state_before(&self, sequence: u64) -> Result<State, Cause> {
        let is_before = |state: &&State| state.sequence.0 <= sequence;
        let end = self
            .ends
            .iter()
            .filter(is_before)
            .max_by_key(|it| it.sequence);
        let checkpoints = self.replays.checkpoints();
        match (end, checkpoints.before(sequence)) {
            (Some(end), Some(checkpoint)) if end.sequence > checkpoint.sequence => Ok(end.clone()),
            (_, Some(checkpoint)) => Ok(checkpoint.clone()),
            (Some(end), None) => Ok(end.clone()),
            (None, None) => {
                drop(checkpoints);
                self.eye.state_before(sequence, &self.replays)
            }
        }
    }
}

impl Eye {
    pub(in crate::centre) fn new(
        journal: Box<dyn Reader>,
        snapshots: Option<StateSnapshots>,
    ) -> Self {
        Self { journal, snapshots }
    }

    /// A state of before the memory begins: a state snapshot's, else the one that what is kept goes on from.
    fn state_before(&self, sequence: u64, replays: &Replays) -> Result<State, Cause> {
        let history = replays.history();
        let is_before = |it: &StateSnapshot| {
            it.epoch == history.epoch && (history.kept_after..=sequence).contains(&it.sequence)
        };
        let files = self
            .snapshots
            .as_ref()
            .map(StateSnapshots::list)
            .transpose();
        let files = files?.unwrap_or_default().into_iter().filter(is_before);
        let is_wanted = || !replays.is_closed();
        match files
            .filter_map(|file| read_state_while(&file, &is_wanted).ok())
            .next()
        {
            Some(state) => Ok(state),
            None if !is_wanted() => Err("the contact centre is stopping".into()),
            None => Ok(read_base(self.journal.as_ref())?),
        }
    }
}
