//! What was acknowledged is there after a restart, deadlines and tickets included.

use serde_json::{Value, json};

use crate::support::server::start;

#[tokio::test]
async fn a_restart_restores_everything() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let router = server.client("router");
    agent.ready("chat").await;
    agent
        .request("RequestSubscribeWorkbin", json!({"workbin": "team"}))
        .await;
    router.request("RequestRegisterClient", json!({})).await;
    router
        .request("RegisterAddress", json!({"thisDN": "email"}))
        .await;
    let accepted = media_server.submit("chat").await;
    agent.operate(&accepted, "Accept", json!({})).await;
    agent
        .operate(
            &accepted,
            "UpdateUserData",
            json!({"userData": {"deep": {"er": 1}}}),
        )
        .await;
    let invited = media_server.submit("chat").await;
    let waiting = media_server.submit("workitem").await;
    let routed = media_server.submit("email").await;
    let stopped = media_server.submit("workitem").await;
    let path = format!("/api/v2/interactions/{stopped}");
    server
        .client("supervisor")
        .request("RequestStopProcessing", json!({"interactionId": stopped}))
        .await;

    let everything = |server: &crate::support::server::Running| {
        let (agent, admin) = (server.client("agent1"), server.client("admin"));
        let path = path.clone();
        async move {
            let mut seen: Vec<Value> = Vec::new();
            for path in ["/api/v2/me/channels", "/api/v2/me/interactions?fields=*"] {
                seen.push(without_uris(agent.get(path).await.1));
            }
            seen.push(without_uris(
                admin.get("/api/v2/interactions?fields=*").await.1,
            ));
            seen.push(without_uris(admin.get(&path).await.1));
            seen
        }
    };
    let before = everything(&server).await;
    assert_eq!(before[2]["interactions"].as_array().unwrap().len(), 4);
    let server = server.restart("").await;
    let after = everything(&server).await;
    assert_eq!(before, after);
    for id in [&accepted, &invited, &waiting, &routed] {
        assert!(after[2].to_string().contains(id.as_str()));
    }

    let agent = server.client("agent1");
    let invitation = &agent.interaction(&invited).await["invitation"]["ticketId"];
    let accept = json!({"interactionId": invited, "ticketId": invitation});
    assert_eq!(
        agent.request("RequestAccept", accept).await["event"],
        "EventAck"
    );
    agent
        .operate(&accepted, "PlaceInWorkbin", json!({"workbin": "team"}))
        .await;
    agent
        .request("RequestUnsubscribeWorkbin", json!({"workbin": "team"}))
        .await;
    let route = json!({"interactionId": routed, "queue": "workitem"});
    let used = server
        .client("router")
        .request("RequestRouteCall", route)
        .await;
    assert_eq!(used["event"], "EventRouteUsed");
}

#[tokio::test]
async fn options_change_times_of_a_journalled_centre() {
    let server = start("").await;
    let server = server.restart("delivery_timeout_ms = 200").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    let mut state = agent.interaction(&id).await["state"].clone();
    let patience = std::time::Instant::now();
    while state != "Queued" {
        assert!(
            patience.elapsed().as_secs() < 20,
            "the invitation never expired: {state}"
        );
        state = agent.interaction(&id).await["state"].clone();
    }
}

#[tokio::test]
async fn a_second_server_on_the_folder_is_refused() {
    let server = start("").await;
    let again = baton::server::Server::start(&server.options, Default::default()).await;
    let error = format!("{:#}", again.err().unwrap());
    assert!(error.contains("in use by another server"), "{error}");
}

/// Absolute URIs carry the port, which is another one after the restart.
fn without_uris(mut body: Value) -> Value {
    match &mut body {
        Value::Object(map) => {
            map.remove("uri");
            for value in map.values_mut() {
                *value = without_uris(value.take());
            }
        }
        Value::Array(items) => {
            for value in items {
                *value = without_uris(value.take());
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    body
}
