//! The archive goes where the journal goes.

use std::path::Path;

use baton::centre::SnapshotPolicy;
use baton::journal::{Archived, DataFolder, JournalFile, back_up};
use baton::maintenance::{export, import, verify};
use tempfile::TempDir;

use super::{forget_snapshots, repaired, started, told};
use crate::centre::archive::stop;
use crate::centre::state_snapshots::{meddle, start};
use crate::centre::submit;

/// A contact centre in which I1, I2 and I3 were stopped, and I0 and I4 not.
pub(super) async fn three_stopped() -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let centre = start(data.path(), SnapshotPolicy::default()).await;
    for index in 0..5 {
        centre.request(submit(&format!("I{index}"))).await.unwrap();
    }
    for index in 1..=3 {
        centre.request(stop(&format!("I{index}"))).await.unwrap();
    }
    centre.stop().await;
    data
}

fn archive(data: &Path) -> Vec<Result<Archived, u64>> {
    let mut rows = Vec::new();
    let file = JournalFile::open(data, "test").unwrap();
    file.each_archived(|row| rows.push(row)).unwrap();
    rows
}

fn keys(data: &Path) -> Vec<String> {
    let rows = archive(data).into_iter();
    rows.map(|row| row.unwrap().place.key).collect()
}

pub(super) fn imported(text: &[u8]) -> TempDir {
    let data = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(data.path()).unwrap();
    import(&folder, "test", text).unwrap();
    data
}

#[tokio::test]
async fn an_export_and_a_backup_hold_the_archive_also_of_steps_that_are_kept_no_longer() {
    let data = three_stopped().await;
    // A repair that goes on from a state snapshot keeps none of the steps before it.
    meddle(data.path(), "DELETE FROM steps WHERE sequence = 2");
    let before = archive(data.path());
    repaired(data.path());
    assert_eq!(archive(data.path()), before);
    assert_eq!(keys(data.path()), ["I1", "I2", "I3"]);
    let mut text = Vec::new();
    assert_eq!(export(data.path(), "test", &mut text).unwrap(), 0);
    let elsewhere = imported(&text);
    assert_eq!(archive(elsewhere.path()), before);
    let mut copy = Vec::new();
    export(elsewhere.path(), "test", &mut copy).unwrap();
    assert_eq!(copy, text);
    let backup = tempfile::tempdir().unwrap();
    back_up(
        &data.path().join("test.sqlite"),
        &backup.path().join("test.sqlite"),
    )
    .unwrap();
    assert_eq!(archive(backup.path()), before);
}

#[tokio::test]
async fn a_text_from_before_there_was_an_archive_is_imported() {
    let data = three_stopped().await;
    let mut text = Vec::new();
    export(data.path(), "test", &mut text).unwrap();
    let text = String::from_utf8(text)
        .unwrap()
        .replace("\"format\":3", "\"format\":1");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("{\"archived\""));
    let mut lines: Vec<String> = lines.map(|line| format!("{line}\n")).collect();
    let steps = lines.len() - 2;
    lines.pop();
    let crc32 = crc32fast::hash(lines.concat().as_bytes());
    lines.push(format!(
        "{{\"end\":{{\"steps\":{steps},\"crc32\":{crc32}}}}}\n"
    ));
    let elsewhere = imported(lines.concat().as_bytes());
    assert!(keys(elsewhere.path()).is_empty());
    started(elsewhere.path()).await;
    assert_eq!(keys(elsewhere.path()), ["I1", "I2", "I3"]);
}

#[tokio::test]
async fn a_row_that_is_not_what_was_written_is_told_and_left_out() {
    for damage in ["body = x'7B7D'", "label_1 = 'x'", "key = 'I9'"] {
        let data = three_stopped().await;
        let is_good = || verify(data.path(), "test").unwrap().problems.is_empty();
        assert!(is_good());
        meddle(
            data.path(),
            &format!("UPDATE archive SET {damage} WHERE key = 'I2'"),
        );
        let report = verify(data.path(), "test").unwrap();
        assert!(told(&report).contains("not what was written"), "{report:?}");
        assert!(export(data.path(), "test", Vec::new()).is_err());
        let report = repaired(data.path());
        assert!(told(&report).contains("lost: 1 archived"), "{report:?}");
        assert_eq!(keys(data.path()), ["I1", "I3"]);
        assert!(is_good());
    }
}

#[tokio::test]
async fn what_lost_steps_have_stopped_is_active_again_and_not_archived() {
    let data = three_stopped().await;
    let second = archive(data.path())[1].as_ref().unwrap().place.sequence;
    forget_snapshots(data.path());
    meddle(
        data.path(),
        &format!("UPDATE steps SET body = x'00' WHERE sequence = {second}"),
    );
    repaired(data.path());
    assert_eq!(keys(data.path()), ["I1"]);
    let (state, _) = started(data.path()).await;
    let active: Vec<String> = state.interactions.keys().map(ToString::to_string).collect();
    assert_eq!(active, ["I0", "I2", "I3", "I4"]);
    assert_eq!(keys(data.path()), ["I1"]);
}
