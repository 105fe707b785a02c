//! A journal that is not what was written says so, with its file and the place.

use std::fs;

use baton::journal::{
    Composition, DataFolder, Error, Found, Journal, JournalFile, SqliteJournal, StateSnapshots,
    back_up,
};
use rusqlite::Connection;

use super::disk::Disk;
use super::{all, append, records};
use crate::support::base::base;

impl Disk {
    fn snapshot(&self, epoch: u64, sequence: u64) {
        let parts = std::iter::once(b"{}".to_vec());
        StateSnapshots::new(&self.folder, "demo")
            .write(epoch, sequence, parts, || false)
            .unwrap();
    }

    /// What is wrong in the eyes of who only reads.
    fn faults(&self) -> Vec<String> {
        let file = JournalFile::open(self.temporary.path(), "demo").unwrap();
        let (after, last) = file.range().unwrap();
        let found = file.found(after, last);
        let faults = found.filter_map(|found| match found {
            Found::Whole(_) => None,
            Found::Damaged(sequence) => Some(format!("{sequence}")),
            Found::Missing(first, last) => Some(format!("{first}-{last}")),
        });
        faults.collect()
    }
}

#[test]
fn a_missing_sequence_is_reported_with_its_file() {
    for (missing, reported, faults) in [
        ("3", 3, "3-3"),
        ("1", 1, "1-1"),
        ("2, 3", 2, "2-3"),
        ("4", 4, "4-4"),
    ] {
        let disk = Disk::new().with_steps(5);
        disk.meddle(&format!("DELETE FROM steps WHERE sequence IN ({missing})"));
        let read = disk
            .try_open()
            .and_then(|journal| journal.read_after(0, 99));
        assert_eq!(
            read.unwrap_err().to_string(),
            format!(
                "{} is damaged at sequence {reported}: `baton journal verify` says what of it is good, `baton journal \
                 repair` keeps that; or restore a backup",
                disk.file().display()
            )
        );
        assert_eq!(disk.faults(), [faults]);
    }
}

#[test]
fn a_byte_that_was_flipped_in_a_row_is_found_whichever_it_is() {
    for change in [
        "body = x'7374657020FF'",
        "body = x''",
        "at_ms = at_ms + 1",
        "checksum = checksum + 1",
    ] {
        let disk = Disk::new().with_steps(5);
        disk.meddle(&format!("UPDATE steps SET {change} WHERE sequence = 4"));
        let journal = disk.open();
        assert_eq!(journal.read_after(0, 3).unwrap().len(), 3);
        let error = journal.read_after(0, 99).unwrap_err();
        assert!(
            matches!(error, Error::Damaged { sequence: 4, .. }),
            "{change}: {error}"
        );
        let error = journal.reader().unwrap().read_after(3, 1).unwrap_err();
        assert!(
            matches!(error, Error::Damaged { sequence: 4, .. }),
            "{change}: {error}"
        );
        assert_eq!(disk.faults(), ["4"], "{change}");
    }
}

#[test]
fn a_row_after_the_last_one_that_nobody_wrote_is_found() {
    let disk = Disk::new().with_steps(5);
    disk.meddle("INSERT INTO steps VALUES (6, 0, x'DEADBEEF', 7)");
    let error = disk.open().read_after(0, 99).unwrap_err();
    assert!(
        matches!(error, Error::Damaged { sequence: 6, .. }),
        "{error}"
    );
}

#[test]
fn a_page_that_was_overwritten_is_found_and_the_rows_of_others_are_read() {
    let disk = Disk::new().with_steps(1_000);
    disk.meddle("PRAGMA journal_mode = DELETE");
    let mut bytes = fs::read(disk.file()).unwrap();
    let at = bytes.windows(8).position(|it| it == b"step 700").unwrap();
    let page = at / 4096 * 4096;
    bytes[page..page + 4096].fill(0x5a);
    fs::write(disk.file(), bytes).unwrap();
    let file = JournalFile::open(disk.temporary.path(), "demo").unwrap();
    assert!(!file.faults().is_empty());
    let found: Vec<Found> = file.found(0, 1_000).collect();
    let whole = found
        .iter()
        .filter(|it| matches!(it, Found::Whole(_)))
        .count();
    assert!((800..1_000).contains(&whole), "{whole}");
    drop(file);
    let error = disk
        .try_open()
        .and_then(|journal| journal.read_after(0, 999));
    let error = error.unwrap_err();
    assert!(error.is_damage(), "{error:?}");
}

