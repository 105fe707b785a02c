//! A journal is written as text.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::{FORMAT, Line, raw};
use crate::journal::{Found, JournalFile};

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
        let sequence = base.sequence;
        for part in base.parts {
            let state = raw(part?)?;
            out.write(&Line::Base { sequence, state })?;
        }
    }
    export_archive(&file, &mut out)?;
    export_kept(&file, &mut out)?;
    for found in file.found(after, last) {
        match found {
            Found::Whole(record) => out.write(&Line::Step {
                sequence: record.sequence,
                at_ms: record.at_ms,
                step: raw(record.body)?,
            })?,
            Found::Damaged(sequence) | Found::Missing(sequence, _) => {
                return Err(file.damaged(sequence).into());
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
                .map_err(|sequence| file.damaged(sequence).into())
                .and_then(|row| out.write(&Line::of_archived(row)?));
        }
    })?;
    written
}

fn export_kept(file: &JournalFile, out: &mut Lines<impl Write>) -> Result<()> {
    let mut written = Ok(());
    file.each_forgotten(|key, sequence| {
        if written.is_ok() {
            written = out.write(&Line::Forgotten { key, sequence });
        }
    })?;
    file.each_kept(|record| {
        if written.is_ok() {
            written = record
                .map_err(|sequence| file.damaged(sequence).into())
                .and_then(|record| out.write(&Line::of_kept(record)?));
        }
    })?;
    written
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
