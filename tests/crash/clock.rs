//! The machine's clock jumps, forth and back: `libfaketime` tells the server another time of day, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use baton::centre::wall_clock;
use baton::domain::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::disk::skip;
use crate::support::desktop::Desktop;
use crate::support::process::{Process, serve};
use crate::support::server::Client;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const DELIVERY_MS: u64 = 8_000;
const HANDLING_MS: u64 = 10_000;
/// How late a deadline may be noticed on a busy machine.
const LATE_MAX_MS: u64 = 20_000;
/// By how much this clock and the server's, which goes on by itself, may differ.
const CLOCKS_DIFFER_MS: u64 = 1_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// Deadlines that pass while the test waits, and periods that a jump by a day would end.
const SHORT: [(&str, &str); 5] = [
    ("BATON_DELIVERY_TIMEOUT_MS", "8000"),
    ("BATON_HANDLING_TIMEOUT_MS", "10000"),
    ("BATON_IDEMPOTENCY_KEY_TTL_MS", "3600000"),
    ("BATON_REPLAY_WINDOW_MS", "3600000"),
    ("BATON_ARCHIVE_RETENTION_MS", "3600000"),
];
/// The invitation is open when the server is stopped, and the key of a submission is known.
const LONG: [(&str, &str); 2] = [
    ("BATON_DELIVERY_TIMEOUT_MS", "3600000"),
    ("BATON_IDEMPOTENCY_KEY_TTL_MS", "3600000"),
];

/// The time of day that servers are told.
struct WallClock {
    library: PathBuf,
    offset: PathBuf,
}

impl WallClock {
    /// None, with a line that says why, where there is no libfaketime.
    fn right(folder: &Path) -> Option<Self> {
        // Debian has a folder for each architecture.
        let places = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let mut libraries = places.map(|it| it.path().join("faketime/libfaketimeMT.so.1"));
        let Some(library) = libraries.find(|it| it.is_file()) else {
            skip("libfaketime: not installed");
            return None;
        };
        let offset = folder.join("offset");
        let clock = Self { library, offset };
        clock.jump_to("+0");
        Some(clock)
    }

    /// From now on it is so far ahead of the right time, or behind it.
    fn jump_to(&self, offset: &str) {
        let new = self.offset.with_extension("new");
        fs::write(&new, offset).unwrap();
        fs::rename(new, &self.offset).unwrap();
    }

    fn start(&self, data: &Path, variables: &[(&str, &str)]) -> Process {
        let mut command = serve(data, variables);
        command
            .env("LD_PRELOAD", &self.library)
            .env("FAKETIME_TIMESTAMP_FILE", &self.offset)
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1");
        Process::begin(&mut command, data).expect("it says where it listens")
    }
}

/// Everything that became of an interaction.
async fn history(client: &Client, id: &str) -> Vec<Value> {
    let (status, body) = client
        .get(&format!("/api/v2/interactions/{id}/history"))
        .await;
    assert_eq!(status, StatusCode::OK, "{id}: {body}");
    assert_eq!(body["keptAfter"], 0, "{id}: nothing was trimmed");
    body["history"].as_array().unwrap().clone()
}

fn time_of(entry: &Value) -> u64 {
    time(&entry["at"])
}

fn time(text: &Value) -> u64 {
    Timestamp::parse(text.as_str().unwrap()).unwrap().0
}

/// The first change of an interaction that has this name, with the time of its step.
async fn change(client: &Client, id: &str, name: &str) -> Option<(u64, Value)> {
    history(client, id).await.iter().find_map(|entry| {
        let mut changes = entry["changes"].as_array().unwrap().iter();
        let found = changes.find(|it| it["change"] == name)?;
        Some((time_of(entry), found.clone()))
    })
}

