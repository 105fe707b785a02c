//! What responses say to browsers and caches, and when they are compressed.

use reqwest::header::HeaderMap;
use serde_json::json;

use crate::support::server::{Running, start};

async fn get(server: &Running, path: &str, headers: &[(&str, &str)]) -> (HeaderMap, usize) {
    let token = server.client("admin").token;
    let url = format!("{}{path}", server.url);
    let mut request = reqwest::Client::new().get(url).bearer_auth(token);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), 200, "{path}");
    let headers = reply.headers().clone();
    (headers, reply.bytes().await.unwrap().len())
}

const LEN_MIN: usize = baton::api::COMPRESSED_BYTES_MIN as usize;
const GZIP: &[(&str, &str)] = &[("accept-encoding", "gzip, br")];

#[tokio::test]
async fn long_lists_are_compressed_for_who_asks_for_it() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    for _ in 0..10 {
        media_server.submit("email").await;
    }
    let list = "/api/v2/interactions?fields=*";
    let (plain, len) = get(&server, list, &[]).await;
    assert_eq!(plain.get("content-encoding"), None);
    assert!(len > LEN_MIN);
    let (packed, packed_len) = get(&server, list, GZIP).await;
    assert_eq!(packed["content-encoding"], "gzip");
    assert_eq!(packed["vary"], "accept-encoding");
    assert_eq!(packed["content-type"], "application/json");
    assert!(packed_len < len / 3, "{packed_len} of {len}");
    let (short, _) = get(&server, "/api/v2/health/live", GZIP).await;
    assert_eq!(short.get("content-encoding"), None);
}

#[tokio::test]
async fn what_has_a_tag_is_never_compressed() {
    let server = start("").await;
    let text = "a ".repeat(LEN_MIN);
    let body = json!({"mediaType": "email", "queue": "email", "userData": {"Text": text}});
    let media_server = server.client("mediaserver");
    let reply = media_server.done("/api/v2/interactions", body).await;
    let path = format!("/api/v2/interactions/{}", reply["id"].as_str().unwrap());
    let (headers, len) = get(&server, &path, GZIP).await;
    assert!(headers.contains_key("etag") && len > text.len());
    assert_eq!(headers.get("content-encoding"), None);
}

#[tokio::test]
async fn what_is_pushed_is_never_compressed() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let url = format!("{}/api/v2/notifications", server.url);
    let long = "a".repeat(LEN_MIN);
    let handshake = json!([{
        "channel": "/meta/handshake", "version": "1.0", "id": long, "supportedConnectionTypes": ["long-polling"],
    }]);
    let request = reqwest::Client::new().post(url).bearer_auth(&agent.token);
    let reply = request.header("accept-encoding", "gzip").json(&handshake);
    let reply = reply.send().await.unwrap();
    assert_eq!(reply.headers().get("content-encoding"), None);
    assert_eq!(reply.headers()["cache-control"], "no-store");
    assert!(reply.text().await.unwrap().len() > long.len());
}

#[tokio::test]
async fn browsers_are_told_what_a_response_may_do() {
    let server = start("").await;
    let api = "default-src 'none'; frame-ancestors 'none'";
    let (headers, _) = get(&server, "/api/v2/interactions", &[]).await;
    assert_eq!(headers["content-security-policy"], api);
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers.get("strict-transport-security"), None);
    for path in ["/", "/docs"] {
        let (headers, _) = get(&server, path, &[]).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(policy.contains("frame-ancestors 'none'"));
        assert_eq!(headers["cache-control"], "no-cache");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        assert!(headers.contains_key("permissions-policy"));
    }
}

#[tokio::test]
async fn browsers_that_come_by_tls_are_told_to_go_on_so() {
    let server = start("external_url = \"https://baton.example\"").await;
    for path in ["/", "/api/v2/interactions"] {
        let (headers, _) = get(&server, path, &[]).await;
        assert_eq!(
            headers["strict-transport-security"], "max-age=31536000",
            "{path}"
        );
    }
}
