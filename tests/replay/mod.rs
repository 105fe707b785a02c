//! Whoever comes back hears what he missed: every stream is a fold of the journal, wherever it begins.

mod listeners;
mod story;

use std::path::Path;

use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::folded::{Folded, URL};
use crate::support::process::Process;
use listeners::{by_events, by_socket};

const CHANNELS: [&str; 3] = ["/v2/me/channels", "/v2/me/interactions", "/v2/me/messages"];
fn start(data: &Path, ring_len_max: &str) -> Process {
    let ring = ("BATON_REPLAY_RING_LEN_MAX", ring_len_max);
    Process::start(data, &[ring, ("BATON_EXTERNAL_URL", URL)])
}

#[tokio::test]
async fn every_stream_is_a_fold_of_the_journal_with_all_in_memory() {
    streams_are_folds("50000").await;
}

#[tokio::test]
async fn every_stream_is_a_fold_of_the_journal_with_little_in_memory() {
    streams_are_folds("16").await;
}

#[tokio::test]
async fn every_stream_is_a_fold_of_the_journal_with_nothing_in_memory() {
    streams_are_folds("0").await;
}

/// Listeners come back while the story goes on, after a crash, and at every sequence once it has ended.
async fn streams_are_folds(ring_len_max: &str) {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let server = start(data, ring_len_max);
    let early = story::go_on(&server, 5).await;
    server.kill();

    let server = start(data, ring_len_max);
    let agent = server.client("agent1");
    let mut witness = Desktop::resume(&agent, json!(true), CHANNELS[1], json!(-2)).await;
    let told = witness
        .hear_until(CHANNELS[1], |data| data["sequence"] == early)
        .await;
    // While these catch up, the story goes on; how far it comes is known only afterwards.
    let mut late_comers = Vec::new();
    for cursor in [0, 1, early / 2, early - 1, early] {
        let desktop = Desktop::resume(&agent, json!(true), CHANNELS[1], json!(cursor)).await;
        late_comers.push((cursor, desktop));
    }
    let last = story::go_on(&server, 8).await;
    let mut streams = vec![(CHANNELS[1], 0, {
        let rest = witness.hear_until(CHANNELS[1], |data| data["sequence"] == last);
        [told, rest.await].concat()
    })];
    for (cursor, mut desktop) in late_comers {
        let heard = desktop.hear_until(CHANNELS[1], |data| data["sequence"] == last);
        streams.push((CHANNELS[1], cursor, heard.await));
    }
    for cursor in (0..last).step_by(3) {
        let client = agent.clone();
        let heard = by_socket(client, CHANNELS[1], json!(cursor.to_string()), last).await;
        streams.push((CHANNELS[1], cursor, heard));
        let is_last = |data: &Value| data["sequence"] == last;
        let heard = by_events(&agent, CHANNELS[1], &cursor.to_string(), is_last).await;
        let heard = heard.into_iter().map(|(_, data)| data).collect();
        streams.push((CHANNELS[1], cursor, heard));
    }
    drop(witness);
    server.kill();
    let folded = Folded::read(data, "agent1");
    for (channel, cursor, heard) in streams {
        let expected = folded.on(channel, cursor, last);
        assert_eq!(heard, expected, "{channel} after {cursor}");
    }
    assert!(folded.on(CHANNELS[1], 0, last).len() > 60);
}

#[tokio::test]
async fn one_stream_of_all_channels_has_an_identifier_where_a_step_ends() {
    let temporary = tempfile::tempdir().unwrap();
    let server = start(temporary.path(), "7");
    let last = story::go_on(&server, 3).await;
    let agent = server.client("agent1");
    let is_last = |data: &Value| data["sequence"] == last && data["messageType"].is_string();
    let heard = by_events(&agent, "/**", "0", is_last).await;
    // Resuming at any identifier gives exactly the rest.
    for (index, (id, _)) in heard.iter().enumerate() {
        let sequence = &heard[index].1["sequence"];
        let next = heard.get(index + 1).map(|(_, data)| &data["sequence"]);
        assert_eq!(id.is_some(), next != Some(sequence), "{index}");
        let Some(id) = id.as_ref().filter(|_| index + 1 < heard.len()) else {
            continue;
        };
        assert_eq!(*id, sequence.to_string());
        let rest = by_events(&agent, "/**", id, is_last).await;
        assert_eq!(rest, heard[index + 1..], "after {id}");
    }
    server.kill();
    let folded = Folded::read(temporary.path(), "agent1");
    let expected: Vec<&Value> = folded.said.iter().map(|(_, _, body)| body).collect();
    let heard: Vec<&Value> = heard.iter().map(|(_, data)| data).collect();
    assert_eq!(heard, expected);
}

/// The data of the resync, if that is what `cursor` leads to, and of what is told next.
async fn resync_of(server: &Process, replay: Value, cursor: Value) -> (Value, Value) {
    let agent = server.client("agent1");
    let mut desktop = Desktop::resume(&agent, replay, CHANNELS[0], cursor).await;
    let notice = desktop.hear(CHANNELS[0], |_| true).await;
    let next = desktop.hear(CHANNELS[0], |_| true).await;
    (notice, next)
}

