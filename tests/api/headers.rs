//! What responses say to browsers and caches, and when they are compressed.

use reqwest::header::HeaderMap;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
async fn what_was_done_is_told_also_to_who_takes_no_plain_answer() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    for coding in [
        "*;q=0",
        "identity;q=0",
        "gzip;q=0, *;q=0.000",
        "identity; q=0, *; q=0",
        "br, *;q=0",
        "gzip;q=0, identity;q=0",
    ] {
        let coding = [("accept-encoding", coding)];
        let body = json!({"mediaType": "email", "queue": "email"}).to_string();
        let path = "/api/v2/interactions";
        let method = reqwest::Method::POST;
        let reply = media_server
            .exchange(method, path, &coding, Some(body))
            .await;
        assert_eq!(reply.status, 200, "{coding:?} {reply:?}");
        assert_eq!(reply.json()["statusCode"], 0, "{coding:?}");
        let (headers, _) = get(&server, "/docs", &coding).await;
        assert_eq!(headers.get("content-encoding"), None, "{coding:?}");
    }
    for coding in ["gzip, identity;q=0", "gzip;q=0.5, *;q=0"] {
        let list = "/api/v2/interactions?fields=*";
        let (packed, _) = get(&server, list, &[("accept-encoding", coding)]).await;
        assert_eq!(packed["content-encoding"], "gzip", "{coding}");
    }
}

