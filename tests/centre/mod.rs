//! The driver: nothing leaves before it is durable, and what fails leaves no trace (design D5).

pub(crate) mod archive;
mod clock;
mod held;
mod services;
pub(crate) mod state_snapshots;
mod trims;

use std::time::Duration;

use baton::bayeux::{ChannelId, Denied, Event};
use baton::centre::{Handle, Health, Links, REQUESTS_LEN_MAX, ReplayLimits, Start};
use baton::domain::{
    Actor, CentreId, Configuration, IdempotencyKey, RefusalKind, RequestDigest, Role, Timing,
    UserId,
};
use baton::engine::{Idempotency, Operation, Request};
use baton::hub::{Application, CurrentState, Hub, Principal, Settings};
use baton::journal::{Fault, Journal, MemoryDisk};
use serde_json::json;
use serde_json::value::RawValue;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn nothing_leaves_before_it_is_durable() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.hold();
    let submit = tokio::spawn({
        let centre = centre.clone();
        async move { centre.request(submit("I1")).await }
    });
    let waiting = disk.clone();
    tokio::task::spawn_blocking(move || waiting.wait_until_held())
        .await
        .unwrap();
    // The next group is computed meanwhile, and a refusal that depends on the first one waits with it.
    let duplicate = tokio::spawn({
        let centre = centre.clone();
        async move { centre.request(self::submit("I1")).await }
    });
    tokio::time::timeout(Duration::from_millis(200), async {
        while !submit.is_finished() && !duplicate.is_finished() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect_err("neither the reply nor the refusal may leave");
    assert!(
        centre.state().interactions.is_empty(),
        "readers see the durable state"
    );
    disk.release();
    let done = submit.await.unwrap().unwrap();
    assert_eq!(done.state.interactions.size(), 1);
    let refusal = duplicate.await.unwrap().unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::AlreadyExists);
}

#[tokio::test]
async fn too_many_waiting_requests_are_refused_and_none_is_lost() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.hold();
    let mut asked = tokio::task::JoinSet::new();
    // More than may wait, and more than two groups, which are what the driver takes on meanwhile.
    for index in 0..2 * REQUESTS_LEN_MAX {
        let centre = centre.clone();
        asked.spawn(async move { centre.request(submit(&format!("I{index}"))).await });
    }
    let first = asked.join_next().await.unwrap().unwrap();
    assert_eq!(first.unwrap_err().kind, RefusalKind::Unavailable);
    disk.release();
    let answers = asked.join_all().await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(done >= REQUESTS_LEN_MAX, "{done}");
    assert_eq!(centre.state().interactions.size(), done);
}

#[tokio::test]
async fn refusals_that_wait_for_the_disk_are_bounded_too() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.hold();
    let mut asked = tokio::task::JoinSet::new();
    // All but the first one name an identifier that is taken: refusals, which depend on the step that is not durable.
    // The driver gets its turn after each, so that only its own bound keeps it from taking them all on.
    for _ in 0..2 * REQUESTS_LEN_MAX {
        let centre = centre.clone();
        asked.spawn(async move { centre.request(submit("I1")).await });
        tokio::task::yield_now().await;
    }
    let first = tokio::time::timeout(PATIENCE, asked.join_next()).await;
    let first = first.expect("one is refused at once").unwrap().unwrap();
    assert_eq!(first.unwrap_err().kind, RefusalKind::Unavailable);
    disk.release();
    let answers = asked.join_all().await;
    let kinds = answers.iter().filter_map(|answer| answer.as_ref().err());
    let taken = kinds.filter(|refusal| refusal.kind == RefusalKind::AlreadyExists);
    assert!(taken.count() >= REQUESTS_LEN_MAX);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_refused_group_leaves_no_trace_and_the_next_may_pass() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.fail_next(Fault::Refused);
    let refusal = centre.request(submit("I1")).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
    assert!(matches!(centre.health(), Health::Refusing(_)));
    assert!(centre.state().interactions.is_empty());
    let done = centre.request(submit("I1")).await.unwrap();
    assert_eq!(done.head.sequence.0, 2, "the refused step has no sequence");
    assert_eq!(centre.health(), Health::Well);
}

#[tokio::test]
async fn a_journal_that_refused_is_tried_again_though_nobody_asks() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.fail_next(Fault::Refused);
    disk.fail_next(Fault::Refused);
    let before = centre.state();
    centre.request(submit("I1")).await.unwrap_err();
    let recovery = async {
        while centre.health() != Health::Well {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, recovery).await.unwrap();
    assert_eq!(centre.state(), before, "trying says nothing");
    let done = centre.request(submit("I1")).await.unwrap();
    assert_eq!(done.head.sequence.0, before.sequence.0 + 1);
}

#[tokio::test]
async fn a_journal_that_fails_when_it_is_tried_again_has_failed() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.fail_next(Fault::Refused);
    disk.fail_next(Fault::Ambiguous { written: false });
    centre.request(submit("I1")).await.unwrap_err();
    let failure = async {
        while !matches!(centre.health(), Health::Failed(_)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, failure).await.unwrap();
    assert!(centre.state().interactions.is_empty());
}

