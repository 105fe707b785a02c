//! What is good of a damaged journal becomes the journal; the damaged one is kept beside it, whole.

mod beside;

use anyhow::{Context, Result, bail};

use super::{Report, keyed, name_of, sequences};
use crate::centre::{read_state, state_of, step_of, wall_clock};
use crate::journal::{
    Composition, DataFolder, Error, Found, JournalFile, Lineage, Record, StateSnapshot,
    state_snapshots,
};

/// Records that are written at a time.
const WRITE_LEN: usize = 1_000;

/// What there is of a journal.
struct Remains {
    /// None if it is gone, empty or not to be read at all.
    file: Option<JournalFile>,
    lineage: Lineage,
    /// The last sequence before the first that is kept, and the last one.
    range: (u64, u64),
    /// From the first sequence to the last of each piece that is not good.
    bad: Vec<(u64, u64)>,
}

/// Where a state is that can be gone on from.
enum Begin {
    /// That of the journal after this sequence, 0 if it is the beginning.
    Base(u64),
    Snapshot(StateSnapshot),
}

/// Keeps as much of the journal `name` as can be: the good steps after its base or after a good state snapshot, up to the
/// first step that is not good. Where there is nothing to repair, nothing is changed.
///
/// # Errors
/// Nothing of it can be kept, or the disk says no; then nothing is changed.
pub fn repair(folder: &DataFolder, name: &str) -> Result<Report> {
    let snapshots = state_snapshots(folder.path(), name)?;
    let remains = Remains::read(folder, name, &snapshots)?;
    let begins = remains.begins(snapshots);
    // As far as can be; of two that come equally far, the one that keeps more of the history.
    let furthest = begins.into_iter().max_by_key(|begin| {
        let sequence = begin.sequence();
        (remains.reach(sequence), std::cmp::Reverse(sequence))
    });
    let Some(begin) = furthest else {
        bail!(
            "neither the beginning of the journal nor a state snapshot is good: restore a backup"
        );
    };
    let (after, reach) = (begin.sequence(), remains.reach(begin.sequence()));
    let is_whole = matches!(begin, Begin::Base(_)) && reach == remains.range.1;
    let has_faults = |file: &JournalFile| !file.faults().is_empty();
    let is_good = is_whole
        && remains.bad.is_empty()
        && remains.is_archive_good()
        && remains.is_kept_good()
        && remains.is_index_good();
    if is_good && !remains.file.as_ref().is_none_or(has_faults) {
        let mut report = Report::default();
        report.fact(format!("{name}: nothing is damaged, nothing was changed"));
        return Ok(report);
    }
    let mut report = Report::default();
    remains.tell_lost(after, reach, &mut report);
    let composed = remains.compose(folder, name, begin, reach, &mut report)?;
    drop(remains);
    let aside = composed.finish(&format!("sqlite.damaged-{}", wall_clock().0))?;
    report.fact(format!(
        "{name}: the journal goes on after sequence {reach}, as another epoch"
    ));
    if let Some(aside) = aside {
        report.fact(format!(
            "{name}: the damaged journal is kept as {}",
            aside.display()
        ));
    }
    Ok(report.finish())
}

impl Begin {
    fn sequence(&self) -> u64 {
        match self {
            Self::Base(sequence) => *sequence,
            Self::Snapshot(snapshot) => snapshot.sequence,
        }
    }
}

impl Remains {
    fn read(folder: &DataFolder, name: &str, snapshots: &[StateSnapshot]) -> Result<Self> {
        let opened = JournalFile::open(folder.path(), name).and_then(|file| {
            let (lineage, range) = (file.lineage()?, file.range()?);
            Ok((file, lineage, range))
        });
        match (opened, snapshots.first()) {
            // One that is empty beside a state snapshot is not the journal that this was made of.
            (Ok((file, lineage, range)), _) if range.1 > 0 || snapshots.is_empty() => {
                let bad = bad_pieces(&file, range);
                Ok(Self {
                    file: Some(file),
                    lineage,
                    range,
                    bad,
                })
            }
            (Err(error), None) => Err(error.into()),
            (_, Some(newest)) => Ok(Self {
                file: None,
                lineage: Lineage {
                    number: newest.epoch,
                    began_after: 0,
                    former: Vec::new(),
                },
                range: (0, 0),
                bad: Vec::new(),
            }),
            (Ok(_), None) => bail!("{name} has neither steps nor state snapshots"),
        }
    }

