//! The eleven operations over HTTP, with the replies of the seed.

use serde_json::{Value, json};

use crate::support::server::{Client, Running, start};

async fn with_invitation(media: &str) -> (Running, Client, Client, String) {
    let server = start("").await;
    let agent = server.client("agent1");
    let media_server = server.client("mediaserver");
    agent.ready(media).await;
    let id = media_server.submit(media).await;
    (server, agent, media_server, id)
}

#[tokio::test]
async fn an_interaction_reaches_an_agent_and_is_finished() {
    let (_server, agent, media_server, id) = with_invitation("chat").await;
    let invited = agent.interaction(&id).await;
    assert_eq!(invited["state"], "Invited");
    assert_eq!(invited["capabilities"], json!(["Accept", "Reject"]));
    assert_eq!(invited["invitation"]["timeoutMs"], 30_000);

    let reply = agent
        .operate(&id, "Accept", json!({"referenceId": 77}))
        .await;
    assert_eq!(reply["status"], "ok");
    assert_eq!(reply["referenceId"], 77);
    assert!(reply["sequence"].is_u64());
    let processing = agent.interaction(&id).await;
    assert_eq!(processing["state"], "Processing");
    assert_eq!(processing["assignedTo"], "agent1");

    let reply = agent.operate(&id, "Complete", json!({})).await;
    assert_eq!(reply.get("status"), None);
    assert_eq!(agent.interaction(&id).await["state"], "Completed");
    let (status, again) = agent
        .post(
            &format!("/api/v2/me/interactions/{id}"),
            json!({"operationName": "Complete"}),
        )
        .await;
    assert_eq!((status.as_u16(), &again["statusCode"]), (409, &json!(2)));
    assert_eq!(again["interaction"]["state"], "Completed");
    assert_eq!(media_server.interaction(&id).await["state"], "Completed");
    let (_, list) = agent.get("/api/v2/me/interactions/").await;
    assert_eq!(list["uris"], json!([]));
}

#[tokio::test]
async fn a_rejected_interaction_reaches_another_agent() {
    let (server, agent, _, id) = with_invitation("chat").await;
    let other = server.client("agent2");
    other.ready("chat").await;
    agent.operate(&id, "Reject", json!({})).await;
    assert_eq!(other.interaction(&id).await["state"], "Invited");
    let (status, reply) = agent
        .post(
            &format!("/api/v2/me/interactions/{id}"),
            json!({"operationName": "Accept"}),
        )
        .await;
    assert_eq!(status, 409, "{reply}");
    assert_eq!(reply["status"], "error");
    assert_eq!(reply["errorDescription"], reply["statusMessage"]);
}

#[tokio::test]
async fn user_data_is_attached_updated_and_deleted() {
    let (_server, agent, _, id) = with_invitation("workitem").await;
    agent.operate(&id, "Accept", json!({})).await;
    let data = json!({"field1": 1, "field3": {"fieldA": "a", "fieldB": "b"}});
    agent
        .operate(&id, "AttachUserData", json!({"userData": data}))
        .await;
    let data = json!({"field2": null, "field3": {"fieldB": "c"}});
    agent
        .operate(&id, "UpdateUserData", json!({"userData": data}))
        .await;
    let expected = json!({"Priority": 5, "field1": 1, "field2": null, "field3": {"fieldA": "a", "fieldB": "c"}});
    assert_eq!(agent.interaction(&id).await["userData"], expected);
    let names = json!({"field1": "any", "field3": {"fieldA": 0}, "missing": 0});
    let reply = agent
        .operate(&id, "DeleteUserData", json!({"userData": names}))
        .await;
    assert_eq!(reply["missingKeys"], json!(["missing"]));
    let expected = json!({"Priority": 5, "field2": null, "field3": {"fieldB": "c"}});
    assert_eq!(agent.interaction(&id).await["userData"], expected);
}

#[tokio::test]
async fn an_interaction_is_placed_in_a_workbin_and_pulled() {
    let (_server, agent, _, id) = with_invitation("email").await;
    agent.operate(&id, "Accept", json!({})).await;
    agent
        .operate(&id, "PlaceInWorkbin", json!({"workbin": "drafts"}))
        .await;
    let parked = agent.interaction(&id).await;
    assert_eq!(parked["state"], "InWorkbin");
    assert_eq!(parked["capabilities"], json!([]));
    for named in [
        "drafts",
        "Drafts",
        "drafts.agent1",
        "ZHJhZnRzL1ByaXZhdGVWaWV3",
    ] {
        let reply = agent
            .operate("any", "GetWorkbinContent", json!({"workbin": named}))
            .await;
        assert_eq!(reply["interactions"][0]["id"], json!(id), "{named}");
    }
    let pulled = agent
        .request(
            "RequestPull",
            json!({"workbin": "drafts", "interactionId": id}),
        )
        .await;
    assert_eq!(pulled["event"], "EventPulledInteractions");
    assert!(pulled["interactions"][&id].is_object());
    assert_eq!(agent.interaction(&id).await["state"], "Processing");
}

