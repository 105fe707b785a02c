//! What outlives a trim: the steps by whose key something is still there to be asked about (design D15).

use baton::journal::{
    Archived, DataFolder, Journal, KEPT_BYTES_MAX, KEPT_LEN_MAX, Place, Record, SqliteJournal,
};
use rusqlite::Connection;

use super::contract::check;
use super::{WITHOUT_FORMAT_6, all, append, record, sequences};
use crate::support::base;

const EPOCH: u64 = 1;

/// A record that ends something of a key, and is about others too.
fn ending(sequence: u64, keys: &[&str]) -> Record {
    let step = record(sequence, keys);
    let row = Archived {
        place: Place {
            at_ms: step.at_ms,
            sequence,
            key: keys[0].to_owned(),
        },
        labels: [String::new(), String::new()],
        body: vec![b'x'; 10],
    };
    Record {
        archived: vec![row],
        ..step
    }
}

fn of_key(journal: &dyn Journal, key: &str) -> Vec<u64> {
    let reader = journal.reader().unwrap();
    sequences(&reader.read_keyed(key, 0, usize::MAX).unwrap())
}

fn trim(journal: &mut dyn Journal, sequence: u64) {
    base::trim(journal, sequence, [b"state".to_vec()]).unwrap();
}

/// As often as what these tests trim and expire needs.
fn sweep(journal: &mut dyn Journal) {
    (0..20).for_each(|_| journal.sweep());
}

fn expire_until(journal: &mut dyn Journal, sequence: u64) {
    journal.expire(record(sequence + 1, &[]).at_ms);
}

fn kept_len(journal: &dyn Journal) -> u64 {
    journal.reader().unwrap().usage().unwrap().kept_len
}

/// `live` is never ended, `early` by 4, `late` by 8, and 5 is about both of the last.
fn story() -> Vec<Record> {
    vec![
        record(1, &["live"]),
        record(2, &["early", "late"]),
        record(3, &[]),
        ending(4, &["early"]),
        record(5, &["late", "live"]),
        record(6, &["late"]),
        record(7, &[]),
        ending(8, &["late"]),
        record(9, &["live"]),
    ]
}

const LIVE: [u64; 3] = [1, 5, 9];
const EARLY: [u64; 2] = [2, 4];
const LATE: [u64; 4] = [2, 5, 6, 8];

#[test]
fn what_is_trimmed_is_found_by_its_keys_until_these_have_left_the_archive() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &story()), "acked");
        for base in [3, 7, 9] {
            trim(&mut *journal, base);
            sweep(&mut *journal);
            drop(journal);
            journal = place.open(EPOCH);
            assert_eq!(all(&*journal), (base + 1..=9).collect::<Vec<_>>());
            assert_eq!(of_key(&*journal, "live"), LIVE, "after {base}");
            assert_eq!(of_key(&*journal, "early"), EARLY, "after {base}");
            assert_eq!(of_key(&*journal, "late"), LATE, "after {base}");
        }
        let found = journal.reader().unwrap().read_keyed("live", 1, 1).unwrap();
        let expected = Record {
            keys: Vec::new(),
            ..record(5, &[])
        };
        assert_eq!(
            found,
            [expected],
            "as it was written, from where it is asked"
        );
        assert_eq!(kept_len(&*journal), 7, "3 and 7 are about nothing");
        expire_until(&mut *journal, 4);
        assert_eq!(of_key(&*journal, "early"), [0; 0]);
        assert_eq!(of_key(&*journal, "late"), LATE, "2 is about both");
        expire_until(&mut *journal, 8);
        assert_eq!(of_key(&*journal, "late"), [0; 0]);
        assert_eq!(of_key(&*journal, "live"), LIVE);
        let usage = journal.reader().unwrap().usage().unwrap();
        assert_eq!(
            (usage.kept_len, usage.kept_bytes),
            (3, 3 * "step 1".len() as u64)
        );
    });
}

#[test]
fn what_has_left_the_archive_before_its_steps_go_is_not_kept() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &story()), "acked");
        // The name is given out again.
        assert_eq!(append(&mut *journal, 9, &[record(10, &["early"])]), "acked");
        expire_until(&mut *journal, 4);
        assert_eq!(
            of_key(&*journal, "early"),
            [2, 4, 10],
            "the journal tells it"
        );
        for base in [2, 7, 10] {
            trim(&mut *journal, base);
            sweep(&mut *journal);
            drop(journal);
            journal = place.open(EPOCH);
        }
        assert_eq!(of_key(&*journal, "early"), [10]);
        assert_eq!(of_key(&*journal, "late"), LATE);
        assert_eq!(kept_len(&*journal), 7, "4 is about nothing else");
    });
}

