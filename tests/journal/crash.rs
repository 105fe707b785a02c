//! `kill -9` in the middle of writing.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use baton::journal::{DataFolder, Journal, SqliteJournal};

use super::{all, append, records};

const FOLDER: &str = "BATON_TEST_JOURNAL_FOLDER";
const GROUP: u64 = 3;

#[test]
fn nothing_acknowledged_is_lost_and_no_batch_is_torn_by_kill_9() {
    let temporary = tempfile::tempdir().unwrap();
    let mut head = 0;
    for round in 1..=5 {
        let acknowledged = write_until_killed(temporary.path(), 20 * round);
        let folder = DataFolder::open(temporary.path()).unwrap();
        let journal = SqliteJournal::open(&folder, "demo", 2).unwrap();
        assert!(acknowledged > head, "round {round} wrote nothing");
        assert!(journal.head() >= acknowledged);
        assert_eq!(journal.head() % GROUP, 0);
        assert_eq!(journal.epoch(), 1);
        head = journal.head();
        assert_eq!(all(&journal), (1..=head).collect::<Vec<_>>());
    }
}

/// The last head that the child said was acknowledged, out of at least `groups`.
fn write_until_killed(folder: &Path, groups: usize) -> u64 {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["journal::crash::child", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut heads = BufReader::new(child.stderr.take().unwrap())
        .lines()
        .map_while(|line| line.unwrap().parse::<u64>().ok());
    let first = heads
        .by_ref()
        .nth(groups)
        .expect("the child writes until it is killed");
    child.kill().unwrap();
    child.wait().unwrap();
    heads.last().unwrap_or(first)
}

/// The process that is killed; in a run of all tests it does nothing.
#[test]
fn child() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let folder = DataFolder::open(folder).unwrap();
    let mut journal = SqliteJournal::open(&folder, "demo", 1).unwrap();
    loop {
        let head = journal.head();
        let group = records(head + 1..=head + GROUP);
        assert_eq!(append(&mut journal, head, &group), "acked");
        writeln!(io::stderr(), "{}", journal.head()).unwrap();
    }
}
