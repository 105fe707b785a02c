//! A start begins with the latest good state snapshot, and without one with the journal.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use baton::centre::{Handle, SnapshotPolicy, Start, read_state};
use baton::engine::State;
use baton::journal::{DataFolder, SqliteJournal, StateSnapshot, StateSnapshots, state_snapshots};
use rusqlite::Connection;

use super::{PATIENCE, beginning, submit};

/// None but the first and the last.
const RARELY: SnapshotPolicy = SnapshotPolicy {
    steps_min: u64::MAX,
    interval_min: Duration::ZERO,
    growth_percent_min: 0,
    kept: 2,
};

fn kept_in(data: &Path, policy: SnapshotPolicy) -> Start {
    let folder = DataFolder::open(data).unwrap();
    let journal = SqliteJournal::open(&folder, "test", 1).unwrap();
    Start {
        snapshots: Some((StateSnapshots::new(&folder, "test"), policy)),
        ..beginning(Box::new(journal))
    }
}

pub(crate) async fn start(data: &Path, policy: SnapshotPolicy) -> Handle {
    Handle::start(kept_in(data, policy)).await.unwrap()
}

/// A contact centre of so many interactions that was stopped twice; its last state.
pub(crate) async fn stopped_twice(data: &Path) -> State {
    for run in 0..2 {
        let centre = start(data, RARELY).await;
        for index in 0..20 {
            let request = submit(&format!("I{run}-{index}"));
            centre.request(request).await.unwrap();
        }
        centre.stop().await;
    }
    let newest = &list(data)[0];
    read_state(newest).unwrap()
}

pub(crate) fn list(data: &Path) -> Vec<StateSnapshot> {
    state_snapshots(data, "test").unwrap()
}

pub(crate) fn meddle(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("test.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Whether a start comes to the same state; it is stopped without writing another one.
async fn starts_with(data: &Path, state: &State) -> bool {
    let centre = start(data, RARELY).await;
    let found = centre.state();
    centre.stop_by(Instant::now()).await;
    *found == *state
}

#[tokio::test]
async fn a_start_begins_with_the_last_state_and_does_not_read_what_was_before() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    assert_eq!(list(data.path())[0].sequence, state.sequence.0);
    assert_eq!(list(data.path()).len(), 2);
    meddle(
        data.path(),
        "UPDATE steps SET body = x'00' WHERE sequence = 3",
    );
    assert!(starts_with(data.path(), &state).await);
}

#[tokio::test]
async fn one_that_is_not_good_is_passed_over_for_the_one_before_and_then_for_the_journal() {
    type Damage = fn(&StateSnapshot);
    let damages: [(&str, Damage); 6] = [
        ("torn", |it| {
            let text = fs::read(&it.file).unwrap();
            fs::write(&it.file, &text[..text.len() / 2]).unwrap();
        }),
        ("flipped", |it| {
            let mut text = fs::read(&it.file).unwrap();
            let middle = text.len() / 2;
            text[middle] ^= 1;
            fs::write(&it.file, text).unwrap();
        }),
        ("empty", |it| fs::write(&it.file, "").unwrap()),
        ("newer", |it| {
            let text = fs::read_to_string(&it.file).unwrap();
            fs::write(&it.file, text.replacen("snapshot 1 ", "snapshot 9 ", 1)).unwrap();
        }),
        ("of another history", |it| {
            let other = it
                .file
                .with_file_name(format!("test.{}.777.snapshot", it.sequence));
            let text = fs::read_to_string(&it.file).unwrap();
            fs::remove_file(&it.file).unwrap();
            fs::write(other, text.replacen(" test 1 ", " test 777 ", 1)).unwrap();
        }),
        ("of another state", |it| {
            let other = it
                .file
                .with_file_name(format!("test.{}.1.snapshot", it.sequence - 1));
            fs::rename(&it.file, other).unwrap();
        }),
    ];
    for (name, damage) in damages {
        let data = tempfile::tempdir().unwrap();
        let state = stopped_twice(data.path()).await;
        damage(&list(data.path())[0]);
        assert!(starts_with(data.path(), &state).await, "{name}");
        let files = list(data.path());
        let older = files.iter().min_by_key(|it| it.sequence).unwrap();
        fs::write(&older.file, "").unwrap();
        assert!(
            starts_with(data.path(), &state).await,
            "{name}, and no other"
        );
    }
}

#[tokio::test]
async fn a_state_that_the_journal_lost_is_not_taken_and_begins_another_epoch() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    let last = state.sequence.0;
    meddle(
        data.path(),
        &format!("DELETE FROM steps WHERE sequence > {}", last - 3),
    );
    let centre = start(data.path(), RARELY).await;
    assert_eq!(centre.state().sequence.0, last - 3);
    assert!(centre.epoch() > 1);
    centre.stop().await;
    let newest = start(data.path(), RARELY).await;
    assert_eq!(newest.state().sequence.0, last - 3);
    newest.stop().await;
}

