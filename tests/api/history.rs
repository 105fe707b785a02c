//! `GET /interactions/{id}/history`, and `?at=` on reads.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::server::{Client, Running, start};

/// Everything but where the server is, which is another place after a restart.
const LIST: &str =
    "/api/v2/interactions?fields=id,state,sequence,userData,interactionQueue,placedInQueueAt";

/// A server with what an administrator read after each of several steps, nothing of which happens by itself.
async fn remembered(keys: &str) -> (Running, Vec<(u64, Value)>) {
    let server = start(keys).await;
    let (media_server, admin) = (server.client("mediaserver"), server.client("admin"));
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    let mut seen = Vec::new();
    for round in 0..12 {
        let id = format!("I{}", round / 3);
        let reply = match round % 3 {
            0 => {
                let parameters = json!({"queue": "chat", "interactionId": id});
                media_server.request("RequestSubmit", parameters).await
            }
            1 => {
                let parameters = json!({"interactionId": id, "addedProperties": {"round": round}});
                media_server
                    .request("RequestChangeProperties", parameters)
                    .await
            }
            _ => {
                let parameters = json!({"interactionId": format!("I{}", round / 6)});
                // The second time it is stopped already, and nothing happens.
                let mut body = parameters;
                body["request"] = json!("RequestStopProcessing");
                media_server.post("/api/v2/requests", body).await.1
            }
        };
        if let Some(sequence) = reply["sequence"]
            .as_u64()
            .filter(|_| reply["statusCode"] == 0)
        {
            seen.push((sequence, admin.get(LIST).await.1));
        }
    }
    assert!(seen.len() > 8);
    (server, seen)
}

async fn check_past(admin: &Client, seen: &[(u64, Value)]) {
    // Back and forth, so that no reading can go on where the one before ended.
    let (first, second) = seen.split_at(seen.len() / 2);
    for (sequence, expected) in first.iter().rev().chain(second).chain(first) {
        let (status, found) = admin.get(&format!("{LIST}&at={sequence}")).await;
        assert_eq!((status, &found), (StatusCode::OK, expected), "{sequence}");
    }
}

#[tokio::test]
async fn a_list_is_as_it_was_also_after_a_restart() {
    let (server, seen) = remembered("").await;
    check_past(&server.client("supervisor"), &seen).await;
    let server = server.restart("").await;
    check_past(&server.client("admin"), &seen).await;
}

#[tokio::test]
async fn a_time_is_the_last_step_that_is_not_after_it() {
    let (server, seen) = remembered("").await;
    let admin = server.client("admin");
    let (_, history) = admin.get("/api/v2/interactions/I0/history").await;
    let (at, sequence) = (
        &history["history"][1]["at"],
        &history["history"][1]["sequence"],
    );
    let path = format!("/api/v2/interactions/I0?at={}", at.as_str().unwrap());
    let (status, found) = admin.get(&path).await;
    assert_eq!(status, StatusCode::OK);
    // Other steps may have the same millisecond.
    assert!(found["interaction"]["sequence"].as_u64() >= sequence.as_u64());
    let late = format!("{LIST}&at=2999-01-01T00:00:00Z");
    assert_eq!(admin.get(&late).await.1, seen.last().unwrap().1);
    let early = format!("{LIST}&at=1999-01-01T00:00:00Z");
    assert_eq!(admin.get(&early).await.1["interactions"], json!([]));
}

#[tokio::test]
async fn the_past_is_refused() {
    let (server, _) = remembered("").await;
    let table = [
        ("admin", "/api/v2/interactions?at=99999", 400),
        ("admin", "/api/v2/interactions?at=yesterday", 400),
        ("admin", "/api/v2/interactions?at=2&state=Completed", 400),
        ("admin", "/api/v2/interactions?at=-1", 400),
        (
            "admin",
            "/api/v2/interactions?at=99999999999999999999999",
            400,
        ),
        ("admin", "/api/v2/interactions/I0?at=1", 404),
        ("admin", "/api/v2/interactions/nowhere/history", 404),
        ("admin", "/api/v2/interactions/%2e%2e/history", 404),
        ("admin", "/api/v2/interactions/I0/history?after=x", 400),
        ("agent1", "/api/v2/interactions/I0/history", 403),
        ("mediaserver", "/api/v2/interactions/I0/history", 403),
        ("agent1", "/api/v2/interactions?at=1", 403),
        ("agent1", "/api/v2/interactions/I0?at=1", 403),
        ("other-admin", "/api/v2/interactions/I0/history", 404),
        ("other-admin", "/api/v2/interactions/I0?at=1", 404),
    ];
    for (user, path, expected) in table {
        let (status, body) = server.client(user).get(path).await;
        assert_eq!(status.as_u16(), expected, "{user} {path}: {body}");
        assert!(body["statusMessage"].is_string(), "{user} {path}: {body}");
    }
}

