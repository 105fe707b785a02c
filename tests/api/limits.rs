//! How often somebody may try, and how much a user may ask.

use reqwest::header::RETRY_AFTER;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::support::server::{Running, start};

fn login(server: &Running, name: &str, password: &str) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{}/api/v2/login", server.url))
        .json(&json!({"userName": name, "password": password}))
}

fn basic(server: &Running, method: Method, path: &str, password: &str) -> RequestBuilder {
    reqwest::Client::new()
        .request(method, format!("{}{path}", server.url))
        .basic_auth("agent1", Some(password))
        .json(&json!([{"channel": "/meta/handshake"}]))
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

fn wait_s(reply: &Response) -> u64 {
    let text = reply.headers()[RETRY_AFTER].to_str().unwrap();
    text.parse().unwrap()
}

#[tokio::test]
async fn wrong_passwords_of_a_user_are_counted_by_every_door() {
    let server = start("login_failures_per_user_max = 4").await;
    assert_eq!(status(login(&server, "agent1", "wrong")).await, 401);
    assert_eq!(
        status(basic(&server, Method::GET, "/api/v2/me", "wrong")).await,
        401
    );
    assert_eq!(
        status(basic(&server, Method::POST, "/cometd", "wrong")).await,
        401
    );
    let events = "/api/v2/notifications/events";
    assert_eq!(
        status(basic(&server, Method::GET, events, "wrong")).await,
        401
    );

    let refused = login(&server, "agent1", "demo").send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert!((1..=15).contains(&wait_s(&refused)), "{refused:?}");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["statusCode"], 3);
    assert!(body["statusMessage"].is_string(), "{body}");
    for (method, path) in [
        (Method::GET, "/api/v2/me"),
        (Method::POST, "/cometd"),
        (Method::GET, events),
    ] {
        let refused = basic(&server, method, path, "demo").send().await.unwrap();
        assert_eq!(refused.status(), 429, "{path}");
        assert!(wait_s(&refused) > 0);
    }
    // Others log in, and whoever has a token goes on.
    assert_eq!(status(login(&server, "agent2", "demo")).await, 200);
    assert_eq!(server.client("agent1").get("/api/v2/me").await.0, 200);
    // Whether there is such a user does not show.
    for expected in [401, 401, 401, 401, 429] {
        assert_eq!(status(login(&server, "nobody", "demo")).await, expected);
    }
}

#[tokio::test]
async fn right_passwords_do_not_count() {
    let keys = "login_failures_per_user_max = 1\nlogin_failures_per_address_max = 1";
    let server = start(keys).await;
    for name in ["agent1", "agent2", "agent3", "agent1", "agent1"] {
        assert_eq!(status(login(&server, name, "demo")).await, 200);
    }
    assert_eq!(status(login(&server, "agent1", "wrong")).await, 401);
    // A right password that was seen a moment ago is not looked at again.
    assert_eq!(status(login(&server, "agent1", "demo")).await, 200);
}

#[tokio::test]
async fn a_right_password_that_comes_many_times_at_once_is_one_attempt() {
    let keys = "login_failures_per_user_max = 1\nlogin_failures_per_address_max = 2";
    let server = start(keys).await;
    let often = (0..32).map(|_| status(basic(&server, Method::GET, "/api/v2/me", "demo")));
    let often = futures_util::future::join_all(often).await;
    assert!(often.iter().all(|status| *status == 200), "{often:?}");
    // Those who begin to work at the same time come from one address.
    let names = [
        "agent2",
        "agent3",
        "supervisor",
        "admin",
        "mediaserver",
        "router",
    ];
    let logins = names.map(|name| status(login(&server, name, "demo")));
    let logins = futures_util::future::join_all(logins).await;
    assert!(logins.iter().all(|status| *status == 200), "{logins:?}");
    // Wrong ones at once are no way around.
    let wrong = (0..8).map(|at| basic(&server, Method::GET, "/api/v2/me", &format!("wrong{at}")));
    let wrong = futures_util::future::join_all(wrong.map(status)).await;
    assert_eq!(
        wrong.iter().filter(|status| **status == 401).count(),
        1,
        "{wrong:?}"
    );
}

#[tokio::test]
async fn an_address_is_the_one_that_a_trusted_proxy_names() {
    let from = |server: &Running, address: &str, name: &str| {
        login(server, name, "wrong").header("x-forwarded-for", address)
    };
    let limit = "login_failures_per_address_max = 2";
    let trusting = start(&format!("{limit}\ntrusted_proxies = \"127.0.0.0/8\"")).await;
    let mut statuses = Vec::new();
    for (address, name) in [
        ("198.51.100.1", "agent1"),
        ("198.51.100.1", "agent2"),
        ("198.51.100.1", "agent3"),
        ("127.7.7.7, 198.51.100.1", "agent3"),
        ("198.51.100.2", "agent3"),
        ("2001:db8::1", "agent4"),
        ("2001:db8::2", "agent5"),
        ("2001:db8::3", "agent6"),
        ("2001:db8:0:1::3", "agent6"),
    ] {
        statuses.push(status(from(&trusting, address, name)).await);
    }
    assert_eq!(statuses, [401, 401, 429, 429, 401, 401, 401, 429, 401]);

    let server = start(limit).await;
    let mut statuses = Vec::new();
    for address in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
        statuses.push(status(from(&server, address, address)).await);
    }
    assert_eq!(statuses, [401, 401, 429], "nobody says whom he speaks for");
}

#[tokio::test]
async fn the_requests_of_a_user_are_limited_by_option() {
    let server = start("requests_per_user_max = 3").await;
    let read = async |user: &str, path: &str| {
        let request = reqwest::Client::new().get(format!("{}{path}", server.url));
        let token = server.client(user).token;
        request.bearer_auth(token).send().await.unwrap()
    };
    for (left, path) in ["/api/v2/me", "/me", "/no/such/resource"]
        .iter()
        .enumerate()
    {
        let reply = read("agent1", path).await;
        if left < 2 {
            assert_eq!(reply.status(), 200);
            let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("ratelimit-policy"), "\"user\";q=3;w=60");
            let told = header("ratelimit");
            assert!(
                told.starts_with(&format!("\"user\";r={};t=", 2 - left)),
                "{told}"
            );
        } else {
            // What is no resource costs nothing.
            assert_eq!(reply.status(), 404);
        }
    }
    assert_eq!(read("agent1", "/api/v2/queues").await.status(), 200);
    let refused = read("agent1", "/api/v2/me").await;
    assert_eq!(refused.status(), 429);
    assert!((1..=20).contains(&wait_s(&refused)));
    assert!(refused.headers().contains_key("ratelimit"));
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["statusCode"], 3);
    assert_eq!(read("agent2", "/api/v2/me").await.status(), 200);
    let health = reqwest::get(format!("{}/health/live", server.url)).await;
    assert_eq!(health.unwrap().status(), 200);
    let unlimited = start("").await;
    let me = unlimited.client("agent1");
    let reply = me.exchange(Method::GET, "/api/v2/me", &[], None).await;
    assert_eq!(reply.status, 200);
}
