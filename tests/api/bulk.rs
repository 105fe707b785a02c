//! `POST /bulk/interactions`: each item is done or refused as if it had been asked for alone.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::server::{Client, Reply, Running, start};

const PATH: &str = "/api/v2/bulk/interactions";
/// Interactions in one request.
const LEN_MAX: usize = 500;

/// Every kind of interaction that a supervisor may name, an unknown one, and what is no identifier.
const ITEMS: [&str; 8] = [
    "Waits", "Parked", "Handled", "PassedOn", "Locked", "Ended", "Nobodys", "no id",
];

/// What is asked, the HTTP status and the `statusCode` of all, and that of each of [`ITEMS`].
const TABLE: &[(&str, u16, u64, [u64; 8])] = &[
    (
        r#"{"operationName":"PlaceInQueue","queueName":"workitem"}"#,
        200,
        7,
        [0, 0, 2, 2, 0, 2, 6, 6],
    ),
    (
        r#"{"operationName":"PlaceInQueue","queueName":"nowhere"}"#,
        404,
        6,
        [6, 6, 2, 2, 6, 2, 6, 6],
    ),
    (
        r#"{"operationName":"PlaceInWorkbin","workbin":"drafts.agent2"}"#,
        200,
        7,
        [0, 0, 2, 2, 0, 2, 6, 6],
    ),
    (
        r#"{"operationName":"PlaceInWorkbin","workbin":"drafts"}"#,
        404,
        6,
        [6, 6, 2, 2, 6, 2, 6, 6],
    ),
    (
        r#"{"operationName":"Complete"}"#,
        200,
        7,
        [0, 0, 0, 0, 0, 2, 6, 6],
    ),
    (
        r#"{"operationName":"Complete","queueName":"workitem"}"#,
        200,
        7,
        [0, 0, 2, 2, 0, 2, 6, 6],
    ),
    (
        r#"{"operationName":"UpdateUserData","userData":{"Reason":"checked"}}"#,
        200,
        7,
        [0, 0, 0, 0, 0, 2, 6, 6],
    ),
    (
        r#"{"operationName":"AttachUserData","userData":{"Queue":"email"}}"#,
        400,
        11,
        [11, 11, 11, 11, 11, 2, 6, 6],
    ),
    (
        r#"{"operationName":"DeleteUserData","userData":{"Reason":1}}"#,
        200,
        7,
        [0, 0, 0, 0, 0, 2, 6, 6],
    ),
];

#[tokio::test]
async fn each_item_is_done_or_refused_for_itself_and_a_dry_run_says_so_before() {
    for (body, status, code, codes) in TABLE {
        let server = start("").await;
        given(&server).await;
        let supervisor = server.client("supervisor");
        let mut body: Value = serde_json::from_str(body).unwrap();
        body["interactionIds"] = json!(ITEMS);
        let before = everything(&server).await;
        body["dryRun"] = json!(true);
        let rehearsed = ask(&supervisor, &[], &body).await;
        assert_eq!(
            everything(&server).await,
            before,
            "a dry run changes nothing"
        );
        body["dryRun"] = json!(false);
        let done = ask(&supervisor, &[], &body).await;
        for reply in [&rehearsed, &done] {
            let json = reply.json();
            assert_eq!(reply.status, *status, "{body}: {json}");
            assert_eq!(json["statusCode"], *code, "{body}: {json}");
            let good = codes.iter().filter(|code| **code == 0).count();
            assert_eq!(
                (&json["done"], &json["refused"]),
                (&json!(good), &json!(8 - good))
            );
            assert_eq!(json["statusMessage"].is_string(), *code != 0);
            assert_eq!(
                codes_of(&json),
                ITEMS.into_iter().zip(*codes).collect::<Vec<_>>()
            );
        }
        assert_eq!(told(&rehearsed.json()), told(&done.json()), "{body}");
        assert_ne!(
            everything(&server).await == before,
            *status == 200,
            "{body}"
        );
    }
}