#[tokio::test]
async fn a_history_tells_every_change_and_who_was_told() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let reporting = server.client("reporting");
    reporting.request("RequestRegisterClient", json!({})).await;
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    agent.ready("chat").await;
    let submitted = json!({"queue": "chat", "interactionId": "I", "userData": {"name": "Ann"}});
    media_server.request("RequestSubmit", submitted).await;
    agent.operate("I", "Accept", json!({})).await;
    let data = json!({"userData": {"name": "Anna"}});
    agent.operate("I", "UpdateUserData", data).await;
    agent.operate("I", "Complete", json!({})).await;
    let admin = server.client("admin");
    let (status, body) = admin.get("/api/v2/interactions/I/history").await;
    assert_eq!(status, StatusCode::OK);
    let told: Vec<String> = body["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    assert_eq!(
        told,
        [
            "RequestSubmit by mediaserver: InteractionSubmitted \
             > mediaserver EventAck, reporting EventInteractionSubmitted, reporting EventPlacedInQueue",
            "Route by built-in: RouterTook AgentInvited \
             > reporting EventTakenFromQueue, reporting EventPartyAdded, agent1 EventInvite, \
             reporting EventAgentInvited, agent1 StatusChange",
            "Accept by agent1: Accepted \
             > agent1 EventAck, reporting EventAccepted, reporting EventPartyRemoved, \
             reporting EventPartyAdded, agent1 StatusChange",
            "UpdateUserData by agent1: PropertiesChanged \
             > agent1 EventAck, reporting EventPropertiesChanged, agent1 PropertiesUpdated",
            "Complete by agent1: Stopped \
             > agent1 EventAck, reporting EventPartyRemoved, reporting EventProcessingStopped, \
             agent1 StatusChange",
        ]
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
    );
    let changed = &body["history"][3]["changes"][0];
    assert_eq!(changed["changedProperties"], json!({"name": "Anna"}));
    // Page by page it is the same, and after its end nothing comes.
    let last = body["history"][4]["sequence"].as_u64().unwrap();
    let path = format!("/api/v2/interactions/I/history?after={}", last - 1);
    assert_eq!(
        admin.get(&path).await.1["history"],
        json!([body["history"][4]])
    );
    let path = format!("/api/v2/interactions/I/history?after={last}");
    assert_eq!(admin.get(&path).await.1["history"], json!([]));
}

/// A step in one line: what was asked by whom, what changed, and who was told what of the interaction.
fn line(entry: &Value) -> String {
    let names = |list: &Value, name: &dyn Fn(&Value) -> String, between: &str| {
        let each = list.as_array().unwrap().iter().map(name);
        each.collect::<Vec<_>>().join(between)
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let changes = names(&entry["changes"], &|it| text(&it["change"]), " ");
    let told = |it: &Value| format!("{} {}", text(&it["to"]), text(&it["message"]));
    let said = names(&entry["said"], &told, ", ");
    let actor = &entry["actor"];
    let by = ["agentId", "id", "type"];
    let by = by.iter().find_map(|key| actor[key].as_str());
    let request = text(&entry["request"]);
    format!(
        "{request} by {}: {changes} > {said}",
        by.unwrap_or("nobody")
    )
}

#[tokio::test]
async fn a_long_history_comes_in_pages() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    let submitted = json!({"queue": "chat", "interactionId": "I"});
    media_server.request("RequestSubmit", submitted).await;
    let len = baton::centre::HISTORY_LEN_MAX + 20;
    for round in 1..len {
        let change = json!({"interactionId": "I", "addedProperties": {"round": round}});
        media_server
            .request("RequestChangeProperties", change)
            .await;
    }
    let admin = server.client("admin");
    let (mut rounds, mut after, mut pages) = (0, 0, 0);
    loop {
        let path = format!("/api/v2/interactions/I/history?after={after}");
        let (_, body) = admin.get(&path).await;
        for entry in body["history"].as_array().unwrap() {
            if rounds > 0 {
                let data = &entry["changes"][0]["changedProperties"];
                assert_eq!(data["round"], rounds, "{entry}");
            }
            rounds += 1;
        }
        pages += 1;
        match body["after"].as_u64() {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!((rounds, pages), (len, 2));
}
