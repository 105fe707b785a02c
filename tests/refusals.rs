//! Every kind of refusal: somebody hears it, and the table that users read is the one that the server goes by.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use baton::domain::{
    Actor, IdempotencyKey, RefusalKind, RequestDigest, Role, Sequence, Timestamp, UserId,
};
use baton::engine::{AGENT_HOLD_LEN_MAX, Idempotency, Operation, Request};
use baton::journal::{Fault, MemoryDisk};
use serde_json::json;

use crate::centre;
use crate::models::document::parse_line;
use crate::models::world::{START_MS, World};
use crate::support::golden;

const PATH: &str = "docs/refusals.md";

/// What is done before every request of the table below.
const GIVEN: &[&str] = &[
    "URS->>Server: RequestRegisterClient",
    "URS->>Server: RegisterAddress thisDN=chat",
    "A1->>Server: RequestAgentLogin mediaList.chat=1",
    "A2->>Server: RequestAgentLogin mediaList.chat=0",
    "MediaServer->>Server: RequestSubmit interactionId=Waiting queue=chat",
    "MediaServer->>Server: RequestSubmit interactionId=Stopped queue=chat",
    "MediaServer->>Server: RequestStopProcessing interaction=Stopped",
    "A2->>Server: RequestSubmit interactionId=Handled mediaType=chat",
    "MediaServer->>Server: RequestSubmit interactionId=Declined queue=chat",
    "URS->>Server: RequestRouteCall interaction=Declined agent=A1",
    "A1->>Server: RequestReject interaction=Declined",
];

/// A request, and the kind of refusal that answers it.
const REFUSED: &[(&str, RefusalKind)] = &[
    (
        "MediaServer->>Server: RequestSubmit mediaType=chat",
        RefusalKind::MissingParameter,
    ),
    (
        "MediaServer->>Server: RequestSubmit queue=chat receivedAt=soon",
        RefusalKind::InvalidValue,
    ),
    (
        "MediaServer->>Server: RequestSubmit queue=chat userData.Queue=email",
        RefusalKind::ReadOnly,
    ),
    (
        "A3->>Server: RequestReadyForMedia media=chat",
        RefusalKind::InvalidState,
    ),
    (
        "Reporting->>Server: RequestSubmit queue=chat",
        RefusalKind::Forbidden,
    ),
    (
        "MediaServer->>Server: RegisterAddress thisDN=chat",
        RefusalKind::NotRegistered,
    ),
    (
        "MediaServer->>Server: RequestStopProcessing interaction=Nobodys",
        RefusalKind::UnknownInteraction,
    ),
    (
        "MediaServer->>Server: RequestSubmit queue=nowhere",
        RefusalKind::NotFound,
    ),
    (
        "MediaServer->>Server: RequestSubmit queue=chat interactionId=Waiting",
        RefusalKind::AlreadyExists,
    ),
    (
        "A3->>Server: RequestAgentLogin place=A1",
        RefusalKind::InUse,
    ),
    (
        "A1->>Server: RequestAccept interaction=Declined",
        RefusalKind::InvitationEnded,
    ),
    (
        "A2->>Server: RequestAccept interaction=Handled",
        RefusalKind::AlreadyAccepted,
    ),
    (
        "MediaServer->>Server: RequestStopProcessing interaction=Stopped",
        RefusalKind::AlreadyStopped,
    ),
    (
        "URS->>Server: RequestRouteCall interaction=Waiting agent=A3",
        RefusalKind::AgentUnavailable,
    ),
];

/// The kinds that a request alone does not lead to; a test below each, and `api::status_codes` for what cannot be read.
const REFUSED_ELSEWHERE: [RefusalKind; 5] = [
    RefusalKind::KeyReused,
    RefusalKind::Stale,
    RefusalKind::LimitReached,
    RefusalKind::Unavailable,
    RefusalKind::Unreadable,
];

#[test]
fn every_kind_is_heard_by_somebody() {
    for (request, kind) in REFUSED {
        let mut world = World::new();
        for line in GIVEN {
            world.play(&parse_line(line));
        }
        let heard = world.play(&parse_line(request));
        let code = format!("code={} ", kind.codes().error_code);
        assert!(
            heard.len() == 1 && heard[0].contains(&code),
            "{request}: {heard:?}"
        );
    }
    let heard = REFUSED
        .iter()
        .map(|(_, kind)| *kind)
        .chain(REFUSED_ELSEWHERE);
    let heard: BTreeSet<RefusalKind> = heard.collect();
    assert_eq!(heard, RefusalKind::ALL.iter().copied().collect());
}

#[test]
fn who_changes_what_has_changed_is_stale() {
    let mut world = World::new();
    world.play(&parse_line(
        "MediaServer->>Server: RequestSubmit interactionId=I1 queue=second",
    ));
    let parameters = json!({"interactionId": "I1"});
    let operation = Operation::parse(
        "RequestStopProcessing",
        None,
        parameters.as_object().unwrap(),
    );
    let operation = operation.unwrap();
    let request = |read: Sequence| Request {
        actor: Actor::User {
            user: UserId::parse("MediaServer").unwrap(),
            role: Role::MediaServer,
        },
        reference_id: None,
        if_match: Some(vec![read]),
        idempotency: None,
        entropy: [0; 16],
        operation: operation.clone(),
    };
    let submitted = world.engine.state().sequence;
    let stale = request(Sequence(submitted.0 - 1));
    let refused = world.engine.handle_request(Timestamp(START_MS), stale);
    assert_eq!(refused.unwrap_err().kind, RefusalKind::Stale);
    let current = request(submitted);
    assert!(
        world
            .engine
            .handle_request(Timestamp(START_MS), current)
            .is_ok()
    );
}