#[test]
fn of_one_key_so_many_and_so_many_bytes_are_kept_the_newest() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        const MANY: u64 = KEPT_LEN_MAX as u64;
        let len = MANY + 300;
        let many = (1..=len).map(|sequence| record(sequence, &["many"]));
        assert_eq!(append(&mut *journal, 0, &many.collect::<Vec<_>>()), "acked");
        let large = |sequence| Record {
            body: vec![b'x'; KEPT_BYTES_MAX as usize / 4],
            ..record(sequence, &["large"])
        };
        let larger: Vec<_> = (len + 1..=len + 6).map(large).collect();
        assert_eq!(append(&mut *journal, len, &larger), "acked");
        for base in [MANY, len + 6] {
            trim(&mut *journal, base);
            assert_eq!(of_key(&*journal, "many").last(), Some(&len));
            sweep(&mut *journal);
        }
        let kept = of_key(&*journal, "many");
        assert_eq!(kept, (301..=len).collect::<Vec<_>>());
        let kept = of_key(&*journal, "large");
        assert_eq!(kept, (len + 3..=len + 6).collect::<Vec<_>>());
        assert_eq!(kept_len(&*journal), MANY + 4);
    });
}

fn open(folder: &std::path::Path) -> SqliteJournal {
    SqliteJournal::open(&DataFolder::open(folder).unwrap(), "demo", EPOCH).unwrap()
}

#[test]
fn a_crash_between_any_two_pieces_of_a_trim_loses_and_repeats_nothing() {
    const LEN: u64 = 1_300;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    let keys = |sequence| if sequence % 2 == 0 { ["even"] } else { ["odd"] };
    let steps: Vec<_> = (1..=LEN).map(|it| record(it, &keys(it))).collect();
    assert_eq!(append(&mut journal, 0, &steps[..1_200]), "acked");
    // Some lines of the index are sorted in by then, and some are not.
    journal.sweep();
    assert_eq!(append(&mut journal, 1_200, &steps[1_200..]), "acked");
    trim(&mut journal, 1_250);
    let (mut left, mut pieces) = (u64::MAX, 0);
    let count = |table: &str| {
        let connection = Connection::open(folder.path().join("demo.sqlite")).unwrap();
        let count = format!("SELECT count(*) FROM {table}");
        connection
            .query_row(&count, [], |row| row.get(0).map(i64::cast_unsigned))
            .unwrap()
    };
    while count("steps") > LEN - 1_250 {
        let odd = (1..=LEN).filter(|it| it % 2 == 1);
        // Those above the bound are there as long as the trim has not come to them.
        let missing = odd
            .filter(|it| !of_key(&journal, "odd").contains(it))
            .count();
        assert_eq!(missing, 0);
        assert!(count("steps") < left, "each piece takes some");
        left = count("steps");
        journal.sweep();
        drop(journal);
        journal = open(folder.path());
        pieces += 1;
    }
    assert_eq!(pieces, 5);
    let rest = LEN - 1_250;
    assert_eq!((count("step_keys"), count("keys_of_steps")), (0, rest));
    assert_eq!(count("kept_steps"), 1_250);
}

#[test]
fn a_piece_of_a_trim_is_bounded_in_bytes_too_and_a_step_that_is_larger_goes_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    let lens = [2 << 20, 10, 700_000, 700_000, 10];
    let steps: Vec<_> = (1..)
        .zip(lens)
        .map(|(at, len)| Record {
            body: vec![b'x'; len],
            ..record(at, &["I"])
        })
        .collect();
    assert_eq!(append(&mut journal, 0, &steps), "acked");
    trim(&mut journal, 5);
    for kept in [1, 3, 5] {
        journal.sweep();
        assert_eq!(kept_len(&journal), kept);
        assert_eq!(of_key(&journal, "I"), [1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_file_of_the_fifth_format_finds_by_its_keys_what_it_found_and_keeps_it_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    let steps: Vec<_> = (1..=1_500).map(|it| record(it, &["I"])).collect();
    assert_eq!(append(&mut journal, 0, &steps[..1_100]), "acked");
    journal.sweep();
    assert_eq!(append(&mut journal, 1_100, &steps[1_100..]), "acked");
    drop(journal);
    let connection = Connection::open(folder.path().join("demo.sqlite")).unwrap();
    let trimmed = "INSERT INTO base (sequence, body) VALUES (600, x'00');
        DELETE FROM steps WHERE sequence <= 500; PRAGMA user_version = 5;";
    let older = format!("{WITHOUT_FORMAT_6} {trimmed}");
    connection.execute_batch(&older).unwrap();
    drop(connection);
    let mut journal = open(folder.path());
    assert_eq!(of_key(&journal, "I"), (601..=1_500).collect::<Vec<_>>());
    trim(&mut journal, 1_200);
    sweep(&mut journal);
    assert_eq!(of_key(&journal, "I"), (601..=1_500).collect::<Vec<_>>());
    assert_eq!(kept_len(&journal), 600);
}
