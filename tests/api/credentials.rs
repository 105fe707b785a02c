//! Who may call: tokens, HTTP Basic, the page's cookie.

use reqwest::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use crate::support::server::start;

/// Every route that needs a caller.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/me"),
    ("POST", "/me"),
    ("GET", "/me/channels"),
    ("POST", "/me/channels/chat"),
    ("GET", "/me/interactions"),
    ("POST", "/me/interactions/1"),
    ("GET", "/me/workbins"),
    ("GET", "/interactions"),
    ("POST", "/interactions"),
    ("GET", "/interactions/1"),
    ("PUT", "/interactions/1"),
    ("POST", "/requests"),
    ("GET", "/users"),
    ("GET", "/queues"),
    ("POST", "/tokens/revoke"),
];

#[tokio::test]
async fn every_route_asks_for_credentials() {
    let server = start("").await;
    let good = server.client("agent1").token;
    let (head, tail) = good.split_at(good.len() - 4);
    let broken = format!("Bearer {head}{}", tail.chars().rev().collect::<String>());
    let claims = |exp: u64, centre: &str| json!({"sub": "agent1", "contactCenterId": centre, "roles": ["agent"], "exp": exp});
    let sign = |claims: Value| {
        let secret = baton::server::secret(&server.options, None).unwrap();
        let key = jsonwebtoken::EncodingKey::from_secret(&secret);
        let signed = jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key);
        format!("Bearer {}", signed.unwrap())
    };
    let expired = sign(claims(1, "demo"));
    let elsewhere = sign(claims(u64::from(u32::MAX), "nowhere"));
    let mut unknown = claims(u64::from(u32::MAX), "demo");
    unknown["roles"] = json!(["emperor"]);
    let without_a_known_role = sign(unknown);
    let http = reqwest::Client::new();
    for credentials in [
        Some(expired.as_str()),
        Some(elsewhere.as_str()),
        Some(without_a_known_role.as_str()),
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer a.b.c"),
        Some("Basic !!!"),
        Some("Basic YWdlbnQxOndyb25n"),
        Some("Digest x"),
        Some(broken.as_str()),
    ] {
        for (method, path) in ROUTES {
            let url = format!("{}/api/v2{path}", server.url);
            let mut request = http.request(method.parse().unwrap(), url);
            if let Some(value) = credentials {
                request = request.header(AUTHORIZATION, value);
            }
            let reply = request.send().await.unwrap();
            assert_eq!(reply.status(), 401, "{method} {path} {credentials:?}");
            let challenge = reply.headers().get(WWW_AUTHENTICATE).unwrap();
            assert!(challenge.to_str().unwrap().starts_with("Bearer"));
            let body: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
            assert_eq!(body["statusCode"], 20, "{body}");
        }
    }
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let server = start("").await;
    let token = format!("Bearer {}", server.client("agent1").token);
    let request = reqwest::Client::new()
        .get(format!("{}/api/v2/me", server.url))
        .header(AUTHORIZATION, &token)
        .header(AUTHORIZATION, &token);
    assert_eq!(request.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn basic_works_for_people_with_curl() {
    let server = start("").await;
    let reply = reqwest::Client::new()
        .get(format!("{}/api/v2/me", server.url))
        .basic_auth("other-agent", Some("demo"))
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    let body: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
    assert_eq!(body["user"]["contactCenterId"], "other");
    assert!(body["user"].get("passwordHash").is_none());
}

#[tokio::test]
async fn the_cookie_is_for_the_page_alone() {
    let server = start("").await;
    let http = reqwest::Client::new();
    let login = http
        .post(format!("{}/api/v2/login", server.url))
        .header("content-type", "application/json")
        .body(json!({"userName": "agent1", "password": "demo"}).to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(login.status(), 200);
    let set = login.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
    assert!(
        set.contains("HttpOnly") && set.contains("SameSite=Strict"),
        "{set}"
    );
    let cookie = set.split(';').next().unwrap();
    let value = cookie.split_once('=').unwrap().1;

    let me = |request: reqwest::RequestBuilder| async { request.send().await.unwrap().status() };
    let url = format!("{}/api/v2/me", server.url);
    assert_eq!(me(http.get(&url).header(COOKIE, cookie)).await, 200);
    assert_eq!(me(http.get(&url).bearer_auth(value)).await, 401);
    let token = server.client("agent1").token;
    let stolen = format!("BATON_SESSION={token}");
    assert_eq!(me(http.get(&url).header(COOKIE, stolen)).await, 401);

    let start = || {
        http.post(&url)
            .header(COOKIE, cookie)
            .header("content-type", "application/json")
            .body("{\"operationName\":\"StartContactCenterSession\"}")
    };
    assert_eq!(
        me(start().header(ORIGIN, "https://evil.example")).await,
        403
    );
    assert_eq!(me(start().header(ORIGIN, "null")).await, 403);
    assert_eq!(me(start().header(ORIGIN, &server.url)).await, 200);
    let two = start()
        .header(ORIGIN, &server.url)
        .header(ORIGIN, "https://evil.example");
    assert_eq!(me(two).await, 403);
    assert_eq!(me(start()).await, 200);
}

#[tokio::test]
async fn health_needs_no_credentials() {
    let server = start("").await;
    for path in [
        "/health/live",
        "/health/ready",
        "/api/v2/diagnostics/version",
        "/api/v2/asyncapi.json",
        "/api/v2/openapi.json",
    ] {
        let reply = reqwest::get(format!("{}{path}", server.url)).await.unwrap();
        assert_eq!(reply.status(), 200, "{path}");
    }
}