#[test]
fn garbage_after_the_end_of_the_file_hurts_nobody() {
    let disk = Disk::new().with_steps(5);
    disk.meddle("PRAGMA wal_checkpoint(TRUNCATE)");
    let mut bytes = fs::read(disk.file()).unwrap();
    bytes.extend([0xde; 5_000]);
    fs::write(disk.file(), bytes).unwrap();
    let mut journal = disk.open();
    assert_eq!(all(&journal), [1, 2, 3, 4, 5]);
    assert_eq!(append(&mut journal, 5, &records(6..=7)), "acked");
    drop(journal);
    assert_eq!(all(&disk.open()), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_journal_that_is_gone_or_empty_is_no_new_contact_centre() {
    for is_gone in [true, false] {
        let disk = Disk::new().with_steps(5);
        disk.snapshot(1, 4);
        fs::remove_file(disk.file()).unwrap();
        if !is_gone {
            fs::write(disk.file(), "").unwrap();
        }
        let error = disk.try_open().unwrap_err();
        assert!(matches!(error, Error::Emptied { .. }), "{error}");
        assert_eq!(disk.file().exists(), !is_gone);
        assert!(
            error.to_string().contains("demo.sqlite is gone or empty"),
            "{error}"
        );
    }
    let disk = Disk::new().with_steps(5);
    disk.snapshot(1, 4);
    disk.meddle("DELETE FROM steps");
    assert!(matches!(
        disk.try_open().unwrap_err(),
        Error::Emptied { .. }
    ));
}

#[test]
fn a_journal_of_another_history_is_refused_and_stays_as_it_is() {
    let disk = Disk::new().with_steps(5);
    disk.snapshot(1_000, 4);
    let before = fs::read(disk.file()).unwrap();
    let error = disk.try_open().unwrap_err();
    assert!(matches!(error, Error::Swapped { .. }), "{error}");
    assert_eq!(fs::read(disk.file()).unwrap(), before);
    // One of its own is enough: then it is the other one that is in the wrong place.
    disk.snapshot(1, 3);
    assert_eq!(disk.open().head(), 5);
}

#[test]
fn a_journal_that_lost_its_end_goes_on_as_another_history() {
    let disk = Disk::new().with_steps(5);
    disk.snapshot(1, 5);
    disk.meddle("DELETE FROM steps WHERE sequence = 5");
    let journal = SqliteJournal::open(&disk.folder, "demo", 9).unwrap();
    assert_eq!((journal.epoch(), journal.epoch_began_after()), (9, 4));
    assert!(journal.shares(1, 4) && journal.shares(9, 100));
    assert!(!journal.shares(1, 5) && !journal.shares(2, 1));
    drop(journal);
    assert_eq!(disk.open().epoch(), 9, "once");
}

#[test]
fn what_two_restores_have_in_common_is_the_least() {
    let disk = Disk::new().with_steps(9);
    let copy = || {
        let copy = disk.file().with_extension("copy");
        fs::copy(disk.file(), &copy).unwrap();
        fs::rename(&copy, disk.file()).unwrap();
    };
    copy();
    drop(SqliteJournal::open(&disk.folder, "demo", 20).unwrap());
    disk.meddle("DELETE FROM steps WHERE sequence > 6");
    copy();
    let journal = SqliteJournal::open(&disk.folder, "demo", 30).unwrap();
    assert!(journal.shares(1, 6) && journal.shares(20, 6) && journal.shares(30, 7));
    assert!(!journal.shares(1, 7) && !journal.shares(20, 7));
}

#[test]
fn a_journal_is_put_together_from_another() {
    let disk = Disk::new().with_steps(9);
    let lineage = JournalFile::open(disk.temporary.path(), "demo")
        .unwrap()
        .lineage()
        .unwrap();
    let parts = vec![b"st".to_vec(), b"ate".to_vec()];
    let mut composition = Composition::begin(&disk.folder, "demo", &lineage).unwrap();
    let gone: [Result<_, Error>; 2] = [Ok(parts[0].clone()), Err(Error::Failed)];
    let refused = composition.go_on_from(4, gone.into_iter());
    assert!(matches!(refused, Err(Error::Failed)), "{refused:?}");
    let all_parts = parts.clone().into_iter().map(Ok::<_, Error>);
    composition.go_on_from(4, all_parts).unwrap();
    assert!(matches!(
        composition.append(&records(6..=6)),
        Err(Error::Gap { .. })
    ));
    composition.append(&records(5..=7)).unwrap();
    assert_eq!(
        disk.open().head(),
        9,
        "until it is whole, nothing has changed"
    );
    let aside = composition.finish("sqlite.before").unwrap().unwrap();
    let journal = SqliteJournal::open(&disk.folder, "demo", 50).unwrap();
    assert_eq!(base(&journal).unwrap(), Some((4, parts)));
    assert_eq!(all(&journal), [5, 6, 7]);
    assert_eq!((journal.epoch(), journal.epoch_began_after()), (50, 7));
    let before = Connection::open(aside).unwrap();
    let count = "SELECT count(*) FROM steps";
    let rows: i64 = before.query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(rows, 9);
}

#[test]
fn a_backup_is_taken_while_the_journal_is_written_and_overwrites_nothing() {
    let disk = Disk::new().with_steps(5);
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 5, &records(6..=8)), "acked");
    let to = disk.temporary.path().join("copy.sqlite");
    assert_eq!(back_up(&disk.file(), &to).unwrap(), 8);
    assert_eq!(append(&mut journal, 8, &records(9..=9)), "acked");
    let before = fs::read(&to).unwrap();
    assert!(back_up(&disk.file(), &to).is_err());
    assert_eq!(fs::read(&to).unwrap(), before);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(&to, elsewhere.path().join("demo.sqlite")).unwrap();
    let folder = DataFolder::open(elsewhere.path()).unwrap();
    let restored = SqliteJournal::open(&folder, "demo", 77).unwrap();
    assert_eq!(restored.read_after(0, 99).unwrap(), records(1..=8));
    assert_eq!((restored.epoch(), restored.epoch_began_after()), (77, 8));
}
