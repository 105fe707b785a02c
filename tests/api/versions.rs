//! `ETag`, `If-Match` and `If-None-Match` of interactions.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::{Client, Reply, Running, start};

/// An interaction that agent1 works on, with its tag.
async fn given() -> (Running, Client, String, String) {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let id = server.client("mediaserver").submit("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let tag = read(&agent, &id, &[]).await.etag.unwrap();
    (server, agent, id, tag)
}

async fn read(client: &Client, id: &str, headers: &[(&str, &str)]) -> Reply {
    let path = format!("/api/v2/interactions/{id}");
    client.exchange(Method::GET, &path, headers, None).await
}

/// Attaches data, by each of the ways there are.
async fn attach(client: &Client, id: &str, way: &str, tag: &str) -> Reply {
    let data = json!({"userData": {"by": way}});
    let (method, path, mut body) = match way {
        "PUT" => (Method::PUT, format!("/api/v2/interactions/{id}"), data),
        "operation" => (Method::POST, format!("/api/v2/me/interactions/{id}"), data),
        _ => (Method::POST, "/api/v2/requests".to_owned(), data),
    };
    body["operationName"] = json!("AttachUserData");
    body["request"] = json!("RequestUpdateUserData");
    body["interactionId"] = json!(id);
    let headers = [("if-match", tag)];
    let body = Some(body.to_string());
    client.exchange(method, &path, &headers, body).await
}

const WAYS: [&str; 3] = ["PUT", "operation", "request"];

#[tokio::test]
async fn who_changes_what_he_has_read_changes_nothing_else() {
    let (_server, agent, id, first) = given().await;
    let mut fresh = first.clone();
    let epoch = first.trim_matches('"').split('-').next().unwrap();
    for way in WAYS {
        let sequence = agent.interaction(&id).await["sequence"].clone();
        assert_eq!(fresh, format!("\"{epoch}-{sequence}\""), "{way}");
        let others = [
            format!("\"{epoch}-1\""),
            format!("\"1-{sequence}\""),
            format!("W/{fresh}"),
            "\"of-another-server\"".to_owned(),
        ];
        for stale in others {
            let refused = attach(&agent, &id, way, &stale).await;
            assert_eq!(refused.status, 409, "{way} {stale}: {refused:?}");
            assert_eq!(refused.etag.as_ref(), Some(&fresh), "{way} {stale}");
            let told = refused.json();
            assert_eq!(told["statusCode"], 2);
            assert_eq!(told["interaction"], agent.interaction(&id).await);
            assert!(
                told["interaction"]["capabilities"]
                    .to_string()
                    .contains("Complete")
            );
        }
        for malformed in ["nonsense", "\"open", "", "*,\"1-1\""] {
            let refused = attach(&agent, &id, way, malformed).await;
            assert_eq!(refused.status, 400, "{way} {malformed}: {refused:?}");
            assert_eq!(refused.json()["statusCode"], 10);
        }
        assert_eq!(read(&agent, &id, &[]).await.etag.as_ref(), Some(&fresh));
        for around in ["{}", "*", "\"1-1\", {}"] {
            let good = around.replace("{}", &fresh);
            let done = attach(&agent, &id, way, &good).await;
            assert_eq!(done.status, 200, "{way} {good}: {done:?}");
            fresh = done.etag.unwrap();
            assert_eq!(read(&agent, &id, &[]).await.etag.as_ref(), Some(&fresh));
        }
    }
}

#[tokio::test]
async fn who_may_not_know_of_an_interaction_learns_nothing_by_conditions() {
    let (server, agent, id, tag) = given().await;
    let stranger = server.client("agent2");
    stranger.ready("email").await;
    for way in WAYS {
        for tag in [tag.as_str(), "\"1-1\"", "*"] {
            let refused = attach(&stranger, &id, way, tag).await;
            assert_eq!(refused.status, 404, "{way} {tag}: {refused:?}");
            assert_eq!(refused.etag, None);
            assert_eq!(refused.json().get("interaction"), None);
        }
    }
    let known = [("if-none-match", tag.as_str())];
    let refused = read(&stranger, &id, &known).await;
    assert_eq!((refused.status.as_u16(), refused.etag), (404, None));
    assert_eq!(read(&agent, &id, &[]).await.etag, Some(tag));
}

#[tokio::test]
async fn who_has_a_version_is_not_sent_it_again() {
    let (server, agent, id, tag) = given().await;
    let epoch = tag.trim_matches('"').split('-').next().unwrap().to_owned();
    let paths = [
        format!("/api/v2/interactions/{id}"),
        format!("/api/v2/me/interactions/{id}"),
        format!("/api/v2/interactions/{id}?fields=state"),
    ];
    for path in paths {
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"x\", {tag}"), 304),
            ("*".to_owned(), 304),
            (format!("\"{epoch}-1\""), 200),
            ("\"x\"".to_owned(), 200),
            ("nonsense".to_owned(), 400),
        ] {
            let headers = [("if-none-match", known.as_str())];
            let reply = agent.exchange(Method::GET, &path, &headers, None).await;
            assert_eq!(reply.status, status, "{path} {known}: {reply:?}");
            match status {
                304 => assert_eq!((reply.text.as_str(), reply.etag), ("", Some(tag.clone()))),
                200 => assert_eq!(reply.json()["interaction"]["state"], "Processing"),
                _ => assert_eq!(reply.json()["statusCode"], 10),
            }
        }
    }
    agent.operate(&id, "Complete", json!({})).await;
    let known = [("if-none-match", tag.as_str())];
    assert_eq!(read(&agent, &id, &known).await.status, 200);
    // It is no longer among his.
    for user in ["agent1", "agent2"] {
        let path = format!("/api/v2/me/interactions/{id}");
        assert_eq!(server.client(user).get(&path).await.0, 404, "{user}");
    }
}

#[tokio::test]
async fn what_an_operation_has_made_of_an_interaction_has_a_tag() {
    let (server, agent, id, _) = given().await;
    let media_server = server.client("mediaserver");
    let tag_of = |client: &Client, id: &str| {
        let (client, id) = (client.clone(), id.to_owned());
        async move { read(&client, &id, &[]).await.etag }
    };
    let submit = json!({"mediaType": "email", "queue": "email"});
    let submitted = send(&media_server, "/api/v2/interactions", submit).await;
    let created = submitted.json()["id"].as_str().unwrap().to_owned();
    assert!(submitted.etag.is_some());
    assert_eq!(submitted.etag, tag_of(&media_server, &created).await);
    let path = format!("/api/v2/me/interactions/{id}");
    for operation in [
        json!({"operationName": "UpdateUserData", "userData": {"a": 1}}),
        json!({"operationName": "PlaceInWorkbin", "workbin": "drafts"}),
    ] {
        let done = send(&agent, &path, operation.clone()).await;
        assert!(done.etag.is_some(), "{operation}: {done:?}");
        assert_eq!(done.etag, tag_of(&agent, &id).await, "{operation}");
    }
    let content = json!({"operationName": "GetWorkbinContent", "workbin": "drafts"});
    assert_eq!(send(&agent, &path, content).await.etag, None);
}

async fn send(client: &Client, path: &str, body: Value) -> Reply {
    let reply = client.exchange(Method::POST, path, &[], Some(body.to_string()));
    let reply = reply.await;
    assert_eq!(reply.status, 200, "{path} {body}: {reply:?}");
    reply
}
