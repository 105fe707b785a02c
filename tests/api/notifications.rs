//! What desktops and parties are pushed.

use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::start;

const INTERACTIONS: &str = "/v2/me/interactions";
const MESSAGES: &str = "/v2/me/messages";

fn in_state(state: &'static str) -> impl Fn(&Value) -> bool {
    move |data| data["interaction"]["state"] == state
}

fn event(name: &'static str) -> impl Fn(&Value) -> bool {
    move |data| data["event"] == name
}

#[tokio::test]
async fn a_desktop_sees_the_whole_story_in_order() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let mut desktop = Desktop::open(&agent, &["/v2/me/interactions/", "/**"]).await;
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    let invited = desktop
        .hear("/v2/me/interactions/", in_state("Invited"))
        .await;
    assert_eq!(invited["messageType"], "InteractionStateChangeMessage");
    assert_eq!(invited["notificationType"], "StatusChange");
    assert_eq!(invited["interaction"], agent.interaction(&id).await);

    let reply = agent
        .operate(&id, "Accept", json!({"referenceId": 41}))
        .await;
    let accepted = desktop
        .hear("/v2/me/interactions/", in_state("Processing"))
        .await;
    assert_eq!(accepted["referenceId"], 41);
    assert_eq!(accepted["sequence"], reply["sequence"]);
    agent
        .operate(&id, "UpdateUserData", json!({"userData": {"a": 1}}))
        .await;
    let (_, _) = media_server
        .put(
            &format!("/api/v2/interactions/{id}"),
            json!({"subject": "New"}),
        )
        .await;
    agent.operate(&id, "Complete", json!({})).await;
    let rest = desktop
        .hear_until("/v2/me/interactions/", in_state("Completed"))
        .await;
    let kinds: Vec<&str> = rest
        .iter()
        .map(|data| data["notificationType"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["PropertiesUpdated", "PropertiesUpdated", "StatusChange"]
    );
    assert_eq!(rest[1].get("referenceId"), None, "another's request");
    assert_eq!(rest[2]["interaction"]["capabilities"], json!([]));
    let mut before = &accepted;
    for next in &rest {
        assert_eq!(next["previousSequence"], before["sequence"]);
        assert!(next["sequence"].as_u64() > before["sequence"].as_u64());
        before = next;
    }
}

#[tokio::test]
async fn a_transfer_tells_both_agents_with_its_reference() {
    let server = start("delivery_timeout_ms = 300").await;
    let (one, two) = (server.client("agent1"), server.client("agent2"));
    let mut first = Desktop::open(&one, &[INTERACTIONS, MESSAGES]).await;
    let mut second = Desktop::open(&two, &[INTERACTIONS]).await;
    let session = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
    one.done("/api/v2/me", session.clone()).await;
    two.done("/api/v2/me", session).await;
    let submitted = one
        .done("/api/v2/interactions", json!({"mediaType": "chat"}))
        .await;
    let id = submitted["id"].as_str().unwrap();
    first.hear(INTERACTIONS, in_state("Processing")).await;

    one.operate(
        id,
        "Transfer",
        json!({"userId": "agent2", "referenceId": 5}),
    )
    .await;
    first.hear(INTERACTIONS, in_state("Transferring")).await;
    second.hear(INTERACTIONS, in_state("Invited")).await;
    let revoked = second.hear(INTERACTIONS, in_state("Revoked")).await;
    assert_eq!(revoked["cause"], "Expired");
    let failed = first
        .hear(INTERACTIONS, |data| data["notificationType"] == "Error")
        .await;
    assert_eq!(failed["referenceId"], 5);
    assert!(failed["errorMessage"].is_string());
    let back = first.hear(INTERACTIONS, in_state("Processing")).await;
    assert_eq!(back["referenceId"], 5);
    let error = first.hear(MESSAGES, event("EventError")).await;
    assert_eq!(error["referenceId"], 5);

    let server = server.restart("").await;
    let (one, two) = (server.client("agent1"), server.client("agent2"));
    let mut first = Desktop::open(&one, &[INTERACTIONS, MESSAGES]).await;
    one.operate(
        id,
        "Transfer",
        json!({"userId": "agent2", "referenceId": 6}),
    )
    .await;
    two.operate(id, "Accept", json!({})).await;
    let gone = first.hear(INTERACTIONS, in_state("Completed")).await;
    assert_eq!(gone["referenceId"], 6);
    let acknowledged = first
        .hear(MESSAGES, |data| {
            data["event"] == "EventAck" && data["referenceId"] == 6
        })
        .await;
    assert_eq!(acknowledged["protocol"], "Interaction Management");
}

#[tokio::test]
async fn parties_hear_their_events() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let (router, reporting) = (server.client("router"), server.client("reporting"));
    let mut urs = Desktop::open(&router, &[MESSAGES]).await;
    let mut stat = Desktop::open(&reporting, &[MESSAGES]).await;
    router.request("RequestRegisterClient", json!({})).await;
    reporting.request("RequestRegisterClient", json!({})).await;
    router
        .request("RegisterAddress", json!({"thisDN": "chat"}))
        .await;
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    let asked = urs.hear(MESSAGES, event("EventRouteRequest")).await;
    assert_eq!(asked["protocol"], "T-Library");
    assert_eq!(asked["interactionId"], json!(id));
    assert_eq!(asked["queue"], "chat");
    router
        .request(
            "RequestRouteCall",
            json!({"interactionId": id, "agentId": "agent1", "referenceId": 9}),
        )
        .await;
    agent.operate(&id, "Accept", json!({})).await;
    let used = urs.hear(MESSAGES, event("EventRouteUsed")).await;
    assert_eq!(
        (&used["referenceId"], &used["result"]),
        (&json!(9), &json!("Delivered"))
    );
    let told = stat
        .hear_until(MESSAGES, |data| {
            data["party"]["agentId"] == "agent1" && data["event"] == "EventPartyAdded"
        })
        .await;
    let names: Vec<&str> = told
        .iter()
        .map(|data| data["event"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "EventAck",
            "EventAgentLogin",
            "EventPlaceAgentState",
            "EventInteractionSubmitted",
            "EventPlacedInQueue",
            "EventTakenFromQueue",
            "EventPartyAdded",
            "EventAgentInvited",
            "EventAccepted",
            "EventPartyRemoved",
            "EventPartyAdded",
        ]
    );
}

