//! What the operating system refuses, and what the server does then (docs/operations.md).

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::disk::Disk;
use crate::support::events::EventStream;
use crate::support::folded::Folded;
use crate::support::process::{AtLimit, Process, baton, serve, with_file_limit};
use crate::support::server::{Client, Reply};

/// How soon after there is room again the server must be ready again.
const RECOVERY_MAX: Duration = Duration::from_secs(10);
/// How long a server that is told to stop may take.
const STOP_MAX: Duration = Duration::from_secs(10);
/// More than any disk of a test takes.
const SUBMISSIONS_MAX: usize = 2_000;

pub(super) async fn submit(client: &Client) -> Reply {
    let body =
        json!({"mediaType": "email", "queue": "email", "userData": {"text": "x".repeat(500)}});
    let body = Some(body.to_string());
    let submitted = client.exchange(Method::POST, "/api/v2/interactions", &[], body);
    submitted.await
}

/// Submits until the journal takes no more; how many it took.
pub(super) async fn submit_until_refused(client: &Client) -> usize {
    for taken in 0..SUBMISSIONS_MAX {
        let reply = submit(client).await;
        if reply.status == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(reply.json()["statusCode"], 4, "{reply:?}");
            assert_eq!(reply.retry_after.as_deref(), Some("1"), "{reply:?}");
            return taken;
        }
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    }
    panic!("the disk is too large for this");
}

pub(super) async fn count(server: &Process) -> usize {
    let admin = server.client("admin");
    let (status, body) = admin.get("/api/v2/interactions").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body["uris"].as_array().unwrap().len()
}

pub(super) async fn readiness(client: &Client) -> (StatusCode, Value) {
    client.get("/health/ready").await
}

/// The server goes on telling what is durable.
pub(super) async fn assert_still_told(client: &Client) {
    let stream = EventStream::open(client, "/v2/me/channels", "0").await;
    let (_, told) = stream.unwrap().next().await.unwrap().unwrap();
    assert_eq!(told["messageType"], "ChannelStateChangeMessageV2", "{told}");
}

#[tokio::test]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let Some(disk) = Disk::of_bytes(4 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    let server = Process::start(&data, &[]);
    let media_server = server.client("mediaserver");
    server.client("agent1").ready("chat").await;
    assert_eq!(submit(&media_server).await.status, StatusCode::OK);
    let ballast = disk.path().join("ballast");
    fill(&ballast);

    let taken = 1 + submit_until_refused(&media_server).await;
    assert_eq!(count(&server).await, taken);
    let (status, health) = readiness(&media_server).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let reason = health["reasons"][0].as_str().unwrap();
    assert!(reason.contains("disk is full"), "{reason}");
    assert_still_told(&server.client("agent1")).await;

    fs::remove_file(&ballast).unwrap();
    let freed = Instant::now();
    // Nobody asks for a change meanwhile: who is not ready is not asked.
    while readiness(&media_server).await.0 != StatusCode::OK {
        assert!(freed.elapsed() < RECOVERY_MAX, "not ready again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(submit(&media_server).await.status, StatusCode::OK);
    assert_eq!(count(&server).await, taken + 1);
    server.kill();
    assert_eq!(count(&Process::start(&data, &[])).await, taken + 1);
}

fn fill(ballast: &Path) {
    let mut file = File::create(ballast).unwrap();
    for chunk in [4096, 1] {
        while file.write_all(&vec![0; chunk]).is_ok() {}
    }
}

#[tokio::test]
async fn a_write_that_fails_is_final_until_a_restart() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let mut limited = with_file_limit(&serve(&data, &[]), 300_000, AtLimit::Fails);
    let log = temporary.path().join("log");
    limited.stderr(File::create(&log).unwrap());
    let server = Process::begin(&mut limited, &data).unwrap();
    let media_server = server.client("mediaserver");
    server.client("agent1").ready("chat").await;
    let taken = submit_until_refused(&media_server).await;
    let (status, health) = readiness(&media_server).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let reason = health["reasons"][0].as_str().unwrap();
    assert!(reason.contains("disk I/O error"), "{reason}");
    assert_eq!(count(&server).await, taken);
    assert_still_told(&server.client("agent1")).await;
    assert_eq!(submit_until_refused(&media_server).await, 0);
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("the journal takes no changes"), "{said}");
    assert_eq!(server.terminate(), Some(0));

    let server = Process::start(&data, &[]);
    assert_eq!(count(&server).await, taken);
    let again = submit(&server.client("mediaserver")).await;
    assert_eq!(again.status, StatusCode::OK);
}