    /// What can be gone on from.
    fn begins(&self, snapshots: Vec<StateSnapshot>) -> Vec<Begin> {
        let base = self.file.as_ref().and_then(good_base).map(Begin::Base);
        let snapshots = snapshots.into_iter().filter(|it| {
            self.lineage.shares(it.epoch, it.sequence)
                && it.sequence >= self.range.0
                && read_state(it).is_ok()
        });
        // Of two that are equal the last is taken, and with the base there may be nothing to do.
        let snapshots = snapshots.map(Begin::Snapshot);
        snapshots.chain(base).collect()
    }

    /// How far the steps after a sequence are good.
    fn reach(&self, after: u64) -> u64 {
        let ahead = self.bad.iter().filter(|(_, last)| *last > after);
        let reached = ahead.map(|(first, _)| (first - 1).max(after)).min();
        reached.unwrap_or(self.range.1.max(after))
    }

    /// Says what is kept no longer.
    fn tell_lost(&self, after: u64, reach: u64, report: &mut Report) {
        for (first, last) in &self.bad {
            report.fact(format!("{} damaged or missing", sequences(*first, *last)));
        }
        if after > self.range.0 {
            report.fact(format!(
                "what they come to is kept, but {} cannot be told again",
                sequences(self.range.0 + 1, after)
            ));
        }
        if self.range.1 <= reach {
            return;
        }
        report.problem(format!("lost: {}", sequences(reach + 1, self.range.1)));
        let found = self
            .file
            .iter()
            .flat_map(|file| file.found(reach, self.range.1));
        for found in found {
            if let Found::Whole(record) = found
                && let Ok(step) = step_of(&record)
            {
                let (at, request) = (step.head.at, &step.head.request);
                let ids = step.interaction_ids().join(" ");
                let sequence = record.sequence;
                report.problem(format!(
                    "lost: sequence {sequence} at {at}: {request} {ids}"
                ));
            }
        }
    }

    /// Copies what the steps go on from.
    fn go_on_from(&self, begin: Begin, composition: &mut Composition) -> Result<()> {
        match begin {
            Begin::Base(_) => {
                let base = self.file.as_ref().map(JournalFile::base).transpose()?;
                if let Some(base) = base.flatten() {
                    composition.go_on_from(base.sequence, base.parts)?;
                }
            }
            Begin::Snapshot(snapshot) => {
                let state = read_state(&snapshot).with_context(|| name_of(&snapshot))?;
                let parts = state.snapshot_parts().map(Ok::<_, Error>);
                composition.go_on_from(snapshot.sequence, parts)?;
            }
        }
        Ok(())
    }

    fn compose(
        &self,
        folder: &DataFolder,
        name: &str,
        begin: Begin,
        reach: u64,
        report: &mut Report,
    ) -> Result<Composition> {
        let after = begin.sequence();
        let mut composition = Composition::begin(folder, name, &self.lineage)?;
        self.go_on_from(begin, &mut composition)?;
        self.keep_archive(&mut composition, reach, report)?;
        self.keep_kept(&mut composition, after, report)?;
        let found = self.file.iter().flat_map(|file| file.found(after, reach));
        let mut records = found.filter_map(good);
        loop {
            let group: Vec<Record> = records.by_ref().take(WRITE_LEN).collect();
            if group.is_empty() {
                return Ok(composition);
            }
            composition.append(&group)?;
        }
    }
}

/// The sequence of what a journal goes on from, if that is good; 0 if it is the beginning.
fn good_base(file: &JournalFile) -> Option<u64> {
    let Some(base) = file.base().ok()? else {
        return Some(0);
    };
    let sequence = base.sequence;
    let state = state_of(base, |at| file.damaged(at));
    state.ok().map(|_| sequence)
}

/// A record that is good, with what it is found by.
fn good(found: Found) -> Option<Record> {
    match found {
        Found::Whole(record) => step_of(&record).ok().map(|step| keyed(record, &step)),
        Found::Damaged(_) | Found::Missing(..) => None,
    }
}

fn bad_pieces(file: &JournalFile, (after, last): (u64, u64)) -> Vec<(u64, u64)> {
    let mut bad: Vec<(u64, u64)> = Vec::new();
    for found in file.found(after, last) {
        let (first, last) = match found {
            Found::Whole(record) if step_of(&record).is_ok() => continue,
            Found::Whole(Record { sequence, .. }) | Found::Damaged(sequence) => {
                (sequence, sequence)
            }
            Found::Missing(first, last) => (first, last),
        };
        match bad.last_mut() {
            Some((_, end)) if *end + 1 == first => *end = last,
            _ => bad.push((first, last)),
        }
    }
    bad
}
