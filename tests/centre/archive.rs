//! The archive of a running contact centre.

use std::time::Duration;

use baton::centre::{ARCHIVE_READINGS_MAX, ArchiveError, Filter, Handle, PageLimits};
use baton::domain::{Actor, InteractionId, Role, UserId};
use baton::engine::{Operation, Request};
use baton::journal::MemoryDisk;
use serde_json::json;

use super::state_snapshots::{meddle, start as start_in};
use super::{start, submit};
use crate::journal::WITHOUT_FORMAT_6;

pub(crate) fn stop(id: &str) -> Request {
    let parameters = json!({"interactionId": id});
    let operation = Operation::parse(
        "RequestStopProcessing",
        None,
        parameters.as_object().unwrap(),
    );
    Request {
        actor: Actor::User {
            user: UserId::parse("boss").unwrap(),
            role: Role::Supervisor,
        },
        operation: operation.unwrap(),
        ..submit(id)
    }
}

async fn archived(centre: &Handle) -> Vec<String> {
    let limits = PageLimits {
        len_max: 100,
        bytes_max: usize::MAX,
    };
    let found = centre.search(Filter::default(), None, limits).await;
    let found = found.unwrap().interactions;
    found.iter().map(|it| it.id.to_string()).collect()
}

#[tokio::test]
async fn so_many_readings_wait_and_the_next_is_refused_at_once() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    centre.request(submit("I1")).await.unwrap();
    centre.request(stop("I1")).await.unwrap();
    disk.hold();
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..=ARCHIVE_READINGS_MAX {
        let centre = centre.clone();
        let id = InteractionId::parse("I1").unwrap();
        asked.spawn(async move { centre.archived(&id).await });
    }
    let first = asked.join_next().await.unwrap().unwrap();
    assert!(matches!(first, Err(ArchiveError::Busy)), "{first:?}");
    let waiting = tokio::time::timeout(Duration::from_millis(100), asked.join_next()).await;
    assert!(waiting.is_err(), "the others wait");
    disk.release();
    for answer in asked.join_all().await {
        assert!(answer.unwrap().is_some());
    }
    assert_eq!(archived(&centre).await, ["I1"]);
    centre.stop().await;
    let id = InteractionId::parse("I1").unwrap();
    let asked = centre.archived(&id).await;
    assert!(matches!(asked, Err(ArchiveError::Busy)), "{asked:?}");
}

#[tokio::test]
async fn a_group_that_does_not_become_durable_archives_nothing() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    centre.request(submit("I1")).await.unwrap();
    disk.fail_next(baton::journal::Fault::Refused);
    centre.request(stop("I1")).await.unwrap_err();
    assert!(archived(&centre).await.is_empty());
    centre.request(stop("I1")).await.unwrap();
    assert_eq!(archived(&centre).await, ["I1"]);
}

#[tokio::test]
async fn what_ended_before_there_was_an_archive_is_archived_at_the_start() {
    let data = tempfile::tempdir().unwrap();
    let centre = start_in(data.path(), Default::default()).await;
    for id in ["I1", "I2", "I3"] {
        centre.request(submit(id)).await.unwrap();
    }
    for id in ["I3", "I1"] {
        centre.request(stop(id)).await.unwrap();
    }
    centre.stop().await;
    meddle(
        data.path(),
        &format!(
            "{WITHOUT_FORMAT_6} DROP TABLE new_step_keys; DROP TABLE archive; PRAGMA user_version = 3"
        ),
    );
    meddle(data.path(), "DELETE FROM meta WHERE name LIKE 'archived%'");
    let centre = start_in(data.path(), Default::default()).await;
    assert_eq!(archived(&centre).await, ["I1", "I3"]);
    centre.stop().await;
    let centre = start_in(data.path(), Default::default()).await;
    assert_eq!(archived(&centre).await, ["I1", "I3"]);
    let storage = centre.storage().await.unwrap();
    assert_eq!(storage.journal.archived_len, 2);
    assert!(storage.snapshots_len > 0 && storage.snapshots_bytes > 0);
    centre.stop().await;
}
