//! `Idempotency-Key`: a request that comes again gets its first answer, and nothing is done twice.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::process::Process;
use crate::support::server::{Client, Reply, start};

/// Who, method, path and body. `{id}` is an interaction that agent1 works on, `{wanted}` one that he is invited to.
const REQUESTS: &[(&str, &str, &str, &str)] = &[
    (
        "mediaserver",
        "POST",
        "/interactions",
        r#"{"mediaType":"chat","queue":"chat"}"#,
    ),
    (
        "mediaserver",
        "PUT",
        "/interactions/{id}",
        r#"{"subject":"New"}"#,
    ),
    (
        "agent1",
        "POST",
        "/me/interactions/{wanted}",
        r#"{"operationName":"Accept","referenceId":7}"#,
    ),
    (
        "agent1",
        "POST",
        "/me/interactions/{id}",
        r#"{"operationName":"DeleteUserData","userData":{"none":0}}"#,
    ),
    (
        "agent1",
        "POST",
        "/me/interactions/{id}",
        r#"{"operationName":"Complete"}"#,
    ),
    (
        "agent1",
        "POST",
        "/me/channels/chat",
        r#"{"operationName":"NotReady"}"#,
    ),
    ("agent1", "POST", "/me", r#"{"operationName":"Ready"}"#),
    (
        "agent1",
        "POST",
        "/requests",
        r#"{"request":"RequestPull","queue":"email"}"#,
    ),
    (
        "agent1",
        "POST",
        "/me",
        r#"{"operationName":"EndContactCenterSession"}"#,
    ),
    (
        "router",
        "POST",
        "/requests",
        r#"{"request":"RequestRegisterClient"}"#,
    ),
    (
        "router",
        "POST",
        "/requests",
        r#"{"request":"RegisterAddress","thisDN":"chat"}"#,
    ),
    (
        "router",
        "POST",
        "/requests",
        r#"{"request":"RequestUnregisterClient"}"#,
    ),
    (
        "mediaserver",
        "POST",
        "/requests",
        r#"{"request":"RequestRegisterClient"}"#,
    ),
    (
        "mediaserver",
        "POST",
        "/requests",
        r#"{"request":"RequestSubmit","queue":"chat"}"#,
    ),
    // Whoever waits for an e-mail is invited at once.
    (
        "mediaserver",
        "POST",
        "/requests",
        r#"{"request":"RequestSubmit","queue":"email"}"#,
    ),
    (
        "mediaserver",
        "POST",
        "/requests",
        r#"{"request":"RequestStopProcessing","interactionId":"{wanted}"}"#,
    ),
];

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer() {
    let server = start("").await;
    let (id, wanted) = given(&server.client("agent1"), &server.client("mediaserver")).await;
    server.client("agent2").ready("email").await;
    let sequence =
        || async { server.client("agent1").get("/api/v2/me").await.1["sequence"].clone() };
    let mut answered: Vec<(Client, Method, String, String, Reply)> = Vec::new();
    for (index, (user, method, path, body)) in REQUESTS.iter().enumerate() {
        let fill = |text: &str| text.replace("{id}", &id).replace("{wanted}", &wanted);
        let (client, path, body) = (server.client(user), fill(path), fill(body));
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let ask = |base: &str| {
            let (client, method, body) = (client.clone(), method.clone(), body.clone());
            let (path, key) = (format!("{base}{path}"), format!("key-{index}"));
            async move {
                let key = [("idempotency-key", key.as_str())];
                client.exchange(method, &path, &key, Some(body)).await
            }
        };
        let first = ask("/api/v2").await;
        assert_eq!(first.status, 200, "{path} {body}: {first:?}");
        let before = sequence().await;
        assert_eq!(ask("/api/v2").await, first, "{path} {body}");
        assert_eq!(ask("").await, first, "{path} {body} under the other path");
        assert_eq!(sequence().await, before, "{path} {body}: nothing was done");
        answered.push((client, method, path, body, first));
    }
    // Late too, whatever has happened since: the same outcome.
    for (index, (client, method, path, body, first)) in answered.into_iter().enumerate() {
        let key = format!("key-{index}");
        let key = [("idempotency-key", key.as_str())];
        let path = format!("/api/v2{path}");
        let late = client.exchange(method, &path, &key, Some(body)).await;
        assert_eq!((late.status, &late.etag), (first.status, &first.etag));
        let (late, first) = (late.json(), first.json());
        for name in [
            "statusCode",
            "sequence",
            "referenceId",
            "id",
            "uri",
            "event",
            "missingKeys",
        ] {
            assert_eq!(late.get(name), first.get(name), "{path}: {name}");
        }
    }
}

/// An interaction that the agent works on, and one that he is invited to.
async fn given(agent: &Client, media_server: &Client) -> (String, String) {
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    (id, media_server.submit("chat").await)
}

#[tokio::test]
async fn a_repeated_answer_does_not_show_what_the_caller_may_no_longer_see() {
    let server = start("").await;
    let (agent, supervisor) = (server.client("agent1"), server.client("supervisor"));
    agent.ready("chat").await;
    let submit = json!({"request": "RequestSubmit", "mediaType": "email"});
    let ask = || keyed(&agent, "/api/v2/requests", "key", submit.clone());
    let first = ask().await;
    assert_eq!(ask().await, first);
    let id = first.json()["interactionId"].as_str().unwrap().to_owned();
    let path = format!("/api/v2/interactions/{id}");
    agent
        .operate(&id, "PlaceInQueue", json!({"queueName": "email"}))
        .await;
    let other = server.client("agent2");
    other.ready("chat").await;
    let pull = json!({"queue": "email", "interactionId": id});
    other.request("RequestPull", pull).await;
    let (status, _) = supervisor
        .put(&path, json!({"userData": {"secret": "canary"}}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(agent.get(&path).await.0, 404);
    let late = ask().await;
    assert!(!late.text.contains("canary"), "{}", late.text);
    let (late, first) = (late.json(), first.json());
    assert_eq!(late["interactionId"], first["interactionId"]);
    assert_eq!(late["sequence"], first["sequence"]);
}

#[tokio::test]
async fn a_key_names_one_request_of_one_caller() {
    let server = start("").await;
    let media_server = server.client("mediaserver");
    let path = "/api/v2/interactions";
    let body = json!({"mediaType": "chat", "queue": "chat", "subject": "One"});
    let first = keyed(&media_server, path, "key", body.clone()).await;
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let changed = format!("/api/v2/interactions/{id}");
    let submit = json!({"request": "RequestSubmit", "queue": "chat"});
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    let requests = "/api/v2/requests";
    for (method, path, other) in [
        (
            Method::POST,
            path,
            json!({"mediaType": "chat", "queue": "chat", "subject": "Two"}),
        ),
        (Method::PUT, changed.as_str(), body.clone()),
        (Method::POST, requests, submit),
    ] {
        let key = [("idempotency-key", "key")];
        let refused = media_server.exchange(method, path, &key, Some(other.to_string()));
        let refused = refused.await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert_eq!(refused.json()["statusCode"], 10);
        if path == requests {
            assert_eq!(refused.json()["errorCode"], 1016);
        }
    }
    assert_eq!(keyed(&media_server, path, "key", body.clone()).await, first);
    assert_eq!(media_server.interaction(&id).await["subject"], "One");
    // Neither another key nor another caller has to do with it.
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let ready = json!({"operationName": "Ready"});
    let done = keyed(&agent, "/api/v2/me", "key", ready).await;
    assert_eq!(done.status, 200, "{done:?}");
    let second = keyed(&media_server, path, "KEY", body).await;
    assert_ne!(second.json()["id"], first.json()["id"]);
}

#[tokio::test]
async fn a_refused_request_leaves_no_key() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let path = "/api/v2/requests";
    let pull = json!({"request": "RequestPull", "workbin": "drafts", "interactionId": "later"});
    let refused = keyed(&agent, path, "key", pull.clone()).await;
    assert_eq!(refused.status, 404, "{refused:?}");
    let submit = json!({"interactionId": "later", "mediaType": "email"});
    agent.request("RequestSubmit", submit).await;
    agent
        .operate("later", "PlaceInWorkbin", json!({"workbin": "drafts"}))
        .await;
    let done = keyed(&agent, path, "key", pull).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(
        media_server.interaction("later").await["state"],
        "Processing"
    );
}

#[tokio::test]
async fn who_reads_under_a_key_reads_again() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("email").await;
    let content = json!({"operationName": "GetWorkbinContent", "workbin": "drafts"});
    let read = || {
        keyed(
            &agent,
            "/api/v2/me/interactions/any",
            "key",
            content.clone(),
        )
    };
    assert_eq!(read().await.json()["interactions"], json!([]));
    let submit = json!({"interactionId": "new", "mediaType": "email", "workbin": "drafts"});
    agent.request("RequestSubmit", submit).await;
    assert_eq!(read().await.json()["interactions"][0]["id"], "new");
}

#[tokio::test]
async fn a_malformed_key_is_refused() {
    let server = start("").await;
    let agent = server.client("agent1");
    let me = json!({"operationName": "StartContactCenterSession"}).to_string();
    for (keys, status) in [
        (vec![""], 400),
        (vec!["two words"], 400),
        (vec!["one", "two"], 400),
        (vec![&*"k".repeat(256)], 400),
        (vec![&*"k".repeat(255)], 200),
        (vec!["\"8e03978e-40d5\""], 200),
    ] {
        let headers: Vec<(&str, &str)> = keys.iter().map(|key| ("idempotency-key", *key)).collect();
        let reply = agent
            .exchange(Method::POST, "/api/v2/me", &headers, Some(me.clone()))
            .await;
        assert_eq!(reply.status, status, "{keys:?}: {reply:?}");
        let code = reply.json()["statusCode"].clone();
        assert_eq!(code, if status == 400 { 10 } else { 0 });
    }
}

#[tokio::test]
async fn many_equal_requests_at_once_are_one() {
    const LEN: usize = 40;
    let server = start("").await;
    let media_server = server.client("mediaserver");
    let body = json!({"mediaType": "chat", "queue": "chat", "subject": "Once"});
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..LEN {
        let (client, body) = (media_server.clone(), body.clone());
        asked.spawn(async move { keyed(&client, "/api/v2/interactions", "key", body).await });
    }
    let answers = asked.join_all().await;
    assert_eq!(answers.len(), LEN);
    assert_eq!(answers[0].status, StatusCode::OK);
    let other = answers.iter().find(|answer| **answer != answers[0]);
    assert_eq!(other, None, "{:?}", answers[0]);
    let (_, all) = server.client("admin").get("/api/v2/interactions").await;
    assert_eq!(all["uris"].as_array().unwrap().len(), 1);
}

/// The server is killed when the change is on disk and the caller has not heard of it, as far as he knows.
#[tokio::test]
async fn the_first_answer_outlives_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    // One address in the answers of every run.
    let variables = [("BATON_EXTERNAL_URL", "http://baton.test")];
    let mut server = Process::start(folder.path(), &variables);
    let (id, wanted) = given(&server.client("agent1"), &server.client("mediaserver")).await;
    let operate = |id: &str| format!("/api/v2/me/interactions/{id}");
    let requests: [(&str, String, Value); 4] = [
        (
            "mediaserver",
            "/api/v2/interactions".to_owned(),
            json!({"mediaType": "email", "queue": "email"}),
        ),
        (
            "agent1",
            operate(&id),
            json!({"operationName": "UpdateUserData", "userData": {"n": 1}}),
        ),
        ("agent1", operate(&id), json!({"operationName": "Complete"})),
        (
            "agent1",
            operate(&wanted),
            json!({"operationName": "Accept"}),
        ),
    ];
    for (index, (user, path, body)) in requests.iter().enumerate() {
        let key = format!("key-{index}");
        let first = keyed(&server.client(user), path, &key, body.clone()).await;
        assert_eq!(first.status, 200, "{path} {body}: {first:?}");
        server.kill();
        server = Process::start(folder.path(), &variables);
        let again = keyed(&server.client(user), path, &key, body.clone()).await;
        assert_eq!(again, first, "{path} {body}");
    }
    let (_, all) = server.client("admin").get("/api/v2/interactions").await;
    assert_eq!(all["uris"].as_array().unwrap().len(), 2, "{all}");
}

/// The query of a request says what is asked for as its body does.
#[tokio::test]
async fn a_key_names_one_query() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let subscribe = json!({"operationName": "Subscribe"});
    let ask = |query: &str| {
        let path = format!("/api/v2/workbins?workbinIds={query}");
        let (agent, subscribe) = (agent.clone(), subscribe.clone());
        async move { keyed(&agent, &path, "key", subscribe).await }
    };
    let (_, own) = agent.get("/api/v2/me/workbins?fields=id").await;
    let id = |at: usize| own["workbins"][at]["id"].as_str().unwrap().to_owned();
    let first = ask(&id(0)).await;
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(ask(&id(0)).await, first);
    assert_eq!(ask(&id(1)).await.status, 422);
}

async fn keyed(client: &Client, path: &str, key: &str, body: Value) -> Reply {
    let key = [("idempotency-key", key)];
    let body = Some(body.to_string());
    client.exchange(Method::POST, path, &key, body).await
}
