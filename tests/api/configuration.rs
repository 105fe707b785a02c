//! `PUT /configuration`: a contact centre becomes what a file says of it, at once.

use argon2::{Argon2, PasswordHasher};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::{Client, Reply, Running, start};

const PATH: &str = "/api/v2/configuration";

async fn put(admin: &Client, headers: &[(&str, &str)], body: &Value) -> Reply {
    let body = Some(body.to_string());
    admin.exchange(Method::PUT, PATH, headers, body).await
}

fn wanted(configuration: Value) -> Value {
    json!({"contactCenterId": "demo", "configuration": configuration})
}

/// Everything that it could change.
async fn everything(server: &Running) -> Vec<Value> {
    let admin = server.client("admin");
    let mut all = Vec::new();
    for path in [
        "/users?fields=*",
        "/queues?fields=*",
        "/settings/workbins",
        "/settings/capacity",
        "/settings/agent-states",
    ] {
        all.push(admin.get(&format!("/api/v2{path}")).await.1);
    }
    all
}

#[tokio::test]
async fn what_is_different_is_changed_in_one_step_and_the_rest_stays() {
    let server = start("").await;
    let admin = server.client("admin");
    let mut body = wanted(json!({
        "capacity": {"chat": 4, "email": 5, "fax": 1},
        "queues": {"papers": {"media_type": "fax"}, "chat": {"media_type": "chat"}},
        "agent_states": {"Lunch": {"display_name": "Out to lunch"}},
        "users": {
            "agent1": {"first_name": "Ada", "last_name": "Agent", "roles": ["agent"], "groups": ["team"]},
            "sue": {"roles": ["agent"]},
        },
        "allow_multiple_agent_connections": "false",
        "timing": {"delivery_timeout_ms": 1},
    }));
    let expected = json!([
        {"change": "replaced", "what": "medium", "name": "chat", "keys": []},
        {"change": "made", "what": "medium", "name": "fax", "keys": []},
        {"change": "kept", "what": "medium", "name": "workitem", "keys": []},
        {"change": "made", "what": "agent state", "name": "Lunch", "keys": []},
        {"change": "replaced", "what": "queue", "name": "chat", "keys": ["pull_groups"]},
        {"change": "made", "what": "queue", "name": "papers", "keys": []},
        {"change": "kept", "what": "queue", "name": "email", "keys": []},
        {"change": "kept", "what": "queue", "name": "workitem", "keys": []},
        {"change": "kept", "what": "workbin type", "name": "drafts", "keys": []},
        {"change": "kept", "what": "workbin type", "name": "team", "keys": []},
        {"change": "replaced", "what": "user", "name": "agent1", "keys": ["skills"]},
        {"change": "made", "what": "user", "name": "sue", "keys": []},
    ]);
    let before = everything(&server).await;
    body["dryRun"] = json!(true);
    let rehearsed = put(&admin, &[], &body).await.json();
    assert_eq!(everything(&server).await, before);
    body["dryRun"] = json!(false);
    let reply = put(&admin, &[], &body).await;
    let json = reply.json();
    assert_eq!(
        json["sequence"],
        before[0]["sequence"].as_u64().unwrap() + 1,
        "{json}"
    );
    assert_eq!(rehearsed["changes"], json["changes"]);
    let changes = json["changes"].as_array().unwrap();
    let is_other_user = |it: &&Value| it["what"] == "user" && it["change"] == "kept";
    assert_eq!(changes.iter().filter(is_other_user).count(), 10);
    let told = changes
        .iter()
        .filter(|it| !is_other_user(it) && it["what"] != "option");
    assert_eq!(
        told.cloned().collect::<Vec<_>>(),
        *expected.as_array().unwrap()
    );
    assert_eq!(
        changes[changes.len() - 1]["name"],
        "allow_multiple_agent_connections"
    );
    let (_, queue) = admin.get("/api/v2/queues/papers").await;
    assert_eq!(queue["queue"]["channel"], "fax");
    let after = everything(&server).await;
    let again = put(&admin, &[("if-match", &reply.etag.unwrap())], &body)
        .await
        .json();
    let changed = again["changes"].as_array().unwrap().iter();
    assert_eq!(
        changed.filter(|it| it["change"] != "kept").count(),
        0,
        "{again}"
    );
    let server = server.restart("").await;
    let restarted = everything(&server).await;
    assert_eq!(
        restarted[3]["settings"], after[3]["settings"],
        "also after a restart"
    );
    let second = server.client("agent1");
    second.ready("chat").await;
    let elsewhere = json!({"operationName": "StartContactCenterSession", "place": "elsewhere"});
    assert_eq!(second.post("/api/v2/me", elsewhere).await.0, 400);
}

