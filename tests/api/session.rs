//! The contact-centre session and the channels of an agent.

use serde_json::json;

use crate::support::server::start;

#[tokio::test]
async fn a_session_begins_not_ready_and_ends() {
    let server = start("").await;
    let agent = server.client("agent1");
    let (_, none) = agent.get("/api/v2/me/channels").await;
    assert_eq!(none["channels"], json!([]));
    let (status, reply) = agent
        .post(
            "/api/v2/me/channels/chat",
            json!({"operationName": "Ready"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &reply["statusCode"]),
        (400, &json!(2)),
        "{reply}"
    );

    agent
        .done("/api/v2/me", json!({"operationName": "StartContactCenterSession", "channels": ["chat", "email"], "place": "desk 7"}))
        .await;
    let (_, body) = agent.get("/api/v2/me").await;
    assert_eq!(body["user"]["place"], "desk 7");
    assert_eq!(body["user"]["channels"][0]["channel"], "chat");
    assert_eq!(
        body["user"]["channels"][0]["userState"]["state"],
        "NotReady"
    );

    agent
        .done(
            "/api/v2/me/channels/email",
            json!({"operationName": "Ready"}),
        )
        .await;
    let (_, body) = agent.get("/api/v2/me/channels").await;
    assert_eq!(
        body["channels"][1]["userState"]["id"],
        "9430250E-0A1B-421F-B372-F29E69366DED"
    );
    agent
        .done(
            "/api/v2/me/channels/email",
            json!({"operationName": "NotReady", "reason": "lunch"}),
        )
        .await;
    let (_, body) = agent.get("/api/v2/me/channels").await;
    assert_eq!(body["channels"][1]["userState"]["reason"], "lunch");

    agent
        .done("/api/v2/me", json!({"operationName": "Ready"}))
        .await;
    let (_, body) = agent.get("/api/v2/me/channels").await;
    let ready: Vec<&str> = body["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| channel["userState"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(ready, ["Ready", "Ready"]);

    agent
        .done(
            "/api/v2/me",
            json!({"operationName": "EndContactCenterSession"}),
        )
        .await;
    let (_, body) = agent.get("/api/v2/me").await;
    assert_eq!(body["user"]["loggedIn"], false);
}

#[tokio::test]
async fn capacity_counts_invitations() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(media_server.submit("chat").await);
    }
    let (_, list) = agent.get("/api/v2/me/interactions").await;
    assert_eq!(
        list["uris"].as_array().unwrap().len(),
        3,
        "the demo's capacity for chats"
    );
    agent.operate(&ids[0], "Accept", json!({})).await;
    agent.operate(&ids[0], "Complete", json!({})).await;
    assert_eq!(agent.interaction(&ids[3]).await["state"], "Invited");
}

#[tokio::test]
async fn what_an_agent_had_goes_back_when_he_logs_out() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let accepted = media_server.submit("chat").await;
    agent.operate(&accepted, "Accept", json!({})).await;
    let invited = media_server.submit("chat").await;
    agent
        .done(
            "/api/v2/me",
            json!({"operationName": "EndContactCenterSession"}),
        )
        .await;
    for id in [accepted, invited] {
        assert_eq!(media_server.interaction(&id).await["state"], "Queued");
    }
}