#[tokio::test]
async fn a_failed_journal_is_final() {
    for fault in [
        Fault::Ambiguous { written: true },
        Fault::Ambiguous { written: false },
        Fault::Fenced { head: 9 },
    ] {
        let disk = MemoryDisk::new(1);
        let centre = start(&disk).await;
        disk.fail_next(fault);
        let is_known = matches!(fault, Fault::Fenced { .. });
        for (id, is_known) in [("I1", is_known), ("I2", true)] {
            let refusal = centre.request(submit(id)).await.unwrap_err();
            assert_eq!(refusal.kind, RefusalKind::Unavailable);
            let message = refusal.text.contains("nothing was changed");
            assert_eq!(message, is_known, "{fault:?} {id}: {refusal:?}");
        }
        assert!(matches!(centre.health(), Health::Failed(_)));
        assert!(
            centre.state().interactions.is_empty(),
            "reads go on from what was durable"
        );
    }
}

#[tokio::test]
async fn who_repeats_a_request_waits_for_the_first_to_be_durable() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.hold();
    let ask = |request| {
        let centre = centre.clone();
        tokio::spawn(async move { centre.request(request).await })
    };
    let first = ask(keyed("I1", "key"));
    let waiting = disk.clone();
    tokio::task::spawn_blocking(move || waiting.wait_until_held())
        .await
        .unwrap();
    let again = ask(keyed("I1", "key"));
    let other = ask(keyed("I2", "key"));
    tokio::time::timeout(Duration::from_millis(200), async {
        while !first.is_finished() && !again.is_finished() && !other.is_finished() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect_err("no answer may leave");
    disk.release();
    let (first, again) = (first.await.unwrap().unwrap(), again.await.unwrap().unwrap());
    assert_eq!((&first.head, first.outcome), (&again.head, again.outcome));
    assert_eq!((first.is_repeated, again.is_repeated), (false, true));
    let refusal = other.await.unwrap().unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::KeyReused);
    assert_eq!(centre.state().sequence, first.head.sequence);
    // Not only now: after the crash and from the journal, too, and while it takes no changes.
    disk.crash();
    let centre = start(&disk).await;
    let again = centre.first_answer(&keyed("I1", "key")).unwrap().unwrap();
    assert_eq!(again.head, first.head);
    disk.fail_next(Fault::Ambiguous { written: false });
    centre.request(submit("I2")).await.unwrap_err();
    let again = centre.first_answer(&keyed("I1", "key")).unwrap().unwrap();
    assert_eq!(again.head, first.head);
}

#[tokio::test]
async fn what_did_not_become_durable_leaves_no_key() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    disk.fail_next(Fault::Refused);
    let refusal = centre.request(keyed("I1", "key")).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
    let done = centre.request(keyed("I2", "key")).await.unwrap();
    assert!(!done.is_repeated);
}

fn keyed(id: &str, key: &str) -> Request {
    let idempotency = Idempotency {
        key: IdempotencyKey::parse(key).unwrap(),
        digest: RequestDigest::parse(id).unwrap(),
    };
    Request {
        idempotency: Some(std::sync::Arc::new(idempotency)),
        ..submit(id)
    }
}

#[tokio::test]
async fn a_restart_folds_the_journal() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    for index in 0..50 {
        centre.request(submit(&format!("I{index}"))).await.unwrap();
    }
    let before = centre.state();
    centre.stop().await;
    let again = start(&disk).await;
    assert_eq!(*again.state(), *before);
    assert_eq!(again.epoch(), 1);
}

#[tokio::test]
async fn a_stopped_centre_refuses() {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    centre.stop().await;
    let asked = tokio::time::timeout(PATIENCE, centre.request(submit("I1"))).await;
    assert_eq!(asked.unwrap().unwrap_err().kind, RefusalKind::Unavailable);
}

pub(crate) async fn start(disk: &MemoryDisk) -> Handle {
    Handle::start(beginning(Box::new(disk.open())))
        .await
        .unwrap()
}

/// A small contact centre, to be started.
pub(crate) fn beginning(journal: Box<dyn Journal>) -> Start {
    let configuration: Configuration = serde_json::from_value(json!({
        "queues": {"chat": {"media_type": "chat"}},
        "capacity": {"chat": 1},
    }))
    .unwrap();
    Start {
        id: CentreId::parse("test").unwrap(),
        server: "baton".to_owned(),
        links: Links::new("http://localhost"),
        hub: Hub::new(Settings::default(), std::sync::Arc::new(Nobody)),
        media_channels: false,
        journal,
        snapshots: None,
        configuration,
        timing: Timing::default(),
        replay: ReplayLimits::default(),
        archive_retention: None,
    }
}

pub(crate) fn submit(id: &str) -> Request {
    let parameters = json!({"queue": "chat", "interactionId": id});
    Request {
        actor: Actor::User {
            user: UserId::parse("ms").unwrap(),
            role: Role::MediaServer,
        },
        reference_id: None,
        if_match: None,
        idempotency: None,
        entropy: [7; 16],
        operation: Operation::parse("RequestSubmit", None, parameters.as_object().unwrap())
            .unwrap(),
    }
}

/// An application without users.
struct Nobody;

impl Application for Nobody {
    fn may_subscribe(&self, _: &Principal, _: &ChannelId) -> Result<(), Denied> {
        Err(Denied::new("nobody"))
    }
    fn may_publish(&self, _: &Principal, _: &ChannelId) -> Result<(), Denied> {
        Err(Denied::new("nobody"))
    }
    fn publish(&self, _: &Principal, _: &ChannelId, _: &RawValue) -> Vec<Event> {
        Vec::new()
    }
    fn current_state(&self, _: &Principal, _: &ChannelId) -> Option<CurrentState> {
        None
    }
    fn sessions_changed(&self, _: &Principal, _: usize) {}
}
