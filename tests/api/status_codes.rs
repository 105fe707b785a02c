//! Every `statusCode` of the gateway (gateway-api 1.5; 1.8 on 8, 1.3 on 9): a request that gets it, or why nobody ever does.

use std::fmt::Write as _;
use std::path::Path;

use reqwest::{Method, StatusCode};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::golden;
use crate::support::process::{AtLimit, Process, serve, with_file_limit};
use crate::support::server::{Client, Running, start};

const DOCUMENT: &str = "docs/status_codes.md";

/// A `statusCode`, what it means, and when it is said here.
struct Row {
    code: u64,
    meaning: &'static str,
    when: &'static str,
    shown: Shown,
}

/// How a code is shown.
enum Shown {
    /// By this request: who, how, where, with what; and its HTTP status.
    By(&'static str, &'static str, &'static str, &'static str, u16),
    /// By this one of an administrator's, while the journal takes no changes.
    WithoutJournal(&'static str, &'static str, &'static str),
    /// By this one of an administrator's, when what was written has changed.
    Damaged(&'static str),
    /// By none.
    Never,
}

use Shown::{By, Damaged, Never, WithoutJournal};

const fn row(code: u64, meaning: &'static str, when: &'static str, shown: Shown) -> Row {
    Row {
        code,
        meaning,
        when,
        shown,
    }
}

const ROWS: [Row; 21] = [
    row(
        0,
        "Success",
        "It is done, and on the disk.",
        By("agent1", "GET", "/me", "", 200),
    ),
    row(
        1,
        "A required parameter is missing",
        "It is not in the body.",
        By("agent1", "POST", "/me", "{}", 400),
    ),
    row(
        2,
        "A parameter is invalid for the current state",
        "What is asked for does not fit the state that the interaction or the agent is in, also where somebody else was faster.",
        By(
            "agent1",
            "POST",
            "/me/interactions/Own",
            r#"{"operationName":"Accept"}"#,
            409,
        ),
    ),
    row(
        3,
        "The operation is forbidden",
        "A client that has to register first has not, a bound is reached, or the caller asks too often.",
        By(
            "router",
            "POST",
            "/requests",
            r#"{"request":"RegisterAddress","thisDN":"chat"}"#,
            403,
        ),
    ),
    row(
        4,
        "An internal error, of the server or of what it relies on",
        "The journal takes no changes at this time.",
        WithoutJournal("POST", "/interactions", r#"{"queue":"chat"}"#),
    ),
    row(
        5,
        "The user lacks a permission",
        "His roles do not permit it.",
        By("agent1", "GET", "/metrics", "", 403),
    ),
    row(
        6,
        "The resource is not found",
        "There is none, or none that the caller may know of.",
        By("agent2", "GET", "/interactions/Own", "", 404),
    ),
    row(
        7,
        "Partial success of a bulk operation",
        "Some of it was done; the body says what was not, and why.",
        By(
            "supervisor",
            "POST",
            "/bulk/interactions",
            r#"{"operationName":"AttachUserData","userData":{"a":1},"interactionIds":["Own","Nobodys"]}"#,
            200,
        ),
    ),
    row(
        8,
        "A password change is demanded",
        "Never: no user here has to change his password at the first login; administrators set passwords.",
        Never,
    ),
    row(
        9,
        "The processing is incomplete",
        "Never: a reply waits for the outcome, and is it.",
        Never,
    ),
    row(
        10,
        "A value lies outside its valid range",
        "It has the wrong type or cannot be meant, or the body cannot be read.",
        By("supervisor", "GET", "/interactions?limit=0", "", 400),
    ),
    row(
        11,
        "A read-only property is to be changed",
        "It is an attribute of the interaction, which attached data cannot shadow.",
        By(
            "agent1",
            "POST",
            "/me/interactions/Own",
            r#"{"operationName":"UpdateUserData","userData":{"Queue":"chat"}}"#,
            400,
        ),
    ),
    row(
        12,
        "The resource cannot be retrieved",
        "The archive or the journal has it, and cannot be read.",
        Damaged("/interactions/Own/history"),
    ),
    row(
        13,
        "The resource cannot be created",
        "The journal takes no changes, when an administrator puts what is new.",
        WithoutJournal("PUT", "/queues/new", r#"{"channel":"chat"}"#),
    ),
    row(
        14,
        "The resource cannot be deleted",
        "The journal takes no changes, when an administrator deletes something.",
        WithoutJournal("DELETE", "/queues/chat", ""),
    ),
    row(
        15,
        "The resource cannot be updated",
        "The journal takes no changes, when an administrator puts what there is.",
        WithoutJournal("PUT", "/queues/chat", r#"{"channel":"chat"}"#),
    ),
    row(
        16,
        "The resource cannot be assigned",
        "Never: skills, groups and the like are not assigned, but part of the user or the queue that is put.",
        Never,
    ),
    row(
        17,
        "The resource cannot be unassigned",
        "Never, for the same reason.",
        Never,
    ),
    row(
        18,
        "The resource exists already",
        "The identifier of a new interaction is taken.",
        By(
            "mediaserver",
            "POST",
            "/interactions",
            r#"{"queue":"chat","interactionId":"Own"}"#,
            409,
        ),
    ),
    row(
        19,
        "The resource is in use already",
        "Another agent is logged in at the place.",
        By(
            "agent2",
            "POST",
            "/me",
            r#"{"operationName":"StartContactCenterSession","place":"agent1"}"#,
            409,
        ),
    ),
    row(
        20,
        "Not authenticated",
        "There are no credentials, or none that hold.",
        By("nobody", "GET", "/me", "", 401),
    ),
];

#[test]
fn every_code_has_its_row() {
    let codes = ROWS.iter().map(|row| row.code);
    assert!(codes.eq(0..=20));
    for row in &ROWS {
        let is_never = matches!(row.shown, Never);
        assert_eq!(row.when.starts_with("Never"), is_never, "{}", row.code);
    }
}

#[tokio::test]
async fn a_request_gets_its_code() {
    let server = start("").await;
    given(&server).await;
    for row in &ROWS {
        if let By(user, method, path, body, status) = &row.shown {
            let mut client = server.client(user);
            if *user == "nobody" {
                client.token.clear();
            }
            check(&client, row.code, method, path, body, *status).await;
        }
    }
}

#[tokio::test]
async fn what_the_journal_does_not_take_gets_its_code_and_is_worth_another_try() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut limited = with_file_limit(&serve(&data, &[]), 300_000, AtLimit::Fails);
    let server = Process::begin(&mut limited, &data).unwrap();
    let admin = server.client("admin");
    let large =
        json!({"mediaType": "chat", "queue": "chat", "userData": {"text": "x".repeat(20_000)}});
    while admin.post("/api/v2/interactions", large.clone()).await.0 == StatusCode::OK {}
    for row in &ROWS {
        if let WithoutJournal(method, path, body) = &row.shown {
            check(&admin, row.code, method, path, body, 503).await;
        }
    }
}

#[tokio::test]
async fn what_is_not_what_was_written_gets_its_code() {
    let server = start("").await;
    given(&server).await;
    let agent = server.client("agent1");
    agent.operate("Own", "Complete", json!({})).await;
    meddle(&server.options.data);
    for row in &ROWS {
        if let Damaged(path) = &row.shown {
            check(&server.client("admin"), row.code, "GET", path, "", 503).await;
        }
    }
}

/// It stands beside the table of refusals, and is written with it.
#[test]
fn the_document_beside_that_of_the_refusals_is_the_generated_one() {
    let mut text = String::from(
        "# Status codes\n\n\
         Every reply has a `statusCode`; all but 0 come with a `statusMessage`, and, but for 7, nothing was changed. The HTTP\n\
         status, and the code of EventError where the contact centre refused, are in [`refusals.md`](refusals.md).\n\n\
         | `statusCode` | meaning | when |\n\
         | --- | --- | --- |\n",
    );
    for row in &ROWS {
        writeln!(text, "| {} | {} | {} |", row.code, row.meaning, row.when).unwrap();
    }
    golden::check(DOCUMENT, "UPDATE_REFUSALS", &text);
}

async fn check(client: &Client, code: u64, method: &str, path: &str, body: &str, status: u16) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let path = format!("/api/v2{path}");
    let body = Some(body.to_owned()).filter(|body| !body.is_empty());
    let reply = client.exchange(method, &path, &[], body).await;
    let json = reply.json();
    assert_eq!(reply.status, status, "{path}: {json}");
    assert_eq!(json["statusCode"], code, "{path}: {json}");
    assert_eq!(json["statusMessage"].is_string(), code != 0, "{json}");
    assert_eq!(reply.retry_after.is_some(), status == 503, "{reply:?}");
}

/// Agent1 is logged in at a place of his name, and works on an interaction.
async fn given(server: &Running) {
    let agent = server.client("agent1");
    agent.ready("email").await;
    let own: Value = json!({"interactionId": "Own", "mediaType": "email"});
    agent.request("RequestSubmit", own).await;
}

fn meddle(data: &Path) {
    let journal = Connection::open(data.join("demo.sqlite")).unwrap();
    let changed = journal.execute("UPDATE steps SET body = x'7B7D'", []);
    assert!(changed.unwrap() > 0);
}
