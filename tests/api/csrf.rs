//! The header that pages send back, by option (gateway-api 1.9).

use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Method, Response};
use serde_json::json;

use crate::support::server::{Running, start};

struct Page<'a> {
    server: &'a Running,
    http: reqwest::Client,
    cookie: String,
}

impl<'a> Page<'a> {
    async fn log_in(server: &'a Running) -> Self {
        let http = reqwest::Client::new();
        let login = http
            .post(format!("{}/api/v2/login", server.url))
            .json(&json!({"userName": "agent1", "password": "demo"}));
        let reply = login.send().await.unwrap();
        let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self {
            server,
            http,
            cookie,
        }
    }

    async fn ask(&self, method: Method, path: &str, token: Option<&str>) -> Response {
        let body = match path {
            "/cometd" => json!([{"channel": "/meta/handshake"}]),
            _ => json!({"operationName": "StartContactCenterSession",
                "userName": "agent1", "password": "demo"}),
        };
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.server.url))
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, &self.server.url)
            .json(&body);
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        request.send().await.unwrap()
    }

    async fn token(&self) -> String {
        let read = self.ask(Method::GET, "/api/v2/me", None).await;
        assert_eq!(read.status(), 200);
        assert_eq!(read.headers()["x-csrf-header"], "X-CSRF-TOKEN");
        read.headers()["x-csrf-token"].to_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_page_sends_back_the_token_of_its_own_login() {
    let server = start("csrf_protection = true").await;
    let (page, other) = (Page::log_in(&server).await, Page::log_in(&server).await);
    let (token, foreign) = (page.token().await, other.token().await);
    assert_eq!(token, page.token().await, "it lives with the login");
    assert_ne!(token, foreign);
    for path in ["/api/v2/me", "/me", "/cometd", "/api/v2/notifications"] {
        for wrong in [None, Some(""), Some("X-CSRF-TOKEN"), Some(foreign.as_str())] {
            let refused = page.ask(Method::POST, path, wrong).await;
            assert_eq!(refused.status(), 403, "{path} {wrong:?}");
        }
    }
    for path in ["/api/v2/me", "/cometd"] {
        let taken = page.ask(Method::POST, path, Some(&token)).await;
        assert_eq!(taken.status(), 200, "{path}");
    }
    // Another origin is refused whatever it sends.
    let evil = page
        .http
        .post(format!("{}/api/v2/me", server.url))
        .header(COOKIE, &page.cookie)
        .header("x-csrf-token", &token)
        .header(ORIGIN, "https://evil.example")
        .json(&json!({"operationName": "EndContactCenterSession"}));
    assert_eq!(evil.send().await.unwrap().status(), 403);
    // Tokens and passwords are not sent by browsers on their own.
    let agent = server.client("agent2");
    agent.ready("chat").await;
    let login = page.ask(Method::POST, "/api/v2/login", None).await;
    assert_eq!(login.status(), 200);
    let kept = page.ask(Method::POST, "/api/v2/logout", None).await;
    assert_eq!(kept.status(), 403);
    let left = page.ask(Method::POST, "/api/v2/logout", Some(&token)).await;
    assert_eq!(left.status(), 200);
}

#[tokio::test]
async fn without_the_option_no_header_is_asked_for() {
    let server = start("").await;
    let page = Page::log_in(&server).await;
    let read = page.ask(Method::GET, "/api/v2/me", None).await;
    assert!(!read.headers().contains_key("x-csrf-token"));
    let done = page.ask(Method::POST, "/api/v2/me", None).await;
    assert_eq!(done.status(), 200);
}