#[tokio::test]
async fn what_is_sent_compressed_is_not_inflated() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    let text = "a".repeat(30_000);
    let data: serde_json::Map<_, _> = (0..8).map(|at| (format!("K{at}"), json!(text))).collect();
    let body = json!({"mediaType": "email", "queue": "email", "userData": data});
    media_server.done("/api/v2/interactions", body).await;
    let admin = server.client("admin");
    let packed = reqwest::Client::new()
        .get(format!("{}/api/v2/interactions?fields=*", server.url))
        .bearer_auth(&admin.token)
        .header("accept-encoding", "gzip");
    let packed = packed.send().await.unwrap().bytes().await.unwrap();
    assert!(packed.len() < 5_000, "of some 240,000: {}", packed.len());
    for (path, coding, body, expected) in [
        ("/api/v2/interactions", "gzip", packed.to_vec(), 415),
        (
            "/api/v2/interactions",
            "identity, gzip",
            packed.to_vec(),
            415,
        ),
        ("/api/v2/interactions", "br", b"{}".to_vec(), 415),
        ("/api/v2/login", "gzip", packed.to_vec(), 415),
        ("/api/v2/interactions", "identity", packed.to_vec(), 400),
        ("/cometd", "gzip", packed.to_vec(), 400),
    ] {
        let request = reqwest::Client::new()
            .post(format!("{}{path}", server.url))
            .bearer_auth(&media_server.token)
            .header("content-type", "application/json")
            .header("content-encoding", coding);
        let reply = request.body(body).send().await.unwrap();
        assert_eq!(reply.status(), expected, "{path} {coding}");
        let accepted = reply.headers().get("accept-encoding").cloned();
        assert_eq!(accepted.is_some(), expected == 415, "{path} {coding}");
    }
    let plain = json!({"mediaType": "email", "queue": "email"}).to_string();
    let identity = [("content-encoding", "identity")];
    let reply = media_server
        .exchange(
            reqwest::Method::POST,
            "/api/v2/interactions",
            &identity,
            Some(plain),
        )
        .await;
    assert_eq!(reply.status, 200, "{reply:?}");
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
    for path in ["/", "/docs", "/monitor"] {
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
async fn a_page_with_a_slash_at_its_end_is_told_of_by_its_name() {
    let server = start("").await;
    for (path, name) in [("/docs/", "/docs"), ("/monitor/", "/monitor")] {
        let stays = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().redirect(stays).build().unwrap();
        let told = client.get(format!("{}{path}", server.url)).send().await;
        let told = told.unwrap();
        assert_eq!(told.status(), 308, "{path}");
        assert_eq!(told.headers()["x-content-type-options"], "nosniff");
        let shown = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!((shown.status().as_u16(), shown.url().path()), (200, name));
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

/// A way in which a request fails before or after somebody looks at it: who asks, method, path, body, and the status.
const FAILING: [(&str, &str, &str, &str, u16); 24] = [
    ("agent1", "POST", "/api/v2/me", "no JSON", 400),
    ("agent1", "GET", "/api/v2/users?limit=0", "", 400),
    ("agent1", "POST", "/cometd", "no JSON", 400),
    ("agent1", "PUT", "/api/v2/notifications/events", "", 405),
    ("nobody", "GET", "/api/v2/me", "", 401),
    ("nobody", "GET", "/api/v2/notifications/events", "", 401),
    (
        "nobody",
        "POST",
        "/api/v2/notifications",
        "[{\"channel\":\"/meta/handshake\"}]",
        401,
    ),
    ("agent1", "GET", "/api/v2/statistics", "", 403),
    (
        "agent1",
        "GET",
        "/api/v2/notifications/events?channel=/v2/statistics",
        "",
        403,
    ),
    ("agent1", "GET", "/api/v2/interactions/NONE", "", 404),
    ("agent1", "GET", "/api/v2/no/such", "", 404),
    ("agent1", "POST", "/api/v2/no/such", "{}", 404),
    ("agent1", "GET", "/no/such", "", 404),
    ("agent1", "POST", "/no/such", "{}", 404),
    ("agent1", "DELETE", "/api/v2/me", "", 405),
    ("agent1", "DELETE", "/me", "", 405),
    ("agent1", "DELETE", "/cometd", "", 405),
    ("agent1", "POST", "/api/v2/me", LONG, 413),
    ("agent1", "POST", "/me", LONG, 413),
    ("agent1", "POST", "/api/v2/no/such", LONG, 413),
    ("agent1", "POST", "/cometd", LONG, 413),
    ("agent1", "POST", "/api/v2/interactions", "{}", 415),
    (
        "agent2",
        "POST",
        "/api/v2/interactions",
        "{\"mediaType\":7}",
        400,
    ),
    ("often", "GET", "/api/v2/me", "", 429),
];
/// Stands for a body that is too long.
const LONG: &str = "too long";

#[tokio::test]
async fn whatever_fails_says_what_every_answer_says() {
    let server = start("body_bytes_max = 1000\nrequests_per_user_max = 30").await;
    for (user, method, path, body, expected) in FAILING {
        let mut client = server.client(user);
        if user == "nobody" {
            client.token = "none".to_owned();
        }
        let body = match body {
            // No longer than needed: who is refused early may not get rid of more.
            LONG if path == "/cometd" => "x".repeat(64 * 1024 + 1),
            LONG => "x".repeat(1_001),
            body => body.to_owned(),
        };
        let kind = if expected == 415 {
            "text/plain"
        } else {
            "application/json"
        };
        let request = reqwest::Client::new()
            .request(method.parse().unwrap(), format!("{}{path}", server.url))
            .bearer_auth(&client.token)
            .header("content-type", kind)
            .body(body);
        if user == "often" {
            for _ in 0..30 {
                request.try_clone().unwrap().send().await.unwrap();
            }
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), expected, "{method} {path}");
        check(reply.headers(), &format!("{method} {path}: {expected}"));
    }
}

#[tokio::test]
async fn a_body_that_is_late_and_a_page_without_its_token_are_told_the_same() {
    let server = start(
        "body_timeout_ms = 100\ncsrf_protection = true\nallowed_origins = \"https://page.example\"\nlogin_failures_per_user_max = 1",
    )
    .await;
    for path in ["/api/v2/login", "/api/v2/no/such", "/cometd"] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: here\r\ncontent-length: 9\r\n\r\n");
        check(&raw(&server, &head, "408").await, path);
    }
    let preflight = "OPTIONS /api/v2/me HTTP/1.1\r\nhost: here\r\norigin: https://page.example\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n";
    check(&raw(&server, preflight, "200").await, "preflight");
    let two_hosts = "GET /api/v2/me HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n";
    let mut headers = raw(&server, two_hosts, "400").await;
    // No service has seen it, which would have given it a name.
    headers.insert("x-request-id", "none".parse().unwrap());
    check(&headers, "two hosts");

    let login = |password: &str| {
        reqwest::Client::new()
            .post(format!("{}/api/v2/login", server.url))
            .json(&json!({"userName": "agent1", "password": password}))
    };
    let cookie = login("demo").send().await.unwrap();
    let cookie = cookie.headers()["set-cookie"].to_str().unwrap().to_owned();
    let without = reqwest::Client::new()
        .post(format!("{}/api/v2/me", server.url))
        .header("cookie", cookie.split(';').next().unwrap())
        .json(&json!({}));
    let without = without.send().await.unwrap();
    assert_eq!(without.status(), 403);
    check(without.headers(), "without the token");
    for expected in [401, 429] {
        let reply = login("wrong").send().await.unwrap();
        assert_eq!(reply.status(), expected);
        check(reply.headers(), &format!("login: {expected}"));
    }
}

fn check(headers: &HeaderMap, what: &str) {
    let policy = "default-src 'none'; frame-ancestors 'none'";
    assert_eq!(headers["content-security-policy"], policy, "{what}");
    assert_eq!(headers["cache-control"], "no-store", "{what}");
    assert_eq!(headers["x-content-type-options"], "nosniff", "{what}");
    assert!(!headers["x-request-id"].is_empty(), "{what}");
}

/// The headers of the answer to a request as it is written.
async fn raw(server: &Running, request: &str, status: &str) -> HeaderMap {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert_eq!(&answer[9..12], status, "{answer}");
    let head = answer.split("\r\n\r\n").next().unwrap().lines().skip(1);
    let headers = head.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse().unwrap(), value.parse().unwrap())
    });
    headers.collect()
}