#[test]
fn a_first_start_that_ends_in_a_write_is_in_nobodys_way() {
    for bytes in [0, 512, 4_096, 8_192, 20_480, 36_864, 65_536] {
        let temporary = tempfile::tempdir().unwrap();
        let mut limited = with_file_limit(&serve(temporary.path(), &[]), bytes, AtLimit::Ends);
        if let Ok(server) = Process::begin(&mut limited, temporary.path()) {
            server.kill();
        }
        let again = Process::start(temporary.path(), &[]);
        assert_eq!(again.terminate(), Some(0), "{bytes}");
    }
}

#[test]
fn a_disk_that_can_only_be_read_is_refused() {
    let Some(disk) = Disk::of_bytes(4 << 20) else {
        return;
    };
    let data = disk.path().join("data");
    Process::start(&data, &[]).kill();
    disk.make_read_only();
    assert_refused(&data, "Read-only file system");
}

#[tokio::test]
async fn a_second_server_is_refused_and_the_first_goes_on() {
    let temporary = tempfile::tempdir().unwrap();
    let server = Process::start(temporary.path(), &[]);
    assert_refused(temporary.path(), "is in use by another server");
    let reply = submit(&server.client("mediaserver")).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(server.terminate(), Some(0));
}

fn assert_refused(data: &Path, why: &str) {
    let refused = baton(&["serve", "--listen", "127.0.0.1:0"], data);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains(why), "{said}");
    assert!(said.contains(&data.display().to_string()), "{said}");
}

#[tokio::test]
async fn who_is_under_way_when_the_server_is_told_to_stop_is_answered_or_refused() {
    const CALLERS: usize = 16;
    let temporary = tempfile::tempdir().unwrap();
    let mut serving = serve(temporary.path(), &[]);
    let server = Process::begin(serving.stderr(Stdio::null()), temporary.path()).unwrap();
    let client = server.client("mediaserver");
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let client = client.clone();
        callers.spawn(async move { submit_until_gone(&client, caller).await });
    }
    while count(&server).await < 2 * CALLERS {
        tokio::task::yield_now().await;
    }
    let told = Instant::now();
    let stopped = tokio::task::spawn_blocking(move || server.terminate());
    assert_eq!(stopped.await.unwrap(), Some(0));
    assert!(told.elapsed() < STOP_MAX, "{:?}", told.elapsed());
    let folded = Folded::read(temporary.path(), "agent1");
    let mut there: Vec<String> = folded
        .state
        .interactions
        .keys()
        .map(|id| id.to_string())
        .collect();
    let mut acknowledged: Vec<String> = callers.join_all().await.concat();
    acknowledged.sort();
    there.sort();
    assert_eq!(there, acknowledged);
}

/// What was acknowledged until the server closed the connection before a request or took no more. Once it has taken a
/// request it answers it.
async fn submit_until_gone(client: &Client, caller: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for index in 0..SUBMISSIONS_MAX {
        let id = format!("{caller}-{index}");
        let body = json!({"mediaType": "email", "queue": "email", "interactionId": id});
        let asked = client.try_exchange(
            Method::POST,
            "/api/v2/interactions",
            &[],
            Some(body.to_string()),
        );
        match asked.await {
            Ok(reply) if reply.status == StatusCode::OK => acknowledged.push(id),
            Ok(reply) => {
                assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{reply:?}");
                return acknowledged;
            }
            Err(_) => return acknowledged,
        }
    }
    acknowledged
}
