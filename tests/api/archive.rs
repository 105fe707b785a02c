//! What has ended stays readable and is found again, until its time is over.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use baton::centre::{SEARCH_BYTES_MAX, SEARCH_ROWS_MAX, step_of};
use baton::engine::Change;
use baton::journal::{Archived, DataFolder, Journal, SqliteJournal};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::server::{Client, Running, start};

const PATIENCE: Duration = Duration::from_secs(20);

async fn stop(supervisor: &Client, id: &str) {
    let request = json!({"interactionId": id});
    supervisor.request("RequestStopProcessing", request).await;
}

/// Submits an interaction with this identifier and stops it.
async fn end(server: &Running, id: &str, mut attributes: Value) {
    attributes["interactionId"] = json!(id);
    let media_server = server.client("mediaserver");
    media_server.done("/api/v2/interactions", attributes).await;
    stop(&server.client("supervisor"), id).await;
}

/// The identifiers in a reply, in its order, and where the next page begins.
async fn page(client: &Client, query: &str) -> (Vec<String>, Option<String>) {
    let path = format!("/api/v2/interactions?fields=id&{query}");
    let (status, body) = client.get(&path).await;
    assert_eq!(status, 200, "{query}: {body}");
    let found = body["interactions"].as_array().unwrap().iter();
    let ids = found.map(|it| it["id"].as_str().unwrap().to_owned());
    (ids.collect(), body["after"].as_str().map(str::to_owned))
}

/// All pages of a search.
async fn search(client: &Client, query: &str) -> Vec<String> {
    let (mut ids, mut after) = page(client, query).await;
    while let Some(cursor) = after {
        let (more, next) = page(client, &format!("{query}&after={cursor}")).await;
        ids.extend(more);
        after = next;
    }
    ids
}

/// Archives further interactions that are like an archived one, which no state knows.
fn archive_more(data: &Path, like: &str, ids: impl Iterator<Item = String>) {
    let folder = DataFolder::open(data).unwrap();
    let mut journal = SqliteJournal::open(&folder, "demo", 1).unwrap();
    let first = journal.reader().unwrap().archived(like).unwrap().unwrap();
    let text = String::from_utf8(first.body.clone()).unwrap();
    let quoted = |id: &str| format!("\"id\":\"{id}\"");
    assert!(text.contains(&quoted(like)));
    let mut rows = ids.map(|id| {
        let mut row: Archived = first.clone();
        row.body = text.replace(&quoted(like), &quoted(&id)).into_bytes();
        row.place.key = id;
        row
    });
    journal.archive(&mut rows).unwrap();
}

#[tokio::test]
async fn an_interaction_that_the_state_has_forgotten_is_known_to_those_who_may() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    agent.operate(&id, "Complete", json!({})).await;
    let known = server.client("admin").interaction(&id).await;
    let server = server
        .restart_on("", |data| {
            archive_more(data, &id, ["LONG-AGO".to_owned()].into_iter())
        })
        .await;
    for (user, status) in [
        ("admin", 200),
        ("supervisor", 200),
        ("mediaserver", 200),
        ("agent1", 200),
        ("agent2", 404),
        ("router", 404),
        ("reporting", 404),
        ("other-admin", 404),
        ("other-agent", 404),
    ] {
        let client = server.client(user);
        let (found, body) = client.get("/api/v2/interactions/LONG-AGO").await;
        assert_eq!(found.as_u16(), status, "{user}: {body}");
        if status == 404 {
            let missing = client.get("/api/v2/interactions/NOSUCHINTERACTION").await;
            assert_eq!((found, body), missing, "{user}");
        } else {
            for name in ["subject", "userData", "completedAt", "assignedTo", "state"] {
                assert_eq!(body["interaction"][name], known[name], "{user} {name}");
            }
        }
    }
    let admin = server.client("admin");
    let read = |tag: String| {
        let admin = admin.clone();
        async move {
            let path = "/api/v2/interactions/LONG-AGO";
            let headers = [("if-none-match", tag.as_str())];
            admin
                .exchange(reqwest::Method::GET, path, &headers, None)
                .await
        }
    };
    let tag = read("\"1-1\"".to_owned()).await.etag.unwrap();
    assert_eq!(read(tag).await.status, 304);
    // In the past it is there from its end on.
    let ended = known["sequence"].as_u64().unwrap();
    for (at, status) in [(ended, 200), (ended - 1, 404)] {
        let path = format!("/api/v2/interactions/LONG-AGO?at={at}");
        assert_eq!(admin.get(&path).await.0, status, "{at}");
    }
    let (status, _) = agent_get(&server, "/api/v2/me/interactions/LONG-AGO").await;
    assert_eq!(status, 404, "it is nobody's any longer");
}

