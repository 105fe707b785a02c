//! Whether a journal and its state snapshots are what was written, and agree.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::Result;

use super::{Report, TOLD_LEN_MAX, check_kept, is_indexed, name_of, sequences};
use crate::centre::{Unusable, read_state, state_of, step_of, stopped_of};
use crate::engine::{State, fold};
use crate::journal::{Found, JournalFile, StateSnapshot, StateSnapshotError, state_snapshots};

/// Checks every row of the journal `name`, and that its state snapshots are what it folds to. It only reads: a server
/// may be running.
///
/// # Errors
/// The journal cannot be opened at all.
pub fn verify(folder: &Path, name: &str) -> Result<Report> {
    // Before the journal's moment, so that none of them can be ahead of it by being newer.
    let snapshots = state_snapshots(folder, name)?;
    let file = JournalFile::open(folder, name)?;
    let mut report = Report::default();
    for fault in file.faults() {
        report.problem(format!("{}: {fault}", file.path().display()));
    }
    let (after, last) = file.range()?;
    let lineage = file.lineage()?;
    report.fact(format!(
        "{}: epoch {}, sequences {} to {last}",
        file.path().display(),
        lineage.number,
        after + 1
    ));
    if let Ok(unchecked @ 1..) = file.unchecked_len() {
        report.fact(format!(
            "{unchecked} rows of an earlier format have no checksum"
        ));
    }
    verify_archive(&file, &mut report);
    verify_kept(&file, &mut report);
    let mut expected = BTreeMap::new();
    for snapshot in snapshots {
        if !lineage.shares(snapshot.epoch, snapshot.sequence) || snapshot.sequence < after {
            report.fact(format!(
                "{} is of no use to this journal",
                name_of(&snapshot)
            ));
        } else if snapshot.sequence > last {
            report.problem(format!(
                "{} is ahead of the journal: {} are lost",
                name_of(&snapshot),
                sequences(last + 1, snapshot.sequence)
            ));
        } else {
            expected.insert(snapshot.sequence, snapshot);
        }
    }
    let state = base_state(&file).map_err(|error| {
        let problem = format!("{error:#}");
        report.problem(problem.clone());
        format!("the fold ends: {problem}")
    });
    let mut walk = Walk {
        file: &file,
        state,
        expected,
        report,
    };
    walk.compare(after);
    file.found(after, last).for_each(|found| walk.take(found));
    Ok(walk.finish())
}

fn verify_archive(file: &JournalFile, report: &mut Report) {
    let mut len = 0_u64;
    let read = file.each_archived(|row| {
        len += 1;
        match row.map(|row| (stopped_of(&row), row.place)) {
            Ok((Ok(_), _)) => {}
            Ok((Err(cause), place)) => report.problem(format!(
                "archived at sequence {}, {} cannot be understood: {cause}",
                place.sequence, place.key
            )),
            Err(sequence) => report.problem(format!(
                "what was archived at sequence {sequence} is not what was written"
            )),
        }
    });
    if read.is_err() {
        report.problem(format!("after {len} rows the archive cannot be read"));
    }
    report.fact(format!("{len} interactions are archived"));
}

/// What is kept beyond a trim, and that the index names nothing that is not there.
fn verify_kept(file: &JournalFile, report: &mut Report) {
    let mut len = 0_u64;
    let read = file.each_kept(|record| {
        len += 1;
        match record.map(|record| (check_kept(&record), record.sequence)) {
            Ok((Ok(()), _)) => {}
            Ok((Err(cause), sequence)) => {
                report.problem(format!("what is kept of sequence {sequence}: {cause}"));
            }
            Err(sequence) => report.problem(format!(
                "what is kept of sequence {sequence} is not what was written"
            )),
        }
    });
    if read.is_err() {
        report.problem(format!("after {len} steps what is kept cannot be read"));
    }
    report.fact(format!("{len} steps are kept beyond a trim"));
    match file.strays(TOLD_LEN_MAX) {
        Ok(strays) => strays.into_iter().for_each(|sequence| {
            report.problem(format!(
                "the index names sequence {sequence} where there is no such step"
            ));
        }),
        Err(cause) => report.problem(format!("the index cannot be read: {cause}")),
    }
}

fn base_state(file: &JournalFile) -> Result<State> {
    match file.base()? {
        None => Ok(State::default()),
        Some(base) => Ok(state_of(base, |at| file.damaged(at))?),
    }
}

/// Goes over a journal from its base on.
struct Walk<'a> {
    file: &'a JournalFile,
    /// The fold so far, or why there is none.
    state: Result<State, String>,
    /// State snapshots that are still to be compared with it.
    expected: BTreeMap<u64, StateSnapshot>,
    report: Report,
}

impl Walk<'_> {
    fn take(&mut self, found: Found) {
        let problem = match found {
            Found::Whole(record) => match step_of(&record) {
                Ok(step) => {
                    if !is_indexed(self.file, &step) {
                        self.report.problem(format!(
                            "sequence {} is not in the index as it should be",
                            record.sequence
                        ));
                    }
                    if let Ok(state) = &mut self.state {
                        fold(state, &step);
                    }
                    return self.compare(record.sequence);
                }
                Err(cause) => {
                    format!("sequence {} cannot be understood: {cause}", record.sequence)
                }
            },
            Found::Damaged(sequence) => format!("sequence {sequence} is not what was written"),
            Found::Missing(first, last) => format!("{} missing", sequences(first, last)),
        };
        if self.state.is_ok() {
            self.state = Err(format!("the fold ends: {problem}"));
        }
        self.report.problem(problem);
    }

    /// Compares the state snapshot at a sequence, if there is one, with the fold, if that came so far. Behind damage it
    /// is the other way round: the fold goes on from a good state snapshot.
    fn compare(&mut self, sequence: u64) {
        let Some(snapshot) = self.expected.remove(&sequence) else {
            return;
        };
        let name = name_of(&snapshot);
        match (read_state(&snapshot), &self.state) {
            // A server that is running has removed it meanwhile.
            (Err(Unusable::File(StateSnapshotError::Io(error))), _)
                if error.kind() == ErrorKind::NotFound => {}
            (Err(cause), _) => self.report.problem(format!("{name}: {cause}")),
            (Ok(read), Ok(state)) if read == *state => {
                self.report
                    .fact(format!("{name} is what the journal folds to"));
            }
            (Ok(_), Ok(_)) => {
                self.report
                    .problem(format!("{name} is not what the journal folds to"));
            }
            (Ok(read), Err(_)) => {
                self.report.fact(format!(
                    "{name} is good, and covers what is damaged before it"
                ));
                self.state = Ok(read);
            }
        }
    }

    fn finish(mut self) -> Report {
        for snapshot in self.expected.values() {
            let line = format!(
                "{} stands for a sequence that is not there",
                name_of(snapshot)
            );
            self.report.problem(line);
        }
        if let Err(cause) = self.state {
            self.report.problem(cause);
        }
        self.report.finish()
    }
}
