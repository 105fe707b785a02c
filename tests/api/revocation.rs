//! Sessions end with the credentials they live by.

use std::time::Duration;

use baton::centre::wall_clock;
use baton::domain::{CentreId, Role, UserId};
use baton::server::{secret, tokens};
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::server::{Client, Running, start};

#[tokio::test]
async fn a_logout_ends_the_sessions_of_its_cookie_and_no_others() {
    let server = start("").await;
    let http = reqwest::Client::new();
    let log_in = async || {
        let credentials = json!({"userName": "agent1", "password": "demo"}).to_string();
        let login = http
            .post(format!("{}/api/v2/login", server.url))
            .header("content-type", "application/json")
            .body(credentials);
        let reply = login.send().await.unwrap();
        let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    };
    let ask = async |path: &str, cookie: &str, body: Value| -> Value {
        let request = http
            .post(format!("{}{path}", server.url))
            .header(COOKIE, cookie)
            .body(body.to_string());
        let reply = request.send().await.unwrap();
        serde_json::from_str(&reply.text().await.unwrap()).unwrap()
    };
    let (one, other) = (log_in().await, log_in().await);
    let mut client_ids = Vec::new();
    for cookie in [&one, &other] {
        let handshake = json!([{"channel": "/meta/handshake"}]);
        let reply = ask("/cometd", cookie, handshake).await;
        let client_id = reply[0]["clientId"].as_str().unwrap().to_owned();
        let connect = json!([{"channel": "/meta/connect", "clientId": client_id}]);
        assert_eq!(ask("/cometd", cookie, connect).await[0]["successful"], true);
        client_ids.push(client_id);
    }
    let connect = |at: usize| json!([{"channel": "/meta/connect", "clientId": client_ids[at]}]);
    let (ended, _) = tokio::join!(
        ask("/cometd", &one, connect(0)),
        ask("/api/v2/logout", &one, json!({})),
    );
    assert_eq!(ended[0]["error"], "402::session_unknown", "{ended}");
    assert_eq!(ended[0]["advice"]["reconnect"], "handshake", "{ended}");

    let mut connect = connect(1);
    connect[0]["advice"] = json!({"timeout": 0});
    let lives_on = ask("/cometd", &other, connect).await;
    assert_eq!(lives_on[0]["successful"], true, "{lives_on}");
    // The cookie itself is no good any more, whoever has kept it.
    let me = async |cookie: &str| {
        let request = http
            .get(format!("{}/api/v2/me", server.url))
            .header(COOKIE, cookie);
        request.send().await.unwrap().status()
    };
    assert_eq!(
        (me(&one).await, me(&other).await),
        (401.try_into().unwrap(), 200.try_into().unwrap())
    );
    // Nobody's cookie is no reason to refuse a logout.
    let reply = ask("/api/v2/logout", "BATON_SESSION=x", json!({})).await;
    assert_eq!(reply["statusCode"], 0);
}

/// The `jti` of a token.
fn jti(server: &Running, client: &Client) -> String {
    let secret = secret(&server.options, None).unwrap();
    let claims = tokens(&server.options, &secret).verify(&client.token);
    claims.unwrap().jti.unwrap()
}

async fn me(client: &Client) -> u16 {
    client.get("/api/v2/me").await.0.as_u16()
}

#[tokio::test]
async fn an_administrator_revokes_tokens_for_good() {
    let server = start("").await;
    let admin = server.client("admin");
    let [by_token, by_jti, stays] = [(); 3].map(|()| server.client("agent1"));
    for client in [&by_token, &by_jti, &stays] {
        assert_eq!(me(client).await, 200);
    }
    let handshake = json!([{"channel": "/meta/handshake"}]);
    let reply = by_jti
        .exchange(Method::POST, "/cometd", &[], Some(handshake.to_string()))
        .await
        .json();
    let connect = json!([{"channel": "/meta/connect", "clientId": reply[0]["clientId"]}]);
    let connect = Some(connect.to_string());
    let first = by_jti
        .exchange(Method::POST, "/cometd", &[], connect.clone())
        .await;
    assert_eq!(first.json()[0]["successful"], true);

    let until = wall_clock().plus_ms(600_000).to_string();
    let named = json!({"jti": jti(&server, &by_jti), "expiresAt": until});
    let (held, _) = tokio::join!(
        by_jti.exchange(Method::POST, "/cometd", &[], connect),
        admin.done("/api/v2/tokens/revoke", named),
    );
    assert_eq!(held.json()[0]["error"], "402::session_unknown", "{held:?}");
    let given = json!({"token": by_token.token});
    admin.done("/api/v2/tokens/revoke", given.clone()).await;
    // Who did not hear of it asks again.
    admin.done("/api/v2/tokens/revoke", given).await;
    let statuses = async |clients: [&Client; 3]| {
        let [a, b, c] = clients;
        [me(a).await, me(b).await, me(c).await]
    };
    let clients = [&by_token, &by_jti, &stays];
    assert_eq!(statuses(clients).await, [401, 401, 200]);

    let server = server.restart("").await;
    let again = |client: &Client| {
        let mut client = client.clone();
        client.url.clone_from(&server.url);
        client
    };
    let clients = clients.map(again);
    assert_eq!(statuses(clients.each_ref()).await, [401, 401, 200]);
}

