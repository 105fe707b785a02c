//! A copy of a data folder whose server may be running.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Report, centres};
use crate::journal;

/// Copies the journals of a data folder, each as it is at one moment, and the `others` of its files into the new folder
/// `to`, which is there only once all of it is on disk. It is a data folder: a server that is started on a copy of it
/// goes on from there, as another epoch.
///
/// # Errors
/// `to` is there already, a journal is damaged, or the disk says no.
pub fn back_up(folder: &Path, to: &Path, others: &[&str]) -> Result<Report> {
    if to.try_exists()? {
        bail!(
            "{} is there already: a backup overwrites nothing",
            to.display()
        );
    }
    let partial = partial_of(to)?;
    DirBuilder::new()
        .mode(0o700)
        .create(&partial)
        .with_context(|| {
            format!(
                "cannot make {}, which an earlier backup may have left: remove it",
                partial.display()
            )
        })?;
    let copied = copy_all(folder, &partial, others);
    if copied.is_err() {
        // What is left takes room and is good for nothing.
        let _ = fs::remove_dir_all(&partial);
    }
    let report = copied?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, to)?;
    let parent = to.canonicalize()?.join("..");
    File::open(parent)?.sync_all()?;
    Ok(report)
}

fn partial_of(to: &Path) -> Result<PathBuf> {
    let mut name = to.file_name().context("a backup needs a name")?.to_owned();
    name.push(".partial");
    Ok(to.with_file_name(name))
}

fn copy_all(folder: &Path, to: &Path, others: &[&str]) -> Result<Report> {
    let mut report = Report::default();
    for name in centres(folder)? {
        let file = format!("{name}.sqlite");
        let head = journal::back_up(&folder.join(&file), &to.join(&file))?;
        report.fact(format!("{name}: up to sequence {head}"));
    }
    for other in others {
        let from = folder.join(other);
        if from.is_file() {
            let mut options = File::options();
            let options = options.write(true).create_new(true).mode(0o600);
            let mut copy = options.open(to.join(other))?;
            copy.write_all(&fs::read(from)?)?;
            copy.sync_all()?;
        }
    }
    Ok(report)
}
