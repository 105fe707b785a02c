//! What is archived with a record is there as the record is, and stays when the record goes.

use std::fs;
use std::path::Path;

use baton::journal::{
    ArchiveRange, Archived, DataFolder, Error, Fault, Journal, MemoryDisk, Place, Reader, Record,
    SqliteJournal,
};
use rusqlite::Connection;

use super::contract::check;
use super::{WITHOUT_FORMAT_6, append, record, records};
use crate::support::base::trim;

/// A record that ends something of a key.
fn ending(sequence: u64, key: &str, labels: [&str; 2]) -> Record {
    let step = record(sequence, &[key]);
    let row = Archived {
        place: Place {
            at_ms: step.at_ms,
            sequence,
            key: key.to_owned(),
        },
        labels: labels.map(str::to_owned),
        body: format!("{key} as it ended at {sequence}").into_bytes(),
    };
    Record {
        archived: vec![row],
        ..step
    }
}

/// Ended at 1 to 5, in turn with the labels `chat` and `email`, all with `sales`.
fn five() -> Vec<Record> {
    let labels = |sequence| [["email", "sales"], ["chat", "sales"]][sequence as usize % 2];
    (1..=5)
        .map(|sequence| ending(sequence, &format!("I{sequence}"), labels(sequence)))
        .collect()
}

fn everything() -> ArchiveRange {
    ArchiveRange {
        before: Place::beginning_of(u64::MAX),
        since_ms: 0,
        labels: [None, None],
        looked_len_max: usize::MAX,
    }
}

/// The sequences of up to `len_max` rows of a range, and where the look ended.
fn look(reader: &dyn Reader, range: &ArchiveRange, len_max: usize) -> (Vec<u64>, Option<Place>) {
    let mut found = Vec::new();
    let next = reader.look_at_archive(range, &mut |row| {
        found.push(row.unwrap().place.sequence);
        found.len() < len_max
    });
    (found, next.unwrap())
}

fn all(journal: &dyn Journal) -> Vec<u64> {
    look(&*journal.reader().unwrap(), &everything(), usize::MAX).0
}

#[test]
fn a_look_finds_what_it_asks_for_newest_first() {
    let at_ms = |sequence| record(sequence, &[]).at_ms;
    let label = |name: &str| Some(name.to_owned());
    let cases: [(&str, ArchiveRange, &[u64]); 8] = [
        ("everything", everything(), &[5, 4, 3, 2, 1]),
        (
            "since",
            ArchiveRange {
                since_ms: at_ms(4),
                ..everything()
            },
            &[5, 4],
        ),
        (
            "until",
            ArchiveRange {
                before: Place::beginning_of(at_ms(2)),
                ..everything()
            },
            &[1],
        ),
        (
            "first label",
            ArchiveRange {
                labels: [label("email"), None],
                ..everything()
            },
            &[4, 2],
        ),
        (
            "second label",
            ArchiveRange {
                labels: [None, label("sales")],
                ..everything()
            },
            &[5, 4, 3, 2, 1],
        ),
        (
            "both",
            ArchiveRange {
                labels: [label("chat"), label("sales")],
                ..everything()
            },
            &[5, 3, 1],
        ),
        (
            "neither",
            ArchiveRange {
                labels: [label("sales"), None],
                ..everything()
            },
            &[],
        ),
        (
            "after the end",
            ArchiveRange {
                since_ms: at_ms(6),
                ..everything()
            },
            &[],
        ),
    ];
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &five()), "acked");
        for (what, range, expected) in &cases {
            let found = look(&*journal.reader().unwrap(), range, usize::MAX);
            assert_eq!(found, (expected.to_vec(), None), "{what}");
        }
    });
}

#[test]
fn a_look_ends_where_it_is_told_to_and_goes_on_there() {
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &five()), "acked");
        let reader = journal.reader().unwrap();
        // A row that is not asked for counts among those that are looked at.
        let only_email = [Some("email".to_owned()), None];
        for (len_max, looked_len_max, labels, pages) in [
            (
                2,
                usize::MAX,
                [None, None],
                vec![vec![5, 4], vec![3, 2], vec![1]],
            ),
            (5, usize::MAX, [None, None], vec![vec![5, 4, 3, 2, 1]]),
            (9, 2, [None, None], vec![vec![5, 4], vec![3, 2], vec![1]]),
            (9, 2, only_email.clone(), vec![vec![4], vec![2], vec![]]),
            (1, usize::MAX, only_email, vec![vec![4], vec![2], vec![]]),
        ] {
            let mut range = ArchiveRange {
                looked_len_max,
                labels,
                ..everything()
            };
            for (index, expected) in pages.iter().enumerate() {
                let (found, next) = look(&*reader, &range, len_max);
                assert_eq!(&found, expected, "page {index}");
                assert_eq!(next.is_none(), index + 1 == pages.len(), "page {index}");
                range.before = next.unwrap_or_else(|| Place::beginning_of(0));
            }
        }
    });
}

