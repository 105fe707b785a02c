//! The write-ahead log of a journal on disk: moved into the file beside the appends, so that it begins anew.

use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, Instant};

use baton::journal::{Appended, Error, Journal, Record};
use rusqlite::Connection;

use super::disk::Disk;
use super::{all, append, record};

const PATIENCE: Duration = Duration::from_secs(60);
/// Of a record: sixteen pages.
const RECORD_BYTES: usize = 64 * 1024;

impl Disk {
    /// How often the log has begun anew, which its header says.
    fn log_began_anew(&self) -> u32 {
        let mut header = [0; 16];
        let mut log = File::open(self.log()).unwrap();
        log.read_exact(&mut header).unwrap();
        u32::from_be_bytes(header[12..].try_into().unwrap())
    }
}

fn large(sequence: u64) -> Record {
    let body = vec![b'x'; RECORD_BYTES];
    let it = record(sequence, &["I1"]);
    Record { body, ..it }
}

#[test]
fn the_log_begins_anew_though_appends_never_pause() {
    let disk = Disk::new();
    let mut journal = disk.open();
    let begun = Instant::now();
    while disk.log().metadata().unwrap().len() == 0 || disk.log_began_anew() < 3 {
        assert!(begun.elapsed() < PATIENCE, "the log only grows");
        let head = journal.head();
        let group: Vec<Record> = (head + 1..=head + 20).map(large).collect();
        assert_eq!(append(&mut journal, head, &group), "acked");
    }
    let written = journal.head();
    let log_len = disk.log().metadata().unwrap().len();
    let bytes = written * RECORD_BYTES as u64;
    assert!(log_len < bytes, "{log_len} bytes of log for {bytes}");

    drop(journal);
    assert!(!fs::exists(disk.log()).unwrap(), "all of it is moved");
    assert!(all(&disk.open()).into_iter().eq(1..=written));
}

#[test]
fn a_log_that_a_reader_keeps_from_being_moved_is_bounded() {
    let disk = Disk::new();
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &[large(1)]), "acked");
    // The log has more pages than the file that comes of it.
    journal.limit_size(4 * 1024 * 1024).unwrap();
    let reader = Connection::open(disk.file()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let len = || -> i64 {
        let count = "SELECT count(*) FROM steps";
        reader.query_row(count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(len(), 1);
    let refused = loop {
        let head = journal.head();
        let appended = journal.append(head, &[large(head + 1)]);
        if !matches!(appended, Appended::Acked) {
            break appended;
        }
        assert!(head < 64, "the log is longer than what it may be");
    };
    let is_expected = matches!(refused, Appended::Refused(Error::LogTooLong));
    assert!(is_expected, "{refused:?}");
    let is_refused = matches!(journal.probe(), Appended::Refused(Error::LogTooLong));
    assert!(is_refused, "nor is anything else written");
    assert_eq!(len(), 1, "the reader sees his moment");

    reader.execute_batch("COMMIT").unwrap();
    let begun = Instant::now();
    while !matches!(journal.probe(), Appended::Acked) {
        assert!(begun.elapsed() < PATIENCE, "the log is not moved");
        std::thread::yield_now();
    }
    let head = journal.head();
    assert_eq!(append(&mut journal, head, &[large(head + 1)]), "acked");
    assert_eq!(len(), head as i64 + 1);
}