#[tokio::test]
async fn each_item_is_a_step_of_its_own_in_the_order_of_the_list() {
    let server = start("").await;
    let supervisor = server.client("supervisor");
    let ids = submitted(&server, ["I3", "I1", "I2"]).await;
    let (_, before) = supervisor.get("/api/v2/statistics").await;
    let mut body = update(&["I3", "I1", "I3", "I2", "I1"], "first");
    let reply = ask(&supervisor, &[], &body).await.json();
    let first = before["sequence"].as_u64().unwrap() + 1;
    for (index, (id, item)) in ids.iter().zip(results(&reply)).enumerate() {
        assert_eq!(item["id"], **id, "each once: {reply}");
        assert_eq!(item["sequence"], first + index as u64, "{reply}");
        let (_, page) = supervisor
            .get(&format!("/api/v2/interactions/{id}/history"))
            .await;
        let last = page["history"].as_array().unwrap().last().unwrap();
        assert_eq!(last["referenceId"], item["referenceId"], "{last}");
        assert_eq!(last["actor"]["id"], "supervisor", "{last}");
    }
    assert_eq!(
        (results(&reply).len(), &reply["statusCode"]),
        (3, &json!(0))
    );
    body["referenceId"] = json!(4711);
    let reply = ask(&supervisor, &[], &body).await.json();
    assert!(results(&reply).iter().all(|it| it["referenceId"] == 4711));
    body["interactionIds"] = json!(["Nobodys"]);
    let reply = ask(&supervisor, &[], &body).await.json();
    assert_eq!(results(&reply)[0]["referenceId"], 4711, "{reply}");
}

#[tokio::test]
async fn a_query_is_done_page_by_page() {
    let server = start("").await;
    let supervisor = server.client("supervisor");
    submitted(&server, ["I1", "I2", "I3", "I4", "I5"]).await;
    let mail = json!({"interactionId": "Mail", "queue": "email", "mediaType": "email"});
    server
        .client("mediaserver")
        .done("/api/v2/interactions", mail)
        .await;
    let mut body = json!({
        "operationName": "PlaceInQueue", "queueName": "workitem",
        "query": {"queue": "chat", "state": "Queued", "limit": 2},
    });
    for (ids, after, remaining) in [
        (&["I1", "I2"][..], json!("I2"), json!(3)),
        (&["I3", "I4"], json!("I4"), json!(1)),
        (&["I5"], Value::Null, Value::Null),
    ] {
        body["dryRun"] = json!(true);
        let rehearsed = ask(&supervisor, &[], &body).await.json();
        body["dryRun"] = json!(false);
        let reply = ask(&supervisor, &[], &body).await.json();
        let found: Vec<&str> = codes_of(&reply).iter().map(|(id, _)| *id).collect();
        assert_eq!(found, ids, "{reply}");
        assert_eq!((&reply["after"], &reply["remaining"]), (&after, &remaining));
        assert_eq!(told(&rehearsed), told(&reply));
        assert_eq!(rehearsed["after"], after);
        body["query"]["after"] = after.clone();
        if after.is_null() {
            body["query"].as_object_mut().unwrap().remove("after");
        }
    }
    let none = ask(&supervisor, &[], &body).await.json();
    assert_eq!(
        (&none["statusCode"], &none["results"]),
        (&json!(0), &json!([]))
    );
    let by_text = json!({"operationName": "Complete", "query": {"q": "subject", "limit": "4"}});
    let reply = ask(&supervisor, &[], &by_text).await.json();
    assert_eq!((&reply["done"], &reply["after"]), (&json!(4), &json!("I4")));
    assert_eq!(reply.get("remaining"), None, "nobody counts texts: {reply}");
}

