//! What is seen of a request from outside: its identifier, and what the log and the audit trail say of it.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};

use crate::support::process::{Process, serve};
use crate::support::server::start;

const ID: &str = "x-request-id";

async fn headers_of(url: &str, given: Option<&str>) -> HeaderMap {
    let mut request = reqwest::Client::new().get(url);
    if let Some(given) = given {
        request = request.header(ID, given);
    }
    request.send().await.unwrap().headers().clone()
}

#[tokio::test]
async fn every_response_names_its_request() {
    let server = start("").await;
    let mut seen = Vec::new();
    for path in [
        "/health/live",
        "/me",
        "/nowhere",
        "/",
        "/api/v2/nowhere",
        "/cometd",
    ] {
        let url = format!("{}{path}", server.url);
        let id = headers_of(&url, None).await[ID]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(id.len() >= 10 && !seen.contains(&id), "{path}: {id}");
        seen.push(id);
        assert_eq!(
            headers_of(&url, Some("order-17.a:b/c+d=_")).await[ID],
            "order-17.a:b/c+d=_"
        );
    }
}

#[tokio::test]
async fn an_identifier_that_is_not_fit_to_be_logged_is_replaced() {
    let server = start("").await;
    let url = format!("{}/health/live", server.url);
    let longest = "a".repeat(baton::api::REQUEST_ID_LEN_MAX);
    assert_eq!(headers_of(&url, Some(&longest)).await[ID], longest.as_str());
    let too_long = format!("{longest}a");
    for unfit in [&too_long, "", "a b", "a\tb", "<script>", "a\"b", "é"] {
        let told = headers_of(&url, Some(unfit)).await[ID].clone();
        assert_ne!(told.as_bytes(), unfit.as_bytes(), "{unfit}");
        assert!(told.len() >= 10);
    }
}

/// Runs a server whose log is written to a file, does something with it, and gives the log as JSON lines.
async fn logged<F>(
    folder: &Path,
    variables: &[(&str, &str)],
    act: impl FnOnce(Process) -> F,
) -> Vec<Value>
where
    F: Future<Output = Process>,
{
    let file = folder.join("log");
    let data = folder.join("data");
    let mut command = serve(&data, variables);
    command.env("BATON_LOG_JSON", "true");
    command.stderr(Stdio::from(File::create(&file).unwrap()));
    let server = Process::begin(&mut command, &data).unwrap();
    drop(act(server).await);
    lines_of(&file)
}

fn lines_of(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let parse = |line| serde_json::from_str(line).unwrap();
    text.lines().map(parse).collect()
}

/// A refusal of each kind, a read and an operation of an overseer, and what must not be found in any log.
async fn act(server: Process) -> Process {
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let media_server = server.client("mediaserver");
    let body = json!({"mediaType": "email", "queue": "email", "subject": "canary-1", "userData": {"Secret": "canary-2"}});
    let reply = media_server.done("/api/v2/interactions", body).await;
    let id = reply["id"].as_str().unwrap().to_owned();
    let anonymous = format!("{}/api/v2/me?canary-3", server.url);
    let request = reqwest::Client::new().get(anonymous).header(ID, "try-1");
    assert_eq!(
        request
            .bearer_auth("canary-4")
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
    let denied = agent
        .exchange(Method::GET, "/api/v2/metrics", &[(ID, "try-2")], None)
        .await;
    assert_eq!(denied.status, 403);
    let supervisor = server.client("supervisor");
    let search = "/api/v2/interactions?q=canary-5";
    let found = supervisor
        .exchange(Method::GET, search, &[(ID, "try-3")], None)
        .await;
    assert_eq!(found.status, 200);
    let place = json!({
        "request": "RequestPlaceInQueue", "interactionId": id, "queue": "chat", "reason": "canary-6",
    });
    let path = "/api/v2/requests";
    let moved = supervisor
        .exchange(
            Method::POST,
            path,
            &[(ID, "try-4")],
            Some(place.to_string()),
        )
        .await;
    assert_eq!(moved.status, 200, "{moved:?}");
    let complete = json!({
        "operationName": "Complete", "interactionIds": [id, "canary-7"], "referenceId": 8, "dryRun": false,
    });
    let path = "/api/v2/bulk/interactions";
    let completed = supervisor
        .exchange(
            Method::POST,
            path,
            &[(ID, "try-5")],
            Some(complete.to_string()),
        )
        .await;
    assert_eq!(completed.status, 200, "{completed:?}");
    server
}

fn line_of<'a>(lines: &'a [Value], id: &str) -> Option<&'a Value> {
    lines.iter().find(|line| {
        line.get("request_id").is_some_and(|it| it == id)
            || line["fields"].get("request_id").is_some_and(|it| it == id)
    })
}

