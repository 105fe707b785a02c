//! One test a promise, each run against every implementation.

use baton::journal::{DataFolder, Error, Fault, Journal, MemoryDisk, Record, SqliteJournal};
use tempfile::TempDir;

use super::{all, append, record, records, sequences};
use crate::support::base::{base, trim};

const EPOCH: u64 = 1_763_700_000_000;

/// A place in which a journal outlives its process.
pub(super) trait Place {
    fn open(&self, epoch_if_new: u64) -> Box<dyn Journal>;

    /// A journal whose next append finds the disk full.
    fn open_full(&self) -> Box<dyn Journal>;
}

impl Place for MemoryDisk {
    fn open(&self, _epoch_if_new: u64) -> Box<dyn Journal> {
        Box::new(Self::open(self))
    }

    fn open_full(&self) -> Box<dyn Journal> {
        self.fail_next(Fault::Refused);
        Box::new(Self::open(self))
    }
}

struct OnDisk {
    folder: DataFolder,
    _temporary: TempDir,
}

impl OnDisk {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self {
            folder: DataFolder::open(temporary.path()).unwrap(),
            _temporary: temporary,
        }
    }
}

impl Place for OnDisk {
    fn open(&self, epoch_if_new: u64) -> Box<dyn Journal> {
        Box::new(SqliteJournal::open(&self.folder, "demo", epoch_if_new).unwrap())
    }

    fn open_full(&self) -> Box<dyn Journal> {
        let mut journal = SqliteJournal::open(&self.folder, "demo", EPOCH).unwrap();
        journal.limit_size(0).unwrap();
        Box::new(journal)
    }
}

pub(super) fn check(promise: impl Fn(&dyn Place)) {
    promise(&MemoryDisk::new(EPOCH));
    promise(&OnDisk::new());
}

fn keyed(journal: &dyn Journal, key: &str) -> Vec<Record> {
    journal.reader().unwrap().read_keyed(key, 0, 10).unwrap()
}

#[test]
fn a_new_journal_is_empty() {
    check(|place| {
        let journal = place.open(EPOCH);
        assert_eq!((journal.epoch(), journal.head()), (EPOCH, 0));
        assert!(journal.read_after(0, 10).unwrap().is_empty());
        assert!(keyed(&*journal, "I1").is_empty());
    });
}

#[test]
fn what_is_acknowledged_is_read_back_whole_and_in_order() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &records(1..=3)), "acked");
        assert_eq!(append(&mut *journal, 3, &records(4..=5)), "acked");
        assert_eq!(journal.head(), 5);
        assert_eq!(journal.read_after(0, usize::MAX).unwrap(), records(1..=5));
    });
}

#[test]
fn a_body_is_any_bytes() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        let mut odd = records(1..=2);
        odd[0].body = vec![];
        odd[1].body = vec![0, 0xff, b'\'', 0];
        assert_eq!(append(&mut *journal, 0, &odd), "acked");
        assert_eq!(journal.read_after(0, 10).unwrap(), odd);
    });
}

#[test]
fn reading_goes_page_by_page() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &records(1..=5)), "acked");
        assert_eq!(sequences(&journal.read_after(0, 2).unwrap()), [1, 2]);
        assert_eq!(sequences(&journal.read_after(2, 2).unwrap()), [3, 4]);
        assert_eq!(sequences(&journal.read_after(4, 2).unwrap()), [5]);
        assert!(journal.read_after(5, 2).unwrap().is_empty());
        assert!(journal.read_after(u64::MAX, 2).unwrap().is_empty());
        assert!(journal.read_after(0, 0).unwrap().is_empty());
    });
}

#[test]
fn a_gap_is_refused_and_writes_nothing() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &[record(2, &[])]), "refused");
        let torn = [record(1, &[]), record(3, &[])];
        assert_eq!(append(&mut *journal, 0, &torn), "refused");
        let repeated = [record(1, &[]), record(1, &[])];
        assert_eq!(append(&mut *journal, 0, &repeated), "refused");
        assert!(all(&*journal).is_empty());
        assert_eq!(append(&mut *journal, 0, &records(1..=1)), "acked");
    });
}

#[test]
fn another_head_than_expected_is_fenced() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &records(1..=2)), "acked");
        assert_eq!(append(&mut *journal, 1, &records(2..=2)), "fenced at 2");
        assert_eq!(append(&mut *journal, 7, &records(8..=8)), "fenced at 2");
        assert_eq!(append(&mut *journal, 1, &[]), "fenced at 2");
        assert_eq!(all(&*journal), [1, 2]);
    });
}

#[test]
fn of_two_writers_the_late_one_is_fenced_by_the_journal_itself() {
    check(|place| {
        let mut deposed = place.open(EPOCH);
        let mut owner = place.open(EPOCH);
        assert_eq!(append(&mut *owner, 0, &records(1..=2)), "acked");
        assert_eq!(append(&mut *deposed, 0, &records(1..=1)), "fenced at 2");
        assert_eq!(deposed.head(), 2);
        assert_eq!(all(&*owner), [1, 2]);
    });
}