#[tokio::test]
async fn what_is_too_much_or_cannot_be_meant_is_refused_as_a_whole() {
    let server = start("").await;
    let supervisor = server.client("supervisor");
    submitted(&server, ["I1"]).await;
    let before = everything(&server).await;
    let complete = json!({"operationName": "Complete", "interactionIds": ["I1"]});
    let query = |query: Value| json!({"operationName": "Complete", "query": query});
    let ids = |len: usize| (0..len).map(|n| format!("x{n}")).collect::<Vec<_>>();
    let with = |key: &str, value: Value| {
        let mut body = complete.clone();
        body[key] = value;
        body
    };
    for (body, status, code) in [
        (json!({"interactionIds": ["I1"]}), 400, 1),
        (json!({"operationName": "Complete"}), 400, 1),
        (with("operationName", json!("PlaceInQueue")), 400, 1),
        (with("operationName", json!("UpdateUserData")), 400, 1),
        (with("operationName", json!("Accept")), 400, 10),
        (
            with("operationName", json!("RequestStopProcessing")),
            400,
            10,
        ),
        (with("operationName", json!(7)), 400, 10),
        (with("interactionIds", json!([])), 400, 10),
        (with("interactionIds", json!("I1")), 400, 10),
        (with("interactionIds", json!(["I1", 7])), 400, 10),
        (with("interactionIds", json!(ids(LEN_MAX + 1))), 400, 10),
        (with("interactionIds", json!(ids(LEN_MAX))), 404, 6),
        (with("dryRun", json!("yes")), 400, 10),
        (with("referenceId", json!("yes")), 400, 10),
        (with("queueName", json!(7)), 400, 10),
        (with("query", json!({"state": "Queued"})), 400, 10),
        (query(json!({})), 400, 10),
        (query(json!({"limit": 5, "after": "I0"})), 400, 10),
        (query(json!("chat")), 400, 10),
        (query(json!({"que": "chat", "state": "Queued"})), 400, 10),
        (query(json!({"at": "1", "state": "Queued"})), 400, 10),
        (query(json!({"state": ["Queued"]})), 400, 10),
        (query(json!({"q": 1.5})), 400, 10),
        (query(json!({"state": "Completed"})), 400, 10),
        (query(json!({"state": "Lost"})), 400, 10),
        (query(json!({"state": "Queued", "limit": 0})), 400, 10),
        (
            query(json!({"state": "Queued", "limit": LEN_MAX + 1})),
            400,
            10,
        ),
    ] {
        let reply = ask(&supervisor, &[], &body).await;
        let json = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &json["statusCode"]),
            (status, &json!(code)),
            "{body}: {json}"
        );
        assert!(json["statusMessage"].is_string(), "{body}: {json}");
    }
    assert_eq!(everything(&server).await, before);
}

