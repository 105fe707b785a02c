use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use baton::journal::{DataFolder, Error, Journal, SqliteJournal};
use rusqlite::Connection;

use super::disk::Disk;
use super::{WITHOUT_FORMAT_6, all, append, record, records};
use crate::support::base::{base, trim};

impl Disk {
    fn rows(&self, table: &str) -> i64 {
        let connection = Connection::open(self.file()).unwrap();
        let count = format!("SELECT count(*) FROM {table}");
        connection.query_row(&count, [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn every_file_is_private() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "acked");
    let mut names = Vec::new();
    for entry in fs::read_dir(disk.temporary.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "baton.lock",
            "demo.sqlite",
            "demo.sqlite-shm",
            "demo.sqlite-wal"
        ]
    );
}

#[test]
fn a_journal_keeps_the_folder_locked() {
    let Disk { temporary, folder } = Disk::new();
    let journal = SqliteJournal::open(&folder, "demo", 1).unwrap();
    drop(folder);
    let error = DataFolder::open(temporary.path()).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    drop(journal);
    // A child process that another test is just starting may hold a copy of the lock until it has become its program.
    let patience = Instant::now();
    while let Err(error) = DataFolder::open(temporary.path()) {
        assert!(patience.elapsed().as_secs() < 20, "{error}");
        std::thread::yield_now();
    }
}

#[test]
fn contact_centres_have_journals_of_their_own() {
    let disk = Disk::new();
    let mut demo = disk.open();
    assert_eq!(append(&mut demo, 0, &records(1..=1)), "acked");
    let other = SqliteJournal::open(&disk.folder, "other", 2).unwrap();
    assert_eq!((other.epoch(), other.head()), (2, 0));
}

#[test]
fn a_name_that_leaves_the_folder_is_refused() {
    let disk = Disk::new();
    for name in ["", "../demo", "a/b", ".", "a.b", "a b", "a\0b", "ä"] {
        let error = SqliteJournal::open(&disk.folder, name, 1).unwrap_err();
        assert!(matches!(error, Error::Name { .. }), "{name:?}: {error}");
    }
}

#[test]
fn a_newer_format_is_refused_and_left_as_it_is() {
    let disk = Disk::new().with_steps(1);
    disk.meddle("PRAGMA user_version = 8; PRAGMA journal_mode = DELETE");
    let before = fs::read(disk.file()).unwrap();
    assert_eq!(
        disk.try_open().unwrap_err().to_string(),
        format!(
            "{} has journal format 8, this Baton knows formats up to 7: start a newer Baton",
            disk.file().display()
        )
    );
    assert_eq!(fs::read(disk.file()).unwrap(), before);
}

#[test]
fn a_file_of_the_second_format_keeps_its_base() {
    let disk = Disk::new().with_steps(3);
    trim(&mut disk.open(), 2, [b"state".to_vec()]).unwrap();
    disk.meddle(
        &format!("{WITHOUT_FORMAT_6} DROP TABLE new_step_keys; DROP TABLE archive; DROP TABLE former_epochs; ALTER TABLE steps DROP COLUMN checksum; ALTER TABLE base DROP COLUMN checksum;
         PRAGMA user_version = 2"),
    );
    let mut journal = disk.open();
    let kept = (2, vec![b"state".to_vec()]);
    assert_eq!(base(&journal).unwrap(), Some(kept));
    assert_eq!(append(&mut journal, 3, &records(4..=4)), "acked");
    assert_eq!(all(&journal), [3, 4]);
}

#[test]
fn a_file_of_the_first_format_is_brought_up_to_date() {
    let disk = Disk::new().with_steps(3);
    disk.meddle(
        &format!("{WITHOUT_FORMAT_6} DROP TABLE new_step_keys; DROP TABLE archive; DROP TABLE base; DROP TABLE former_epochs; ALTER TABLE steps DROP COLUMN checksum; PRAGMA user_version = 1"),
    );
    let mut journal = disk.open();
    assert_eq!(all(&journal), [1, 2, 3]);
    assert_eq!(append(&mut journal, 3, &records(4..=4)), "acked");
    assert_eq!(base(&journal).unwrap(), None);
}

#[test]
fn what_was_trimmed_leaves_the_file_little_by_little() {
    let disk = Disk::new();
    let mut journal = disk.open();
    let keyed: Vec<_> = (1..=1_200).map(|at| record(at, &["I1"])).collect();
    assert_eq!(append(&mut journal, 0, &keyed), "acked");
    trim(&mut journal, 1_100, [b"state".to_vec()]).unwrap();
    let rows = |table: &str| disk.rows(table);
    assert_eq!(rows("steps"), 1_200, "nobody waits for it");
    let keys = || rows("keys_of_steps");
    while (rows("steps"), keys()) != (100, 100) {
        let before = rows("steps") + keys();
        (0..4).for_each(|_| journal.sweep());
        assert!(rows("steps") + keys() < before);
        assert_eq!(all(&journal), (1_101..=1_200).collect::<Vec<_>>());
    }
    drop(journal);
    assert_eq!(disk.open().head(), 1_200);
}

#[test]
fn steps_are_found_by_their_keys_before_and_after_these_are_sorted_in() {
    let disk = Disk::new();
    let mut journal = disk.open();
    let keyed = |range: std::ops::RangeInclusive<u64>| -> Vec<_> {
        let keys = |at| if at % 2 == 0 { ["even"] } else { ["odd"] };
        range.map(|at| record(at, &keys(at))).collect()
    };
    let count = |journal: &SqliteJournal, after, limit| {
        let found = journal.reader().unwrap().read_keyed("odd", after, limit);
        let found: Vec<_> = found.unwrap().iter().map(|it| it.sequence).collect();
        let all: Vec<_> = (after + 1..=journal.head())
            .filter(|it| it % 2 == 1)
            .take(limit)
            .collect();
        assert_eq!(found, all);
        found.len()
    };
    assert_eq!(append(&mut journal, 0, &keyed(1..=998)), "acked");
    journal.sweep();
    assert_eq!(disk.rows("step_keys"), 0, "too few to be sorted in");
    assert_eq!(count(&journal, 0, 1_000), 499);
    assert_eq!(append(&mut journal, 998, &keyed(999..=1_500)), "acked");
    drop(journal);
    let mut journal = disk.open();
    journal.sweep();
    assert_eq!(disk.rows("step_keys"), 1_500);
    assert_eq!(append(&mut journal, 1_500, &keyed(1_501..=1_600)), "acked");
    assert_eq!(count(&journal, 0, 1_000), 800);
    assert_eq!(count(&journal, 1_490, 20), 20, "from both");
}

#[test]
fn a_copy_of_the_file_is_another_history() {
    let disk = Disk::new().with_steps(3);
    assert_eq!(
        (disk.open().epoch(), disk.open().epoch_began_after()),
        (1, 0)
    );
    let copy = disk.file().with_extension("copy");
    fs::copy(disk.file(), &copy).unwrap();
    fs::rename(&copy, disk.file()).unwrap();
    let journal = SqliteJournal::open(&disk.folder, "demo", 9).unwrap();
    assert_eq!((journal.epoch(), journal.epoch_began_after()), (9, 3));
    drop(journal);
    let journal = SqliteJournal::open(&disk.folder, "demo", 10).unwrap();
    assert_eq!((journal.epoch(), journal.epoch_began_after()), (9, 3));
}

#[test]
fn files_of_others_are_refused() {
    let disk = Disk::new();
    disk.meddle("CREATE TABLE recipes (name TEXT)");
    let error = disk.try_open().unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error}");

    fs::write(disk.file(), "Dear diary, ".repeat(1000)).unwrap();
    let error = disk.try_open().unwrap_err();
    assert!(matches!(error, Error::ForeignFile { .. }), "{error}");
}

#[test]
fn writing_goes_on_when_a_full_disk_has_room_again() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "acked");
    journal.limit_size(0).unwrap();
    let mut large = record(2, &["I1"]);
    large.body = vec![7; 100_000];
    let large = [large];
    assert_eq!(append(&mut journal, 1, &large), "refused");
    assert_eq!(append(&mut journal, 1, &large), "refused");
    assert_eq!(all(&journal), [1]);
    journal.limit_size(1 << 30).unwrap();
    assert_eq!(append(&mut journal, 1, &large), "acked");
    assert_eq!(all(&journal), [1, 2]);
}