#[test]
fn a_key_finds_the_last_of_its_rows() {
    check(|place| {
        let mut journal = place.open(1);
        let records = [
            ending(1, "I1", ["chat", "chat"]),
            ending(2, "I2", ["chat", "chat"]),
            ending(3, "I1", ["email", "email"]),
        ];
        assert_eq!(append(&mut *journal, 0, &records), "acked");
        let reader = journal.reader().unwrap();
        let found = |key| reader.archived(key).unwrap();
        assert_eq!(found("I1").as_ref(), records[2].archived.first());
        assert_eq!(found("I2").as_ref(), records[1].archived.first());
        assert_eq!(found("i2"), None);
    });
}

#[test]
fn an_append_that_is_not_acknowledged_archives_nothing() {
    check(|place| {
        let mut batch = five();
        batch[4].body = vec![7; 1 << 20];
        let mut full = place.open_full();
        assert_eq!(append(&mut *full, 0, &batch), "refused");
        assert!(all(&*full).is_empty());
        let usage = full.reader().unwrap().usage().unwrap();
        assert_eq!((usage.archived_len, usage.archived_bytes), (0, 0));
    });
    for written in [false, true] {
        let disk = MemoryDisk::new(1);
        disk.fail_next(Fault::Ambiguous { written });
        assert_eq!(append(&mut disk.open(), 0, &five()), "ambiguous");
        assert_eq!(all(&disk.open()).is_empty(), !written);
    }
}

#[test]
fn archived_rows_outlive_their_records_and_the_process() {
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &five()), "acked");
        trim(&mut *journal, 4, [b"state".to_vec()]).unwrap();
        (0..9).for_each(|_| journal.sweep());
        drop(journal);
        let mut journal = place.open(1);
        assert_eq!(all(&*journal), [5, 4, 3, 2, 1]);
        let late = ending(6, "I0", ["chat", "sales"]).archived;
        journal.archive(&mut late.into_iter()).unwrap();
        assert_eq!(all(&*journal), [6, 5, 4, 3, 2, 1]);
        assert_eq!(journal.head(), 5);
    });
}

#[test]
fn what_is_too_old_goes_and_is_counted_no_longer() {
    check(|place| {
        let mut journal = place.open(1);
        assert_eq!(append(&mut *journal, 0, &five()), "acked");
        let counted = |journal: &dyn Journal| {
            let usage = journal.reader().unwrap().usage().unwrap();
            (usage.archived_len, usage.archived_bytes)
        };
        let len = five()[0].archived[0].body.len() as u64;
        assert_eq!(counted(&*journal), (5, 5 * len));
        journal.expire(record(3, &[]).at_ms);
        assert_eq!(all(&*journal), [5, 4, 3]);
        assert_eq!(counted(&*journal), (3, 3 * len));
        journal.expire(u64::MAX);
        assert_eq!((all(&*journal), counted(&*journal)), (vec![], (0, 0)));
    });
}

fn open(folder: &Path) -> SqliteJournal {
    SqliteJournal::open(&DataFolder::open(folder).unwrap(), "demo", 1).unwrap()
}

fn meddle(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("demo.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn old_rows_go_a_few_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    let many: Vec<Record> = (1..=250)
        .map(|sequence| ending(sequence, "I", ["a", "b"]))
        .collect();
    assert_eq!(append(&mut journal, 0, &many), "acked");
    for left in [150, 50, 0, 0] {
        journal.expire(u64::MAX);
        assert_eq!(all(&journal).len(), left);
    }
}

#[test]
fn who_reads_the_archive_hinders_nobody_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    assert_eq!(append(&mut journal, 0, &five()), "acked");
    let reader = journal.reader().unwrap();
    let mut found = 0;
    reader
        .look_at_archive(&everything(), &mut |_| {
            let head = journal.head();
            let next = [ending(head + 1, "I9", ["chat", "sales"])];
            assert_eq!(append(&mut journal, head, &next), "acked");
            found += 1;
            true
        })
        .unwrap();
    assert_eq!(found, 5, "a look sees one moment");
    assert_eq!(all(&journal).len(), 10);
}

