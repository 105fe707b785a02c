//! The event models over the wire: a media server, a router and an agent on `POST /requests`.

use serde_json::json;

use crate::support::server::start;

#[tokio::test]
async fn an_external_router_takes_a_queue_over_until_it_leaves() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let router = server.client("router");
    agent.ready("chat").await;

    let (status, refused) = router
        .post(
            "/api/v2/requests",
            json!({"request": "RegisterAddress", "thisDN": "chat", "referenceId": 3}),
        )
        .await;
    assert_eq!(status, 403);
    assert_eq!(refused["event"], "EventError");
    assert_eq!(refused["protocol"], "T-Library");
    assert_eq!(refused["referenceId"], 3);
    assert_eq!(refused["errorCode"], 1006);

    router.request("RequestRegisterClient", json!({})).await;
    let registered = router
        .request(
            "RegisterAddress",
            json!({"thisDN": "chat", "referenceId": 4}),
        )
        .await;
    assert_eq!(registered["event"], "EventRegistered");
    assert_eq!(registered["infoType"], "AddressInfoAddressType");

    let id = media_server.submit("chat").await;
    assert_eq!(media_server.interaction(&id).await["state"], "Routing");
    let changed = router
        .request(
            "RequestUpdateUserData",
            json!({"interactionId": id, "userData": {"Segment": "Gold"}}),
        )
        .await;
    assert_eq!(changed["event"], "EventAttachedDataChanged");
    let routed = router
        .request(
            "RequestRouteCall",
            json!({"interactionId": id, "agentId": "agent1", "referenceId": 7}),
        )
        .await;
    assert_eq!(
        routed.get("event"),
        None,
        "it is settled when the agent answers"
    );
    assert_eq!(routed["referenceId"], 7);
    assert_eq!(agent.interaction(&id).await["state"], "Invited");
    agent
        .request("RequestReject", json!({"interactionId": id, "ticketId": 1}))
        .await;
    assert_eq!(media_server.interaction(&id).await["state"], "Routing");

    router
        .request("UnregisterAddress", json!({"thisDN": "chat"}))
        .await;
    assert_eq!(
        agent.interaction(&id).await["state"],
        "Queued",
        "who has just declined is not asked again at once"
    );
    let agent2 = server.client("agent2");
    agent2.ready("chat").await;
    assert_eq!(agent2.interaction(&id).await["state"], "Invited");
}

#[tokio::test]
async fn a_media_server_registers_before_it_asks() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    let submit = json!({"request": "RequestSubmit", "queue": "email", "interactionId": "MAIL1"});
    let (status, refused) = media_server.post("/api/v2/requests", submit.clone()).await;
    assert_eq!(
        (status.as_u16(), &refused["errorCode"]),
        (403, &json!(1006))
    );
    let acknowledged = media_server
        .request(
            "RequestRegisterClient",
            json!({"extension": {"event_properties_changed": 1}}),
        )
        .await;
    assert_eq!(acknowledged["event"], "EventAck");
    let (_, submitted) = media_server.post("/api/v2/requests", submit.clone()).await;
    assert_eq!(submitted["interactionId"], "MAIL1");
    let (status, again) = media_server.post("/api/v2/requests", submit).await;
    assert_eq!((status.as_u16(), &again["statusCode"]), (409, &json!(18)));
    let stopped = media_server
        .request("RequestStopProcessing", json!({"interactionId": "MAIL1"}))
        .await;
    assert_eq!(stopped["event"], "EventAck");
    let (status, unknown) = media_server
        .post(
            "/api/v2/requests",
            json!({"request": "RequestStopProcessing", "interactionId": "MAIL2"}),
        )
        .await;
    assert_eq!((status.as_u16(), &unknown["errorCode"]), (404, &json!(43)));
    assert_eq!(
        unknown["errorDescription"],
        "Unknown interaction identifier specified"
    );
}