#[tokio::test]
async fn an_agent_whose_desktop_is_gone_loses_first_invitations_then_the_rest() {
    let server = start("invitation_grace_ms = 200\nownership_grace_ms = 1000").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let reporting = server.client("reporting");
    reporting.request("RequestRegisterClient", json!({})).await;
    let mut stat = Desktop::open(&reporting, &[MESSAGES]).await;
    agent.ready("chat").await;
    let desktop = Desktop::open(&agent, &[INTERACTIONS]).await;
    let owned = media_server.submit("chat").await;
    agent.operate(&owned, "Accept", json!({})).await;
    let invited = media_server.submit("chat").await;
    desktop.close().await;
    let revoked = stat.hear(MESSAGES, event("EventRevoked")).await;
    assert_eq!(revoked["reasonSystemName"], "Disconnected");
    assert_eq!(revoked["interactionId"], json!(invited));
    assert_eq!(
        media_server.interaction(&owned).await["state"],
        "Processing"
    );
    stat.hear(MESSAGES, event("EventAgentLogout")).await;
    assert_eq!(media_server.interaction(&owned).await["state"], "Queued");
}

#[tokio::test]
async fn a_lost_router_gives_its_queue_back() {
    let server = start("ownership_grace_ms = 300").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let router = server.client("router");
    let mut desktop = Desktop::open(&agent, &[INTERACTIONS]).await;
    agent.ready("chat").await;
    router.request("RequestRegisterClient", json!({})).await;
    router
        .request("RegisterAddress", json!({"thisDN": "chat"}))
        .await;
    let urs = Desktop::open(&router, &[MESSAGES]).await;
    let id = media_server.submit("chat").await;
    assert_eq!(media_server.interaction(&id).await["state"], "Routing");
    urs.close().await;
    desktop.hear(INTERACTIONS, in_state("Invited")).await;
    let (status, refused) = router
        .post(
            "/api/v2/requests",
            json!({"request": "RegisterAddress", "thisDN": "chat"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &refused["errorCode"]),
        (403, &json!(1006))
    );
}

#[tokio::test]
async fn a_router_without_a_push_session_keeps_its_queue() {
    let server = start("ownership_grace_ms = 1\nreoffer_delay_ms = 200").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let router = server.client("router");
    agent.ready("email").await;
    router.request("RequestRegisterClient", json!({})).await;
    router
        .request("RegisterAddress", json!({"thisDN": "chat"}))
        .await;
    let routed = media_server.submit("chat").await;
    // Another interaction is declined and offered again: that long at least the router has been silent.
    let other = media_server.submit("email").await;
    agent.operate(&other, "Reject", json!({})).await;
    let mut desktop = Desktop::open(&agent, &[INTERACTIONS]).await;
    desktop.hear(INTERACTIONS, in_state("Invited")).await;
    assert_eq!(media_server.interaction(&routed).await["state"], "Routing");
}

#[tokio::test]
async fn a_late_request_renews_the_grace_and_no_more() {
    let server = start("invitation_grace_ms = 100\nownership_grace_ms = 400").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let reporting = server.client("reporting");
    reporting.request("RequestRegisterClient", json!({})).await;
    let mut stat = Desktop::open(&reporting, &[MESSAGES]).await;
    agent.ready("chat").await;
    let desktop = Desktop::open(&agent, &[INTERACTIONS]).await;
    let id = media_server.submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    desktop.close().await;
    agent
        .operate(&id, "UpdateUserData", json!({"userData": {"late": true}}))
        .await;
    stat.hear(MESSAGES, event("EventAgentLogout")).await;
    assert_eq!(media_server.interaction(&id).await["state"], "Queued");
}

#[tokio::test]
async fn the_state_on_subscribe_may_be_larger_than_what_may_wait() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("email").await;
    let large = "x".repeat(250 * 1024);
    for _ in 0..5 {
        let mail = json!({"mediaType": "email", "queue": "email", "userData": {"body": large}});
        media_server.done("/api/v2/interactions", mail).await;
    }
    let mut desktop = Desktop::open(&agent, &[INTERACTIONS]).await;
    for _ in 0..5 {
        desktop.hear(INTERACTIONS, in_state("Invited")).await;
    }
    media_server.submit("email").await;
    agent
        .done("/api/v2/me", json!({"operationName": "NotReady"}))
        .await;
}

#[tokio::test]
async fn a_desktop_that_comes_back_in_time_keeps_everything() {
    let server = start("invitation_grace_ms = 60000\nownership_grace_ms = 60000").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let desktop = Desktop::open(&agent, &[INTERACTIONS]).await;
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    desktop.close().await;
    let mut again = Desktop::open(&agent, &[INTERACTIONS]).await;
    let told = again.hear(INTERACTIONS, in_state("Invited")).await;
    assert_eq!(told["interaction"]["id"], json!(id));
    assert!(
        told["sequence"].is_u64(),
        "the state says at which sequence it is valid"
    );
}