fn holds_no_canary(lines: &[Value]) {
    let text = format!("{lines:?}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn denials_and_the_audit_trail_are_logged_without_what_is_secret() {
    let folder = tempfile::tempdir().unwrap();
    let lines = logged(folder.path(), &[], act).await;
    holds_no_canary(&lines);
    let of = |id: &str| line_of(&lines, id).unwrap_or_else(|| panic!("no {id} in {lines:?}"));
    let nobody = of("try-1");
    assert_eq!(
        (&nobody["level"], &nobody["fields"]["message"]),
        (&json!("INFO"), &json!("denied"))
    );
    assert_eq!(
        (&nobody["fields"]["status"], &nobody["fields"]["path"]),
        (&json!(401), &json!("/api/v2/me"))
    );
    assert_eq!(nobody["fields"].get("user"), None);
    let denied = &of("try-2")["fields"];
    assert_eq!(
        (&denied["user"], &denied["centre"]),
        (&json!("agent1"), &json!("demo"))
    );
    assert_eq!(
        (&denied["status"], &denied["method"]),
        (&json!(403), &json!("GET"))
    );
    let read = of("try-3");
    assert_eq!(
        (&read["target"], &read["fields"]["user"]),
        (&json!("audit"), &json!("supervisor"))
    );
    assert_eq!(
        (&read["fields"]["role"], &read["fields"]["path"]),
        (&json!("supervisor"), &json!("/api/v2/interactions"))
    );
    let done = &of("try-4")["fields"];
    assert_eq!(
        (&done["operation"], &done["method"]),
        (&json!("PlaceInQueue"), &json!("POST"))
    );
    let of_many = &of("try-5")["fields"];
    assert_eq!(
        ["operation", "done", "refused", "dry_run"].map(|name| &of_many[name]),
        [&json!("Complete"), &json!(1), &json!(1), &json!(false)]
    );
}

#[tokio::test]
async fn the_audit_trail_has_a_file_of_its_own_if_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit");
    std::fs::write(&file, "{\"earlier\":true}\n").unwrap();
    let name = file.display().to_string();
    let variables = [("BATON_AUDIT_FILE", name.as_str()), ("BATON_LOG", "warn")];
    let lines = logged(folder.path(), &variables, act).await;
    assert_eq!(line_of(&lines, "try-3"), None, "it is not in the log");
    let trail = lines_of(&file);
    holds_no_canary(&trail);
    assert_eq!(trail[0], json!({"earlier": true}), "it is appended to");
    let told: Vec<_> = trail[1..].iter().map(|line| &line["request_id"]).collect();
    assert_eq!(
        told,
        ["try-3", "try-4", "try-5"],
        "what agents do is in the journal"
    );
    assert_eq!(
        (&trail[1]["user"], &trail[1]["status"]),
        (&json!("supervisor"), &json!(200))
    );
}

#[tokio::test]
async fn spans_of_requests_are_for_who_asks_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("BATON_LOG", "info,baton::api=debug")];
    let lines = logged(folder.path(), &variables, act).await;
    holds_no_canary(&lines);
    let answered = |line: &&Value| line["fields"]["message"] == "answered";
    let of_read = |line: &&Value| line["span"]["request_id"] == "try-4";
    let line = lines.iter().filter(answered).find(of_read).unwrap();
    assert_eq!(line["span"]["route"], "/requests");
    assert!(line["fields"]["took_us"].as_u64().unwrap() > 0);
    assert_eq!(line["fields"]["user"], "supervisor");
}

/// What a client may be sent as his own, and nobody else may find anywhere.
async fn handshake(server: &Process, user: &str) -> (String, String) {
    let message = json!([{
        "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"],
    }]);
    let request = reqwest::Client::new()
        .post(format!("{}/cometd", server.url))
        .bearer_auth(server.client(user).token)
        .json(&message);
    let reply = request.send().await.unwrap();
    let cookie = reply.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let body: Value = reply.json().await.unwrap();
    (body[0]["clientId"].as_str().unwrap().to_owned(), cookie)
}

