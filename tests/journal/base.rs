//! What a trimmed journal goes on from: it is laid piece by piece, and counts only when all of it is there.

use std::fs;

use baton::journal::{
    DataFolder, Error, Journal, JournalFile, PIECE_BYTES, SqliteJournal, back_up,
};
use rusqlite::Connection;

use super::contract::check;
use super::disk::Disk;
use super::{all, append, record, records};
use crate::support::base::{base, trim};

/// What a sweep removes of the pieces at most.
const SWEPT_LEN_MAX: i64 = (1 << 20) / PIECE_BYTES as i64;

/// A part of `len` pieces, with the line break that ends it.
fn part(len: usize) -> Vec<u8> {
    vec![b'x'; len * PIECE_BYTES - 1]
}

fn pieces(disk: &Disk) -> i64 {
    let connection = Connection::open(disk.file()).unwrap();
    let count = "SELECT count(*) FROM base_pieces";
    connection.query_row(count, [], |row| row.get(0)).unwrap()
}

fn open_copy(folder: &DataFolder) -> SqliteJournal {
    SqliteJournal::open(folder, "demo", 2).unwrap()
}

/// Whether an error says that nothing was laid, or not what its caller thinks.
fn is_other(result: Result<(), Error>, laid: u64, said: u64) -> bool {
    match result {
        Err(Error::Pieces { laid: l, said: s }) => (l, s) == (laid, said),
        _ => false,
    }
}

#[test]
fn what_is_laid_counts_when_the_history_is_trimmed_to_it_and_not_before() {
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &records(1..=9)), "acked");
        let old = Some((2, vec![b"old".to_vec()]));
        trim(&mut *journal, 2, [b"old".to_vec()]).unwrap();
        journal.lay(0, b"n").unwrap();
        journal.sweep();
        assert_eq!(append(&mut *journal, 9, &records(10..=11)), "acked");
        journal.lay(1, b"ew\n").unwrap();
        assert_eq!(base(&*journal).unwrap(), old);
        assert_eq!(all(&*journal), (3..=11).collect::<Vec<_>>());
        assert_eq!(journal.kept_after().unwrap(), 2);
        let reader = journal.reader().unwrap();
        journal.trim(4, 2).unwrap();
        let new = Some((4, vec![b"new".to_vec()]));
        (0..9).for_each(|_| journal.sweep());
        assert_eq!(base(&*journal).unwrap(), new);
        assert_eq!(reader.kept_after().unwrap(), 4);
        assert_eq!(all(&*journal), (5..=11).collect::<Vec<_>>());
    });
}

#[test]
fn what_was_laid_when_the_process_ended_is_forgotten() {
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &records(1..=9)), "acked");
        trim(&mut *journal, 2, [b"old".to_vec()]).unwrap();
        journal.lay(0, b"new\n").unwrap();
        drop(journal);
        let mut journal = place.open(1);
        assert!(is_other(journal.trim(4, 1), 0, 1));
        assert!(is_other(journal.lay(1, b"er\n"), 0, 1));
        (0..9).for_each(|_| journal.sweep());
        let old = Some((2, vec![b"old".to_vec()]));
        assert_eq!(base(&*journal).unwrap(), old);
        trim(&mut *journal, 4, [b"newer".to_vec()]).unwrap();
        let newer = Some((4, vec![b"newer".to_vec()]));
        assert_eq!(base(&*journal).unwrap(), newer);
    });
}

#[test]
fn a_crash_at_any_place_of_a_trim_leaves_a_base_that_is_whole() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=9)), "acked");
    trim(&mut journal, 2, [part(2)]).unwrap();
    let check = |sequence: u64, len: usize| {
        // What is on the disk at this moment, opened by another process.
        let after = Disk::new();
        fs::copy(disk.file(), after.file()).unwrap();
        fs::copy(disk.log(), after.log()).unwrap();
        let mut journal = after.open();
        for _ in 0..2 {
            assert!(base(&journal).unwrap() == Some((sequence, vec![part(len)])));
            assert_eq!(all(&journal), (sequence + 1..=9).collect::<Vec<_>>());
            (0..9).for_each(|_| journal.sweep());
        }
        assert_eq!(
            pieces(&after),
            i64::try_from(len).unwrap(),
            "nothing is left over"
        );
    };
    check(2, 2);
    for number in 0..2 {
        journal.lay(number, &[b'x'; PIECE_BYTES]).unwrap();
        check(2, 2);
    }
    let last = [part(1), b"\n".to_vec()].concat();
    journal.lay(2, &last).unwrap();
    check(2, 2);
    journal.trim(4, 3).unwrap();
    for _ in 0..4 {
        check(4, 3);
        journal.sweep();
    }
}

