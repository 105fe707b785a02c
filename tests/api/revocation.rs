//! Sessions end with the credentials they live by.

use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::server::start;

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
    // Nobody's cookie is no reason to refuse a logout.
    let reply = ask("/api/v2/logout", "BATON_SESSION=x", json!({})).await;
    assert_eq!(reply["statusCode"], 0);
}