#[tokio::test]
async fn what_is_damaged_after_the_state_stops_the_start_with_its_place() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    let last = state.sequence.0;
    fs::remove_file(&list(data.path())[0].file).unwrap();
    meddle(
        data.path(),
        &format!("UPDATE steps SET body = x'00' WHERE sequence = {last}"),
    );
    let error = Handle::start(kept_in(data.path(), RARELY))
        .await
        .err()
        .unwrap();
    let error = format!("{:#}", anyhow::Error::from(error));
    assert!(
        error.contains(&format!("test.sqlite is damaged at sequence {last}")),
        "{error}"
    );
    assert!(error.contains("baton journal verify"), "{error}");
    // What was written as it is, and cannot be understood all the same.
    meddle(
        data.path(),
        &format!("UPDATE steps SET checksum = NULL WHERE sequence = {last}"),
    );
    let error = Handle::start(kept_in(data.path(), RARELY))
        .await
        .err()
        .unwrap();
    let error = format!("{:#}", anyhow::Error::from(error));
    assert!(
        error.contains(&format!("record {last} cannot be understood")),
        "{error}"
    );
    assert!(error.contains("test.sqlite"), "{error}");
}

#[tokio::test]
async fn they_are_written_while_it_runs_and_few_are_kept() {
    let data = tempfile::tempdir().unwrap();
    let policy = SnapshotPolicy {
        steps_min: 5,
        ..RARELY
    };
    let centre = start(data.path(), policy).await;
    let mut newest = 0;
    for round in 0..4 {
        for index in 0..5 {
            let request = submit(&format!("I{round}-{index}"));
            centre.request(request).await.unwrap();
        }
        let patience = Instant::now();
        while list(data.path())
            .first()
            .is_none_or(|it| it.sequence <= newest)
        {
            assert!(
                patience.elapsed() < PATIENCE,
                "none was written in round {round}"
            );
            tokio::task::yield_now().await;
        }
        newest = list(data.path())[0].sequence;
    }
    let state = centre.state();
    centre.stop().await;
    assert_eq!(list(data.path()).len(), 2);
    assert!(starts_with(data.path(), &state).await);
}

#[tokio::test]
async fn few_steps_little_time_or_little_growth_are_no_reason_for_one() {
    for policy in [
        SnapshotPolicy {
            steps_min: 1_000,
            ..RARELY
        },
        SnapshotPolicy {
            steps_min: 1,
            interval_min: PATIENCE * 10,
            ..RARELY
        },
        SnapshotPolicy {
            steps_min: 1,
            growth_percent_min: 1_000_000,
            ..RARELY
        },
    ] {
        let data = tempfile::tempdir().unwrap();
        stopped_twice(data.path()).await;
        let before = list(data.path());
        let centre = start(data.path(), policy).await;
        for index in 0..10 {
            centre.request(submit(&format!("J{index}"))).await.unwrap();
        }
        // Long enough for it to have looked twice.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        assert_eq!(list(data.path()), before);
        centre.stop_by(Instant::now()).await;
        assert_eq!(
            list(data.path()),
            before,
            "there was no time for a last one"
        );
    }
}
