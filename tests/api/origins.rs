//! Pages of other origins, by CORS.

use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::server::start;

#[tokio::test]
async fn pages_of_listed_origins_may_use_the_whole_interface() {
    let server = start("allowed_origins = \"https://desk.example, https://other.example\"").await;
    let http = reqwest::Client::new();
    for path in [
        "/api/v2/me",
        "/me/interactions/1",
        "/api/v2/notifications",
        "/cometd/connect",
    ] {
        for (origin, allowed) in [
            ("https://desk.example", true),
            ("https://other.example", true),
            ("https://evil.example", false),
        ] {
            let preflight = http
                .request(Method::OPTIONS, format!("{}{path}", server.url))
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type");
            let headers = preflight.send().await.unwrap().headers().clone();
            let named = headers.get("access-control-allow-origin");
            let expected = allowed.then_some(origin);
            assert_eq!(named.map(|it| it.to_str().unwrap()), expected, "{path}");
            let credentials = headers.contains_key("access-control-allow-credentials");
            assert_eq!(credentials, allowed, "{path} {origin}");
        }
    }
    // A refusal can be read as well.
    let refused = http
        .get(format!("{}/api/v2/me", server.url))
        .header("origin", "https://desk.example");
    let refused = refused.send().await.unwrap();
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.headers()["access-control-allow-origin"],
        "https://desk.example"
    );
}

#[tokio::test]
async fn without_listed_origins_there_is_no_cors() {
    let server = start("").await;
    let reply = reqwest::Client::new()
        .get(format!("{}/api/v2/me", server.url))
        .header("origin", "https://desk.example");
    let headers = reply.send().await.unwrap().headers().clone();
    assert!(!headers.contains_key("access-control-allow-origin"));
}

/// Two contact centres, with pages of one, and of both.
const ORIGINS: &str = "allowed_origins = \"https://both.example, demo=https://desk.example\"";
/// Who asks, from which page, and whether he is answered.
const PAGES: [(&str, &str, bool); 6] = [
    ("agent1", "https://desk.example", true),
    ("agent1", "https://both.example", true),
    ("other-agent", "https://both.example", true),
    ("other-agent", "https://desk.example", false),
    ("other-agent", "https://DESK.example", false),
    // It gets no leave to read the answer; a program may say what it likes.
    ("other-agent", "https://unlisted.example", true),
];

#[tokio::test]
async fn the_pages_of_a_contact_centre_are_for_its_users_alone() {
    let server = start(ORIGINS).await;
    let http = reqwest::Client::new();
    for (user, origin, is_welcome) in PAGES {
        let case = format!("{user} {origin}");
        let token = server.client(user).token;
        let ask = |method, path: &str| {
            let request = http.request(method, format!("{}{path}", server.url));
            request.header("origin", origin)
        };
        let by_token = ask(Method::GET, "/api/v2/me").bearer_auth(&token);
        let by_password = ask(Method::GET, "/api/v2/me").basic_auth(user, Some("demo"));
        let login = json!({"userName": user, "password": "demo"});
        let login = ask(Method::POST, "/api/v2/login").json(&login);
        let handshake = |token: Option<&str>| {
            let ext = token.map(|it| json!({"authentication": {"token": it}}));
            let message = json!([{"channel": "/meta/handshake", "version": "1.0", "ext": ext,
                "supportedConnectionTypes": ["long-polling"]}]);
            ask(Method::POST, "/api/v2/notifications").json(&message)
        };
        let stream = ask(Method::GET, "/api/v2/notifications/events").bearer_auth(&token);
        for request in [
            by_token,
            by_password,
            login,
            handshake(None).bearer_auth(&token),
            stream,
        ] {
            let reply = request.send().await.unwrap();
            let path = reply.url().path().to_owned();
            let status = if is_welcome { 200 } else { 403 };
            assert_eq!(reply.status(), status, "{case} {path}");
            let has_cookie = reply.headers().contains_key("set-cookie");
            assert!(is_welcome || !has_cookie, "{case} {path}");
        }
        if origin.contains("unlisted") {
            continue; // without credentials in a header its pages are refused whatever else they bring
        }
        let reply = handshake(Some(&token)).send().await.unwrap();
        let replies: Value = reply.json().await.unwrap();
        assert_eq!(replies[0]["successful"], is_welcome, "{case} {replies}");
    }
}

#[tokio::test]
async fn so_are_their_sockets() {
    let server = start(ORIGINS).await;
    let url = format!("{}/api/v2/notifications", server.url.replace("http", "ws"));
    for (user, origin, is_welcome) in PAGES.into_iter().filter(|it| !it.1.contains("unlisted")) {
        let case = format!("{user} {origin}");
        let token = server.client(user).token;
        let mut upgrade = url.as_str().into_client_request().unwrap();
        upgrade
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        let mut known = upgrade.clone();
        let bearer = format!("Bearer {token}").parse().unwrap();
        known.headers_mut().insert("authorization", bearer);
        assert_eq!(connect_async(known).await.is_ok(), is_welcome, "{case}");
        // Nobody is known yet; then the handshake says who it is.
        let (mut socket, _) = connect_async(upgrade).await.unwrap();
        let message = json!([{"channel": "/meta/handshake", "version": "1.0",
            "supportedConnectionTypes": ["websocket"], "ext": {"authentication": {"token": token}}}]);
        socket.send(message.to_string().into()).await.unwrap();
        let reply = socket.next().await.unwrap().unwrap();
        let replies: Value = serde_json::from_str(reply.to_text().unwrap()).unwrap();
        assert_eq!(replies[0]["successful"], is_welcome, "{case} {replies}");
    }
}
