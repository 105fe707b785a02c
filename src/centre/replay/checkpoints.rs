use crate::engine::State;

/// States of the past, to read the journal on from. They share all that did not change between them.
pub(super) struct Checkpoints {
    /// In ascending order; the first is where the memory begins.
    states: Vec<State>,
    spacing: u64,
}

/// How many are kept beside the first: with more, every other one is dropped.
const LEN_MAX: usize = 8;
/// Steps between two of them at first.
const SPACING: u64 = 2_000;

impl Checkpoints {
    pub(super) fn new(base: State) -> Self {
        Self {
            states: vec![base],
            spacing: SPACING,
        }
    }

    /// Keeps `state` if it is far enough from the last one.
    pub(super) fn offer(&mut self, state: &State) {
        let last = self.states.last().map_or(0, |last| last.sequence.0);
        if state.sequence.0 < last + self.spacing {
            return;
        }
        self.states.push(state.clone());
        if self.states.len() > 1 + LEN_MAX {
            let mut index = 0;
            self.states.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.spacing *= 2;
        }
    }

    /// Everything that is kept begins with `base` now, which is known to be so from here on.
    pub(super) fn begin_with(&mut self, base: State) {
        self.states.retain(|state| state.sequence > base.sequence);
        self.states.insert(0, base);
    }

    /// The last one that is not after `sequence`, if the memory goes back so far.
    pub(super) fn before(&self, sequence: u64) -> Option<&State> {
        let after = self
            .states
            .partition_point(|state| state.sequence.0 <= sequence);
        after.checked_sub(1).map(|last| &self.states[last])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sequence;

    #[test]
    fn few_are_kept_and_the_base_always() {
        let mut checkpoints = Checkpoints::new(State::default());
        let mut state = State::default();
        for sequence in 1..=200_000 {
            state.sequence = Sequence(sequence);
            checkpoints.offer(&state);
            assert!(checkpoints.states.len() <= 1 + LEN_MAX);
        }
        let before = |sequence| checkpoints.before(sequence).map(|state| state.sequence.0);
        assert_eq!(before(0), Some(0));
        for wanted in [1, 5_000, 77_777, 200_000] {
            let found = before(wanted).expect("it begins at 0");
            assert!(
                found <= wanted && wanted - found <= 2 * checkpoints.spacing,
                "{wanted}: {found}"
            );
        }
    }
}
