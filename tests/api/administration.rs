//! Administrators change the contact centre while it runs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::{Client, Reply, Running, start};

const PASSWORD: &str = "correct horse battery staple";

async fn ask(client: &Client, method: Method, path: &str, body: Value) -> Reply {
    let path = format!("/api/v2{path}");
    client
        .exchange(method, &path, &[], Some(body.to_string()))
        .await
}

async fn done(client: &Client, method: Method, path: &str, body: Value) -> Value {
    let reply = ask(client, method, path, body).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    assert!(reply.etag.is_some(), "{path}: {reply:?}");
    reply.json()
}

async fn status_by_password(server: &Running, user: &str, password: &str) -> u16 {
    let credentials = STANDARD.encode(format!("{user}:{password}"));
    let request = reqwest::Client::new()
        .get(format!("{}/api/v2/me", server.url))
        .header("authorization", format!("Basic {credentials}"));
    request.send().await.unwrap().status().as_u16()
}

/// What is put, and what is shown of it then.
#[tokio::test]
async fn what_is_put_is_there_and_what_is_deleted_is_not() {
    let server = start("").await;
    let admin = server.client("admin");
    let skills = json!([{"id": "french", "name": "french", "level": 3}]);
    for (path, list, name, shown) in [
        (
            "/users/spare",
            "/users",
            "userName",
            json!({"userName": "spare", "firstName": "Spa", "lastName": "Re", "roles": ["agent"], "groups": ["team"], "skills": skills}),
        ),
        (
            "/queues/spare",
            "/queues",
            "name",
            json!({"name": "spare", "channel": "chat", "pullGroups": ["team"], "skills": skills}),
        ),
        (
            "/settings/workbins/spare",
            "/settings/workbins",
            "name",
            json!({"name": "spare", "displayName": "Spare", "type": "AgentGroup", "agentGroup": "team"}),
        ),
        (
            "/settings/capacity/spare",
            "/settings/capacity",
            "name",
            json!({"name": "spare", "capacity": 7}),
        ),
        (
            "/settings/agent-states/Spare",
            "/settings/agent-states",
            "operationName",
            json!({"operationName": "Spare", "displayName": "Spare", "id": "7"}),
        ),
    ] {
        let filtered = format!(
            "/api/v2{list}?fields=*&{name}={}",
            shown[name].as_str().unwrap()
        );
        let found = async || {
            let (_, body) = admin.get(&filtered).await;
            let members = body.get(&list[1..]).or_else(|| body.get("settings"));
            members.unwrap().as_array().unwrap().first().cloned()
        };
        assert_eq!(found().await, None, "{path}");
        done(&admin, Method::PUT, path, shown.clone()).await;
        let read = found().await.unwrap();
        for (key, value) in shown.as_object().unwrap() {
            assert_eq!(&read[key], value, "{path} {key}: {read}");
        }
        // What was read can be sent back.
        done(&admin, Method::PUT, path, read.clone()).await;
        assert_eq!(found().await, Some(read), "{path}");
        done(&admin, Method::DELETE, path, json!({})).await;
        assert_eq!(found().await, None, "{path}");
        let again = ask(&admin, Method::DELETE, path, json!({})).await;
        assert_eq!(
            (again.status.as_u16(), again.json()["statusCode"].clone()),
            (404, json!(6)),
            "{path}"
        );
    }
}

