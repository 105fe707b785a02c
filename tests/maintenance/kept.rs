//! What is kept beyond a trim goes where the journal goes, and the index is what the steps say.

use std::path::Path;

use baton::centre::read_state;
use baton::journal::{DataFolder, Journal, JournalFile, Record, SqliteJournal, back_up};
use baton::maintenance::{export, verify};
use tempfile::TempDir;

use super::archive::{imported, three_stopped};
use super::{repaired, started, told};
use crate::centre::state_snapshots::{list, meddle};
use crate::support::base::trim;

fn open(data: &Path) -> SqliteJournal {
    SqliteJournal::open(&DataFolder::open(data).unwrap(), "test", 1).unwrap()
}

/// The contact centre of [`three_stopped`], whose journal was trimmed at its end.
async fn trimmed(prepare: fn(&mut SqliteJournal), is_swept: bool) -> TempDir {
    let data = three_stopped().await;
    let state = read_state(&list(data.path())[0]).unwrap();
    let mut journal = open(data.path());
    prepare(&mut journal);
    trim(&mut journal, state.sequence.0, state.snapshot_parts()).unwrap();
    if is_swept {
        (0..4).for_each(|_| journal.sweep());
    }
    data
}

fn kept(data: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    let file = JournalFile::open(data, "test").unwrap();
    file.each_kept(|record| records.push(record.unwrap()))
        .unwrap();
    records
}

fn exported(data: &Path) -> Vec<u8> {
    let mut text = Vec::new();
    export(data, "test", &mut text).unwrap();
    text
}

fn is_good(data: &Path) -> bool {
    verify(data, "test").unwrap().problems.is_empty()
}

#[tokio::test]
async fn an_import_and_a_backup_keep_what_is_kept() {
    let nothing: fn(&mut SqliteJournal) = |_| {};
    let expire: fn(&mut SqliteJournal) = |journal| journal.expire(u64::MAX);
    for (prepare, is_swept, keys) in [
        (nothing, true, vec!["I0", "I1", "I2", "I3", "I4"]),
        (nothing, false, vec!["I0", "I1", "I2", "I3", "I4"]),
        (expire, false, vec!["I0", "I4"]),
    ] {
        let data = trimmed(prepare, is_swept).await;
        let before = kept(data.path());
        let mut found: Vec<&String> = before.iter().flat_map(|it| &it.keys).collect();
        found.sort();
        found.dedup();
        assert_eq!(found, keys.iter().collect::<Vec<_>>());
        assert!(is_good(data.path()));
        let text = exported(data.path());
        let elsewhere = imported(&text);
        assert_eq!(kept(elsewhere.path()), before);
        assert_eq!(exported(elsewhere.path()), text);
        assert!(is_good(elsewhere.path()));
        started(elsewhere.path()).await;
        assert_eq!(kept(elsewhere.path()), before);
        let backup = tempfile::tempdir().unwrap();
        let copy = backup.path().join("test.sqlite");
        back_up(&data.path().join("test.sqlite"), &copy).unwrap();
        assert_eq!(kept(backup.path()), before);
        let report = repaired(data.path());
        assert!(told(&report).contains("nothing was changed"), "{report:?}");
    }
}

#[tokio::test]
async fn what_is_kept_and_is_not_what_was_written_is_told_and_left_out() {
    for (damage, problem, lost) in [
        (
            "UPDATE kept_steps SET body = x'7B7D' WHERE sequence = 3",
            "kept of sequence 3 is not what was written",
            1,
        ),
        (
            "UPDATE kept_steps SET body = x'7B7D', checksum = NULL WHERE sequence = 3",
            "kept of sequence 3: ",
            1,
        ),
        (
            "UPDATE kept_keys SET key = 'I9' WHERE sequence = 3",
            "kept of sequence 3: it is not about I9",
            1,
        ),
        (
            "DELETE FROM kept_steps WHERE sequence = 3",
            "the index names sequence 3 ",
            0,
        ),
        (
            "DELETE FROM kept_keys WHERE sequence = 3",
            "the index names sequence 3 ",
            0,
        ),
    ] {
        let data = trimmed(|_| {}, true).await;
        let len = kept(data.path()).len();
        meddle(data.path(), damage);
        let report = verify(data.path(), "test").unwrap();
        assert!(told(&report).contains(problem), "{damage}: {report:?}");
        let report = repaired(data.path());
        let is_told = told(&report).contains("lost: 1 steps of the histories");
        assert_eq!(is_told, lost == 1, "{damage}: {report:?}");
        assert_eq!(kept(data.path()).len(), len - 1, "{damage}");
        assert!(is_good(data.path()), "{damage}");
    }
    let data = trimmed(|_| {}, true).await;
    meddle(data.path(), "UPDATE kept_steps SET at_ms = 7");
    assert!(export(data.path(), "test", Vec::new()).is_err());
}

#[tokio::test]
async fn an_index_that_is_not_what_the_steps_say_is_told_and_built_again() {
    for (damage, sequence) in [
        ("DELETE FROM keys_of_steps WHERE sequence = 3", 3),
        ("INSERT INTO keys_of_steps VALUES (4, 'I9')", 4),
        ("UPDATE keys_of_steps SET key = 'I9' WHERE sequence = 5", 5),
        ("DELETE FROM step_keys WHERE sequence = 3", 3),
        ("INSERT INTO step_keys VALUES ('I9', 4)", 4),
        ("INSERT INTO step_keys VALUES ('I9', 4711)", 4_711),
        ("INSERT INTO keys_of_steps VALUES (4711, 'I9')", 4_711),
        (
            "UPDATE meta SET value = 3 WHERE name = 'keys_sorted_until'",
            4,
        ),
    ] {
        // The lines of an import are sorted in.
        let data = imported(&exported(three_stopped().await.path()));
        let keyed = || {
            let reader = open(data.path()).reader().unwrap();
            let keys = ["I0", "I1", "I2", "I3", "I4", "I9"];
            keys.map(|key| reader.read_keyed(key, 0, 9).unwrap())
        };
        let before = keyed();
        assert!(is_good(data.path()));
        meddle(data.path(), damage);
        let report = verify(data.path(), "test").unwrap();
        let named = report
            .problems
            .iter()
            .any(|it| it.contains("the index") && it.contains(&format!("sequence {sequence} ")));
        assert!(named, "{damage}: {report:?}");
        let report = repaired(data.path());
        assert!(report.problems.is_empty(), "{damage}: {report:?}");
        assert!(is_good(data.path()), "{damage}");
        assert_eq!(keyed(), before, "{damage}");
    }
}

#[tokio::test]
async fn a_repair_that_goes_on_from_a_state_keeps_the_histories_before_it() {
    let data = three_stopped().await;
    meddle(data.path(), "DELETE FROM steps WHERE sequence = 3");
    repaired(data.path());
    let found = kept(data.path());
    assert!(found.iter().all(|it| it.sequence != 3));
    let of_third: Vec<_> = found.iter().filter(|it| it.keys == ["I3"]).collect();
    assert_eq!(of_third.len(), 2, "submitted and stopped: {found:?}");
    assert!(is_good(data.path()));
}