async fn agent_get(server: &Running, path: &str) -> (u16, Value) {
    let (status, body) = server.client("agent1").get(path).await;
    (status.as_u16(), body)
}

/// Four that have ended, from A1 to A4, and one that has not.
async fn five() -> Running {
    let server = start("").await;
    for (id, attributes) in [
        (
            "A1",
            json!({"mediaType": "chat", "queue": "chat", "subject": "Broken router", "userData": {"Customer": "Ünal"}}),
        ),
        (
            "A2",
            json!({"mediaType": "email", "queue": "email", "subject": "Invoice", "externalId": "EXT-77"}),
        ),
        (
            "A3",
            json!({"mediaType": "workitem", "queue": "workitem", "subject": "100%_done"}),
        ),
        (
            "A4",
            json!({"mediaType": "chat", "queue": "chat", "subject": "an invoice again"}),
        ),
    ] {
        end(&server, id, attributes).await;
    }
    let active = json!({"interactionId": "B1", "mediaType": "chat", "queue": "chat", "subject": "An active invoice"});
    let media_server = server.client("mediaserver");
    media_server.done("/api/v2/interactions", active).await;
    server
}

#[tokio::test]
async fn a_search_finds_what_it_asks_for() {
    let server = five().await;
    for (query, expected) in [
        ("state=Completed", &["A4", "A3", "A2", "A1"][..]),
        ("state=Completed&queue=chat", &["A4", "A1"]),
        ("state=Completed&queue=nowhere", &[]),
        ("state=Completed&mediaType=email", &["A2"]),
        ("state=Completed&q=INVOICE", &["A4", "A2"]),
        ("state=Completed&q=invoice&queue=chat", &["A4"]),
        ("state=Completed&q=ext-7", &["A2"]),
        ("state=Completed&q=%C3%BCNAL", &["A1"]),
        ("state=Completed&q=a3", &["A3"]),
        ("state=Completed&q=%25_D", &["A3"]),
        ("state=Completed&q=1__", &[]),
        (
            "state=Completed&from=2020-01-01T00:00:00Z",
            &["A4", "A3", "A2", "A1"],
        ),
        ("state=Completed&to=2020-01-01T00:00:00Z", &[]),
        ("state=Completed&from=2999-01-01T00:00:00%2B01:00", &[]),
        ("", &["B1"]),
        ("state=Queued", &["B1"]),
        ("state=Routing", &[]),
        ("state=Queued&queue=chat&mediaType=chat&q=active", &["B1"]),
        ("queue=email", &[]),
        ("mediaType=email", &[]),
        ("q=broken", &[]),
        ("from=2020-01-01T00:00:00Z", &["B1"]),
        ("to=2020-01-01T00:00:00Z", &[]),
    ] {
        for user in ["admin", "supervisor"] {
            assert_eq!(
                search(&server.client(user), query).await,
                expected,
                "{query}"
            );
        }
        assert!(
            search(&server.client("other-admin"), query)
                .await
                .is_empty(),
            "{query}"
        );
    }
    let admin = server.client("admin");
    let mut ended = Vec::new();
    for id in ["A4", "A3", "A2", "A1"] {
        let at = admin.interaction(id).await["completedAt"].clone();
        ended.push((id, at.as_str().unwrap().to_owned()));
    }
    for (_, at) in &ended {
        let since = ended.iter().filter(|(_, it)| it >= at).map(|(id, _)| *id);
        let before = ended.iter().filter(|(_, it)| it < at).map(|(id, _)| *id);
        for (query, expected) in [
            ("from", since.collect::<Vec<_>>()),
            ("to", before.collect()),
        ] {
            let query = format!("state=Completed&{query}={at}");
            assert_eq!(search(&admin, &query).await, expected, "{query}");
        }
    }
}

#[tokio::test]
async fn pages_are_in_one_order_whatever_ends_meanwhile() {
    let server = five().await;
    let supervisor = server.client("supervisor");
    for limit in 1..=5 {
        let query = format!("state=Completed&limit={limit}");
        let (first, _) = page(&supervisor, &query).await;
        assert_eq!(first.len(), limit.min(4));
        assert_eq!(search(&supervisor, &query).await, ["A4", "A3", "A2", "A1"]);
    }
    let (first, after) = page(&supervisor, "state=Completed&limit=2").await;
    stop(&supervisor, "B1").await;
    let query = format!("state=Completed&limit=2&after={}", after.unwrap());
    let (second, after) = page(&supervisor, &query).await;
    assert_eq!(
        (first, second),
        (
            vec!["A4".into(), "A3".into()],
            vec!["A2".into(), "A1".into()]
        )
    );
    assert_eq!(after, None);
    let (_, uris) = supervisor
        .get("/api/v2/interactions?state=Completed&limit=1")
        .await;
    let newest = uris["uris"][0].as_str().unwrap();
    assert!(newest.ends_with("/api/v2/interactions/B1"), "{uris}");
}

