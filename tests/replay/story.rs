//! What happens meanwhile: an agent works, and hears of it.

use reqwest::StatusCode;
use serde_json::json;

use crate::support::process::Process;
use crate::support::server::Client;

/// What the agent and the media server do; returns the sequence of the last thing, of which the agent hears.
pub(super) async fn go_on(server: &Process, rounds: usize) -> u64 {
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let mut last = 0;
    for round in 0..rounds {
        let id = media_server.submit("chat").await;
        accept(&agent, &id).await;
        for key in ["a", "b", "c"] {
            let user_data = json!({"userData": {key: round}});
            agent.operate(&id, "UpdateUserData", user_data).await;
        }
        let reply = agent.operate(&id, "Complete", json!({})).await;
        last = reply["sequence"].as_u64().unwrap();
    }
    last
}

/// The invitation comes with a step of its own, which may be a moment later.
async fn accept(agent: &Client, id: &str) {
    let path = format!("/api/v2/me/interactions/{id}");
    for _ in 0..1_000 {
        let (status, _) = agent.post(&path, json!({"operationName": "Accept"})).await;
        if status == StatusCode::OK {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{id} was never offered");
}
