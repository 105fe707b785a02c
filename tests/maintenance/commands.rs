//! The same as commands, on a server of its own: what they print, what they exit with, and whom they wait for.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use serde_json::json;

use crate::support::desktop::Desktop;
use crate::support::process::{AtLimit, Process, baton, with_file_limit};

fn text(output: &Output) -> String {
    let (out, error) = (&output.stdout, &output.stderr);
    [String::from_utf8_lossy(out), String::from_utf8_lossy(error)].concat()
}

async fn submit(server: &Process, count: usize) -> Vec<String> {
    let media_server = server.client("mediaserver");
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(media_server.submit("chat").await);
    }
    ids
}

async fn ids(server: &Process) -> Vec<String> {
    let (_, body) = server
        .client("admin")
        .get("/api/v2/interactions?fields=*")
        .await;
    let found = body["interactions"].as_array().unwrap().iter();
    let mut ids: Vec<String> = found
        .map(|it| it["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    ids
}

fn meddle(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("demo.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_stopped_server_leaves_a_state_and_a_damaged_one_does_not_start() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let server = Process::start(data, &[]);
    let mut submitted = submit(&server, 5).await;
    submitted.sort();
    assert_eq!(server.terminate(), Some(0));
    let snapshots = baton::journal::state_snapshots(data, "demo").unwrap();
    let newest = snapshots
        .first()
        .expect("one was written at the end")
        .sequence;

    let good = baton(&["journal", "verify"], data);
    assert_eq!(good.status.code(), Some(0), "{}", text(&good));
    meddle(
        data,
        &format!("UPDATE steps SET body = x'00' WHERE sequence = {newest}"),
    );
    snapshots
        .iter()
        .for_each(|it| fs::remove_file(&it.file).unwrap());
    let refused = baton(&["serve", "--listen", "127.0.0.1:0"], data);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    let place = format!("demo.sqlite is damaged at sequence {newest}");
    assert!(text(&refused).contains(&place), "{}", text(&refused));
    assert!(
        text(&refused).contains("baton journal repair"),
        "{}",
        text(&refused)
    );
    let bad = baton(&["journal", "verify", "--centre", "demo"], data);
    assert_eq!(bad.status.code(), Some(3), "{}", text(&bad));

    let repaired = baton(&["journal", "repair"], data);
    assert_eq!(repaired.status.code(), Some(0), "{}", text(&repaired));
    assert!(
        text(&repaired).contains(&format!("lost: sequence {newest}")),
        "{}",
        text(&repaired)
    );
    let server = Process::start(data, &[]);
    assert!(submitted.ends_with(&ids(&server).await) || ids(&server).await.len() >= 4);
}

#[tokio::test]
async fn a_new_journal_beside_old_states_does_not_start() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let server = Process::start(data, &[]);
    submit(&server, 1).await;
    assert_eq!(server.terminate(), Some(0));
    fs::remove_file(data.join("demo.sqlite")).unwrap();
    let refused = baton(&["serve", "--listen", "127.0.0.1:0"], data);
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    assert!(
        text(&refused).contains("is gone or empty"),
        "{}",
        text(&refused)
    );
}

#[tokio::test]
async fn what_writes_waits_until_the_server_is_stopped_and_what_reads_does_not() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let server = Process::start(&data, &[]);
    submit(&server, 3).await;
    let export = temporary.path().join("demo.jsonl");
    let file = export.to_str().unwrap();
    for (arguments, code) in [
        (&["journal", "verify"][..], 0),
        (
            &["journal", "export", "--centre", "demo", "--output", file][..],
            0,
        ),
        (
            &["journal", "export", "--centre", "demo", "--output", file][..],
            1,
        ),
        (&["journal", "export", "--centre", "nobody"][..], 1),
        (&["journal", "repair"][..], 1),
        (&["journal", "import", "--centre", "new", file][..], 1),
        (&["journal", "burn"][..], 2),
    ] {
        let output = baton(arguments, &data);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            text(&output)
        );
    }
    assert_eq!(server.terminate(), Some(0));
    let imported = baton(&["journal", "import", "--centre", "new", file], &data);
    assert_eq!(imported.status.code(), Some(0), "{}", text(&imported));
    let again = baton(&["journal", "import", "--centre", "new", file], &data);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
}

