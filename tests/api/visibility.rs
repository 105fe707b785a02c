//! Who sees and touches what (design section 6).

use serde_json::json;

use crate::support::server::start;

#[tokio::test]
async fn an_agent_never_touches_anothers_interaction() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    let path = format!("/api/v2/me/interactions/{id}");
    let unknown = "/api/v2/me/interactions/NOSUCHINTERACTION".to_owned();
    for accepted in [false, true] {
        if accepted {
            agent.operate(&id, "Accept", json!({})).await;
        }
        let before = agent.interaction(&id).await;
        for user in ["agent2", "other-agent"] {
            let stranger = server.client(user);
            let (status, foreign) = stranger.get(&format!("/api/v2/interactions/{id}")).await;
            let (_, missing) = stranger.get("/api/v2/interactions/NOSUCHINTERACTION").await;
            assert_eq!((status.as_u16(), foreign), (404, missing));
            for name in [
                "Accept",
                "Reject",
                "Complete",
                "UpdateUserData",
                "PlaceInQueue",
                "Transfer",
            ] {
                let body = json!({
                    "operationName": name, "userData": {"a": 1}, "queueName": "chat", "userId": "agent3",
                    "referenceId": 1,
                });
                let foreign = stranger.post(&path, body.clone()).await;
                let missing = stranger.post(&unknown, body).await;
                assert_eq!(foreign, missing, "{user} {name}");
                assert_eq!(foreign.0, 404);
            }
        }
        assert_eq!(agent.interaction(&id).await, before);
    }
}

#[tokio::test]
async fn lists_hold_what_the_caller_may_see() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let mine = media_server.submit("chat").await;
    let waiting = media_server.submit("email").await;
    let list = |user: &'static str| {
        let client = server.client(user);
        async move {
            let (status, body) = client.get("/api/v2/interactions?fields=id").await;
            let ids: Vec<String> = body["interactions"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| it["id"].as_str().unwrap().to_owned())
                .collect();
            (status.as_u16(), ids)
        }
    };
    let both = |ids: &[String]| ids.contains(&mine) && ids.contains(&waiting) && ids.len() == 2;
    for user in ["supervisor", "admin", "agent1"] {
        let (status, ids) = list(user).await;
        assert!(status == 200 && both(&ids), "{user}: {ids:?}");
    }
    let (_, ids) = list("agent2").await;
    assert_eq!(
        ids,
        std::slice::from_ref(&waiting),
        "only what waits in a queue that he may pull from"
    );
    for user in ["other-agent", "other-admin"] {
        assert_eq!(list(user).await, (200, vec![]), "{user}");
    }
    assert_eq!(list("mediaserver").await.0, 403);
}

#[tokio::test]
async fn lists_are_bounded_in_bytes_and_go_on_after_a_page() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent
        .done(
            "/api/v2/me",
            json!({"operationName": "StartContactCenterSession"}),
        )
        .await;
    let large = "x".repeat(240 * 1024);
    for _ in 0..10 {
        let mail = json!({"mediaType": "email", "queue": "email", "userData": {"body": large}});
        media_server.done("/api/v2/interactions", mail).await;
        let own = json!({"mediaType": "email", "userData": {"body": large}});
        agent.done("/api/v2/interactions", own).await;
    }
    for (client, path, expected) in [
        (server.client("admin"), "/api/v2/interactions", 20),
        (agent, "/api/v2/me/interactions", 10),
    ] {
        let (mut seen, mut after, mut pages) =
            (std::collections::BTreeSet::new(), String::new(), 0);
        loop {
            let (status, page) = client.get(&format!("{path}?fields=*&after={after}")).await;
            assert_eq!(status, 200);
            assert!(page.to_string().len() < 3 * 1024 * 1024);
            for interaction in page["interactions"].as_array().unwrap() {
                assert!(seen.insert(interaction["id"].as_str().unwrap().to_owned()));
            }
            pages += 1;
            match page["after"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        assert_eq!(seen.len(), expected);
        assert!(pages > 1);
    }
}

#[tokio::test]
async fn roles_decide_who_may_ask_for_what() {
    let server = start("").await;
    let denied = [
        (
            "supervisor",
            "/api/v2/me",
            json!({"operationName": "StartContactCenterSession"}),
        ),
        (
            "mediaserver",
            "/api/v2/me/interactions/1",
            json!({"operationName": "Accept"}),
        ),
        (
            "reporting",
            "/api/v2/interactions",
            json!({"mediaType": "chat", "queue": "chat"}),
        ),
        (
            "router",
            "/api/v2/interactions",
            json!({"mediaType": "chat", "queue": "chat"}),
        ),
        (
            "agent1",
            "/api/v2/requests",
            json!({"request": "RegisterAddress", "thisDN": "chat"}),
        ),
        (
            "supervisor",
            "/api/v2/requests",
            json!({"request": "RequestRegisterClient"}),
        ),
    ];
    for (user, path, body) in denied {
        let (status, reply) = server.client(user).post(path, body.clone()).await;
        assert_eq!(
            (status.as_u16(), &reply["statusCode"]),
            (403, &json!(5)),
            "{user} {body}: {reply}"
        );
    }
    let (status, _) = server
        .client("mediaserver")
        .get("/api/v2/me/interactions")
        .await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn the_directory_tells_no_secrets() {
    let server = start("").await;
    let (_, users) = server.client("agent1").get("/api/v2/users?fields=*").await;
    assert_eq!(users["users"].as_array().unwrap().len(), 11);
    assert!(!users.to_string().contains("argon2"));
    let (_, uris) = server.client("agent1").get("/api/v2/queues").await;
    assert_eq!(uris["uris"].as_array().unwrap().len(), 3);
    let (_, bins) = server
        .client("agent1")
        .get("/api/v2/me/workbins?fields=id,type")
        .await;
    assert_eq!(
        bins["workbins"],
        json!([{"id": "drafts.agent1", "type": "Agent"}, {"id": "team.team", "type": "AgentGroup"}])
    );
}
