//! What is done to a data folder from outside: verify, repair, export, import, back up.

mod apply;
mod archive;
mod base;
mod commands;
mod kept;

use std::fs;
use std::path::Path;

use baton::centre::{Handle, SnapshotPolicy, read_state};
use baton::engine::State;
use baton::journal::{DataFolder, StateSnapshots};
use baton::maintenance::{Report, export, import, repair, verify};
use tempfile::TempDir;

use crate::centre::state_snapshots::{list, meddle, start, stopped_twice};
use crate::centre::submit;

async fn restart(data: &Path) -> Handle {
    start(data, SnapshotPolicy::default()).await
}

/// The state that a server starts with, and its epoch.
async fn started(data: &Path) -> (State, u64) {
    let centre = restart(data).await;
    let found = (centre.state().as_ref().clone(), centre.epoch());
    centre.stop().await;
    found
}

fn repaired(data: &Path) -> Report {
    repair(&DataFolder::open(data).unwrap(), "test").unwrap()
}

fn told(report: &Report) -> String {
    [report.facts.join("\n"), report.problems.join("\n")].join("\n")
}

fn forget_snapshots(data: &Path) {
    list(data)
        .iter()
        .for_each(|it| fs::remove_file(&it.file).unwrap());
}

#[tokio::test]
async fn a_good_journal_is_verified_also_while_it_is_written() {
    let data = tempfile::tempdir().unwrap();
    stopped_twice(data.path()).await;
    let report = verify(data.path(), "test").unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    let agreed = report
        .facts
        .iter()
        .filter(|it| it.contains("what the journal folds to"));
    assert_eq!(agreed.count(), 2, "{report:?}");
    let centre = restart(data.path()).await;
    centre.request(submit("new")).await.unwrap();
    assert!(verify(data.path(), "test").unwrap().problems.is_empty());
    centre.stop().await;
}

#[tokio::test]
async fn whatever_is_not_what_was_written_is_found() {
    for (damage, problem) in [
        (
            "UPDATE steps SET body = x'7B7D' WHERE sequence = 7",
            "sequence 7 is not what was written",
        ),
        (
            "DELETE FROM steps WHERE sequence BETWEEN 8 AND 9",
            "sequences 8 to 9 missing",
        ),
        (
            "UPDATE steps SET body = x'7B7D', checksum = NULL WHERE sequence = 7",
            "sequence 7 cannot be understood",
        ),
        (
            "DELETE FROM steps WHERE sequence > 30",
            "is ahead of the journal",
        ),
    ] {
        let data = tempfile::tempdir().unwrap();
        stopped_twice(data.path()).await;
        meddle(data.path(), damage);
        let report = verify(data.path(), "test").unwrap();
        assert!(
            report.problems.iter().any(|it| it.contains(problem)),
            "{damage}: {report:?}"
        );
    }
    let data = tempfile::tempdir().unwrap();
    let mut state = stopped_twice(data.path()).await;
    state.last_ticket += 1;
    let folder = DataFolder::open(data.path()).unwrap();
    StateSnapshots::new(&folder, "test")
        .write(1, state.sequence.0, state.snapshot_parts(), || false)
        .unwrap();
    let report = verify(data.path(), "test").unwrap();
    let problem = "is not what the journal folds to";
    assert!(
        report.problems.iter().any(|it| it.contains(problem)),
        "{report:?}"
    );
}

#[tokio::test]
async fn an_export_imported_gives_the_same_state_as_another_epoch() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    let mut text = Vec::new();
    assert_eq!(
        export(data.path(), "test", &mut text).unwrap(),
        state.sequence.0
    );
    let elsewhere = TempDir::new().unwrap();
    let folder = DataFolder::open(elsewhere.path()).unwrap();
    assert_eq!(
        import(&folder, "test", text.as_slice()).unwrap(),
        state.sequence.0
    );
    let again = import(&folder, "test", text.as_slice()).unwrap_err();
    assert!(
        format!("{again:#}").contains("is there already"),
        "{again:#}"
    );
    drop(folder);
    let mut copy = Vec::new();
    export(elsewhere.path(), "test", &mut copy).unwrap();
    assert_eq!(copy, text);
    let (found, epoch) = started(elsewhere.path()).await;
    assert!(found.snapshot_parts().eq(state.snapshot_parts()));
    assert!(found == state && epoch > 1);
}

#[tokio::test]
async fn a_trimmed_journal_is_exported_with_what_it_goes_on_from() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    // What a repair does that goes on from a state snapshot is what a trim does.
    meddle(data.path(), "DELETE FROM steps WHERE sequence = 2");
    repaired(data.path());
    let mut text = Vec::new();
    let steps = export(data.path(), "test", &mut text).unwrap();
    assert!((1..state.sequence.0 - 2).contains(&steps), "{steps}");
    let elsewhere = TempDir::new().unwrap();
    let folder = DataFolder::open(elsewhere.path()).unwrap();
    assert_eq!(import(&folder, "test", text.as_slice()).unwrap(), steps);
    drop(folder);
    assert!(started(elsewhere.path()).await.0 == state);
}