#[tokio::test]
async fn what_a_search_cannot_ask_for_is_refused() {
    let server = start("").await;
    let admin = server.client("admin");
    let long = format!("q={}", "x".repeat(257));
    for query in [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=many",
        "state=",
        "state=completed",
        "state=Revoked",
        "queue=",
        "queue=%20x",
        "mediaType=",
        "from=yesterday",
        "from=1700000000",
        "to=2031-02-30T00:00:00Z",
        "q=",
        &long,
        "state=Completed&after=A1",
        "state=Completed&after=1.2",
    ] {
        let (status, body) = admin.get(&format!("/api/v2/interactions?{query}")).await;
        assert_eq!(
            (status.as_u16(), &body["statusCode"]),
            (400, &json!(10)),
            "{query}: {body}"
        );
        let parameter = query.rsplit('&').next().unwrap().split('=').next().unwrap();
        let message = body["statusMessage"].as_str().unwrap();
        assert!(
            message.contains(&format!("'{parameter}'")),
            "{query}: {body}"
        );
    }
    for (user, expected) in [("agent1", 403), ("mediaserver", 403), ("router", 403)] {
        let path = "/api/v2/interactions?state=Completed";
        let (status, body) = server.client(user).get(path).await;
        assert_eq!(
            (status.as_u16(), &body["statusCode"]),
            (expected, &json!(5)),
            "{user}"
        );
    }
}

#[tokio::test]
async fn one_search_looks_at_so_much_and_says_where_to_go_on() {
    let server = start("").await;
    let large = "x".repeat(240 * 1024);
    let enough = SEARCH_BYTES_MAX / large.len() + 2;
    for index in 0..enough {
        let mail = json!({"mediaType": "email", "queue": "email", "userData": {"body": large}});
        end(&server, &format!("L{index}"), mail).await;
    }
    end(
        &server,
        "NEWEST",
        json!({"mediaType": "chat", "queue": "chat"}),
    )
    .await;
    let admin = server.client("admin");
    let (ids, after) = page(&admin, "state=Completed&q=L0").await;
    assert!(
        ids.is_empty() && after.is_some(),
        "it has looked through enough"
    );
    assert_eq!(search(&admin, "state=Completed&q=L0").await, ["L0"]);
    let server = server
        .restart_on("", |data| {
            let ids = (0..=SEARCH_ROWS_MAX).map(|index| format!("N{index}"));
            archive_more(data, "NEWEST", ids);
        })
        .await;
    let admin = server.client("admin");
    let (ids, after) = page(&admin, "state=Completed&queue=email&limit=1").await;
    assert!(
        ids.is_empty() && after.is_some(),
        "it has looked at enough rows"
    );
    let all = search(&admin, "state=Completed&queue=email").await;
    assert_eq!(all.len(), enough);
}

#[tokio::test]
async fn active_ones_are_looked_through_a_part_at_a_time() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    let large = "x".repeat(240 * 1024);
    let enough = SEARCH_BYTES_MAX / large.len() + 2;
    for index in 0..enough {
        let id = format!("L{index:02}");
        let mail = json!({"interactionId": id, "mediaType": "email", "queue": "email", "userData": {"body": large}});
        media_server.done("/api/v2/interactions", mail).await;
    }
    let last = format!("L{:02}", enough - 1);
    let admin = server.client("admin");
    let (ids, after) = page(&admin, &format!("q={last}")).await;
    assert!(
        ids.is_empty() && after.is_some(),
        "it has looked through enough"
    );
    assert_eq!(search(&admin, &format!("q={last}")).await, [last]);
}

#[tokio::test]
async fn a_search_leaves_out_what_is_damaged_and_says_so() {
    let server = start("").await;
    for id in ["A1", "A2", "A3", "A4"] {
        end(&server, id, json!({"mediaType": "chat", "queue": "chat"})).await;
    }
    let server = server
        .restart_on("", |data| {
            let file = data.join("demo.sqlite");
            let damage = "UPDATE archive SET body = x'7B7D' WHERE key = 'A2';
                UPDATE archive SET label_2 = 'x' WHERE key = 'A3'";
            Connection::open(file)
                .unwrap()
                .execute_batch(damage)
                .unwrap();
        })
        .await;
    let admin = server.client("admin");
    let completed = "/api/v2/interactions?state=Completed&fields=id";
    for (query, left_out) in [
        ("", 2),
        ("&q=a", 2),
        ("&queue=chat", 2),
        ("&mediaType=chat", 1),
    ] {
        let (status, body) = admin.get(&format!("{completed}{query}")).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(
            body["interactions"],
            json!([{"id": "A4"}, {"id": "A1"}]),
            "{query}"
        );
        assert_eq!(
            body["damaged"],
            json!(left_out),
            "{query}: where it may be one"
        );
    }
    let (_, first) = admin.get(&format!("{completed}&limit=1")).await;
    assert_eq!(
        (&first["interactions"][0]["id"], &first["damaged"]),
        (&json!("A4"), &json!(null))
    );
    assert_eq!(
        search(&admin, "state=Completed&limit=1").await,
        ["A4", "A1"]
    );
    let report = baton::maintenance::verify(&server.options.data, "demo").unwrap();
    assert_eq!(report.problems.len(), 2, "{report:?}");
}