fn check_resync(notice: &Value, next: &Value, reason: &str) {
    assert_eq!(notice["notificationType"], "Resync", "{notice}");
    assert_eq!(notice["reason"], reason);
    assert_eq!(next["messageType"], "ChannelStateChangeMessageV2");
    assert_eq!(next["sequence"], notice["sequence"], "the state follows");
}

#[tokio::test]
async fn a_cursor_ahead_of_everything_is_told_so() {
    let temporary = tempfile::tempdir().unwrap();
    let server = start(temporary.path(), "16");
    story::go_on(&server, 1).await;
    let (notice, next) = resync_of(&server, json!(true), json!(4711)).await;
    check_resync(&notice, &next, "Ahead");
}

#[tokio::test]
async fn what_was_trimmed_is_not_kept_and_everything_else_is() {
    let temporary = tempfile::tempdir().unwrap();
    let window = ("BATON_REPLAY_WINDOW_MS", "1");
    let server = Process::start(temporary.path(), &[window]);
    let agent = server.client("agent1");
    let early = story::go_on(&server, 3).await;
    let (notice, next) = loop {
        let mut desktop = Desktop::resume(&agent, json!(true), CHANNELS[0], json!(0)).await;
        let first = desktop.hear(CHANNELS[0], |_| true).await;
        if first["oldestReplayableSequence"].as_u64() >= Some(early) {
            break (first, desktop.hear(CHANNELS[0], |_| true).await);
        }
    };
    check_resync(&notice, &next, "NotKept");
    let (_, mut before) = agent.get("/api/v2/me/channels").await;
    server.kill();

    for ring in ["0", "16"] {
        let server = start(temporary.path(), ring);
        let agent = server.client("agent1");
        let (_, after) = agent.get("/api/v2/me/channels").await;
        assert_eq!(
            before["channels"], after["channels"],
            "the agent is still there"
        );
        let last = story::go_on(&server, 3).await;
        let (notice, next) = resync_of(&server, json!(true), json!(0)).await;
        check_resync(&notice, &next, "NotKept");
        let kept_after = notice["oldestReplayableSequence"].as_u64().unwrap();
        let mut streams = Vec::new();
        for cursor in [
            "-2".to_owned(),
            kept_after.to_string(),
            (last - 7).to_string(),
        ] {
            let after = cursor.parse().unwrap_or(kept_after);
            let heard = by_socket(agent.clone(), CHANNELS[1], json!(cursor), last).await;
            streams.push((after, heard));
        }
        (_, before) = agent.get("/api/v2/me/channels").await;
        server.kill();
        let folded = Folded::read(temporary.path(), "agent1");
        for (after, heard) in streams {
            assert_eq!(heard, folded.on(CHANNELS[1], after, last), "after {after}");
        }
    }
}

#[tokio::test]
async fn a_restored_backup_is_another_history() {
    let temporary = tempfile::tempdir().unwrap();
    let (data, backup) = (
        temporary.path().join("data"),
        temporary.path().join("backup"),
    );
    let server = start(&data, "16");
    let shared = story::go_on(&server, 2).await;
    let agent = server.client("agent1");
    let old = Desktop::resume(&agent, json!(true), CHANNELS[0], json!(-1)).await;
    server.kill();
    copy(&data, &backup);
    let server = start(&data, "16");
    let lost = story::go_on(&server, 1).await;
    server.kill();
    std::fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);

    let server = start(&data, "16");
    let last = story::go_on(&server, 3).await;
    assert!(last > lost, "the lost sequences have been given out again");
    let agent = server.client("agent1");
    let new = Desktop::resume(&agent, json!(true), CHANNELS[0], json!(-1)).await;
    assert_ne!(new.epoch, old.epoch);
    // A cursor of the other history, and one that may be of either.
    for (replay, cursor) in [
        (json!({"epoch": old.epoch}), json!(lost)),
        (json!({"epoch": old.epoch}), json!(1)),
        (json!(true), json!(lost)),
        (json!(true), json!(format!("{lost}-{}", old.epoch))),
    ] {
        let (notice, next) = resync_of(&server, replay, cursor).await;
        check_resync(&notice, &next, "OtherEpoch");
        assert_eq!(notice["epoch"], new.epoch);
    }
    // What is common to both, and what is of the new one.
    let is_last = |data: &Value| data["sequence"] == last;
    let epoch = json!({"epoch": new.epoch});
    let mut streams = vec![(
        shared,
        by_socket(agent.clone(), CHANNELS[1], json!(shared), last).await,
    )];
    let mut resumed = Desktop::resume(&agent, epoch, CHANNELS[1], json!(lost)).await;
    streams.push((lost, resumed.hear_until(CHANNELS[1], is_last).await));
    let events = by_events(
        &agent,
        CHANNELS[1],
        &format!("{lost}-{}", new.epoch),
        is_last,
    )
    .await;
    let (ids, heard): (Vec<_>, Vec<_>) = events.into_iter().unzip();
    assert!(ids.iter().flatten().all(|id| id.ends_with(&new.epoch)));
    streams.push((lost, heard));
    server.kill();
    let folded = Folded::read(&data, "agent1");
    for (cursor, heard) in streams {
        assert_eq!(
            heard,
            folded.on(CHANNELS[1], cursor, last),
            "after {cursor}"
        );
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
