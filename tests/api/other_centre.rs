//! Nothing is sent to another contact centre, and nothing that a caller says of himself lets him into one.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::{Running, start};

/// What an agent asks about an interaction of his that names somebody or something of contact centre `other`.
const SENT: [(&str, &str); 10] = [
    ("SingleStepTransfer", r#"{"userId":"other-agent"}"#),
    ("Transfer", r#"{"agentId":"other-agent"}"#),
    (
        "Transfer",
        r#"{"userUri":"http://baton/api/v2/users/other-agent"}"#,
    ),
    ("Transfer", r#"{"queueName":"theirs"}"#),
    ("Transfer", r#"{"userUri":"/api/v2/queues/theirs"}"#),
    ("Conference", r#"{"userId":"other-agent"}"#),
    ("PlaceInQueue", r#"{"queueName":"theirs"}"#),
    ("PlaceInWorkbin", r#"{"workbin":"drafts.other-agent"}"#),
    ("PlaceInWorkbin", r#"{"workbin":"shelf"}"#),
    ("Complete", r#"{"queueName":"theirs"}"#),
];
/// The same of a router, about an interaction that it has.
const ROUTED: [&str; 4] = [
    r#"{"agentId":"other-agent"}"#,
    r#"{"queue":"theirs"}"#,
    r#"{"workbin":"drafts","workbinAgentId":"other-agent"}"#,
    r#"{"workbin":"shelf","workbinAgentId":"other-agent"}"#,
];
const SILENCE: Duration = Duration::from_millis(300);

/// A server where `other` has a queue and a workbin that `demo` has not, and an agent who is ready.
async fn with_theirs() -> Running {
    let server = start("").await;
    let admin = server.client("other-admin");
    for (path, body) in [
        ("/api/v2/queues/theirs", json!({"channel": "chat"})),
        (
            "/api/v2/settings/workbins/shelf",
            json!({"displayName": "Shelf", "type": "Agent"}),
        ),
    ] {
        let (status, reply) = admin.put(path, body).await;
        assert_eq!(status, 200, "{reply}");
    }
    server.client("other-agent").ready("chat").await;
    server
}

#[tokio::test]
async fn nothing_is_sent_to_another_contact_centre() {
    let server = with_theirs().await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let mut there = Desktop::open(&server.client("other-agent"), &["/v2/me/*"]).await;
    there.hear("/v2/me/channels", |_| true).await;
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let before = agent.interaction(&id).await;
    for (name, parameters) in SENT {
        let mut body: Value = serde_json::from_str(parameters).unwrap();
        body["operationName"] = json!(name);
        let path = format!("/api/v2/me/interactions/{id}");
        let (status, reply) = agent.post(&path, body.clone()).await;
        assert_eq!(
            (status.as_u16(), &reply["statusCode"]),
            (404, &json!(6)),
            "{body}: {reply}"
        );
        // As if there were nothing of that name anywhere.
        let none = parameters
            .replace("other-agent", "no-such-one")
            .replace("theirs", "none")
            .replace("shelf", "none");
        let mut none: Value = serde_json::from_str(&none).unwrap();
        none["operationName"] = json!(name);
        let (same, _) = agent.post(&path, none).await;
        assert_eq!(same, status, "{body}");
    }
    assert_eq!(agent.interaction(&id).await, before);

    let router = server.client("router");
    router.request("RequestRegisterClient", json!({})).await;
    router
        .request("RegisterAddress", json!({"thisDN": "email"}))
        .await;
    let routed = media_server.submit("email").await;
    for parameters in ROUTED {
        let mut body: Value = serde_json::from_str(parameters).unwrap();
        body["request"] = json!("RequestRouteCall");
        body["interactionId"] = json!(routed);
        let (status, reply) = router.post("/api/v2/requests", body.clone()).await;
        assert!(matches!(status.as_u16(), 404 | 409), "{body}: {reply}");
    }
    for (name, parameters) in [
        (
            "RequestSubmit",
            json!({"mediaType": "chat", "queue": "theirs"}),
        ),
        ("RequestTakeSnapshot", json!({"viewId": "theirs"})),
        (
            "RequestTakeSnapshot",
            json!({"viewId": "drafts.other-agent"}),
        ),
    ] {
        let mut body = parameters;
        body["request"] = json!(name);
        let (status, reply) = server.client("admin").post("/api/v2/requests", body).await;
        assert_eq!(status, 404, "{name}: {reply}");
    }
    let heard = tokio::time::timeout(SILENCE, there.hear("/v2/me/interactions", |_| true));
    heard.await.expect_err("nobody there hears of it");
    let (_, all) = server
        .client("other-admin")
        .get("/api/v2/interactions")
        .await;
    assert_eq!(all["uris"], json!([]));
}

/// Headers by which some servers let a client be somebody else, go somewhere else, or do something else.
const DISGUISES: [(&str, &str); 14] = [
    ("x-http-method-override", "DELETE"),
    ("x-http-method", "PUT"),
    ("x-method-override", "DELETE"),
    ("x-user-id", "admin"),
    ("x-user", "admin"),
    ("x-forwarded-user", "admin"),
    ("x-remote-user", "admin"),
    ("remote-user", "admin"),
    ("x-roles", "admin"),
    ("contactcenterid", "other"),
    ("x-tenant-id", "other"),
    ("x-original-url", "/api/v2/metrics"),
    ("x-rewrite-url", "/api/v2/metrics"),
    ("x-forwarded-prefix", "/api/v2/users/admin"),
];

#[tokio::test]
async fn no_header_makes_a_caller_or_his_request_another_one() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    let interaction = format!("/api/v2/interactions/{id}");
    for (method, path) in [
        (Method::GET, "/api/v2/me"),
        (Method::GET, "/api/v2/metrics"),
        (Method::GET, "/api/v2/users/other-agent"),
        (Method::GET, interaction.as_str()),
        (Method::POST, "/api/v2/me/channels/chat"),
    ] {
        let body = (method == Method::POST)
            .then(|| json!({"operationName": "Ready", "referenceId": 1}).to_string());
        let ask = |headers: Vec<(&'static str, &'static str)>| {
            let (agent, method, path, body) =
                (agent.clone(), method.clone(), path.to_owned(), body.clone());
            async move {
                let reply = agent.exchange(method, &path, &headers, body).await;
                let mut body = reply.json();
                // Each change is another step.
                body["sequence"] = json!(null);
                (reply.status, body)
            }
        };
        let plain = ask(Vec::new()).await;
        for header in DISGUISES {
            assert_eq!(ask(vec![header]).await, plain, "{path} with {header:?}");
        }
    }
    let (status, _) = server.client("admin").get("/api/v2/users/agent1").await;
    assert_eq!(status, 200, "nothing was removed");
}

#[tokio::test]
async fn no_spelling_of_an_identifier_leads_to_what_is_anothers() {
    let server = start("").await;
    let (agent, other) = (server.client("agent1"), server.client("agent2"));
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let hex: String = id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let twice = hex.replace('%', "%25");
    for path in [
        format!("/interactions/{id}"),
        format!("/interactions/{hex}"),
        format!("/interactions/{twice}"),
        format!("/interactions/{}", id.to_lowercase()),
        format!("/interactions/{id}%00"),
        format!("/interactions/{id}%20"),
        format!("/interactions/{id}.json"),
        format!("/interactions/{id};a=b"),
        format!("/interactions/{id}%2f"),
        format!("/interactions//{id}"),
        format!("/interactions/%2e%2e/interactions/{id}"),
        format!("/users/agent2/..%2finteractions/{id}"),
        format!("/me/interactions/{id}"),
        format!("/me/interactions/..%2f..%2finteractions%2f{id}"),
        format!("/me/openmedia/chat/{id}"),
        format!("/me/chats/{hex}"),
    ] {
        let (status, body) = other.get(&format!("/api/v2{path}")).await;
        assert_eq!(status, 404, "{path}: {body}");
        assert!(!body.to_string().contains("A subject"), "{path}: {body}");
    }
}
