//! The history of an interaction that lives longer than the journal is kept (design D15).

use std::path::Path;
use std::time::{Duration, Instant};

use baton::journal::KEPT_LEN_MAX;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::server::{Client, Running, start};

const PATIENCE: Duration = Duration::from_secs(20);

/// What is kept of a history beyond a trim: everything but what was said.
async fn history(admin: &Client, id: &str) -> Vec<Value> {
    let (mut told, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/api/v2/interactions/{id}/history?after={after}");
        let (status, body) = admin.get(&path).await;
        assert_eq!(
            (status.as_u16(), &body["keptAfter"]),
            (200, &json!(0)),
            "{body}"
        );
        for entry in body["history"].as_array().unwrap() {
            let mut entry = entry.clone();
            entry.as_object_mut().unwrap().remove("said");
            told.push(entry);
        }
        match body["after"].as_u64() {
            Some(next) => after = next,
            None => return told,
        }
    }
}

/// Waits until the journal cannot tell the first so many steps of a history any more.
async fn trimmed(admin: &Client, id: &str, len: usize) {
    let begun = Instant::now();
    loop {
        let path = format!("/api/v2/interactions/{id}/history");
        let (status, body) = admin.get(&path).await;
        assert_eq!(status, 200, "also while it is trimmed: {body}");
        let history = body["history"].as_array().unwrap();
        if history
            .iter()
            .take(len)
            .all(|entry| entry["said"].is_null())
        {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "it is not trimmed: {body}");
    }
}

/// Waits for so many steps to be kept beside the journal.
async fn kept(admin: &Client, is_so: impl Fn(u64) -> bool) {
    let begun = Instant::now();
    loop {
        let (_, storage) = admin.get("/api/v2/diagnostics/storage").await;
        if is_so(storage["histories"]["steps"].as_u64().unwrap()) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{storage}");
    }
}

async fn submit(media_server: &Client, id: &str) {
    let submitted = json!({"queue": "email", "mediaType": "email", "interactionId": id});
    media_server.done("/api/v2/interactions", submitted).await;
}

async fn change(admin: &Client, id: &str, round: usize) {
    let path = format!("/api/v2/interactions/{id}");
    let (status, body) = admin
        .put(&path, json!({"userData": {"round": round}}))
        .await;
    assert_eq!(status, 200, "{body}");
}

async fn stop(admin: &Client, id: &str) {
    let request = json!({"interactionId": id});
    admin.request("RequestStopProcessing", request).await;
}

#[tokio::test]
async fn a_history_is_whole_after_trims_restarts_and_its_end_until_it_leaves_the_archive() {
    const TRIMMED: &str = "replay_window_ms = 1";
    let mut server: Running = start("").await;
    submit(&server.client("mediaserver"), "I").await;
    let mut expected = Vec::new();
    for run in 0..3 {
        let admin = server.client("supervisor");
        for round in 0..5 {
            submit(&server.client("mediaserver"), &format!("O{run}-{round}")).await;
            change(&admin, "I", 10 * run + round).await;
            stop(&admin, &format!("O{run}-{round}")).await;
        }
        if run == 2 {
            stop(&admin, "I").await;
        }
        let told = history(&admin, "I").await;
        assert_eq!(told[..expected.len()], expected, "nothing of it changes");
        expected = told;
        server = server.restart(TRIMMED).await;
        let admin = server.client("admin");
        trimmed(&admin, "I", expected.len()).await;
        assert_eq!(history(&admin, "I").await, expected, "run {run}");
        kept(&admin, |steps| steps >= expected.len() as u64).await;
        assert_eq!(history(&admin, "I").await, expected, "run {run}");
        assert_eq!(history(&admin, "O0-0").await.len(), 2);
    }
    assert_eq!(expected.len(), 1 + 3 * 5 + 1, "submitted, changed, stopped");
    let keys = format!("{TRIMMED}\narchive_retention_ms = 1");
    let server = server.restart(&keys).await;
    let admin = server.client("admin");
    kept(&admin, |steps| steps == 0).await;
    let (_, body) = admin.get("/api/v2/interactions/I/history").await;
    assert_eq!(body["history"], json!([]), "it is only remembered");
}

#[tokio::test]
async fn what_is_not_kept_of_a_history_is_said() {
    let server = start("").await;
    submit(&server.client("mediaserver"), "I").await;
    for round in 0..4 {
        change(&server.client("supervisor"), "I", round).await;
    }
    let expected = history(&server.client("admin"), "I").await;
    let server = server.restart("replay_window_ms = 1").await;
    let admin = server.client("admin");
    kept(&admin, |steps| steps >= 5).await;
    // As if it had come to the bound.
    let first = expected[2]["sequence"].as_u64().unwrap();
    let server = server
        .restart_on("", |data| {
            let forget = format!("DELETE FROM kept_keys WHERE sequence < {first}");
            meddle(data, &forget);
        })
        .await;
    for after in [0, first] {
        let path = format!("/api/v2/interactions/I/history?after={after}");
        let (_, body) = server.client("admin").get(&path).await;
        assert_eq!(body["keptAfter"], json!(first - 1), "{body}");
        let len = body["history"].as_array().unwrap().len();
        assert_eq!(len, if after == 0 { 3 } else { 2 });
    }
    const { assert!(KEPT_LEN_MAX > 5, "otherwise the bound itself would do") };
}

fn meddle(data: &Path, sql: &str) {
    let connection = Connection::open(data.join("demo.sqlite")).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_killed_server_has_lost_nothing_of_a_history_that_was_being_trimmed() {
    let temporary = tempfile::tempdir().unwrap();
    let window = [("BATON_REPLAY_WINDOW_MS", "1")];
    let mut sequences: Vec<u64> = Vec::new();
    for run in 0..3 {
        let server = Process::start(temporary.path(), &window);
        let (admin, media_server) = (server.client("admin"), server.client("mediaserver"));
        if run == 0 {
            submit(&media_server, "I").await;
        }
        let began_with = sequences.len();
        for round in 0..60 {
            change(&server.client("supervisor"), "I", 100 * run + round).await;
        }
        trimmed(&admin, "I", began_with + 1).await;
        let told = history(&admin, "I").await;
        let told: Vec<u64> = told
            .iter()
            .map(|it| it["sequence"].as_u64().unwrap())
            .collect();
        assert_eq!(told[..sequences.len()], sequences, "run {run}");
        assert!(told.is_sorted_by(|a, b| a < b), "none comes twice");
        assert_eq!(told.len(), 1 + 60 * (run + 1));
        sequences = told;
        server.kill();
    }
}
