//! A journal is made from a text.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use serde_json::value::RawValue;

use super::super::{check_kept, keyed};
use super::text::{LINE_BYTES_MAX, Text};
use super::{FORMAT, Line};
use crate::centre::{step_of, stopped_of};
use crate::engine::{StatePart, StateParts};
use crate::journal::{Archived, Composition, DataFolder, Error, Place, Record, state_snapshots};

/// Records that are written at a time.
const WRITE_LEN: usize = 1_000;
/// Bytes of the text after which they are written although they are fewer.
const WRITE_BYTES: usize = 8 * 1024 * 1024;

/// Makes the journal `name` from an exported text, where there is none yet, and gives the number of steps. Whoever
/// starts a server on it goes on as another epoch: the contact centre that it was exported from may have gone on.
///
/// # Errors
/// There is a journal or a state snapshot of that name, or the text is not a whole export. Then nothing is changed.
pub fn import(folder: &DataFolder, name: &str, text: impl BufRead) -> Result<u64> {
    let file = folder.path().join(format!("{name}.sqlite"));
    let is_there = file.metadata().is_ok_and(|file| file.len() > 0);
    if is_there || !state_snapshots(folder.path(), name)?.is_empty() {
        return Err(Error::Exists { file }).context("only an empty place can be imported into");
    }
    let mut import = Import::begin(folder, name, text)?;
    let steps = import.take_all()?;
    import.composition.finish("sqlite.before")?;
    Ok(steps)
}

struct Import<R> {
    text: Text<R>,
    composition: Composition,
    waiting: Vec<Record>,
    waiting_archived: Vec<Archived>,
    waiting_forgotten: Vec<(String, u64)>,
    waiting_kept: Vec<Record>,
    waiting_bytes: usize,
    kept_after: u64,
    steps: u64,
}

/// Takes the lines of the base, and gives its sequence; 0 if there is none.
fn take_base<R: BufRead>(text: &mut Text<R>, composition: &mut Composition) -> Result<u64> {
    let Some((sequence, first)) = text.base_part()? else {
        return Ok(0);
    };
    let mut state = StateParts::default();
    let others = std::iter::from_fn(|| text.base_part().transpose());
    let parts = std::iter::once(Ok((sequence, first))).chain(others);
    let parts = parts.map(|part| {
        let (of, part) = part?;
        if of != sequence {
            bail!("it goes on from {sequence} and from {of}");
        }
        state.add(StatePart::parse(&part).context("what it goes on from is no state")?);
        Ok(part)
    });
    composition.go_on_from(sequence, parts)?;
    let found = state.finish().sequence.0;
    if found != sequence {
        bail!("what it goes on from after {sequence} is the state at {found}");
    }
    Ok(sequence)
}

impl<R: BufRead> Import<R> {
    fn begin(folder: &DataFolder, name: &str, text: R) -> Result<Self> {
        let mut text = Text::new(text, LINE_BYTES_MAX);
        let Line::Journal {
            format, lineage, ..
        } = text.line()?
        else {
            bail!("it is not the export of a journal")
        };
        if format > FORMAT {
            bail!("it has format {format}, this Baton knows formats up to {FORMAT}");
        }
        let mut composition = Composition::begin(folder, name, &lineage)?;
        let kept_after = take_base(&mut text, &mut composition)?;
        Ok(Self {
            text,
            kept_after,
            composition,
            waiting: Vec::new(),
            waiting_archived: Vec::new(),
            waiting_forgotten: Vec::new(),
            waiting_kept: Vec::new(),
            waiting_bytes: 0,
            steps: 0,
        })
    }

    fn take_all(&mut self) -> Result<u64> {
        loop {
            match self.text.line()? {
                Line::Step {
                    sequence,
                    at_ms,
                    step,
                } => self.take(sequence, at_ms, &step)?,
                Line::Archived {
                    at_ms,
                    sequence,
                    key,
                    labels,
                    interaction,
                } => self.take_archived(Archived {
                    place: Place {
                        at_ms,
                        sequence,
                        key,
                    },
                    labels,
                    body: interaction.get().as_bytes().to_vec(),
                })?,
                Line::Forgotten { key, sequence } => {
                    self.waiting_forgotten.push((key, sequence));
                    self.write_if_full(self.waiting_forgotten.len())?;
                }
                Line::Kept {
                    sequence,
                    at_ms,
                    keys,
                    step,
                } => self.take_kept(Record {
                    sequence,
                    at_ms,
                    body: step.get().as_bytes().to_vec(),
                    keys,
                    archived: Vec::new(),
                })?,
                Line::End { steps, crc32 } => {
                    self.write()?;
                    if steps != self.steps || crc32 != self.text.before_last() {
                        bail!("it is not what was exported: the checksum differs");
                    }
                    return Ok(steps);
                }
                Line::Journal { .. } | Line::Base { .. } => {
                    bail!("line {} is not a step", self.text.number)
                }
            }
        }
    }

    fn take(&mut self, sequence: u64, at_ms: u64, step: &RawValue) -> Result<()> {
        let record = Record {
            sequence,
            at_ms,
            body: step.get().as_bytes().to_vec(),
            ..Record::default()
        };
        let step = step_of(&record)
            .map_err(|cause| anyhow::anyhow!("line {}: {cause}", self.text.number))?;
        self.waiting.push(keyed(record, &step));
        self.steps += 1;
        self.write_if_full(self.waiting.len())
    }

    fn take_archived(&mut self, row: Archived) -> Result<()> {
        stopped_of(&row).map_err(|cause| anyhow::anyhow!("line {}: {cause}", self.text.number))?;
        self.waiting_archived.push(row);
        self.write_if_full(self.waiting_archived.len())
    }

    fn take_kept(&mut self, record: Record) -> Result<()> {
        let number = self.text.number;
        check_kept(&record).map_err(|cause| anyhow::anyhow!("line {number}: {cause}"))?;
        if record.keys.is_empty() || record.sequence > self.kept_after {
            bail!("line {number} is not a step that is kept beyond a trim");
        }
        self.waiting_kept.push(record);
        self.write_if_full(self.waiting_kept.len())
    }

    fn write_if_full(&mut self, waiting_len: usize) -> Result<()> {
        self.waiting_bytes += self.text.last_len();
        match waiting_len < WRITE_LEN && self.waiting_bytes < WRITE_BYTES {
            true => Ok(()),
            false => self.write(),
        }
    }

    fn write(&mut self) -> Result<()> {
        self.waiting_bytes = 0;
        let archived = std::mem::take(&mut self.waiting_archived);
        self.composition.archive(&archived)?;
        let forgotten = std::mem::take(&mut self.waiting_forgotten);
        self.composition.forget(&forgotten)?;
        let kept = std::mem::take(&mut self.waiting_kept);
        self.composition.keep(&kept)?;
        let records = std::mem::take(&mut self.waiting);
        Ok(self.composition.append(&records)?)
    }
}