#[test]
fn an_empty_batch_is_acknowledged() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &[]), "acked");
        assert_eq!(journal.head(), 0);
    });
}

#[test]
fn a_key_finds_its_records_only() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        let batch = [
            record(1, &["I1"]),
            record(2, &["I1", "I2", "I1"]),
            record(3, &[]),
            record(4, &["I1"]),
        ];
        assert_eq!(append(&mut *journal, 0, &batch), "acked");
        let reader = journal.reader().unwrap();
        let found = |key, after, limit| sequences(&reader.read_keyed(key, after, limit).unwrap());
        assert_eq!(found("I1", 0, 10), [1, 2, 4]);
        assert_eq!(found("I2", 0, 10), [2]);
        assert_eq!(found("I1", 1, 1), [2]);
        assert!(found("i1", 0, 10).is_empty());
        assert!(found("I", 0, 10).is_empty());
        let unkeyed = record(2, &[]);
        assert_eq!(keyed(&*journal, "I2"), [unkeyed]);
    });
}

#[test]
fn opening_again_restores_head_epoch_and_records() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &[record(1, &["I1"])]), "acked");
        drop(journal);
        let mut journal = place.open(EPOCH + 1);
        assert_eq!((journal.epoch(), journal.head()), (EPOCH, 1));
        assert_eq!(sequences(&keyed(&*journal, "I1")), [1]);
        assert_eq!(append(&mut *journal, 1, &records(2..=2)), "acked");
    });
}

#[test]
fn a_full_disk_refuses_whole_and_the_same_append_may_be_tried_again() {
    check(|place| {
        let mut batch = records(1..=3);
        batch[2].body = vec![7; 1 << 20];
        let mut full = place.open_full();
        assert_eq!(append(&mut *full, 0, &batch), "refused");
        assert_eq!(full.head(), 0);
        assert!(all(&*full).is_empty());
        drop(full);
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &batch), "acked");
        assert_eq!(all(&*journal), [1, 2, 3]);
    });
}

#[test]
fn idle_moments_change_nothing() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        assert_eq!(append(&mut *journal, 0, &records(1..=2)), "acked");
        journal.idle();
        assert_eq!(append(&mut *journal, 2, &records(3..=3)), "acked");
        assert_eq!(all(&*journal), [1, 2, 3]);
    });
}

#[test]
fn a_trimmed_journal_goes_on_from_its_base() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        let keyed: Vec<_> = (1..=9).map(|at| record(at, &["I1"])).collect();
        assert_eq!(append(&mut *journal, 0, &keyed), "acked");
        assert_eq!(base(&*journal).unwrap(), None);
        let parts = |sequence| vec![b"all".to_vec(), format!("up to {sequence}").into_bytes()];
        trim(&mut *journal, 4, parts(4)).unwrap();
        for sequence in [0, 3, 4, 10] {
            let error = trim(&mut *journal, sequence, parts(sequence)).unwrap_err();
            assert!(matches!(error, Error::Trim { base: 4, .. }), "{error}");
        }
        (0..3).for_each(|_| journal.sweep());
        let reader = journal.reader().unwrap();
        assert_eq!(
            sequences(&reader.read_after(0, 99).unwrap()),
            [5, 6, 7, 8, 9]
        );
        drop(journal);

        let mut journal = place.open(EPOCH + 1);
        assert_eq!((journal.epoch(), journal.head()), (EPOCH, 9));
        assert_eq!(base(&*journal).unwrap(), Some((4, parts(4))));
        assert_eq!(
            (
                journal.kept_after().unwrap(),
                journal.reader().unwrap().kept_after().unwrap()
            ),
            (4, 4)
        );
        assert_eq!(all(&*journal), [5, 6, 7, 8, 9]);
        assert_eq!(sequences(&journal.read_after(6, 2).unwrap()), [7, 8]);
        let reader = journal.reader().unwrap();
        assert_eq!(sequences(&reader.read_keyed("I1", 4, 2).unwrap()), [5, 6]);
        drop(reader);
        // Even of nothing but a base.
        trim(&mut *journal, 9, parts(9)).unwrap();
        drop(journal);
        let mut journal = place.open(EPOCH);
        assert_eq!(journal.head(), 9);
        assert_eq!(append(&mut *journal, 9, &records(10..=11)), "acked");
        assert_eq!(all(&*journal), [10, 11]);
    });
}

#[test]
fn a_reader_sees_what_is_acknowledged() {
    check(|place| {
        let mut journal = place.open(EPOCH);
        let reader = journal.reader().unwrap();
        assert!(reader.read_after(0, 9).unwrap().is_empty());
        assert_eq!(append(&mut *journal, 0, &records(1..=3)), "acked");
        assert_eq!(reader.read_after(1, 9).unwrap(), records(2..=3));
    });
}