#[tokio::test]
async fn who_is_not_named_goes_if_it_is_asked_for_and_what_he_had_goes_back() {
    let server = start("").await;
    let (admin, agent) = (server.client("admin"), server.client("agent1"));
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let mut body = wanted(json!({
        "users": {"admin": {"roles": ["admin"]}},
        "capacity": {"chat": 1},
        "queues": {"chat": {"media_type": "chat"}},
    }));
    body["removeOthers"] = json!(true);
    let reply = put(&admin, &[], &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let (_, users) = admin.get("/api/v2/users").await;
    assert_eq!(users["total"], 1, "{users}");
    assert_eq!(
        agent.get("/api/v2/me").await.0,
        401,
        "no token of his is taken"
    );
    assert_eq!(admin.interaction(&id).await["state"], "Queued");
}

#[tokio::test]
async fn a_password_is_kept_unless_there_is_a_hash_and_never_told() {
    let server = start("").await;
    let hash = Argon2::default()
        .hash_password(b"a long one")
        .unwrap()
        .to_string();
    let admin = server.client("admin");
    for (user, password) in [
        (json!({"roles": ["agent"]}), "demo"),
        (
            json!({"roles": ["agent"], "password_hash": hash}),
            "a long one",
        ),
        (
            json!({"roles": ["agent"], "first_name": "Ada"}),
            "a long one",
        ),
    ] {
        let reply = put(&admin, &[], &wanted(json!({"users": {"agent1": user}}))).await;
        assert!(!reply.text.contains("argon2"), "{reply:?}");
        assert_eq!(reply.status, 200, "{reply:?}");
        let credentials = STANDARD.encode(format!("agent1:{password}"));
        let request = reqwest::Client::new().get(format!("{}/api/v2/me", server.url));
        let asked = request.header("authorization", format!("Basic {credentials}"));
        assert_eq!(asked.send().await.unwrap().status(), 200, "{user}");
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_as_a_whole() {
    let server = start("").await;
    let admin = server.client("admin");
    let before = everything(&server).await;
    let mut without_admin = wanted(json!({"users": {"agent1": {"roles": ["agent"]}}}));
    without_admin["removeOthers"] = json!(true);
    let user = |user: Value| wanted(json!({"users": {"sue": user}, "capacity": {"chat": 7}}));
    for (headers, body, status, code) in [
        (&[][..], json!({"configuration": {}}), 400, 10),
        (&[], json!({"contactCenterId": "demo"}), 400, 10),
        (
            &[],
            json!({"contactCenterId": "other", "configuration": {}}),
            400,
            10,
        ),
        (&[], wanted(json!("all")), 400, 10),
        (&[], wanted(json!({"colour": 1})), 400, 10),
        (&[], user(json!({"roles": ["king"]})), 400, 10),
        (&[], user(json!({"password_hash": "hunter2"})), 400, 10),
        (
            &[],
            wanted(json!({"queues": {"papers": {"media_type": "fax"}}})),
            400,
            10,
        ),
        (&[], wanted(json!({"capacity": {"chat": 501}})), 400, 10),
        (
            &[],
            wanted(json!({"agent_states": {"Accept": {"display_name": "A"}}})),
            400,
            10,
        ),
        (&[], without_admin, 400, 2),
        (&[("if-match", "\"1-0\"")], user(json!({})), 409, 2),
    ] {
        for dry_run in [true, false] {
            let mut body = body.clone();
            body["dryRun"] = json!(dry_run);
            let reply = put(&admin, headers, &body).await;
            let json = reply.json();
            assert_eq!(
                (reply.status.as_u16(), &json["statusCode"]),
                (status, &json!(code)),
                "{body}: {json}"
            );
            assert!(!reply.text.contains("hunter2"), "{json}");
        }
    }
    assert_eq!(everything(&server).await, before);
}
