//! What a trimmed journal goes on from is checked, copied, carried over and given up part by part.

use std::fs;
use std::path::Path;

use baton::centre::read_state;
use baton::engine::State;
use baton::journal::{DataFolder, JournalFile, SqliteJournal};
use baton::maintenance::{back_up, export, import, is_damage, repair, verify};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::archive::imported;
use super::{forget_snapshots, repaired, started, told};
use crate::centre::state_snapshots::{list, meddle, stopped_twice};
use crate::support::base::{Parts, base, trim};

/// A contact centre whose journal was trimmed in its middle and was being trimmed again when it was killed; its last state.
async fn trimmed(data: &Path) -> State {
    let state = stopped_twice(data).await;
    let middle = read_state(&list(data)[1]).unwrap();
    let folder = DataFolder::open(data).unwrap();
    let mut journal = SqliteJournal::open(&folder, "test", 1).unwrap();
    trim(&mut journal, middle.sequence.0, middle.snapshot_parts()).unwrap();
    trim(&mut journal, 4_711, state.snapshot_parts()).unwrap_err();
    state
}

/// The parts of the base of a journal.
fn parts(data: &Path) -> Parts {
    let file = JournalFile::open(data, "test").unwrap();
    let base = file.base().unwrap().expect("it was trimmed");
    base.parts.collect::<Result<_, _>>().unwrap()
}

