//! `/metrics`: what is counted, who may read it, and that the documentation lists all of it.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::server::{Reply, Running, start};

/// The samples of a reading, by name and labels as they are written.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap())
        })
        .collect()
}

async fn read(server: &Running, user: &str) -> Reply {
    let client = server.client(user);
    client
        .exchange(Method::GET, "/api/v2/metrics", &[], None)
        .await
}

#[tokio::test]
async fn what_was_done_is_counted() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    media_server.submit("email").await;
    let accepted = agent.operate(&id, "Accept", json!({})).await;
    let again = json!({"operationName": "Accept"});
    let (refused, _) = agent.post(&format!("/me/interactions/{id}"), again).await;
    assert_eq!(refused, StatusCode::CONFLICT);
    let reply = read(&server, "admin").await;
    assert_eq!(reply.status, StatusCode::OK);
    let found = samples(&reply.text);
    let of = |name: &str| {
        let value = found.get(name);
        *value.unwrap_or_else(|| panic!("no {name} in {}", reply.text))
    };
    let labelled = |name: &str, labels: &str| of(&format!("{name}{{centre=\"demo\",{labels}}}"));
    let operations = |labels: &str| labelled("baton_operations_total", labels);
    assert_eq!(operations("operation=\"Accept\",code=\"0\""), 1.0);
    assert_eq!(operations("operation=\"Accept\",code=\"2\""), 1.0);
    assert_eq!(operations("operation=\"RequestSubmit\",code=\"0\""), 2.0);
    let times = "baton_operation_duration_seconds";
    let accepts = labelled(&format!("{times}_count"), "operation=\"Accept\"");
    assert_eq!(accepts, 2.0, "refusals take their time too");
    assert!(labelled(&format!("{times}_sum"), "operation=\"Accept\"") > 0.0);
    let states = |state: &str| labelled("baton_interactions", &format!("state=\"{state}\""));
    assert_eq!(
        (states("Processing"), states("Queued"), states("Invited")),
        (1.0, 1.0, 0.0)
    );
    let queued = |labels: &str| labelled("baton_queue_interactions", labels);
    assert_eq!(queued("queue=\"email\",state=\"waiting\""), 1.0);
    assert_eq!(queued("queue=\"chat\",state=\"waiting\""), 0.0);
    assert_eq!(
        labelled("baton_queue_oldest_seconds", "queue=\"chat\""),
        0.0
    );
    assert_eq!(labelled("baton_agents", "state=\"ready\""), 1.0);
    let head = accepted["sequence"].as_f64().unwrap();
    assert!(of("baton_journal_head{centre=\"demo\"}") >= head);
    let steps = of("baton_journal_group_steps_sum{centre=\"demo\"}");
    assert!(steps >= 5.0, "{steps} steps were journalled");
    assert!(of("baton_journal_commit_duration_seconds_count{centre=\"demo\"}") <= steps);
    assert!(of("baton_journal_bytes{centre=\"demo\"}") > 0.0);
    assert_eq!(of("baton_ready"), 1.0);
    assert_eq!(of("baton_http_responses_total{status=\"409\"}"), 1.0);
    assert!(of("process_resident_memory_bytes") > 1e6);
}

#[tokio::test]
async fn what_is_held_or_has_waited_shows() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    let id = media_server.submit("email").await;
    media_server
        .request(
            "RequestRegisterClient",
            json!({"clientType": "MediaServer"}),
        )
        .await;
    let waited = || async {
        let found = samples(&read(&server, "admin").await.text);
        found["baton_queue_oldest_seconds{centre=\"demo\",queue=\"email\"}"]
    };
    while waited().await == 0.0 {}
    media_server
        .request("RequestHold", json!({"interactionId": id}))
        .await;
    let found = samples(&read(&server, "admin").await.text);
    let of = |state: &str| {
        let labels = format!("{{centre=\"demo\",queue=\"email\",state=\"{state}\"}}");
        found[&format!("baton_queue_interactions{labels}")]
    };
    assert_eq!((of("waiting"), of("held")), (0.0, 1.0));
    assert_eq!(waited().await, 0.0, "what is held is not waiting");
}

#[tokio::test]
async fn only_administrators_read_it_and_only_of_their_contact_centre() {
    let server = start("").await;
    for user in ["agent1", "supervisor", "mediaserver", "reporting"] {
        let reply = read(&server, user).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{user}");
        assert_eq!(reply.json()["statusCode"], 5);
    }
    let anonymous = reqwest::get(format!("{}/metrics", server.url)).await;
    assert_eq!(anonymous.unwrap().status(), StatusCode::UNAUTHORIZED);
    let own = read(&server, "other-admin").await.text;
    assert!(
        own.contains("centre=\"other\"") && !own.contains("demo"),
        "{own}"
    );
}

#[tokio::test]
async fn who_monitors_the_server_needs_no_credentials_at_an_address_of_his_own() {
    let server = start("metrics_listen = \"127.0.0.1:0\"").await;
    let base = server.monitoring_url.clone().unwrap();
    let reply = reqwest::get(format!("{base}/metrics")).await.unwrap();
    assert_eq!(
        reply.headers()["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    assert_eq!(reply.headers()["cache-control"], "no-store");
    let text = reply.text().await.unwrap();
    assert!(text.contains("centre=\"other\"") && text.contains("centre=\"demo\""));
    for (path, status) in [
        ("/health/ready", 200),
        ("/health/live", 200),
        ("/me", 404),
        ("/", 404),
    ] {
        let reply = reqwest::get(format!("{base}{path}")).await.unwrap();
        assert_eq!(reply.status().as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_one_is_there() {
    let server = start("").await;
    server.client("mediaserver").submit("chat").await;
    let text = read(&server, "admin").await.text;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let told: BTreeSet<String> = types
        .map(|line| {
            let (name, kind) = line.split_once(' ').unwrap();
            let is_total = name.ends_with("_total");
            assert_eq!(is_total, kind == "counter", "{name} is a {kind}");
            format!("{name} {kind}")
        })
        .collect();
    let manual = std::fs::read_to_string("docs/operations.md").unwrap();
    let listed: BTreeSet<String> = manual
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let name = cells.next()?.split(['`', '{']).next()?;
            let kind = cells.next()?;
            let is_kind = ["counter", "gauge", "histogram"].contains(&kind);
            is_kind.then(|| format!("{name} {kind}"))
        })
        .collect();
    assert_eq!(told, listed);
}