#[tokio::test]
async fn a_query_that_finds_more_than_the_bound_does_that_many_and_says_how_many_remain() {
    let server = start("").await;
    submit_many(&server.client("mediaserver"), LEN_MAX + 1).await;
    let body = json!({"operationName": "Complete", "query": {"queue": "chat"}});
    let reply = ask(&server.client("supervisor"), &[], &body).await.json();
    assert_eq!(
        (
            &reply["done"],
            &reply["refused"],
            &reply["after"],
            &reply["remaining"]
        ),
        (&json!(LEN_MAX), &json!(0), &json!("I499"), &json!(1))
    );
    assert_eq!(results(&reply).len(), LEN_MAX);
    let (_, rest) = server
        .client("supervisor")
        .get("/api/v2/interactions")
        .await;
    assert_eq!(rest["uris"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_answers_and_tries_the_rest() {
    let server = start("").await;
    let (supervisor, agent) = (server.client("supervisor"), server.client("agent1"));
    agent.ready("email").await;
    submitted(&server, ["I1", "I3"]).await;
    let own = json!({"interactionId": "I2", "mediaType": "email"});
    agent.request("RequestSubmit", own).await;
    let body = json!({
        "operationName": "PlaceInQueue", "queueName": "workitem", "interactionIds": ["I1", "I2", "I3"],
    });
    let first = ask(&supervisor, &[("idempotency-key", "move-1")], &body)
        .await
        .json();
    assert_eq!(codes_of(&first), [("I1", 0), ("I2", 2), ("I3", 0)]);
    let not_ready = json!({"operationName": "NotReady"});
    agent.done("/api/v2/me/channels/email", not_ready).await;
    let queue = json!({"queueName": "email"});
    agent.operate("I2", "PlaceInQueue", queue).await;
    let again = ask(&supervisor, &[("idempotency-key", "move-1")], &body)
        .await
        .json();
    assert_eq!(again["done"], 3, "{again}");
    let (before, after) = (results(&first), results(&again));
    assert_eq!((&after[0], &after[2]), (&before[0], &before[2]));
    let other = json!({"operationName": "Complete", "interactionIds": ["I9"]});
    let state = everything(&server).await;
    let refused = ask(&supervisor, &[("idempotency-key", "move-1")], &other).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["statusCode"]),
        (422, &json!(10))
    );
    assert_eq!(everything(&server).await, state);
    let another = ask(
        &server.client("admin"),
        &[("idempotency-key", "move-1")],
        &body,
    )
    .await;
    assert_eq!(
        another.json()["done"],
        3,
        "keys are each caller's own: {another:?}"
    );
}

#[tokio::test]
async fn a_dry_run_leaves_no_key() {
    let server = start("").await;
    let supervisor = server.client("supervisor");
    submitted(&server, ["I1"]).await;
    let mut body = update(&["I1"], "checked");
    for (is_dry, value) in [(true, json!(1)), (false, json!(1)), (true, json!(1))] {
        body["dryRun"] = json!(is_dry);
        let reply = ask(&supervisor, &[("idempotency-key", "key")], &body)
            .await
            .json();
        assert_eq!((&reply["done"], &reply["dryRun"]), (&value, &json!(is_dry)));
    }
}

/// What was done does not fit the query any more; the repeated request does no more than the first one would have.
#[tokio::test]
async fn a_repeated_query_goes_on_where_a_crash_ended_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &[]);
    let media_server = server.client("mediaserver");
    for id in ["I1", "I2", "I3", "I4", "I5"] {
        submit(&media_server, id).await;
    }
    // Of the four that it finds, it comes as far as the second: the others are not there for it yet.
    let agent = server.client("agent1");
    agent.request("RequestAgentLogin", json!({})).await;
    for id in ["I3", "I4"] {
        agent
            .request("RequestPull", json!({"interactionId": id}))
            .await;
    }
    let body = json!({
        "operationName": "PlaceInQueue", "queueName": "workitem", "query": {"queue": "chat", "limit": 4},
    });
    let key = [("idempotency-key", "key")];
    let first = ask(&server.client("supervisor"), &key, &body).await.json();
    assert_eq!(
        codes_of(&first),
        [("I1", 0), ("I2", 0), ("I3", 2), ("I4", 2)]
    );
    for id in ["I3", "I4"] {
        agent
            .operate(id, "PlaceInQueue", json!({"queueName": "chat"}))
            .await;
    }
    server.kill();
    let server = Process::start(folder.path(), &[]);
    let again = ask(&server.client("supervisor"), &key, &body).await.json();
    assert_eq!(
        codes_of(&again),
        [("I1", 0), ("I2", 0), ("I3", 0), ("I4", 0)]
    );
    assert_eq!(results(&again)[..2], results(&first)[..2]);
    assert_eq!(
        (&again["after"], &again["remaining"]),
        (&json!("I4"), &json!(1))
    );
    let third = ask(&server.client("supervisor"), &key, &body).await.json();
    assert_eq!(third, again);
}

/// The server is killed while it does one after the other; whoever asked asks again.
#[tokio::test]
async fn what_a_crash_cut_short_is_finished_when_it_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &[]);
    submit_many(&server.client("mediaserver"), LEN_MAX).await;
    let body = json!({
        "operationName": "PlaceInQueue", "queueName": "workitem", "query": {"queue": "chat"},
    });
    let (supervisor, text) = (server.client("supervisor"), body.to_string());
    let asked = tokio::spawn(async move {
        let key = [("idempotency-key", "key")];
        let request = supervisor.try_exchange(Method::POST, PATH, &key, Some(text));
        let _ = request.await;
    });
    let admin = server.client("admin");
    while moved(&admin).await == 0 {
        tokio::task::yield_now().await;
    }
    server.kill();
    // Whoever asked heard nothing, or all of it just before the end.
    asked.await.unwrap();
    let server = Process::start(folder.path(), &[]);
    let (admin, supervisor) = (server.client("admin"), server.client("supervisor"));
    let before = moved(&admin).await;
    assert!(before > 0, "it was under way");
    let reply = ask(&supervisor, &[("idempotency-key", "key")], &body)
        .await
        .json();
    assert_eq!(
        (&reply["done"], &reply["refused"]),
        (&json!(LEN_MAX), &json!(0))
    );
    assert_eq!(moved(&admin).await, LEN_MAX);
    let sequences = results(&reply).iter().map(|it| it["sequence"].as_u64());
    let sequences: BTreeSet<u64> = sequences.map(Option::unwrap).collect();
    // Each was submitted, and moved once; beside that there is the first configuration.
    let (_, statistics) = supervisor.get("/api/v2/statistics").await;
    let steps = statistics["sequence"].as_u64().unwrap();
    assert_eq!(sequences.len(), LEN_MAX);
    assert_eq!(sequences.last(), Some(&steps), "{steps} steps");
    assert_eq!(steps, 2 * LEN_MAX as u64 + 1);
}