/// Sends messages by a session and gives what is answered.
async fn say(server: &Process, user: &str, client_id: &str, mut message: Value) -> String {
    message["clientId"] = json!(client_id);
    let client = server.client(user);
    let body = Some(json!([message]).to_string());
    client
        .exchange(Method::POST, "/cometd", &[], body)
        .await
        .text
}

#[tokio::test]
async fn a_connect_that_is_replaced_is_no_error_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let replace = async |server: Process| {
        let (id, _) = handshake(&server, "agent1").await;
        let connect = json!({"channel": "/meta/connect", "connectionType": "long-polling"});
        let mut at_once = connect.clone();
        at_once["advice"] = json!({"timeout": 0});
        // The first of a session is answered at once.
        say(&server, "agent1", &id, connect.clone()).await;
        let told = {
            let mut held = std::pin::pin!(say(&server, "agent1", &id, connect));
            loop {
                tokio::select! {
                    told = &mut held => break told,
                    _ = say(&server, "agent1", &id, at_once.clone()) => {}
                }
            }
        };
        assert!(told.contains("500::connect_replaced"), "{told}");
        server
    };
    let lines = logged(folder.path(), &[], replace).await;
    let errors: Vec<&Value> = lines.iter().filter(|it| it["level"] == "ERROR").collect();
    assert!(!lines.is_empty() && errors.is_empty(), "{errors:?}");
}

#[tokio::test]
async fn sessions_and_the_secret_are_named_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "canary-of-the-secret-0123456789abcdef";
    let variables = [
        ("BATON_LOG", "info,baton=trace"),
        ("BATON_JWT_SECRET", secret),
    ];
    let file = folder.path().join("log");
    let data = folder.path().join("data");
    let mut command = serve(&data, &variables);
    command.stderr(Stdio::from(File::create(&file).unwrap()));
    let server = Process::begin(&mut command, &data).unwrap();
    // The client signs with the secret that it finds in the folder.
    std::fs::write(data.join("jwt.secret"), secret).unwrap();
    let (mine, browser) = handshake(&server, "agent1").await;
    let (others, _) = handshake(&server, "agent2").await;
    let mut heard = String::new();
    let subscribe = json!({"channel": "/meta/subscribe", "subscription": "/**"});
    let connect = json!({"channel": "/meta/connect", "connectionType": "long-polling", "advice": {"timeout": 0}});
    for id in [&mine, &others] {
        let user = if *id == mine { "agent1" } else { "agent2" };
        let told = say(&server, user, id, subscribe.clone()).await;
        assert!(told.contains("\"successful\":true"), "{told}");
    }
    for agent in ["agent1", "agent2"] {
        server.client(agent).ready("chat").await;
    }
    let publish = json!({"channel": "/v2/me/interactions", "data": {"a": 1}});
    for message in [
        publish,
        connect.clone(),
        json!({"channel": "/meta/disconnect"}),
    ] {
        say(&server, "agent1", &mine, message.clone()).await;
        // By somebody whose it is not, and by who has his own.
        let stranger = say(&server, "agent2", &mine, message).await;
        assert!(stranger.contains("402"), "{stranger}");
        heard.push_str(&say(&server, "agent2", &others, connect.clone()).await);
    }
    assert!(heard.contains("/v2/me/channels"), "{heard}");
    assert!(
        !heard.contains(&mine) && !heard.contains(&browser),
        "{heard}"
    );
    let admin = server.client("admin");
    let mut shown = String::new();
    for path in [
        "/metrics",
        "/diagnostics/storage",
        "/diagnostics/version",
        "/health/ready",
        "/me?subresources=*",
        "/users?fields=*",
        "/openapi.json",
    ] {
        let reply = admin
            .exchange(Method::GET, &format!("/api/v2{path}"), &[], None)
            .await;
        assert_eq!(reply.status, 200, "{path}");
        shown.push_str(&reply.text);
    }
    drop(server);
    shown.push_str(&std::fs::read_to_string(&file).unwrap());
    assert!(
        shown.contains("session ended"),
        "the log says what becomes of sessions"
    );
    for hidden in [mine.as_str(), &others, &browser, secret] {
        assert!(!shown.contains(hidden), "{hidden} is shown");
    }
}
