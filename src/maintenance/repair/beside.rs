//! What lies beside the steps: the archive, what is kept beyond a trim, and the index.

use std::collections::BTreeMap;

use anyhow::Result;

use super::super::{Report, check_kept, is_indexed};
use super::{Remains, WRITE_LEN, good};
use crate::centre::{step_of, stopped_of};
use crate::journal::{Archived, Composition, Found, Record};

impl Remains {
    /// Copies the archived rows that are good, without those of steps that are lost: what these ended is active again.
    pub(super) fn keep_archive(
        &self,
        composition: &mut Composition,
        reach: u64,
        report: &mut Report,
    ) -> Result<()> {
        let (mut rows, mut bad) = (Vec::new(), 0_u64);
        let mut written = Ok(());
        let mut keep = |row: Result<Archived, u64>| match row {
            Ok(row) if row.place.sequence > reach => {}
            Ok(row) if stopped_of(&row).is_ok() => {
                rows.push(row);
                if rows.len() >= WRITE_LEN && written.is_ok() {
                    written = composition.archive(&std::mem::take(&mut rows));
                }
            }
            Ok(_) | Err(_) => bad += 1,
        };
        let read = self
            .file
            .iter()
            .try_for_each(|file| file.each_archived(&mut keep));
        written?;
        composition.archive(&rows)?;
        if bad > 0 {
            report.problem(format!("lost: {bad} archived interactions"));
        }
        if read.is_err() {
            report.problem("lost: what of the archive cannot be read".to_owned());
        }
        Ok(())
    }

    /// Copies what is good of what is kept beyond a trim, and of the steps up to `after`, which are trimmed now.
    pub(super) fn keep_kept(
        &self,
        composition: &mut Composition,
        after: u64,
        report: &mut Report,
    ) -> Result<()> {
        let (mut steps, mut forgotten, mut bad) = (Vec::new(), BTreeMap::new(), 0_u64);
        let mut written = Ok(());
        let mut keep = |record: Result<Record, u64>| match record {
            Ok(record) if check_kept(&record).is_ok() => {
                steps.push(record);
                if steps.len() >= WRITE_LEN && written.is_ok() {
                    written = composition.keep(&std::mem::take(&mut steps));
                }
            }
            Ok(_) | Err(_) => bad += 1,
        };
        let read = self.file.iter().try_for_each(|file| {
            file.each_forgotten(|key, until| {
                forgotten.insert(key, until);
            })?;
            file.each_kept(&mut keep)
        });
        let found = self.file.iter();
        let found = found.flat_map(|file| file.found(self.range.0, after));
        for record in found.filter_map(good) {
            let Record { sequence, keys, .. } = &record;
            let is_kept = |key: &&String| forgotten.get(*key).is_none_or(|until| sequence > until);
            let keys: Vec<String> = keys.iter().filter(is_kept).cloned().collect();
            if !keys.is_empty() {
                keep(Ok(Record { keys, ..record }));
            }
        }
        written?;
        let forgotten: Vec<(String, u64)> = forgotten.into_iter().collect();
        composition.keep(&steps)?;
        composition.forget(&forgotten)?;
        if bad > 0 {
            report.problem(format!(
                "lost: {bad} steps of the histories of interactions"
            ));
        }
        if read.is_err() {
            report.problem("lost: what of the histories cannot be read".to_owned());
        }
        Ok(())
    }

    pub(super) fn is_kept_good(&self) -> bool {
        let mut is_good = true;
        let mut look = |record: Result<Record, u64>| {
            is_good &= record.is_ok_and(|record| check_kept(&record).is_ok());
        };
        let mut files = self.file.iter();
        files.all(|file| file.each_kept(&mut look).is_ok()) && is_good
    }

    /// Whether the index leads to every step by what it is about, and to nothing else.
    pub(super) fn is_index_good(&self) -> bool {
        let (after, last) = self.range;
        self.file.iter().all(|file| {
            let mut found = file.found(after, last);
            let is_found = |found| match found {
                Found::Whole(record) => step_of(&record).is_ok_and(|step| is_indexed(file, &step)),
                Found::Damaged(_) | Found::Missing(..) => false,
            };
            file.strays(1).is_ok_and(|strays| strays.is_empty()) && found.all(is_found)
        })
    }

    pub(super) fn is_archive_good(&self) -> bool {
        let mut is_good = true;
        let mut look = |row: Result<Archived, u64>| {
            is_good &= row.is_ok_and(|row| stopped_of(&row).is_ok());
        };
        let read = self
            .file
            .iter()
            .try_for_each(|file| file.each_archived(&mut look));
        read.is_ok() && is_good
    }
}