#[tokio::test]
async fn a_reply_is_a_draft_that_can_be_cancelled() {
    let (_server, agent, _, id) = with_invitation("email").await;
    agent.operate(&id, "Accept", json!({})).await;
    let reply = agent.operate(&id, "Reply", json!({})).await;
    let draft = reply["id"].as_str().unwrap().to_owned();
    let composing = agent.interaction(&draft).await;
    assert_eq!(composing["state"], "Composing");
    assert_eq!(composing["parentId"], json!(id));
    assert_eq!(composing["interactionType"], "Outbound");
    let may = composing["capabilities"].as_array().unwrap();
    assert!(
        may.contains(&json!("Cancel")) && !may.contains(&json!("Complete")),
        "{may:?}"
    );
    let reply = agent.operate(&draft, "Cancel", json!({})).await;
    assert_eq!(reply["status"], 0);
    assert_eq!(agent.interaction(&draft).await["state"], "Completed");
    assert_eq!(agent.interaction(&id).await["state"], "Processing");
}

#[tokio::test]
async fn a_transfer_changes_the_owner_when_it_is_accepted() {
    let (server, agent, _, id) = with_invitation("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let other = server.client("agent2");
    other
        .done(
            "/api/v2/me",
            json!({"operationName": "StartContactCenterSession", "channels": ["chat"]}),
        )
        .await;
    agent
        .operate(&id, "SingleStepTransfer", json!({"userId": "agent2"}))
        .await;
    let transferring = agent.interaction(&id).await;
    assert_eq!(transferring["state"], "Transferring");
    assert!(
        !transferring["capabilities"]
            .as_array()
            .unwrap()
            .contains(&json!("Transfer"))
    );
    assert_eq!(other.interaction(&id).await["state"], "Invited");
    other.operate(&id, "Accept", json!({})).await;
    assert_eq!(other.interaction(&id).await["state"], "Processing");
    let (status, _) = agent.get(&format!("/api/v2/interactions/{id}")).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_transfer_reaches_a_queue_too() {
    let (_server, agent, _, id) = with_invitation("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    agent
        .operate(
            &id,
            "Transfer",
            json!({"targetUri": "http://x/api/v2/queues/email"}),
        )
        .await;
    assert_eq!(agent.interaction(&id).await["interactionQueue"], "email");
}

#[tokio::test]
async fn put_replaces_what_is_named_and_honours_if_match() {
    let (server, agent, media_server, id) = with_invitation("chat").await;
    agent.operate(&id, "Accept", json!({})).await;
    let url = format!("{}/api/v2/interactions/{id}", server.url);
    let http = reqwest::Client::new();
    let read = http
        .get(&url)
        .bearer_auth(&agent.token)
        .send()
        .await
        .unwrap();
    let tag = read.headers()["etag"].to_str().unwrap().to_owned();
    let path = format!("/api/v2/interactions/{id}");
    let (status, reply) = media_server
        .put(
            &path,
            json!({"userData": {"only": true}, "subject": "New", "state": "Hacked"}),
        )
        .await;
    assert_eq!(status, 200, "{reply}");
    let changed = agent.interaction(&id).await;
    assert_eq!(changed["userData"], json!({"only": true}));
    assert_eq!(changed["subject"], "New");
    assert_eq!(changed["state"], "Processing");
    for (tag, expected) in [
        (tag.as_str(), 409),
        ("\"1-1\"", 409),
        ("nonsense", 400),
        ("*", 200),
    ] {
        let stale = http
            .put(&url)
            .bearer_auth(&agent.token)
            .header("if-match", tag)
            .header("content-type", "application/json")
            .body("{\"subject\":\"Newer\"}")
            .send()
            .await
            .unwrap();
        assert_eq!(stale.status(), expected, "{tag}");
        if expected == 409 {
            let body: Value = serde_json::from_str(&stale.text().await.unwrap()).unwrap();
            assert_eq!(body["interaction"]["subject"], "New");
        }
    }
}

#[tokio::test]
async fn one_of_many_wins_an_invitation() {
    let (_server, agent, _, id) = with_invitation("chat").await;
    let path = format!("/api/v2/me/interactions/{id}");
    let mut races = tokio::task::JoinSet::new();
    for index in 0..12 {
        let (agent, path) = (agent.clone(), path.clone());
        let name = if index % 2 == 0 { "Accept" } else { "Reject" };
        races.spawn(async move { agent.post(&path, json!({"operationName": name})).await.0 });
    }
    let results = races.join_all().await;
    let won = results.iter().filter(|status| **status == 200).count();
    assert_eq!(won, 1, "{results:?}");
    assert!(
        results
            .iter()
            .all(|status| *status == 200 || *status == 409),
        "{results:?}"
    );
}