#[test]
fn a_key_is_of_one_request() {
    let mut world = World::new();
    let request = |id: &str| {
        let parameters = json!({"interactionId": id, "queue": "chat"});
        let operation = Operation::parse("RequestSubmit", None, parameters.as_object().unwrap());
        Request {
            actor: Actor::User {
                user: UserId::parse("MediaServer").unwrap(),
                role: Role::MediaServer,
            },
            reference_id: None,
            if_match: None,
            idempotency: Some(Arc::new(Idempotency {
                key: IdempotencyKey::parse("key").unwrap(),
                digest: RequestDigest::parse(id).unwrap(),
            })),
            entropy: [0; 16],
            operation: operation.unwrap(),
        }
    };
    let now = Timestamp(START_MS);
    world.engine.handle_request(now, request("I1")).unwrap();
    let state = world.engine.state();
    assert!(state.first_answer(now, &request("I1")).unwrap().is_some());
    let refused = state.first_answer(now, &request("I2")).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::KeyReused);
}

#[test]
fn an_agent_can_have_so_many_interactions() {
    let limit = format!("code={} ", RefusalKind::LimitReached.codes().error_code);
    let mut world = World::new();
    let mut ask = |line: &str| world.play(&parse_line(line)).remove(0);
    ask("A1->>Server: RequestAgentLogin mediaList.chat=0");
    ask("A2->>Server: RequestAgentLogin mediaList.chat=0");
    ask("A2->>Server: RequestSubmit interactionId=Other mediaType=chat");
    ask("A2->>Server: RequestSubmit interactionId=Parked queue=second");
    for index in 0..AGENT_HOLD_LEN_MAX {
        let heard = ask(&format!(
            "A1->>Server: RequestSubmit interactionId=I{index} mediaType=email"
        ));
        assert!(heard.contains("EventAck"), "{heard}");
    }
    for refused in [
        "A1->>Server: RequestSubmit mediaType=chat",
        "A1->>Server: RequestPull queue=second",
        "A1->>Server: Reply interaction=I0",
        "A2->>Server: RequestTransfer interaction=Other agentId=A1",
    ] {
        let heard = ask(refused);
        assert!(heard.contains(&limit), "{refused}: {heard}");
    }
    ask("A1->>Server: RequestStopProcessing interaction=I0");
    let heard = ask("A1->>Server: RequestPull queue=second");
    assert!(heard.contains("EventPulledInteractions"), "{heard}");
}

#[tokio::test]
async fn a_journal_that_takes_nothing_is_unavailable() {
    let disk = MemoryDisk::new(1);
    let centre = centre::start(&disk).await;
    disk.fail_next(Fault::Refused);
    let refusal = centre.request(centre::submit("I1")).await.unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unavailable);
}

#[test]
fn an_unknown_interaction_has_the_code_and_the_text_of_the_reference() {
    let unknown = baton::domain::Refusal::unknown_interaction();
    assert_eq!(unknown.kind.codes().error_code, 43);
    assert_eq!(unknown.text, "Unknown interaction identifier specified");
}

#[test]
fn a_refusal_repeats_what_was_sent_without_control_characters() {
    let invalid = baton::domain::Refusal::invalid_value("queue", "a\u{1b}b");
    assert!(invalid.text.ends_with("'ab'"), "{}", invalid.text);
    let not_found = baton::domain::Refusal::not_found("queue", "a\u{1b}b");
    assert_eq!(not_found.text, "There is no queue 'ab'");
    let parameters = json!({"interactionId": "I1", "ticketId": "a\u{1b}b"});
    let parameters = parameters.as_object().unwrap();
    let refused = Operation::parse("Accept", None, parameters).unwrap_err();
    assert!(refused.text.contains(r"a\u{1b}b"), "{}", refused.text);
}

#[test]
fn codes_of_event_error_are_told_apart() {
    let codes: BTreeSet<u16> = RefusalKind::ALL
        .iter()
        .map(|kind| kind.codes().error_code)
        .collect();
    assert_eq!(codes.len(), RefusalKind::ALL.len());
}

#[test]
fn the_committed_table_is_the_generated_one() {
    golden::check(PATH, "UPDATE_REFUSALS", &table());
}

fn table() -> String {
    let mut text = String::from(
        "# Refusals\n\n\
         Whatever is refused has changed nothing. Over REST a refusal has an HTTP status, and `statusCode` and `statusMessage`\n\
         in its body; over `/requests` it is an EventError with an `errorCode` and an `errorDescription` as well. The code of\n\
         EventError tells all kinds apart, and does not change. 43 is the reference's own, with its own text: \"Unknown\n\
         interaction identifier specified\".\n\n\
         [`status_codes.md`](status_codes.md) tells what each `statusCode` means.\n\n\
         | `errorCode` | kind | meaning | HTTP status | `statusCode` |\n\
         | --- | --- | --- | --- | --- |\n",
    );
    for kind in RefusalKind::ALL {
        let codes = kind.codes();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            codes.error_code,
            kind.as_str(),
            kind.meaning(),
            codes.http_status,
            codes.status_code
        )
        .unwrap();
    }
    text
}
