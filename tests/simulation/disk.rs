//! The journal on its way to the disk: computed, being written, acknowledged; and at which point of that a process ends.

use baton::engine::{State, Step, fold};

/// When the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Before the write: what is not acknowledged was never on the disk.
    Unwritten,
    /// During the write: the group is on the disk, which nobody has been told. What was computed after it is lost.
    Written,
    /// After the write: the group is acknowledged and what it says has left the server, and is lost on its way.
    Acknowledged,
}

/// The rows of a journal.
#[derive(Default)]
pub(super) struct Disk {
    rows: Vec<String>,
    acknowledged: usize,
    /// Where the group ends that is being written.
    writing: Option<usize>,
}

impl Disk {
    pub(super) fn append(&mut self, row: String) {
        self.rows.push(row);
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    pub(super) fn is_all_acknowledged(&self) -> bool {
        self.acknowledged == self.rows.len()
    }

    /// All that was computed goes to the disk as one group.
    pub(super) fn write(&mut self) {
        self.writing = Some(self.rows.len());
    }

    /// The group is on the disk, and the server is told so.
    pub(super) fn acknowledge(&mut self) {
        self.acknowledged = self.writing.take().unwrap_or(self.acknowledged);
    }

    /// What is on the disk after a crash becomes the journal; gives the state that it folds to.
    pub(super) fn crash(&mut self, moment: Crash) -> State {
        let left = match (moment, self.writing.take()) {
            (Crash::Written, Some(end)) => end,
            (Crash::Written, None) => self.rows.len(),
            (Crash::Unwritten | Crash::Acknowledged, _) => self.acknowledged,
        };
        self.rows.truncate(left);
        self.acknowledged = left;
        let mut state = State::default();
        for row in &self.rows {
            let step: Step = serde_json::from_str(row).unwrap();
            fold(&mut state, &step);
        }
        state
    }

    /// What is on the disk for certain.
    pub(super) fn acknowledged(&self) -> &[String] {
        &self.rows[..self.acknowledged]
    }
}
