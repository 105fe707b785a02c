//! Bad input on every route gets the designed error and changes nothing.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::server::{Client, start};

/// Method, path, body, expected HTTP status and status code. `{id}` is an interaction of agent1.
const CASES: &[(&str, &str, &str, u16, u8)] = &[
    // Not JSON, not an object, wrong types.
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":",
        400,
        10,
    ),
    ("POST", "/me/interactions/{id}", "[]", 400, 10),
    ("POST", "/me/interactions/{id}", "\u{feff}{}", 400, 10),
    ("POST", "/me/interactions/{id}", "", 400, 10),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":7}",
        400,
        10,
    ),
    ("POST", "/me/interactions/{id}", "{}", 400, 1),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Fly\"}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"RequestSubmit\"}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"PlaceInQueue\"}",
        400,
        1,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"PlaceInQueue\",\"queueName\":5}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"PlaceInQueue\",\"queueName\":\"nowhere\"}",
        404,
        6,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"PlaceInWorkbin\"}",
        400,
        1,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"PlaceInWorkbin\",\"workbin\":\"nowhere\"}",
        404,
        6,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"GetWorkbinContent\"}",
        400,
        1,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"UpdateUserData\"}",
        400,
        1,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"UpdateUserData\",\"userData\":[]}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"UpdateUserData\",\"userData\":{\"Queue\":\"x\"}}",
        400,
        11,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"UpdateUserData\",\"userData\":{\"n\":1e400}}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"UpdateUserData\",\"userData\":{\"n\":123456789012345678901234567890}}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"UpdateUserData\",\"userData\":{\"\":1}}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Transfer\"}",
        400,
        1,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Transfer\",\"userId\":\"nobody\"}",
        404,
        6,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Transfer\",\"userId\":\"agent1\"}",
        400,
        10,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Transfer\",\"userId\":\"agent6\"}",
        409,
        2,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Accept\"}",
        409,
        2,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Cancel\"}",
        400,
        2,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Reply\"}",
        400,
        2,
    ),
    (
        "POST",
        "/me/interactions/{id}",
        "{\"operationName\":\"Complete\",\"referenceId\":\"x\"}",
        400,
        10,
    ),
    // Interactions that are not there.
    ("GET", "/interactions/unknown", "", 404, 6),
    ("GET", "/interactions/%2e%2e%2f", "", 404, 6),
    ("GET", "/interactions/a%00b", "", 404, 6),
    ("PUT", "/interactions/unknown", "{\"userData\":{}}", 404, 6),
    ("PUT", "/interactions/{id}", "{}", 400, 1),
    ("PUT", "/interactions/{id}", "{\"userData\":5}", 400, 10),
    ("PUT", "/interactions/{id}", "{\"subject\":{}}", 400, 10),
    (
        "POST",
        "/me/interactions/unknown",
        "{\"operationName\":\"Complete\"}",
        404,
        6,
    ),
    ("GET", "/interactions/%ff", "", 404, 6),
    ("GET", "/interactions/{id}?fields=a&fields=b", "", 400, 10),
    ("GET", "/users?fields=a&fields=b", "", 400, 10),
    ("POST", "/me/channels/%ff", "{}", 404, 6),
    // Other resources.
    ("POST", "/me", "{\"operationName\":\"Dance\"}", 400, 10),
    (
        "POST",
        "/me",
        "{\"operationName\":\"StartContactCenterSession\",\"channels\":[\"telegraph\"]}",
        404,
        6,
    ),
    (
        "POST",
        "/me",
        "{\"operationName\":\"StartContactCenterSession\",\"channels\":7}",
        400,
        10,
    ),
    (
        "POST",
        "/me",
        "{\"operationName\":\"StartContactCenterSession\",\"place\":\"\"}",
        400,
        10,
    ),
    (
        "POST",
        "/me/channels/chat",
        "{\"operationName\":\"Sleep\"}",
        400,
        10,
    ),
    (
        "POST",
        "/me/channels/telegraph",
        "{\"operationName\":\"Ready\"}",
        404,
        6,
    ),
    ("POST", "/interactions", "{}", 400, 1),
    (
        "POST",
        "/interactions",
        "{\"mediaType\":\"telegraph\",\"queue\":\"chat\"}",
        404,
        6,
    ),
    (
        "POST",
        "/interactions",
        "{\"mediaType\":\"chat\",\"queue\":\"nowhere\"}",
        404,
        6,
    ),
    (
        "POST",
        "/interactions",
        "{\"mediaType\":\"chat\",\"queue\":\"chat\",\"interactionId\":\"a b\"}",
        400,
        10,
    ),
    (
        "POST",
        "/interactions",
        "{\"mediaType\":\"chat\",\"queue\":\"chat\",\"interactionId\":\"{id}\"}",
        409,
        18,
    ),
    (
        "POST",
        "/interactions",
        "{\"mediaType\":\"chat\",\"queue\":\"chat\",\"receivedAt\":\"yesterday\"}",
        400,
        10,
    ),
    (
        "POST",
        "/interactions",
        "{\"mediaType\":\"chat\",\"queue\":\"chat\",\"userData\":\"x\"}",
        400,
        10,
    ),
    ("POST", "/requests", "{}", 400, 1),
    ("POST", "/requests", "{\"request\":\"RequestFly\"}", 400, 10),
    (
        "POST",
        "/requests",
        "{\"request\":\"RequestAccept\"}",
        400,
        1,
    ),
    (
        "POST",
        "/requests",
        "{\"request\":\"RequestAccept\",\"interactionId\":5}",
        400,
        10,
    ),
    (
        "POST",
        "/requests",
        "{\"request\":\"RequestRouteCall\",\"interactionId\":\"{id}\"}",
        403,
        5,
    ),
    (
        "POST",
        "/requests",
        "{\"request\":\"RequestConfigure\"}",
        400,
        10,
    ),
    ("POST", "/login", "{\"userName\":\"agent1\"}", 400, 1),
    (
        "POST",
        "/login",
        "{\"userName\":\"agent1\",\"password\":\"wrong\"}",
        401,
        20,
    ),
    (
        "POST",
        "/login",
        "{\"userName\":\"nobody\",\"password\":\"demo\"}",
        401,
        20,
    ),
    // Methods and addresses.
    ("DELETE", "/me", "", 405, 3),
    ("PATCH", "/interactions/{id}", "{}", 405, 3),
    ("GET", "/requests", "", 405, 3),
    ("GET", "/nothing", "", 404, 6),
];

