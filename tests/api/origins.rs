//! Pages of other origins, by CORS.

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
                .request(reqwest::Method::OPTIONS, format!("{}{path}", server.url))
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