/// The same of a change that is to come.
async fn await_change(client: &Client, id: &str, name: &str) -> (u64, Value) {
    let begun = Instant::now();
    loop {
        if let Some(found) = change(client, id, name).await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{id}: no {name}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The times of all steps about these interactions, in the order of the steps, none of which is before the one before.
async fn times(client: &Client, ids: &[&str]) -> Vec<u64> {
    let mut steps = Vec::new();
    for id in ids {
        let entries = history(client, id).await;
        steps.extend(
            entries
                .iter()
                .map(|it| (it["sequence"].as_u64().unwrap(), time_of(it))),
        );
    }
    steps.sort_unstable();
    let times: Vec<u64> = steps.into_iter().map(|(_, at)| at).collect();
    assert!(times.is_sorted(), "time went back: {times:?}");
    times
}

/// Submits under a key, which gives the same identifier for as long as the key is known.
async fn submit_as(client: &Client, key: &str) -> String {
    let body = json!({"mediaType": "email", "queue": "email"}).to_string();
    let headers = [("idempotency-key", key)];
    let path = "/api/v2/interactions";
    let reply = client
        .exchange(Method::POST, path, &headers, Some(body))
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    reply.json()["id"].as_str().unwrap().to_owned()
}

async fn is_let_in(client: &Client) -> bool {
    let (status, body) = client.get("/api/v2/me").await;
    assert!(matches!(status.as_u16(), 200 | 401), "{status} {body}");
    status == StatusCode::OK
}

#[tokio::test]
async fn a_jump_of_the_clock_ends_nothing_and_prolongs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(clock) = WallClock::right(folder.path()) else {
        return;
    };
    let before = wall_clock().0;
    let server = clock.start(&folder.path().join("data"), &SHORT);
    let client = |user: &str| server.client_for(user, 30 * DAY_MS);
    let (agent, owner, media_server) = (client("agent1"), client("agent2"), client("mediaserver"));
    let (admin, supervisor) = (client("admin"), client("supervisor"));
    let [of_an_hour, revoked] = [0; 2].map(|_| server.client_for("agent3", HOUR_MS));
    let revoke = async |token: &str| {
        let body = json!({"token": token});
        admin.done("/api/v2/tokens/revoke", body).await;
    };
    agent.ready("chat").await;
    owner.ready("workitem").await;
    let mut desktop = Desktop::open(&of_an_hour, &["/v2/me/channels"]).await;
    let kept = submit_as(&media_server, "kept").await;
    let stopped = media_server.submit("email").await;
    let named = json!({"interactionId": stopped});
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    media_server.request("RequestStopProcessing", named).await;
    let owned = media_server.submit("workitem").await;
    owner.operate(&owned, "Accept", json!({})).await;
    let offered = media_server.submit("chat").await;
    revoke(&revoked.token).await;
    assert!(is_let_in(&of_an_hour).await && !is_let_in(&revoked).await);
    let mut ids = vec![kept.clone(), stopped, owned.clone(), offered.clone()];

    for (offset, is_valid) in [("+1d", false), ("-1d", true)] {
        clock.jump_to(offset);
        // The list of revoked tokens is written anew.
        revoke(&client("agent3").token).await;
        assert_eq!(is_let_in(&of_an_hour).await, is_valid, "{offset}");
        assert!(!is_let_in(&revoked).await, "{offset}");
        assert_eq!(submit_as(&media_server, "kept").await, kept, "{offset}");
        ids.push(submit_as(&media_server, offset).await);
        // The session of a token that has ended by this clock goes on.
        let someone = client("agent3");
        someone.ready("workitem").await;
        desktop.hear("/v2/me/channels", |_| true).await;
        let end = json!({"operationName": "EndContactCenterSession"});
        someone.done("/api/v2/me", end).await;
    }

    let (invited_at, invitation) = change(&supervisor, &offered, "AgentInvited").await.unwrap();
    let deadline = time(&invitation["expiresAt"]);
    assert_eq!(deadline, invited_at + DELIVERY_MS);
    let (revoked_at, why) = await_change(&supervisor, &offered, "InvitationRevoked").await;
    assert!((deadline..deadline + LATE_MAX_MS).contains(&revoked_at));
    assert_eq!(why["cause"], "Expired");
    let (accepted_at, _) = change(&supervisor, &owned, "Accepted").await.unwrap();
    let (returned_at, _) = await_change(&supervisor, &owned, "Returned").await;
    let deadline = accepted_at + HANDLING_MS;
    assert!((deadline..deadline + LATE_MAX_MS).contains(&returned_at));

    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let times = times(&supervisor, &ids).await;
    let meanwhile = before - CLOCKS_DIFFER_MS..=wall_clock().0 + CLOCKS_DIFFER_MS;
    assert!(times.iter().all(|at| meanwhile.contains(at)), "{times:?}");
    let last = ids.last().unwrap();
    let (submitted_at, _) = change(&supervisor, last, "InteractionSubmitted")
        .await
        .unwrap();
    for (at, expected) in [(submitted_at, 200), (before, 404)] {
        let path = format!("/api/v2/interactions/{last}?at={}", Timestamp(at));
        assert_eq!(supervisor.get(&path).await.0, expected, "{path}");
    }
}

#[tokio::test]
async fn a_restart_on_another_time_of_day_never_goes_back_and_counts_the_time_that_has_passed() {
    let folder = tempfile::tempdir().unwrap();
    let Some(clock) = WallClock::right(folder.path()) else {
        return;
    };
    let data = folder.path().join("data");
    let media_server = |server: &Process| server.client_for("mediaserver", 30 * DAY_MS);
    let supervisor = |server: &Process| server.client_for("supervisor", 30 * DAY_MS);
    let server = clock.start(&data, &LONG);
    server.client("agent1").ready("chat").await;
    let offered = media_server(&server).submit("chat").await;
    let kept = submit_as(&media_server(&server), "kept").await;
    let mut ids = vec![offered.clone(), kept.clone()];
    let (_, invitation) = await_change(&supervisor(&server), &offered, "AgentInvited").await;
    assert_eq!(server.terminate(), Some(0));

    // A day behind, twice, also after a crash: as if it had not been stopped.
    for _ in 0..2 {
        clock.jump_to("-1d");
        let server = clock.start(&data, &LONG);
        assert_eq!(submit_as(&media_server(&server), "kept").await, kept);
        ids.push(media_server(&server).submit("email").await);
        let found = change(&supervisor(&server), &offered, "AgentInvited").await;
        assert_eq!(found.unwrap().1["expiresAt"], invitation["expiresAt"]);
        let ended = change(&supervisor(&server), &offered, "InvitationRevoked").await;
        assert_eq!(ended, None);
        server.kill();
    }

    // A day ahead: so long has it been down.
    clock.jump_to("+1d");
    let server = clock.start(&data, &LONG);
    let (revoked_at, _) = await_change(&supervisor(&server), &offered, "InvitationRevoked").await;
    assert!(revoked_at >= time(&invitation["expiresAt"]) + DAY_MS - HOUR_MS - LATE_MAX_MS);
    let anew = submit_as(&media_server(&server), "kept").await;
    assert_ne!(anew, kept, "the key has ended meanwhile");
    assert_eq!(server.terminate(), Some(0));

    // The clock is put right: time goes on from where it was.
    clock.jump_to("+0");
    let server = clock.start(&data, &LONG);
    let last = media_server(&server).submit("email").await;
    ids.extend([anew, last.clone()]);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let times = times(&supervisor(&server), &ids).await;
    assert!(times.last().unwrap() >= &revoked_at);
    let path = format!("/api/v2/interactions/{last}?at={}", Timestamp(revoked_at));
    assert_eq!(supervisor(&server).get(&path).await.0, 404);
}