#[tokio::test]
async fn bad_input_gets_the_designed_error_and_changes_nothing() {
    let server = start("").await;
    let agent = server.client("agent1");
    let id = handled(&server.client("mediaserver"), &agent).await;
    let before = agent.interaction(&id).await;
    for prefix in ["/api/v2", ""] {
        for (method, path, body, http_status, status_code) in CASES {
            if prefix.is_empty() && *path == "/nothing" {
                continue;
            }
            let path = format!("{prefix}{}", path.replace("{id}", &id));
            let body = (!body.is_empty() || *method == "POST").then(|| body.replace("{id}", &id));
            let (status, reply) = agent
                .send(method.parse().unwrap(), &path, body.clone())
                .await;
            let seen = (status.as_u16(), reply["statusCode"].as_u64());
            let expected = (*http_status, Some(u64::from(*status_code)));
            assert_eq!(seen, expected, "{method} {path} {body:?}: {reply}");
            assert!(reply["statusMessage"].is_string(), "{reply}");
            if body
                .as_deref()
                .is_some_and(|body| body.contains("\"PlaceIn"))
            {
                assert_eq!(reply["status"], "error", "{reply}");
                assert_eq!(reply["errorDescription"], reply["statusMessage"]);
            }
        }
    }
    assert_eq!(agent.interaction(&id).await, before);
}

#[tokio::test]
async fn size_and_depth_have_their_bounds() {
    let server = start("").await;
    let agent = server.client("agent1");
    let id = handled(&server.client("mediaserver"), &agent).await;
    let before = agent.interaction(&id).await;
    let path = format!("/api/v2/me/interactions/{id}");
    let update =
        |data: &str| format!("{{\"operationName\":\"UpdateUserData\",\"userData\":{data}}}");
    let nested = |levels: usize| format!("{}1{}", "{\"k\":".repeat(levels), "}".repeat(levels));
    let huge = format!("{{\"k\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let large = format!("{{\"k\":\"{}\"}}", "x".repeat(300 * 1024));
    for (data, expected) in [
        (huge, StatusCode::PAYLOAD_TOO_LARGE),
        (large, StatusCode::BAD_REQUEST),
        (nested(33), StatusCode::BAD_REQUEST),
        (nested(100), StatusCode::BAD_REQUEST),
        (nested(5_000), StatusCode::BAD_REQUEST),
    ] {
        let (status, reply) = agent.send(Method::POST, &path, Some(update(&data))).await;
        assert_eq!(status, expected, "{reply}");
        assert!(reply["statusCode"].as_u64() > Some(0), "{reply}");
    }
    assert_eq!(agent.interaction(&id).await, before);
    let (status, reply) = agent
        .send(Method::POST, &path, Some(update(&nested(32))))
        .await;
    assert_eq!(status, StatusCode::OK, "{reply}");
}

#[tokio::test]
async fn what_a_change_leads_to_keeps_the_limits() {
    let server = start("").await;
    let (admin, media_server) = (server.client("admin"), server.client("mediaserver"));
    let id = media_server.submit("chat").await;
    let before = admin.interaction(&id).await;
    let body = json!({
        "request": "RequestChangeProperties", "interactionId": id,
        "userData": {"a": "x".repeat(200_000)}, "changedProperties": {"b": "x".repeat(100_000)},
    });
    let (status, reply) = admin.post("/api/v2/requests", body).await;
    assert_eq!(
        (status.as_u16(), &reply["event"]),
        (400, &json!("EventError")),
        "{reply}"
    );
    assert_eq!(admin.interaction(&id).await, before);
}

#[tokio::test]
async fn a_connection_is_kept_after_a_request_that_was_not_looked_at() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let body = "x".repeat(60_000);
    for (head, body, expected) in [
        ("POST /api/v2/me", body.as_str(), "HTTP/1.1 401"),
        ("POST /api/v2/nothing", body.as_str(), "HTTP/1.1 404"),
        ("GET /health/live", "", "HTTP/1.1 200"),
    ] {
        let length = body.len();
        let head =
            format!("{head} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut seen = String::new();
        while !seen.ends_with('}') {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "the connection was closed after: {seen}");
            seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        assert!(seen.starts_with(expected), "{seen}");
    }
}

#[tokio::test]
async fn only_json_is_taken() {
    let server = start("").await;
    let agent = server.client("agent1");
    let http = reqwest::Client::new();
    for (content_type, expected) in [
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-8", 200),
        ("application/vnd.baton+json", 200),
    ] {
        let reply = http
            .post(format!("{}/api/v2/me", server.url))
            .bearer_auth(&agent.token)
            .header("content-type", content_type)
            .body("{\"operationName\":\"StartContactCenterSession\"}")
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status().as_u16(), expected, "{content_type}");
        let body: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        assert!(body["statusCode"].is_u64(), "{body}");
    }
}

/// An interaction that the agent works on.
async fn handled(media_server: &Client, agent: &Client) -> String {
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    id
}