#[test]
fn a_row_that_is_not_what_was_written_is_found() {
    for change in [
        "body = x'7B7D'",
        "label_1 = 'chat ', label_2 = 'ales'",
        "key = 'I9'",
        "at_ms = at_ms - 1",
        "sequence = 9",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let journal = &mut open(folder.path());
        assert_eq!(append(journal, 0, &five()), "acked");
        meddle(
            folder.path(),
            &format!("UPDATE archive SET {change} WHERE sequence = 3"),
        );
        let reader = journal.reader().unwrap();
        let (mut good, mut damaged) = (Vec::new(), 0);
        let next = reader.look_at_archive(&everything(), &mut |row| {
            match row {
                Ok(row) => good.push(row.place.sequence),
                Err(_) => damaged += 1,
            }
            true
        });
        assert_eq!((next.unwrap(), damaged), (None, 1), "{change}");
        good.sort();
        assert_eq!(good, [1, 2, 4, 5], "{change}");
        let alone = reader.archived("I3");
        let is_refused = matches!(alone, Err(Error::Damaged { .. }));
        assert!(is_refused || change == "key = 'I9'", "{change}: {alone:?}");
    }
}

#[test]
fn a_file_of_the_third_format_gets_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        append(&mut open(folder.path()), 0, &records(1..=3)),
        "acked"
    );
    meddle(
        folder.path(),
        &format!(
            "{WITHOUT_FORMAT_6} DROP TABLE new_step_keys; DROP TABLE archive; PRAGMA user_version = 3"
        ),
    );
    let mut journal = open(folder.path());
    let next = [ending(4, "I4", ["chat", "sales"])];
    assert_eq!(append(&mut journal, 3, &next), "acked");
    assert_eq!(all(&journal), [4]);
}

#[test]
fn what_lost_steps_have_ended_is_forgotten_with_them() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(append(&mut open(folder.path()), 0, &five()), "acked");
    meddle(folder.path(), "DELETE FROM steps WHERE sequence > 3");
    let journal = open(folder.path());
    assert_eq!((journal.head(), all(&journal)), (3, vec![3, 2, 1]));
    assert_eq!(journal.reader().unwrap().usage().unwrap().archived_len, 3);
}

#[test]
fn a_journal_that_is_trimmed_and_an_archive_that_expires_stay_below_a_size() {
    const ROUND_LEN: u64 = 100;
    const KEPT_LEN: u64 = 2 * ROUND_LEN;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = open(folder.path());
    let file = folder.path().join("demo.sqlite");
    let mut bound = 0;
    for round in 0..40 {
        let head = journal.head();
        let batch = (head + 1..=head + ROUND_LEN).map(|sequence| {
            let mut record = ending(sequence, &format!("I{sequence}"), ["chat", "sales"]);
            record.body = vec![b'1'; 1_000];
            record.archived[0].body = vec![b'2'; 1_000];
            record
        });
        let batch: Vec<Record> = batch.collect();
        assert_eq!(append(&mut journal, head, &batch), "acked");
        let kept_after = journal.head().saturating_sub(KEPT_LEN);
        if kept_after > 0 {
            trim(&mut journal, kept_after, [b"state".to_vec()]).unwrap();
            journal.expire(record(kept_after + 1, &[]).at_ms);
            (0..4).for_each(|_| journal.sweep());
        }
        journal.idle();
        let size = fs::metadata(&file).unwrap().len();
        // What comes and what goes are in balance from here on.
        if round == 9 {
            bound = size + size / 4;
        }
        assert!(
            round <= 9 || size <= bound,
            "round {round}: {size} of {bound} bytes"
        );
    }
    let usage = journal.reader().unwrap().usage().unwrap();
    assert_eq!(
        (usage.archived_len, usage.archived_bytes),
        (KEPT_LEN, 1_000 * KEPT_LEN)
    );
    assert!(usage.bytes >= fs::metadata(&file).unwrap().len());
    assert!(usage.free_bytes > 0 && usage.free_bytes < bound);
}