#[test]
fn pieces_are_laid_one_by_one_and_from_the_first_on_anew() {
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &records(1..=9)), "acked");
        journal.lay(0, b"one\n").unwrap();
        journal.lay(1, b"two\n").unwrap();
        assert!(is_other(journal.lay(3, b"four\n"), 2, 3));
        assert!(is_other(journal.trim(4, 2), 0, 2), "it is given up");
        journal.lay(0, b"one\n").unwrap();
        assert!(is_other(journal.trim(4, 2), 1, 2));
        assert_eq!(base(&*journal).unwrap(), None);
        journal.lay(0, b"never mind\n").unwrap();
        trim(&mut *journal, 4, [b"other".to_vec()]).unwrap();
        let other = Some((4, vec![b"other".to_vec()]));
        assert_eq!(base(&*journal).unwrap(), other);
    });
}

#[test]
fn pieces_that_do_not_count_leave_the_file_little_by_little_and_no_others() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=9)), "acked");
    let old = vec![part(20), part(3)];
    trim(&mut journal, 2, old.clone()).unwrap();
    (0..30).for_each(|number| journal.lay(number, &part(1)).unwrap());
    drop(journal);
    assert_eq!(pieces(&disk), 53);
    let mut journal = disk.open();
    let sweep_down_to = |journal: &mut SqliteJournal, wanted| {
        let mut left = pieces(&disk);
        while left > wanted {
            journal.sweep();
            let removed = left - pieces(&disk);
            assert!(
                (1..=SWEPT_LEN_MAX).contains(&removed),
                "{removed} of {left}"
            );
            left -= removed;
        }
        (0..4).for_each(|_| journal.sweep());
        assert_eq!(pieces(&disk), wanted);
    };
    // Those of the base are before those that were given up, and those of the next one behind.
    (0..5).for_each(|number| journal.lay(number, &part(1)).unwrap());
    sweep_down_to(&mut journal, 28);
    assert!(base(&journal).unwrap() == Some((2, old)));
    journal.trim(4, 5).unwrap();
    sweep_down_to(&mut journal, 5);
    // None of them ended the part.
    let part = vec![b'x'; 5 * (PIECE_BYTES - 1)];
    assert!(base(&journal).unwrap() == Some((4, vec![part])));
    drop(journal);
    assert_eq!(disk.open().head(), 9);
}

/// SQLite takes no row above 1,000,000,000 bytes: nothing that is laid is a row of the whole.
#[test]
fn no_row_holds_more_than_a_piece() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=9)), "acked");
    trim(&mut journal, 4, [part(40), part(1), vec![b'y'; 10]]).unwrap();
    drop(journal);
    let connection = Connection::open(disk.file()).unwrap();
    let sizes = "SELECT count(*), max(length(body)) FROM base_pieces";
    let sizes = connection.query_row(sizes, [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(sizes.unwrap(), (42, PIECE_BYTES as i64));
}

#[test]
fn a_disk_that_is_full_leaves_the_base_as_it_was() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=9)), "acked");
    trim(&mut journal, 2, [b"old".to_vec()]).unwrap();
    journal.limit_size(1 << 20).unwrap();
    let error = trim(&mut journal, 4, [part(40)]).unwrap_err();
    assert!(matches!(error, Error::Sqlite { .. }), "{error:?}");
    let old = Some((2, vec![b"old".to_vec()]));
    assert_eq!(base(&journal).unwrap(), old);
    // What was laid makes room again for what is acknowledged.
    (0..9).for_each(|_| journal.sweep());
    assert_eq!(pieces(&disk), 1);
    let mut large = record(10, &[]);
    large.body = part(3);
    assert_eq!(append(&mut journal, 9, &[large]), "acked");
    journal.limit_size(1 << 30).unwrap();
    trim(&mut journal, 4, [part(40)]).unwrap();
    assert!(base(&journal).unwrap() == Some((4, vec![part(40)])));
}