#[tokio::test]
async fn a_text_that_is_not_a_whole_export_is_refused_and_leaves_nothing() {
    let data = tempfile::tempdir().unwrap();
    stopped_twice(data.path()).await;
    let mut text = Vec::new();
    export(data.path(), "test", &mut text).unwrap();
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let newer = String::from_utf8_lossy(lines[0]).replace("\"format\":4", "\"format\":5");
    let renamed = String::from_utf8_lossy(&text).replacen("\"I0-3\"", "\"I0-X\"", 1);
    for (broken, why) in [
        (Vec::new(), "ends too early, in line 1"),
        (text[..text.len() / 2].to_vec(), "ends too early"),
        (lines[..lines.len() - 1].concat(), "ends too early"),
        (lines[1..].concat(), "not the export of a journal"),
        ([&lines[..5], &lines[6..]].concat().concat(), "sequence"),
        (
            [&lines[..1], &lines[lines.len() - 1..]].concat().concat(),
            "checksum",
        ),
        (newer.into_bytes(), "has format 5"),
        (renamed.into_bytes(), "checksum"),
        (b"\xff\xfe\n".to_vec(), "line 1 cannot be understood"),
    ] {
        let elsewhere = TempDir::new().unwrap();
        let folder = DataFolder::open(elsewhere.path()).unwrap();
        let error = format!(
            "{:#}",
            import(&folder, "test", broken.as_slice()).unwrap_err()
        );
        assert!(error.contains(why), "{why}: {error}");
        let left = fs::read_dir(elsewhere.path()).unwrap().count();
        assert_eq!(left, 1, "the lock alone");
    }
    meddle(data.path(), "DELETE FROM steps WHERE sequence = 2");
    assert!(export(data.path(), "test", Vec::new()).is_err());
}

#[tokio::test]
async fn where_nothing_is_damaged_a_repair_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    stopped_twice(data.path()).await;
    let before = fs::read(data.path().join("test.sqlite")).unwrap();
    assert!(told(&repaired(data.path())).contains("nothing was changed"));
    assert_eq!(fs::read(data.path().join("test.sqlite")).unwrap(), before);
}

#[tokio::test]
async fn a_repair_keeps_all_that_a_state_snapshot_covers() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    let older = list(data.path())[1].sequence;
    meddle(
        data.path(),
        "UPDATE steps SET body = x'00' WHERE sequence = 5",
    );
    let report = repaired(data.path());
    assert!(report.problems.is_empty(), "{report:?}");
    let cannot = format!("sequences 1 to {older} cannot be told again");
    assert!(told(&report).contains(&cannot), "{report:?}");
    let kept_whole = fs::read_dir(data.path()).unwrap();
    let mut names = kept_whole.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(names.any(|it| it.starts_with("test.sqlite.damaged-")));
    assert!(verify(data.path(), "test").unwrap().problems.is_empty());
    let (found, epoch) = started(data.path()).await;
    assert!(found == state && epoch > 1);
    assert!(verify(data.path(), "test").unwrap().problems.is_empty());
}

#[tokio::test]
async fn a_repair_without_state_snapshots_keeps_what_is_before_the_damage_and_names_what_is_lost() {
    let data = tempfile::tempdir().unwrap();
    let state = stopped_twice(data.path()).await;
    forget_snapshots(data.path());
    let last = state.sequence.0;
    meddle(
        data.path(),
        &format!("DELETE FROM steps WHERE sequence = {}", last - 2),
    );
    let report = repaired(data.path());
    let lost = format!("lost: sequences {} to {last}", last - 2);
    assert!(told(&report).contains(&lost), "{report:?}");
    assert!(told(&report).contains("RequestSubmit I1-19"), "{report:?}");
    assert!(!told(&report).contains("I1-16"), "{report:?}");
    assert_eq!(started(data.path()).await.0.sequence.0, last - 3);
}

#[tokio::test]
async fn a_repair_goes_on_from_a_state_whose_journal_is_gone_or_lost_its_end() {
    for lose in [
        "DELETE FROM steps",
        "DELETE FROM steps WHERE sequence > 30",
        "",
    ] {
        let data = tempfile::tempdir().unwrap();
        let state = stopped_twice(data.path()).await;
        if lose.is_empty() {
            fs::remove_file(data.path().join("test.sqlite")).unwrap();
        } else {
            meddle(data.path(), lose);
        }
        assert!(repaired(data.path()).problems.is_empty());
        assert!(started(data.path()).await.0 == state, "{lose}");
    }
}

#[tokio::test]
async fn where_nothing_is_good_a_repair_refuses_and_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    stopped_twice(data.path()).await;
    meddle(data.path(), "INSERT INTO base VALUES (3, 1, 1, NULL)");
    for snapshot in list(data.path()) {
        assert!(read_state(&snapshot).is_ok());
        fs::write(&snapshot.file, "").unwrap();
    }
    let folder = DataFolder::open(data.path()).unwrap();
    let error = repair(&folder, "test").unwrap_err().to_string();
    assert!(error.contains("restore a backup"), "{error}");
    let nobody = repair(&folder, "nobody").unwrap_err();
    assert!(!folder.path().join("nobody.sqlite").exists(), "{nobody}");
}