fn exported(data: &Path) -> String {
    let mut text = Vec::new();
    export(data, "test", &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

/// An export of these lines, with the end that they must have.
fn sealed(lines: &[String]) -> String {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let steps = lines
        .iter()
        .filter(|it| it.starts_with("{\"step\""))
        .count();
    let crc32 = crc32fast::hash(text.as_bytes());
    let end = json!({"end": {"steps": steps, "crc32": crc32}});
    format!("{text}{end}\n")
}

/// The lines of an export without its end.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop();
    lines
}

fn is_base(line: &str) -> bool {
    line.starts_with("{\"base\"")
}

#[tokio::test]
async fn a_base_of_several_parts_goes_where_the_journal_goes() {
    let data = TempDir::new().unwrap();
    let state = trimmed(data.path()).await;
    let report = verify(data.path(), "test").unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    let before = parts(data.path());
    assert!(before.len() > 1, "a state has several parts");
    let report = repaired(data.path());
    assert!(told(&report).contains("nothing was changed"), "{report:?}");

    let text = exported(data.path());
    assert_eq!(
        lines(&text).iter().filter(|it| is_base(it)).count(),
        before.len()
    );
    let elsewhere = imported(text.as_bytes());
    assert_eq!(parts(elsewhere.path()), before);
    assert!(exported(elsewhere.path()) == text);
    assert!(started(elsewhere.path()).await.0 == state);

    let to = TempDir::new().unwrap();
    let to = to.path().join("copy");
    back_up(data.path(), &to, &[]).unwrap();
    assert_eq!(parts(&to), before);
    assert!(verify(&to, "test").unwrap().problems.is_empty());
    assert!(started(&to).await.0 == state);
}

#[tokio::test]
async fn an_export_of_before_has_the_base_in_one_line() {
    let data = TempDir::new().unwrap();
    let state = trimmed(data.path()).await;
    let mut old = lines(&exported(data.path()));
    let mut whole: Option<Value> = None;
    for line in old.extract_if(.., |line| is_base(line)) {
        let part: Value = serde_json::from_str(&line).unwrap();
        let Some(whole) = &mut whole else {
            whole = Some(part);
            continue;
        };
        let interactions = part["base"]["state"]["interactions"].as_array().unwrap();
        let all = whole["base"]["state"]["interactions"]
            .as_array_mut()
            .unwrap();
        all.extend(interactions.iter().cloned());
    }
    old.insert(1, whole.expect("it was trimmed").to_string());
    old[0] = old[0].replace("\"format\":4", "\"format\":3");
    let elsewhere = imported(sealed(&old).as_bytes());
    assert_eq!(parts(elsewhere.path()).len(), 1);
    let report = verify(elsewhere.path(), "test").unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    assert!(started(elsewhere.path()).await.0 == state);
}

#[tokio::test]
async fn an_export_whose_base_is_not_whole_is_refused_and_leaves_nothing() {
    let data = TempDir::new().unwrap();
    trimmed(data.path()).await;
    let good = lines(&exported(data.path()));
    let first = good.iter().position(|it| is_base(it)).unwrap();
    let change = |at: usize, from: &str, to: &str| {
        let mut lines = good.clone();
        assert!(lines[at].contains(from), "{}", lines[at]);
        lines[at] = lines[at].replacen(from, to, 1);
        lines
    };
    let mut headless = good.clone();
    headless.remove(first);
    let mut late = good.clone();
    let part = late.remove(first + 1);
    late.push(part);
    let sequence = format!(
        "{{\"sequence\":{}",
        read_state(&list(data.path())[1]).unwrap().sequence
    );
    for (broken, why) in [
        (headless, "is the state at 0"),
        (late, "is not a step"),
        (
            change(first + 1, &sequence, "{\"sequence\":7"),
            "and from 7",
        ),
        (
            change(first, "\"last_ticket\"", "\"last_thicket\""),
            "is no state",
        ),
    ] {
        let elsewhere = TempDir::new().unwrap();
        let folder = DataFolder::open(elsewhere.path()).unwrap();
        let refused = import(&folder, "test", sealed(&broken).as_bytes()).unwrap_err();
        assert!(format!("{refused:#}").contains(why), "{why}: {refused:#}");
        let left = fs::read_dir(elsewhere.path()).unwrap().count();
        assert_eq!(left, 1, "the lock alone");
    }
}

#[tokio::test]
async fn a_damaged_part_of_the_base_is_told_and_a_repair_goes_on_from_a_state_snapshot() {
    for damage in [
        "UPDATE base_pieces SET body = x'7B7D0A' WHERE number = 1",
        "DELETE FROM base_pieces WHERE number = 1",
        "UPDATE base SET last_piece = last_piece + 1",
        // What was written, but nothing that Baton writes.
        "UPDATE base_pieces SET body = x'00', checksum = NULL WHERE number = 1",
        "UPDATE base_pieces SET body = x'7B7D', checksum = NULL WHERE number = 1",
    ] {
        let data = TempDir::new().unwrap();
        let state = trimmed(data.path()).await;
        let sequence = list(data.path())[1].sequence;
        meddle(data.path(), damage);
        let report = verify(data.path(), "test").unwrap();
        let problem = format!("test.sqlite is damaged at sequence {sequence}");
        let is_told = report.problems.iter().any(|it| it.contains(&problem));
        assert!(is_told, "{damage}: {report:?}");
        // The fold goes on behind it.
        let covered = format!("{sequence:020}.1.snapshot is good, and covers");
        assert!(told(&report).contains(&covered), "{damage}: {report:?}");
        let report = repaired(data.path());
        assert!(report.problems.is_empty(), "{damage}: {report:?}");
        assert!(verify(data.path(), "test").unwrap().problems.is_empty());
        assert!(started(data.path()).await.0 == state, "{damage}");
    }
}

#[tokio::test]
async fn a_damaged_base_without_state_snapshots_stops_with_its_file_and_sequence() {
    let data = TempDir::new().unwrap();
    trimmed(data.path()).await;
    let sequence = list(data.path())[1].sequence;
    forget_snapshots(data.path());
    meddle(
        data.path(),
        "UPDATE base_pieces SET body = x'7B7D' WHERE number = 1",
    );
    let place = format!("test.sqlite is damaged at sequence {sequence}");
    let report = verify(data.path(), "test").unwrap();
    assert!(
        report.problems.iter().any(|it| it.contains(&place)),
        "{report:?}"
    );
    let refused = export(data.path(), "test", Vec::new()).unwrap_err();
    assert!(
        is_damage(&refused) && refused.to_string().contains(&place),
        "{refused:#}"
    );
    let folder = DataFolder::open(data.path()).unwrap();
    let journal = SqliteJournal::open(&folder, "test", 1).unwrap();
    let error = base(&journal).unwrap_err();
    assert!(
        error.is_damage() && error.to_string().contains(&place),
        "{error}"
    );
    drop(journal);
    let refused = repair(&folder, "test").unwrap_err().to_string();
    assert!(refused.contains("restore a backup"), "{refused}");
}
