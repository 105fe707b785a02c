//! An fsync that fails, and nothing else: the system's answer is put in the place of the real one by `strace`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::disk::skip;
use super::faults::{assert_still_told, count, readiness, submit, submit_until_refused};
use crate::support::process::Process;
use crate::support::server::{Client, Reply};

const PATIENCE: Duration = Duration::from_secs(30);

/// One fsync of a file fails; then the disk is as before.
struct FailingFsync {
    strace: Child,
    log: PathBuf,
}

impl FailingFsync {
    /// The next one, once on each thread. None, with a line that says why, where no process may be traced.
    fn of(server: &Process, file: &Path, log: PathBuf) -> Option<Self> {
        Self::attach(&["-f", "-p", &server.id().to_string()], 1, file, log)
    }

    /// The second one from here on of the journal's thread, likewise.
    fn second_of_journal(server: &Process, file: &Path, log: PathBuf) -> Option<Self> {
        let threads = fs::read_dir(format!("/proc/{}/task", server.id())).unwrap();
        let mut threads = threads.map(|thread| thread.unwrap());
        let is_journals = |name: String| name.trim() == "journal-demo";
        let journal = threads
            .find(|it| fs::read_to_string(it.path().join("comm")).is_ok_and(is_journals))
            .expect("the journal has a thread of its own");
        let id = journal.file_name();
        Self::attach(&["-p", id.to_str().unwrap()], 2, file, log)
    }

    fn attach(whom: &[&str], when: u32, file: &Path, log: PathBuf) -> Option<Self> {
        let mut command = Command::new("strace");
        command
            .args(whom)
            .args(["-e", "trace=fsync,fdatasync"])
            .arg("-e")
            .arg(format!("inject=fsync,fdatasync:error=EIO:when={when}"))
            .arg("-P")
            .arg(file)
            .arg("-o")
            .arg(&log);
        let mut strace = match command.stderr(Stdio::piped()).spawn() {
            Ok(strace) => strace,
            Err(error) => {
                skip(&format!("strace: {error}"));
                return None;
            }
        };
        let mut said = String::new();
        let mut lines = BufReader::new(strace.stderr.take().unwrap());
        while !said.contains("attached") {
            if lines.read_line(&mut said).unwrap() == 0 {
                strace.wait().unwrap();
                skip(&said);
                return None;
            }
        }
        std::thread::spawn(move || lines.lines().for_each(drop));
        Some(Self { strace, log })
    }

    fn has_failed(&self) -> bool {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.contains("INJECTED")
    }

    /// Waits until one has failed; `without` is what it means if none does.
    async fn failure(&self, without: &str) {
        let begun = Instant::now();
        while !self.has_failed() {
            assert!(begun.elapsed() < PATIENCE, "{without}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for FailingFsync {
    fn drop(&mut self) {
        // It may have ended with the server.
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

async fn submit_as(client: &Client, key: &str) -> Reply {
    let body = json!({"mediaType": "email", "queue": "email"}).to_string();
    let headers = [("idempotency-key", key)];
    let path = "/api/v2/interactions";
    client
        .exchange(Method::POST, path, &headers, Some(body))
        .await
}

fn message(reply: &Reply) -> String {
    let body: Value = reply.json();
    body["statusMessage"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_commit_whose_fsync_fails_is_final_until_a_restart_though_the_next_would_pass() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let server = Process::start(&data, &[]);
    let media_server = server.client("mediaserver");
    server.client("agent1").ready("chat").await;
    assert_eq!(submit_as(&media_server, "before").await.status, 200);
    let log = temporary.path().join("strace");
    let wal = data.join("demo.sqlite-wal");
    let Some(failing) = FailingFsync::of(&server, &wal, log) else {
        return;
    };
    let failed = submit_as(&media_server, "failed").await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{failed:?}");
    assert!(message(&failed).contains("Idempotency-Key"), "{failed:?}");
    assert!(failing.has_failed());
    let refused = submit_as(&media_server, "refused").await;
    assert!(
        message(&refused).contains("nothing was changed"),
        "{refused:?}"
    );
    drop(failing);

    let (status, health) = readiness(&media_server).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let reason = health["reasons"][0].as_str().unwrap();
    assert!(reason.contains("disk I/O error"), "{reason}");
    assert_eq!(submit_until_refused(&media_server).await, 0);
    assert_eq!(count(&server).await, 1, "what is durable is shown");
    assert_still_told(&server.client("agent1")).await;
    server.kill();

    let server = Process::start(&data, &[]);
    let media_server = server.client("mediaserver");
    assert_eq!(readiness(&media_server).await.0, StatusCode::OK);
    let there = count(&server).await;
    assert!((1..=2).contains(&there), "what was refused is not there");
    for (key, len) in [("before", there), ("failed", 2), ("refused", 3)] {
        let again = submit_as(&media_server, key).await;
        assert_eq!(again.status, StatusCode::OK, "{key}: {again:?}");
        assert_eq!(count(&server).await, len, "{key} took effect once");
    }
}

#[tokio::test]
async fn an_fsync_that_fails_while_a_trim_is_written_is_as_final_as_one_of_a_commit() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    // Time enough for what comes before the first trim.
    let server = Process::start(&data, &[("BATON_REPLAY_WINDOW_MS", "8000")]);
    let media_server = server.client("mediaserver");
    let log = temporary.path().join("strace");
    let wal = data.join("demo.sqlite-wal");
    let Some(failing) = FailingFsync::second_of_journal(&server, &wal, log) else {
        return;
    };
    assert_eq!(submit(&media_server).await.status, StatusCode::OK);
    failing.failure("nothing was trimmed").await;
    drop(failing);
    assert_eq!(submit_until_refused(&media_server).await, 0);
    let (status, health) = readiness(&media_server).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{health}");
    assert_eq!(count(&server).await, 1, "what is durable is shown");
    server.kill();
    let server = Process::start(&data, &[]);
    let media_server = server.client("mediaserver");
    assert_eq!(readiness(&media_server).await.0, StatusCode::OK);
    assert_eq!(submit(&media_server).await.status, StatusCode::OK);
    assert_eq!(count(&server).await, 2);
}

#[tokio::test]
async fn an_fsync_that_fails_while_the_log_is_moved_is_as_final_as_one_of_a_commit() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path().join("data");
    let server = Process::start(&data, &[]);
    let media_server = server.client("mediaserver");
    assert_eq!(submit(&media_server).await.status, StatusCode::OK);
    let log = temporary.path().join("strace");
    // The log is moved there when nobody writes.
    let Some(failing) = FailingFsync::of(&server, &data.join("demo.sqlite"), log) else {
        return;
    };
    assert_eq!(submit(&media_server).await.status, StatusCode::OK);
    failing.failure("nothing was moved").await;
    let acknowledged = 2 + submit_until_refused(&media_server).await;
    let (status, health) = readiness(&media_server).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{health}");
    assert_eq!(
        count(&server).await,
        acknowledged,
        "what is durable is shown"
    );
    drop(failing);
    assert_eq!(submit_until_refused(&media_server).await, 0);
    server.kill();
    let server = Process::start(&data, &[]);
    assert_eq!(
        readiness(&server.client("mediaserver")).await.0,
        StatusCode::OK
    );
    assert_eq!(count(&server).await, acknowledged);
}
