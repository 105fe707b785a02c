//! What is done to a data folder from outside a server: verify, repair, export, import, back up; and what a file says of a
//! contact centre, to the server that runs it.

mod apply;
mod backup;
mod exchange;
mod repair;
mod verify;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::centre::step_of;
use crate::engine::Step;
use crate::journal::{self, JournalFile, Record, StateSnapshot};

pub use apply::{Application, apply};
pub use backup::back_up;
pub use exchange::{export, import};
pub use repair::repair;
pub use verify::verify;

/// Problems, or steps that are lost, that are told one by one.
const TOLD_LEN_MAX: usize = 100;

/// What was found out or done, in lines for people.
#[derive(Debug, Default)]
pub struct Report {
    /// What is so.
    pub facts: Vec<String>,
    /// What should not be so.
    pub problems: Vec<String>,
    untold: usize,
}

impl Report {
    fn fact(&mut self, line: String) {
        self.facts.push(line);
    }

    fn problem(&mut self, line: String) {
        if self.problems.len() < TOLD_LEN_MAX {
            self.problems.push(line);
        } else {
            self.untold += 1;
        }
    }

    fn finish(mut self) -> Self {
        if self.untold > 0 {
            self.problems.push(format!("and {} more", self.untold));
        }
        self
    }
}

/// The contact centres of a data folder, by their journals and state snapshots.
///
/// # Errors
/// There is no such folder, or nothing in it.
pub fn centres(folder: &Path) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    let entries = std::fs::read_dir(folder);
    for entry in entries.with_context(|| format!("cannot read {}", folder.display()))? {
        let file = entry?.file_name();
        let Some((name, rest)) = file.to_str().and_then(|text| text.split_once('.')) else {
            continue;
        };
        let is_ours = rest == "sqlite" || rest.ends_with(".snapshot");
        if is_ours && !name.is_empty() {
            names.insert(name.to_owned());
        }
    }
    if names.is_empty() {
        bail!("no contact centre is kept in {}", folder.display());
    }
    Ok(names.into_iter().collect())
}

/// Whether an error says that what is kept is not what was written.
pub fn is_damage(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| {
        let cause = cause.downcast_ref::<journal::Error>();
        cause.is_some_and(journal::Error::is_damage)
    })
}

/// A record with what it is found by, which follows from its step.
fn keyed(record: Record, step: &Step) -> Record {
    Record {
        keys: step.interaction_ids(),
        ..record
    }
}

/// Whether the index leads to a step by what it is about.
fn is_indexed(file: &JournalFile, step: &Step) -> bool {
    let found = file.is_indexed(step.head.sequence.0, &step.interaction_ids());
    found.unwrap_or(false)
}

/// A step that is kept beyond a trim is about all that it is kept for.
fn check_kept(record: &Record) -> Result<(), String> {
    let ids = step_of(record)?.interaction_ids();
    match record.keys.iter().find(|key| !ids.contains(key)) {
        None => Ok(()),
        Some(key) => Err(format!("it is not about {key}")),
    }
}

fn name_of(snapshot: &StateSnapshot) -> String {
    snapshot.file.display().to_string()
}

/// Sequences in words.
fn sequences(first: u64, last: u64) -> String {
    match first == last {
        true => format!("sequence {first}"),
        false => format!("sequences {first} to {last}"),
    }
}
