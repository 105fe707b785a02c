//! `Idempotency-Key` of what administrators change.

use baton::domain::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::folded::Folded;
use crate::support::process::Process;
use crate::support::server::{Client, start};

/// What an administrator changes is there once too: what others have changed since stays, and what is gone is no surprise.
#[tokio::test]
async fn a_repeated_change_of_the_contact_centre_undoes_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::start(folder.path(), &[]);
    let put = Method::PUT;
    let requests = [
        (
            put.clone(),
            "/api/v2/users/sue",
            json!({"firstName": "Sue", "roles": ["agent"], "password": "first"}),
        ),
        (
            put.clone(),
            "/api/v2/queues/vip",
            json!({"channel": "chat"}),
        ),
        (
            put.clone(),
            "/api/v2/settings/capacity/fax",
            json!({"capacity": 2}),
        ),
        (
            put.clone(),
            "/api/v2/settings/workbins/later",
            json!({"displayName": "Later", "type": "Agent"}),
        ),
        (
            put.clone(),
            "/api/v2/settings/agent-states/Lunch",
            json!({"displayName": "Lunch"}),
        ),
        (
            put.clone(),
            "/api/v2/configuration",
            json!({"contactCenterId": "demo", "configuration": {"capacity": {"sms": 4}}}),
        ),
        (Method::DELETE, "/api/v2/settings/capacity/sms", json!({})),
    ];
    let ask = |client: Client, index: usize, body: &Value| {
        let (method, path, body) = (
            requests[index].0.clone(),
            requests[index].1,
            body.to_string(),
        );
        async move {
            let key = format!("key-{index}");
            let key = [("idempotency-key", key.as_str())];
            client.exchange(method, path, &key, Some(body)).await
        }
    };
    let mut first = Vec::new();
    for (index, (_, path, body)) in requests.iter().enumerate() {
        let reply = ask(server.client("admin"), index, body).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        first.push(reply);
    }
    // Another administrator goes on, and the server is killed.
    let other = server.client("admin");
    for (path, body) in [
        (
            "/api/v2/users/sue",
            json!({"firstName": "Susan", "roles": ["agent"], "password": "second"}),
        ),
        ("/api/v2/queues/vip", json!({"channel": "email"})),
        ("/api/v2/settings/capacity/sms", json!({"capacity": 9})),
    ] {
        assert_eq!(other.put(path, body).await.0, 200, "{path}");
    }
    let removed = other.exchange(Method::DELETE, "/api/v2/settings/workbins/later", &[], None);
    assert_eq!(removed.await.status, 200);
    server.kill();
    server = Process::start(folder.path(), &[]);
    let admin = server.client("admin");
    for (index, (_, path, body)) in requests.iter().enumerate() {
        assert_eq!(
            ask(admin.clone(), index, body).await,
            first[index],
            "{path}"
        );
        let mut another = body.clone();
        another["unknownKey"] = json!(1);
        assert_eq!(
            ask(admin.clone(), index, &another).await.status,
            422,
            "{path}"
        );
    }
    let (_, sue) = admin.get("/api/v2/users/sue").await;
    assert_eq!(sue["user"]["firstName"], "Susan");
    assert_eq!(
        admin.get("/api/v2/queues/vip").await.1["queue"]["channel"],
        "email"
    );
    let (_, capacity) = admin.get("/api/v2/settings/capacity?name=sms").await;
    assert_eq!(capacity["settings"][0]["capacity"], 9);
    let (_, workbins) = admin.get("/api/v2/settings/workbins?name=later").await;
    assert_eq!(workbins["total"], 0);
    // Another password is another request.
    let another = json!({"firstName": "Sue", "roles": ["agent"], "password": "guess"});
    assert_eq!(ask(admin, 0, &another).await.status, 422);
}

/// What a supervisor did for an agent was done, also when the agent is gone.
#[tokio::test]
async fn a_repeated_request_about_a_user_who_is_gone_is_answered_as_it_was() {
    let server = start("").await;
    let (admin, agent) = (server.client("admin"), server.client("agent1"));
    let supervisor = server.client_with("supervisor", &[Role::Supervisor, Role::Agent]);
    agent.ready("chat").await;
    supervisor.ready("chat").await;
    let ready = json!({"operationName": "NotReady"});
    let subscribe = json!({"operationName": "Subscribe"});
    let several = json!({"operationName": "Subscribe", "workbinIds": ["drafts.agent1"]});
    let requests = [
        ("/api/v2/users/agent1/channels", &ready),
        ("/api/v2/users/agent1/channels/chat", &ready),
        ("/api/v2/users/agent1/workbins/drafts.agent1", &subscribe),
        ("/api/v2/users/agent1/workbins", &several),
    ];
    let ask = |path: &'static str, key: String, body: &Value| {
        let (supervisor, body) = (supervisor.clone(), Some(body.to_string()));
        async move {
            let key = [("idempotency-key", key.as_str())];
            supervisor.exchange(Method::POST, path, &key, body).await
        }
    };
    let mut first = Vec::new();
    for (path, body) in requests {
        let reply = ask(path, format!("key of {path}").replace(' ', "-"), body).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        first.push(reply);
    }
    let removed = admin.exchange(Method::DELETE, "/api/v2/users/agent1", &[], None);
    assert_eq!(removed.await.status, 200);
    for ((path, body), first) in requests.into_iter().zip(first) {
        let again = ask(path, format!("key of {path}").replace(' ', "-"), body).await;
        assert_eq!(again, first, "{path}");
        let anew = ask(path, "another".to_owned(), body).await;
        assert_eq!(anew.status, 404, "{path}: {anew:?}");
    }
}

/// Whoever reads the journal must not find out a password faster by the digest of a request than by the hash itself: it is
/// of no use for another key, as that of the plain request would be.
#[tokio::test]
async fn what_is_kept_of_a_request_does_not_tell_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::start(folder.path(), &[]);
    let admin = server.client("admin");
    for body in [
        json!({"firstName": "Sue", "roles": ["agent"], "password": "a secret"}),
        json!({"firstName": "Sue", "roles": ["agent"]}),
    ] {
        for key in ["one", "two"] {
            let key = format!("{key} of {}", body.as_object().unwrap().len()).replace(' ', "-");
            let key = [("idempotency-key", key.as_str())];
            let path = "/api/v2/users/sue";
            let reply = admin.exchange(Method::PUT, path, &key, Some(body.to_string()));
            assert_eq!(reply.await.status, 200);
        }
    }
    server.kill();
    let folded = Folded::read(folder.path(), "admin");
    let digests = folded.heads.iter().filter_map(|it| it.idempotency.as_ref());
    let digests: Vec<&str> = digests.map(|it| it.digest.as_str()).collect();
    assert_eq!(digests.len(), 4);
    assert_ne!(digests[0], digests[1], "with a password in it");
    assert_eq!(digests[2], digests[3], "without one");
}
