//! A journal as JSON lines: a title, the base if there is one, a line for each archived interaction and for each step, and
//! an end.

use std::io::{BufRead, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::keyed;
use crate::centre::{step_of, stopped_of};
use crate::engine::State;
use crate::journal::{
    Archived, Base, Composition, DataFolder, Error, Found, JournalFile, LABELS_LEN, Lineage, Place,
    Record, state_snapshots,
};

/// What this Baton exports, and the newest that it imports. Format 1 had no archive.
const FORMAT: u32 = 2;
/// Records that are written at a time.
const WRITE_LEN: usize = 1_000;

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first.
    Journal {
        format: u32,
        contact_centre: String,
        lineage: Lineage,
    },
    /// What the first step goes on from.
    Base { sequence: u64, state: Box<RawValue> },
    /// As it is archived.
    Archived {
        at_ms: u64,
        sequence: u64,
        key: String,
        labels: [String; LABELS_LEN],
        interaction: Box<RawValue>,
    },
    /// As it is journalled.
    Step {
        sequence: u64,
        at_ms: u64,
        step: Box<RawValue>,
    },
    /// The last: without it the text has been cut off.
    End { steps: u64, crc32: u32 },
}

/// Writes the journal `name` of a folder as text, and gives the number of steps. It only reads: a server may be running.
///
/// # Errors
/// The journal is damaged, or the text cannot be written.
pub fn export(folder: &Path, name: &str, out: impl Write) -> Result<u64> {
    let file = JournalFile::open(folder, name)?;
    let (after, last) = file.range()?;
    let mut out = Lines {
        inner: out,
        hasher: crc32fast::Hasher::new(),
    };
    out.write(&Line::Journal {
        format: FORMAT,
        contact_centre: name.to_owned(),
        lineage: file.lineage()?,
    })?;
    if let Some(base) = file.base()? {
        out.write(&Line::Base {
            sequence: base.sequence,
            state: raw(base.body)?,
        })?;
    }
    export_archive(&file, &mut out)?;
    for found in file.found(after, last) {
        match found {
            Found::Whole(record) => out.write(&Line::Step {
                sequence: record.sequence,
                at_ms: record.at_ms,
                step: raw(record.body)?,
            })?,
            Found::Damaged(sequence) | Found::Missing(sequence, _) => {
                let file = file.path().into();
                return Err(Error::Damaged { file, sequence }.into());
            }
        }
    }
    let steps = last - after;
    let crc32 = out.hasher.clone().finalize();
    out.write(&Line::End { steps, crc32 })?;
    out.inner.flush()?;
    Ok(steps)
}

fn export_archive(file: &JournalFile, out: &mut Lines<impl Write>) -> Result<()> {
    let mut written = Ok(());
    file.each_archived(|row| {
        if written.is_ok() {
            written = row
                .map_err(|sequence| {
                    let file = file.path().into();
                    Error::Damaged { file, sequence }.into()
                })
                .and_then(|row| out.write(&Line::of_archived(row)?));
        }
    })?;
    written
}

impl Line {
    fn of_archived(row: Archived) -> Result<Self> {
        let Place {
            at_ms,
            sequence,
            key,
        } = row.place;
        Ok(Self::Archived {
            at_ms,
            sequence,
            key,
            labels: row.labels,
            interaction: raw(row.body)?,
        })
    }
}

fn raw(body: Vec<u8>) -> Result<Box<RawValue>> {
    Ok(RawValue::from_string(String::from_utf8(body)?)?)
}

struct Lines<W> {
    inner: W,
    hasher: crc32fast::Hasher,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.hasher.update(&text);
        self.inner.write_all(&text)?;
        Ok(())
    }
}

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
    match import.take_all() {
        Ok(steps) => {
            import.composition.finish("sqlite.before")?;
            Ok(steps)
        }
        Err(error) => {
            import.composition.give_up();
            Err(error)
        }
    }
}

struct Import<R> {
    text: Text<R>,
    composition: Composition,
    waiting: Vec<Record>,
    waiting_archived: Vec<Archived>,
    steps: u64,
}

impl<R: BufRead> Import<R> {
    fn begin(folder: &DataFolder, name: &str, text: R) -> Result<Self> {
        let mut text = Text::new(text);
        let lineage = match text.line()? {
            Line::Journal {
                format, lineage, ..
            } if format <= FORMAT => lineage,
            Line::Journal { format, .. } => {
                bail!("it has format {format}, this Baton knows formats up to {FORMAT}")
            }
            Line::Base { .. } | Line::Archived { .. } | Line::Step { .. } | Line::End { .. } => {
                bail!("it is not the export of a journal")
            }
        };
        let base = match text.line()? {
            Line::Base { sequence, state } => {
                let body = state.get().as_bytes().to_vec();
                let state = State::from_snapshot(&body).context("line 2 is no state")?;
                if state.sequence.0 != sequence {
                    bail!("line 2 holds the state at {}", state.sequence);
                }
                Some(Base { sequence, body })
            }
            other @ (Line::Journal { .. }
            | Line::Archived { .. }
            | Line::Step { .. }
            | Line::End { .. }) => {
                text.ahead = Some(other);
                None
            }
        };
        Ok(Self {
            text,
            composition: Composition::begin(folder, name, &lineage, base.as_ref())?,
            waiting: Vec::new(),
            waiting_archived: Vec::new(),
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
        if self.waiting.len() >= WRITE_LEN {
            self.write()?;
        }
        Ok(())
    }

    fn take_archived(&mut self, row: Archived) -> Result<()> {
        stopped_of(&row).map_err(|cause| anyhow::anyhow!("line {}: {cause}", self.text.number))?;
        self.waiting_archived.push(row);
        if self.waiting_archived.len() >= WRITE_LEN {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<()> {
        let archived = std::mem::take(&mut self.waiting_archived);
        self.composition.archive(&archived)?;
        let records = std::mem::take(&mut self.waiting);
        Ok(self.composition.append(&records)?)
    }
}

struct Text<R> {
    inner: R,
    /// Of the lines before the last one that was read.
    hasher: crc32fast::Hasher,
    last: Vec<u8>,
    number: u64,
    ahead: Option<Line>,
}

impl<R: BufRead> Text<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: crc32fast::Hasher::new(),
            last: Vec::new(),
            number: 0,
            ahead: None,
        }
    }

    fn line(&mut self) -> Result<Line> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(ahead);
        }
        self.hasher.update(&self.last);
        self.last.clear();
        self.inner.read_until(b'\n', &mut self.last)?;
        self.number += 1;
        if !self.last.ends_with(b"\n") {
            bail!("it ends too early, in line {}", self.number);
        }
        serde_json::from_slice(&self.last)
            .with_context(|| format!("line {} cannot be understood", self.number))
    }

    /// The checksum of all lines but the last one.
    fn before_last(&self) -> u32 {
        self.hasher.clone().finalize()
    }
}
