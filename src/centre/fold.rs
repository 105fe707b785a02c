//! A state and the records after it: the one loop that reads a journal on, at the start, for a replay, for a trim and
//! for whoever checks it.

use crate::engine::{ANNOUNCE_VERSION, State, Step, fold};
use crate::journal::{self, Reader, Record};

use super::replay::Said;

/// Records read at a time.
const READ_LEN: usize = 1_000;

/// Why a journal cannot be folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// It cannot be read, or is not what was written.
    #[error("the journal cannot be read")]
    Journal(#[from] journal::Error),
    /// A record is what was written, but is not one of ours.
    #[error("the journal's record {sequence} cannot be understood: {cause}")]
    Record {
        /// Which.
        sequence: u64,
        /// Why.
        cause: Box<str>,
        /// Where.
        source: journal::Error,
    },
}

/// Brings `state` up to `until`, which the journal has, or to where `look` has seen enough. It is shown the state after
/// each step, what the step said, and whether that was by the rules of today.
pub(super) fn advance(
    journal: &dyn Reader,
    state: &mut State,
    until: u64,
    mut look: impl FnMut(&State, Said, bool) -> bool,
) -> Result<(), FoldError> {
    while state.sequence.0 < until {
        let expected = state.sequence.0 + 1;
        let records = journal.read_after(state.sequence.0, READ_LEN)?;
        let found = match records.first() {
            Some(first) => first.sequence,
            None => journal.kept_after()? + 1,
        };
        if found > expected {
            // The journal was trimmed meanwhile: without what is gone the state would be another.
            return Err(journal::Error::Gap { expected, found }.into());
        }
        if records.is_empty() {
            return Err(journal.damaged(expected).into());
        }
        for record in records.into_iter().take_while(|it| it.sequence <= until) {
            let step = step_of(&record).map_err(|cause| FoldError::Record {
                sequence: record.sequence,
                cause: cause.into(),
                source: journal.damaged(record.sequence),
            })?;
            let is_told = step.announce_version == ANNOUNCE_VERSION;
            let announcements = fold(state, &step);
            let head = step.head;
            let said = Said {
                head,
                announcements,
            };
            if !look(state, said, is_told) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The step that a record holds.
///
/// # Errors
/// It holds none, or another one than it says.
pub fn step_of(record: &Record) -> Result<Step, String> {
    let step: Step = serde_json::from_slice(&record.body).map_err(|error| error.to_string())?;
    let (expected, found) = (record.sequence, step.head.sequence.0);
    if found != expected {
        return Err(format!("it is step {found} in the place of {expected}"));
    }
    Ok(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Configure;
    use crate::engine::{Engine, Operation, Request};
    use crate::journal::{Appended, Journal, MemoryDisk};

    #[test]
    fn what_is_trimmed_away_meanwhile_is_not_passed_over() {
        let mut engine = Engine::default();
        let records: Vec<Record> = (1..=3)
            .map(|sequence| {
                let configure = Operation::Configure(Configure(Box::default()));
                let effect = engine
                    .handle_request(crate::domain::Timestamp(1), Request::of_server(configure));
                let step = effect.expect("the server may configure").step;
                Record {
                    sequence,
                    body: serde_json::to_vec(&step).expect("a step is plain data"),
                    ..Record::default()
                }
            })
            .collect();
        let mut journal = MemoryDisk::new(1).open();
        assert!(matches!(journal.append(0, &records), Appended::Acked));
        let reader = journal.reader().expect("memory is readable");
        let mut state = State::default();
        assert!(advance(reader.as_ref(), &mut state, 1, |_, _, _| true).is_ok());
        // Up to what is kept, up to what is not, and where nothing is kept.
        for (base, until) in [(2, 3), (2, 2), (3, 3), (3, 2)] {
            if reader.kept_after().expect("memory is readable") < base {
                journal.lay(0, b"state\n").expect("memory has room");
                journal.trim(base, 1).expect("it is there");
            }
            let refused = advance(reader.as_ref(), &mut state, until, |_, _, _| true);
            let Err(FoldError::Journal(journal::Error::Gap { expected, found })) = refused else {
                panic!("{base} {until}: {refused:?}");
            };
            assert_eq!((expected, found), (2, base + 1));
        }
        assert_eq!(state.sequence.0, 1);
    }
}