#[test]
fn a_base_that_is_not_what_was_written_is_found_wherever_it_is() {
    for damage in [
        "UPDATE base_pieces SET body = x'00' WHERE number = 2",
        "UPDATE base_pieces SET checksum = checksum + 1 WHERE number = 3",
        "UPDATE base_pieces SET number = number + 7",
        "DELETE FROM base_pieces WHERE number = 1",
        "DELETE FROM base_pieces WHERE number = 3",
        "UPDATE base SET first_piece = 2",
        "UPDATE base SET last_piece = 2",
        "UPDATE base SET last_piece = 4",
        "UPDATE base SET checksum = checksum + 1",
        // Two that are whole, in each other's place.
        "UPDATE base_pieces SET number = -number; UPDATE base_pieces SET number = number + 4",
    ] {
        let disk = Disk::new().with_steps(5);
        trim(&mut disk.open(), 3, [part(1), part(2)]).unwrap();
        disk.meddle(damage);
        let error = base(&disk.open()).unwrap_err();
        assert!(
            matches!(&error, Error::Damaged { sequence: 3, file } if *file == disk.file()),
            "{damage}: {error}"
        );
        let file = JournalFile::open(disk.temporary.path(), "demo").unwrap();
        let read = file
            .base()
            .and_then(|it| it.unwrap().parts.collect::<Result<Vec<_>, _>>());
        assert!(
            matches!(read, Err(Error::Damaged { sequence: 3, .. })),
            "{damage}"
        );
    }
}

#[test]
fn a_page_of_a_base_that_was_overwritten_is_damage_of_the_base() {
    let disk = Disk::new().with_steps(5);
    trim(&mut disk.open(), 3, [part(3)]).unwrap();
    disk.meddle("PRAGMA journal_mode = DELETE");
    let mut bytes = fs::read(disk.file()).unwrap();
    let at = bytes.windows(16).position(|it| it == [b'x'; 16]).unwrap();
    let page = at / 4096 * 4096;
    bytes[page..page + 4096].fill(0x5a);
    fs::write(disk.file(), bytes).unwrap();
    let error = disk
        .try_open()
        .and_then(|journal| base(&journal))
        .unwrap_err();
    assert!(
        matches!(error, Error::Damaged { sequence: 3, .. }),
        "{error}"
    );
}

#[test]
fn a_copy_of_a_journal_that_is_being_trimmed_has_the_base_that_counts() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=9)), "acked");
    trim(&mut journal, 2, [part(3)]).unwrap();
    journal.lay(0, &part(1)).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(elsewhere.path()).unwrap();
    back_up(&disk.file(), &elsewhere.path().join("demo.sqlite")).unwrap();
    let mut copy = open_copy(&folder);
    assert!(base(&copy).unwrap() == Some((2, vec![part(3)])));
    trim(&mut copy, 5, [b"new".to_vec()]).unwrap();
    (0..9).for_each(|_| copy.sweep());
    drop(copy);
    assert_eq!(
        base(&open_copy(&folder)).unwrap(),
        Some((5, vec![b"new".to_vec()]))
    );
    journal.lay(1, b"\n").unwrap();
    journal.trim(4, 2).unwrap();
    assert!(
        base(&journal)
            .unwrap()
            .is_some_and(|(sequence, _)| sequence == 4)
    );
}

#[test]
fn a_reader_has_the_whole_base_that_was_there_when_he_began() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=9)), "acked");
    trim(&mut journal, 2, [part(3), part(1)]).unwrap();
    let reader = journal.reader().unwrap();
    let mut old = reader.base().unwrap().unwrap();
    assert!(old.parts.next().unwrap().unwrap() == part(3));
    trim(&mut journal, 4, [b"new".to_vec()]).unwrap();
    (0..9).for_each(|_| journal.sweep());
    assert!(old.parts.next().unwrap().unwrap() == part(1));
    assert!(old.parts.next().is_none());
    drop(old);
    assert_eq!(reader.base().unwrap().unwrap().sequence, 4);
}

/// What a Baton of before wrote is what this one reads, and what it makes of it later is its own.
#[test]
fn a_file_of_the_sixth_format_is_brought_up_to_date() {
    let made = |change: &str| {
        let disk = Disk::new();
        disk.meddle(include_str!("formats/6.sql"));
        disk.meddle(change);
        disk
    };
    let disk = made("");
    let mut journal = disk.open();
    let old = (4, vec![br#"{"all":"up to 4"}"#.to_vec()]);
    assert_eq!(base(&journal).unwrap(), Some(old));
    assert_eq!(all(&journal), [5, 6]);
    assert_eq!(append(&mut journal, 6, &records(7..=7)), "acked");
    trim(&mut journal, 5, [part(2)]).unwrap();
    (0..9).for_each(|_| journal.sweep());
    assert!(base(&journal).unwrap() == Some((5, vec![part(2)])));
    assert_eq!(pieces(&disk), 2, "the one of before has gone");
    let found = journal.reader().unwrap().read_keyed("I1", 0, 9).unwrap();
    assert_eq!(super::sequences(&found), [2, 3, 4, 5, 6]);

    let damaged = made("UPDATE base SET body = x'00'");
    let error = base(&damaged.open()).unwrap_err();
    assert!(
        matches!(error, Error::Damaged { sequence: 4, .. }),
        "{error}"
    );
}