async fn moved(admin: &Client) -> usize {
    let (_, list) = admin.get("/api/v2/interactions?queue=workitem").await;
    list["uris"].as_array().unwrap().len()
}

/// Submits chats by the number, of which the identifiers are in order.
async fn submit_many(media_server: &Client, len: usize) {
    for first in (0..len).step_by(50) {
        let some = (first..len).take(50);
        let all = some.map(|index| {
            let (client, id) = (media_server.clone(), format!("I{index:03}"));
            async move { submit(&client, &id).await }
        });
        futures_util::future::join_all(all).await;
    }
}

/// One interaction of each kind of [`ITEMS`] that there is.
async fn given(server: &Running) {
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    submitted(server, ["Waits", "Ended"]).await;
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    let stop = json!({"interactionId": "Ended"});
    media_server.request("RequestStopProcessing", stop).await;
    let locked = json!({"interactionId": "Locked", "mediaType": "email", "queue": "email"});
    media_server.done("/api/v2/interactions", locked).await;
    let snapshot = json!({"viewId": "email", "lock": true});
    media_server.request("RequestTakeSnapshot", snapshot).await;
    agent.ready("email").await;
    server.client("agent2").ready("email").await;
    for (id, workbin) in [
        ("Parked", Some("drafts")),
        ("Handled", None),
        ("PassedOn", None),
    ] {
        let mut own = json!({"interactionId": id, "mediaType": "email"});
        if let Some(workbin) = workbin {
            own["workbin"] = json!(workbin);
        }
        agent.request("RequestSubmit", own).await;
    }
    let to = json!({"userId": "agent2"});
    agent.operate("PassedOn", "SingleStepTransfer", to).await;
}

/// Submits chats, for which nobody is ready.
async fn submitted<const N: usize>(server: &Running, ids: [&'static str; N]) -> [&'static str; N] {
    let media_server = server.client("mediaserver");
    for id in ids {
        submit(&media_server, id).await;
    }
    ids
}

async fn submit(media_server: &Client, id: &str) {
    let chat = json!({"interactionId": id, "queue": "chat", "subject": "A subject"});
    media_server.done("/api/v2/interactions", chat).await;
}

fn update(ids: &[&str], reason: &str) -> Value {
    json!({"operationName": "UpdateUserData", "userData": {"Reason": reason}, "interactionIds": ids})
}

async fn ask(client: &Client, headers: &[(&str, &str)], body: &Value) -> Reply {
    let body = Some(body.to_string());
    client.exchange(Method::POST, PATH, headers, body).await
}

/// Everything that is active, and the sequence of the last step.
async fn everything(server: &Running) -> (Value, Value) {
    let admin = server.client("admin");
    let (_, active) = admin.get("/api/v2/interactions?fields=*").await;
    let (_, user) = admin.get("/api/v2/users/agent1").await;
    (active, user["sequence"].clone())
}

fn results(reply: &Value) -> &Vec<Value> {
    reply["results"]
        .as_array()
        .unwrap_or_else(|| panic!("{reply}"))
}

fn codes_of(reply: &Value) -> Vec<(&str, u64)> {
    let code = |it: &Value| it["statusCode"].as_u64().unwrap();
    let items = results(reply).iter();
    items
        .map(|it| (it["id"].as_str().unwrap(), code(it)))
        .collect()
}

/// What a dry run tells as well.
fn told(reply: &Value) -> Vec<Value> {
    let mut told = vec![json!([
        reply["statusCode"],
        reply["statusMessage"],
        reply["done"],
        reply["refused"]
    ])];
    let items = results(reply).iter();
    told.extend(items.map(|it| json!([it["id"], it["statusCode"], it["statusMessage"]])));
    told
}