/// Method, path, body, and what the refusal names.
type Row = (&'static str, &'static str, Value, &'static str);

fn refused_users() -> Vec<Row> {
    let long = "x".repeat(257);
    vec![
        ("PUT", "/users/new", json!({}), "roles"),
        (
            "PUT",
            "/users/new",
            json!({"roles": ["emperor"]}),
            "emperor",
        ),
        (
            "PUT",
            "/users/new",
            json!({"roles": [], "skills": [{"name": "a"}]}),
            "level",
        ),
        (
            "PUT",
            "/users/new",
            json!({"roles": [], "password": 7}),
            "password",
        ),
        (
            "PUT",
            "/users/new",
            json!({"roles": [], "password": ""}),
            "password",
        ),
        (
            "PUT",
            "/users/new",
            json!({"roles": [], "password": long}),
            "256 bytes",
        ),
        (
            "PUT",
            "/users/new",
            json!({"roles": [], "firstName": long}),
            "256 characters",
        ),
        (
            "PUT",
            "/users/new",
            json!({"roles": [], "referenceId": "x"}),
            "referenceId",
        ),
        ("PUT", "/users/%00", json!({"roles": []}), "userId"),
        (
            "PUT",
            "/users/admin",
            json!({"roles": ["agent"]}),
            "nobody with the role admin",
        ),
        (
            "DELETE",
            "/users/admin",
            json!({}),
            "nobody with the role admin",
        ),
    ]
}

fn refused_settings() -> Vec<Row> {
    vec![
        ("PUT", "/queues/new", json!({}), "channel"),
        ("PUT", "/queues/new", json!({"channel": "fax"}), "fax"),
        (
            "PUT",
            "/settings/workbins/new",
            json!({"displayName": "New", "type": "AgentGroup"}),
            "agentGroup",
        ),
        (
            "PUT",
            "/settings/workbins/new",
            json!({"displayName": "New", "type": "Place"}),
            "Place",
        ),
        (
            "PUT",
            "/settings/capacity/chat",
            json!({"capacity": 501}),
            "500",
        ),
        (
            "PUT",
            "/settings/capacity/chat",
            json!({"capacity": -1}),
            "-1",
        ),
        (
            "DELETE",
            "/settings/capacity/chat",
            json!({}),
            "queues.chat",
        ),
        (
            "PUT",
            "/settings/agent-states/Ready",
            json!({"displayName": "New"}),
            "Ready",
        ),
        (
            "PUT",
            "/settings/agent-states/AuxWork",
            json!({"displayName": "New"}),
            "AuxWork",
        ),
        (
            "PUT",
            "/settings/agent-states/Accept",
            json!({"displayName": "New"}),
            "Accept",
        ),
        (
            "PUT",
            "/settings/agent-states/New",
            json!({}),
            "displayName",
        ),
    ]
}

#[tokio::test]
async fn what_would_not_be_valid_is_refused() {
    let server = start("").await;
    let admin = server.client("admin");
    let before = server.client("agent1").get("/api/v2/users").await.1;
    let rows = refused_users().into_iter().chain(refused_settings());
    for (method, path, body, named) in rows {
        let reply = ask(&admin, method.parse().unwrap(), path, body).await;
        let text = reply.json();
        assert_eq!(reply.status, 400, "{method} {path}: {text}");
        let message = text["statusMessage"].as_str().unwrap();
        assert!(message.contains(named), "{method} {path}: {message}");
    }
    let after = server.client("agent1").get("/api/v2/users").await.1;
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_password_is_kept_until_another_is_put_and_told_nowhere() {
    let server = start("").await;
    let admin = server.client("admin");
    let user = |more: Value| {
        let mut user = json!({"roles": ["agent"]});
        user.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        user
    };
    for (more, old, new) in [
        (json!({"password": PASSWORD}), 200, 401),
        (json!({"firstName": "Sue"}), 200, 401),
        (json!({"password": "new"}), 401, 200),
        (json!({"password": null}), 401, 401),
        (json!({"password": PASSWORD}), 200, 401),
    ] {
        let reply = done(&admin, Method::PUT, "/users/sue", user(more.clone())).await;
        assert!(!reply.to_string().contains(PASSWORD));
        let found = (
            status_by_password(&server, "sue", PASSWORD).await,
            status_by_password(&server, "sue", "new").await,
        );
        assert_eq!(found, (old, new), "{more}");
    }
    let data = server.options.data.clone();
    let server = server.restart("").await;
    assert_eq!(status_by_password(&server, "sue", PASSWORD).await, 200);
    for file in std::fs::read_dir(data).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let is_told = bytes
            .windows(PASSWORD.len())
            .any(|it| it == PASSWORD.as_bytes());
        assert!(!is_told, "{}", path.display());
    }
}

#[tokio::test]
async fn who_is_removed_has_nothing_and_is_not_let_in() {
    let server = start("").await;
    let (admin, agent) = (server.client("admin"), server.client("agent1"));
    let (_, known) = admin.get("/api/v2/users/agent1").await;
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let handshake = json!([{"channel": "/meta/handshake"}]).to_string();
    let reply = agent
        .exchange(Method::POST, "/cometd", &[], Some(handshake))
        .await;
    let connect = json!([{"channel": "/meta/connect", "clientId": reply.json()[0]["clientId"]}]);
    let first = agent
        .exchange(Method::POST, "/cometd", &[], Some(connect.to_string()))
        .await;
    assert_eq!(first.json()[0]["successful"], true);
    let (held, _) = tokio::join!(
        agent.exchange(Method::POST, "/cometd", &[], Some(connect.to_string())),
        done(&admin, Method::DELETE, "/users/agent1", json!({})),
    );
    assert_eq!(held.json()[0]["error"], "402::session_unknown", "{held:?}");
    assert_eq!(agent.get("/api/v2/me").await.0, 401);
    assert_eq!(status_by_password(&server, "agent1", "demo").await, 401);
    let interaction = admin.interaction(&id).await;
    assert_eq!(interaction["state"], "Queued", "{interaction}");

    // It is written, and is over when he is put again.
    let server = server.restart("").await;
    let (admin, agent) = (server.client("admin"), server.client("agent1"));
    assert_eq!(agent.get("/api/v2/me").await.0, 401);
    let mut again = known["user"].clone();
    again["password"] = json!(PASSWORD);
    done(&admin, Method::PUT, "/users/agent1", again).await;
    assert_eq!(agent.get("/api/v2/me").await.0, 200);
    assert_eq!(status_by_password(&server, "agent1", PASSWORD).await, 200);
    agent.ready("chat").await;
    assert_eq!(agent.interaction(&id).await["state"], "Invited");
}

#[tokio::test]
async fn who_is_an_agent_no_longer_is_logged_out() {
    let server = start("").await;
    let admin = server.client("admin");
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let skilled = json!({"roles": ["agent", "supervisor"]});
    done(&admin, Method::PUT, "/users/agent1", skilled).await;
    assert_eq!(agent.interaction(&id).await["state"], "Processing");
    let supervisor = json!({"roles": ["supervisor"]});
    done(&admin, Method::PUT, "/users/agent1", supervisor).await;
    let (_, user) = admin.get("/api/v2/users/agent1").await;
    assert_eq!(user["user"]["loggedIn"], false);
    assert_eq!(admin.interaction(&id).await["state"], "Queued");
}

#[tokio::test]
async fn a_removed_queue_keeps_what_waits_and_a_new_one_is_routed_at_once() {
    let server = start("").await;
    let (admin, media) = (server.client("admin"), server.client("mediaserver"));
    let id = media.submit("chat").await;
    done(&admin, Method::DELETE, "/queues/chat", json!({})).await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    assert_eq!(admin.interaction(&id).await["state"], "Queued");
    let to = json!({"mediaType": "chat", "queue": "chat"});
    assert_eq!(media.post("/api/v2/interactions", to).await.0, 404);
    done(
        &admin,
        Method::PUT,
        "/queues/chat",
        json!({"channel": "chat"}),
    )
    .await;
    assert_eq!(agent.interaction(&id).await["state"], "Invited");
}

#[tokio::test]
async fn of_two_administrators_neither_undoes_what_the_other_does() {
    let server = start("").await;
    let admin = server.client("admin");
    let put = async |name: &str| {
        let path = format!("/users/{name}");
        done(&admin, Method::PUT, &path, json!({"roles": ["agent"]})).await;
    };
    tokio::join!(put("one"), put("two"), put("three"), put("four"));
    for name in ["one", "two", "three", "four"] {
        let (status, _) = admin.get(&format!("/api/v2/users/{name}")).await;
        assert_eq!(status, 200, "{name}");
    }
    let read = admin
        .exchange(Method::GET, "/api/v2/users/one", &[], None)
        .await;
    let tag = read.etag.unwrap();
    let body = Some(json!({"roles": ["agent"], "firstName": "One"}).to_string());
    for (tag, status) in [(tag.as_str(), 200), (tag.as_str(), 409), ("*", 200)] {
        let headers = [("if-match", tag)];
        let reply = admin
            .exchange(Method::PUT, "/api/v2/users/one", &headers, body.clone())
            .await;
        assert_eq!(reply.status, status, "{reply:?}");
    }
}

#[tokio::test]
async fn only_by_its_route() {
    let server = start("").await;
    let admin = server.client("admin");
    let change = json!({
        "request": "RequestChangeConfiguration", "keeps_password": false,
        "change": {"Capacity": ["chat", 1]},
    });
    let (status, _) = admin.post("/api/v2/requests", change).await;
    assert_eq!(status, 400);
}