#[tokio::test]
async fn a_backup_of_a_running_server_is_a_data_folder_of_another_epoch() {
    let temporary = tempfile::tempdir().unwrap();
    let (data, copy) = (temporary.path().join("data"), temporary.path().join("copy"));
    let server = Process::start(&data, &[]);
    submit(&server, 4).await;
    let before = ids(&server).await;
    let to = copy.to_str().unwrap();
    let taken = baton(&["backup", to], &data);
    assert_eq!(taken.status.code(), Some(0), "{}", text(&taken));
    let again = baton(&["backup", to], &data);
    assert_eq!(again.status.code(), Some(1));
    assert!(
        text(&again).contains("is there already"),
        "{}",
        text(&again)
    );
    submit(&server, 2).await;
    let epoch = epoch(&server).await;
    server.kill();

    let restored = Process::start(&copy, &[]);
    assert_eq!(ids(&restored).await, before);
    assert_ne!(self::epoch(&restored).await, epoch);
    // What was generated for the tokens comes along: whoever was logged in stays so.
    let secret = |folder: &Path| fs::read(folder.join("jwt.secret")).unwrap();
    assert_eq!(secret(&data), secret(&copy));
}

#[tokio::test]
async fn an_import_that_the_disk_does_not_take_says_so_in_a_line_and_leaves_nothing() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let server = Process::start(&data, &[]);
    submit(&server, 30).await;
    server.kill();
    let export = temporary.path().join("demo.jsonl");
    let file = export.to_str().unwrap();
    let centre = ["--centre", "demo"];
    let exported = [&["journal", "export"], &centre[..], &["--output", file]].concat();
    assert_eq!(baton(&exported, &data).status.code(), Some(0));
    for (bytes, left) in [(0, 1), (4_096, 1), (40_960, 1), (65_536, 1), (1 << 20, 2)] {
        let new = temporary.path().join(bytes.to_string());
        let mut import = Command::new(env!("CARGO_BIN_EXE_baton"));
        import.args(["journal", "import"]).args(centre).arg(file);
        import.arg("--data").arg(&new).env("RUST_BACKTRACE", "1");
        let mut import = with_file_limit(&import, bytes, AtLimit::Fails);
        let output = import.stderr(Stdio::piped()).output().unwrap();
        let said = text(&output);
        assert_eq!(said.lines().count(), 1, "{bytes}: {said}");
        // The lock, and the journal if it is whole.
        assert_eq!(fs::read_dir(&new).unwrap().count(), left, "{bytes}: {said}");
        assert_eq!(output.status.success(), left == 2, "{bytes}: {said}");
    }
}

/// Few steps, and more bytes of them than an import holds at a time.
#[tokio::test]
async fn large_steps_are_imported_whole() {
    const LEN: usize = 40;
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let server = Process::start(&data, &[]);
    let media_server = server.client("mediaserver");
    for index in 0..LEN {
        let large = json!({"text": "x".repeat(250_000), "index": index});
        let mail = json!({"mediaType": "email", "queue": "email", "userData": large});
        media_server.done("/api/v2/interactions", mail).await;
    }
    server.kill();
    let export = temporary.path().join("demo.jsonl");
    let file = export.to_str().unwrap();
    let exported = ["journal", "export", "--centre", "demo", "--output", file];
    assert_eq!(baton(&exported, &data).status.code(), Some(0));
    assert!(fs::metadata(&export).unwrap().len() > 8 << 20);
    let new = temporary.path().join("new");
    let imported = baton(&["journal", "import", "--centre", "demo", file], &new);
    assert_eq!(imported.status.code(), Some(0), "{}", text(&imported));
    let verified = baton(&["journal", "verify"], &new);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified));
    let again = temporary.path().join("again.jsonl");
    let exported = [&exported[..5], &[again.to_str().unwrap()]].concat();
    assert_eq!(baton(&exported, &new).status.code(), Some(0));
    let steps = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let steps = text.lines().filter(|line| line.starts_with("{\"step\""));
        steps.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(steps(&again), steps(&export));
    assert!(steps(&again).len() > LEN);
}

/// The history that sequences count, as a subscriber is told.
async fn epoch(server: &Process) -> String {
    let agent = server.client("agent1");
    Desktop::resume(&agent, json!(true), "/v2/me/interactions", json!(-1))
        .await
        .epoch
}
