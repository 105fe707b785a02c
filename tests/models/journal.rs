//! The steps of a model, as they would be journalled.

use baton::engine::{Change, State, Step, fold};

#[derive(Default)]
pub(crate) struct Journal(Vec<String>);

impl Journal {
    pub(crate) fn keep(&mut self, step: &Step) {
        let keys = step.interaction_ids();
        let mut about = step.changes.iter().filter_map(Change::interaction);
        assert!(about.all(|id| keys.contains(&id.to_string())), "{keys:?}");
        self.0.push(serde_json::to_string(step).unwrap());
    }

    pub(crate) fn replay(&self) -> State {
        let mut state = State::default();
        for row in &self.0 {
            let step: Step = serde_json::from_str(row).unwrap();
            fold(&mut state, &step);
        }
        state
    }
}