#[tokio::test]
async fn the_archive_is_kept_for_a_configured_time_and_counted() {
    let server = start("").await;
    end(&server, "A1", json!({"mediaType": "chat", "queue": "chat"})).await;
    let storage = |server: &Running, user: &str| {
        let client = server.client(user);
        async move { client.get("/api/v2/diagnostics/storage").await }
    };
    for user in ["supervisor", "agent1", "mediaserver"] {
        assert_eq!(storage(&server, user).await.0, 403, "{user}");
    }
    let (status, before) = storage(&server, "admin").await;
    assert_eq!(
        (status.as_u16(), &before["archive"]["interactions"]),
        (200, &json!(1))
    );
    assert!(before["journal"]["bytes"].as_u64() > before["archive"]["bytes"].as_u64());
    let server = server.restart("archive_retention_ms = 1").await;
    let admin = server.client("admin");
    let begun = Instant::now();
    while !search(&admin, "state=Completed").await.is_empty() {
        assert!(begun.elapsed() < PATIENCE, "it is still there");
    }
    let (_, after) = storage(&server, "admin").await;
    assert_eq!(after["archive"], json!({"interactions": 0, "bytes": 0}));
    assert!(
        after["stateSnapshots"]["files"].as_u64() > Some(0),
        "{after}"
    );
    assert!(
        after["stateSnapshots"]["bytes"].as_u64() > Some(0),
        "{after}"
    );
}

#[tokio::test]
async fn whatever_a_killed_server_has_stopped_is_in_the_archive() {
    let temporary = tempfile::tempdir().unwrap();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    for round in 0..2 {
        let server = Process::start(temporary.path(), &[]);
        let workers = (0..4).map(|_| {
            let clients = (server.client("mediaserver"), server.client("supervisor"));
            tokio::spawn(stop_on_and_on(clients, Arc::clone(&acknowledged)))
        });
        let workers: Vec<_> = workers.collect();
        let begun = Instant::now();
        while acknowledged.lock().unwrap().len() < 40 * (round + 1) {
            assert!(begun.elapsed() < PATIENCE, "nothing is acknowledged");
            tokio::task::yield_now().await;
        }
        server.kill();
        for worker in workers {
            worker.await.unwrap();
        }
        archive_is_of_the_steps(temporary.path());
    }
    let server = Process::start(temporary.path(), &[]);
    let archived = search(&server.client("admin"), "state=Completed").await;
    for id in acknowledged.lock().unwrap().iter() {
        assert!(archived.contains(id), "{id}");
    }
}

/// Until the server is gone.
async fn stop_on_and_on(
    (media_server, supervisor): (Client, Client),
    acknowledged: Arc<Mutex<Vec<String>>>,
) {
    let mail = json!({"mediaType": "email", "queue": "email"});
    while let Some(submitted) = media_server.try_post("/api/v2/interactions", &mail).await {
        let id = submitted["id"].as_str().unwrap().to_owned();
        let stop = json!({"request": "RequestStopProcessing", "interactionId": id});
        match supervisor.try_post("/api/v2/requests", &stop).await {
            Some(stopped) => assert_eq!(stopped["statusCode"], 0, "{stopped}"),
            None => return,
        }
        acknowledged.lock().unwrap().push(id);
    }
}

/// Every step that stops something has its row, and no row is without its step.
fn archive_is_of_the_steps(data: &Path) {
    let folder = DataFolder::open(data).unwrap();
    let journal = SqliteJournal::open(&folder, "demo", 1).unwrap();
    let reader = journal.reader().unwrap();
    let mut stopped = 0;
    for record in journal.read_after(0, usize::MAX).unwrap() {
        for change in step_of(&record).unwrap().changes {
            if let Change::Stopped { interaction } = change {
                let row = reader.archived(interaction.as_str()).unwrap().unwrap();
                assert_eq!(row.place.sequence, record.sequence);
                stopped += 1;
            }
        }
    }
    assert_eq!(reader.usage().unwrap().archived_len, stopped);
}