#[test]
fn a_writer_in_the_way_is_waited_for_and_then_refuses() {
    let disk = Disk::new();
    let mut journal = disk.open();
    let meddler = Connection::open(disk.file()).unwrap();
    meddler.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "refused");
    meddler.execute_batch("ROLLBACK").unwrap();
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "acked");
}

#[test]
fn a_reader_hinders_nobody() {
    let disk = Disk::new().with_steps(1);
    let mut journal = disk.open();
    let reader = Connection::open(disk.file()).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM steps")
        .unwrap();
    assert_eq!(append(&mut journal, 1, &records(2..=2)), "acked");
    journal.idle();
    assert_eq!(append(&mut journal, 2, &records(3..=3)), "acked");
}

#[test]
fn a_damaged_file_is_never_acknowledged_into() {
    let disk = Disk::new().with_steps(200);
    let mut journal = disk.open();
    // Another commit makes the journal read from the file again, which is then no longer what it was.
    assert_eq!(append(&mut disk.open(), 200, &records(201..=201)), "acked");
    let wal = disk.temporary.path().join("demo.sqlite-wal");
    for file in [disk.file(), wal] {
        let length = fs::metadata(&file).unwrap().len();
        fs::write(&file, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    }
    assert_eq!(append(&mut journal, 201, &records(202..=202)), "ambiguous");
    assert_eq!(append(&mut journal, 201, &records(202..=202)), "ambiguous");
    assert!(disk.try_open().is_err());
}