#[tokio::test]
async fn only_tokens_of_ones_own_contact_centre_can_be_revoked() {
    let server = start("").await;
    let agent = server.client("agent1");
    let until = wall_clock().plus_ms(600_000).to_string();
    let named = json!({"jti": jti(&server, &agent), "expiresAt": until});
    for who in ["agent2", "supervisor"] {
        let (status, _) = server
            .client(who)
            .post("/api/v2/tokens/revoke", named.clone())
            .await;
        assert_eq!(status, 403, "{who}");
    }
    let other = server.client("other-admin");
    let (status, reply) = other
        .post("/api/v2/tokens/revoke", json!({"token": agent.token}))
        .await;
    assert_eq!((status.as_u16(), &reply["statusCode"]), (400, &json!(10)));
    // Of the same name it may have one itself: that says nothing about this one.
    other.done("/api/v2/tokens/revoke", named.clone()).await;
    assert_eq!(me(&agent).await, 200);

    let admin = server.client("admin");
    let with = |name: &str, value: Value| {
        let mut body = named.clone();
        body[name] = value;
        body
    };
    for body in [
        json!({}),
        json!({"jti": "1"}),
        json!({"expiresAt": until}),
        json!({"token": 7}),
        json!({"token": "a.b.c"}),
        with("jti", json!("")),
        with("jti", json!("x".repeat(257))),
        with("jti", json!(7)),
        with("expiresAt", json!("soon")),
        with("expiresAt", json!(7)),
    ] {
        let (status, reply) = admin.post("/api/v2/tokens/revoke", body.clone()).await;
        assert_eq!(status, 400, "{body}: {reply}");
    }
    // What has ended needs no place in the list.
    let past = with("expiresAt", json!("2001-01-01T00:00:00Z"));
    admin.done("/api/v2/tokens/revoke", past).await;

    let roles = [Role::Agent].into();
    let secret = secret(&server.options, None).unwrap();
    let user = UserId::parse("agent1").unwrap();
    let centre = CentreId::parse("demo").unwrap();
    let cookie = tokens(&server.options, &secret).issue_cookie(user, centre, &roles, 60_000);
    let body = json!({"token": cookie.unwrap()});
    let (status, _) = admin.post("/api/v2/tokens/revoke", body).await;
    assert_eq!(status, 400, "the page's cookie is no bearer token");
}

#[tokio::test]
async fn a_socket_that_was_open_before_keeps_no_session() {
    let server = start("").await;
    let agent = server.client("agent1");
    let url = format!("{}/cometd", server.url.replace("http:", "ws:"));
    let mut upgrade = url.into_client_request().unwrap();
    let token = format!("Bearer {}", agent.token);
    upgrade
        .headers_mut()
        .insert("authorization", token.parse().unwrap());
    let (mut socket, _) = connect_async(upgrade).await.unwrap();
    let given = json!({"token": agent.token});
    server
        .client("admin")
        .done("/api/v2/tokens/revoke", given)
        .await;
    let handshake = json!([{"channel": "/meta/handshake", "version": "1.0",
        "supportedConnectionTypes": ["websocket"]}]);
    socket
        .send(Message::text(handshake.to_string()))
        .await
        .unwrap();
    let closed = async {
        loop {
            if let Message::Close(frame) = socket.next().await.unwrap().unwrap() {
                return frame.unwrap().code;
            }
        }
    };
    let code = timeout(Duration::from_secs(10), closed).await.unwrap();
    assert_eq!(code, CloseCode::Policy);
}
