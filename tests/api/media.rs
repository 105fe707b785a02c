//! Interactions under the gateway's names for their media.

use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::start;

/// A medium, its route, the key of the reply, the key of its type, and the state of one that is worked on.
const MEDIA: [(&str, &str, &str, &str, &str); 4] = [
    ("chat", "/me/chats", "chat", "chatType", "Chatting"),
    ("email", "/me/emails", "email", "emailType", "Processing"),
    (
        "workitem",
        "/me/workitems",
        "workitem",
        "workitemType",
        "Processing",
    ),
    (
        "workitem",
        "/me/openmedia/workitem",
        "openmedia",
        "openmediaType",
        "Processing",
    ),
];

#[tokio::test]
async fn each_medium_has_its_own_words_for_the_same_operations() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    for (medium, route, key, type_key, processing) in MEDIA {
        agent.ready(medium).await;
        let id = media_server.submit(medium).await;
        let path = format!("/api/v2{route}/{id}");
        let (status, invited) = agent.get(&path).await;
        assert_eq!(status, 200, "{invited}");
        assert_eq!(invited[key]["state"], "Invited");
        assert_eq!(invited[key][type_key], "Inbound");
        assert_eq!(invited[key]["path"], json!(format!("{route}/{id}")));
        assert_eq!(invited[key]["uri"], json!(format!("{}{path}", server.url)));
        let same = agent.interaction(&id).await;
        for kept in [
            "id",
            "userData",
            "capabilities",
            "receivedDate",
            "invitation",
        ] {
            assert_eq!(invited[key][kept], same[kept], "{kept}");
        }

        let accept = json!({"operationName": "Accept", "referenceId": 3});
        let reply = agent.done(&path, accept).await;
        assert_eq!(
            (&reply["status"], &reply["referenceId"]),
            (&json!("ok"), &json!(3))
        );
        let (_, working) = agent.get(&format!("{path}?fields=state")).await;
        assert_eq!(working[key], json!({"state": processing}));
        agent
            .done(&path, json!({"operationName": "Complete"}))
            .await;
        let (status, gone) = agent.get(&path).await;
        assert_eq!((status.as_u16(), &gone["statusCode"]), (404, &json!(6)));
    }
}

/// A list, and how many of what the agent has it holds: a chat that he works on, one that he is invited to, and an e-mail.
const LISTS: [(&str, usize); 19] = [
    ("/me/interactions", 3),
    ("/me/interactions?state=Invited", 1),
    ("/me/interactions?state=Processing&queue=email", 1),
    ("/me/interactions?mediaType=chat", 2),
    ("/me/interactions?q=a%20subject", 3),
    ("/me/interactions?state=Completed", 0),
    ("/me/chats", 2),
    ("/me/chats?state=Chatting", 1),
    ("/me/chats?state=Processing", 1),
    ("/me/chats?state=Invited", 1),
    ("/me/chats?queue=email", 0),
    ("/me/chats?from=2001-01-01T00:00:00Z", 2),
    ("/me/chats?to=2001-01-01T00:00:00Z", 0),
    ("/me/chats?nobody=knows", 2),
    ("/me/emails", 1),
    ("/me/workitems", 0),
    ("/me/openmedia/chat", 2),
    ("/me/openmedia/email", 1),
    ("/me/openmedia/fax", 0),
];

#[tokio::test]
async fn each_medium_has_a_list_of_its_own() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    agent.ready("email").await;
    let working = media_server.submit("chat").await;
    agent.operate(&working, "Accept", json!({})).await;
    let mail = media_server.submit("email").await;
    agent.operate(&mail, "Accept", json!({})).await;
    let invited = media_server.submit("chat").await;
    for (path, len) in LISTS {
        let (status, body) = agent.get(&format!("/api/v2{path}")).await;
        assert_eq!(
            (status.as_u16(), &body["statusCode"]),
            (200, &json!(0)),
            "{path}: {body}"
        );
        let uris = body["uris"].as_array().unwrap();
        assert_eq!(uris.len(), len, "{path}: {body}");
        for uri in uris {
            let (_, one) = agent
                .get(uri.as_str().unwrap().strip_prefix(&server.url).unwrap())
                .await;
            assert_eq!(one["statusCode"], 0, "{path}: {uri} leads nowhere");
        }
        assert!(body["sequence"].is_u64(), "{path}: {body}");
    }
    for (medium, route, key, type_key, processing) in MEDIA.iter().take(2) {
        let (_, body) = agent
            .get(&format!("/api/v2{route}?fields=*&state={processing}"))
            .await;
        let id = if *medium == "chat" { &working } else { &mail };
        let (_, one) = agent.get(&format!("/api/v2{route}/{id}")).await;
        assert_eq!(body[format!("{key}s")], json!([one[key]]), "{route}");
        assert_eq!(one[key][type_key], "Inbound");
    }
    let fields = "/api/v2/me/openmedia/chat?fields=id,state";
    let (_, body) = agent.get(fields).await;
    let mut found: Vec<&Value> = body["openmedia"].as_array().unwrap().iter().collect();
    found.sort_by_key(|it| it["state"].to_string());
    assert_eq!(
        found,
        [
            &json!({"id": invited, "state": "Invited"}),
            &json!({"id": working, "state": "Processing"})
        ]
    );

    let (_, first) = agent.get("/api/v2/me/chats?limit=1").await;
    let after = first["after"].as_str().unwrap();
    let (_, second) = agent
        .get(&format!("/api/v2/me/chats?limit=1&after={after}"))
        .await;
    assert_ne!(first["uris"], second["uris"]);
    assert_eq!(second.get("after"), None, "there is no more");
    for refused in ["limit=0", "limit=501", "state=Flying", "from=then", "q="] {
        for list in ["/me/interactions", "/me/chats", "/me/openmedia/chat"] {
            let (status, body) = agent.get(&format!("/api/v2{list}?{refused}")).await;
            assert_eq!(
                (status.as_u16(), &body["statusCode"]),
                (400, &json!(10)),
                "{list}?{refused}"
            );
        }
    }
    let other = server.client("agent2");
    let (_, body) = other.get("/api/v2/me/chats").await;
    assert_eq!(body["uris"], json!([]), "they are not his");
}

#[tokio::test]
async fn an_interaction_of_another_medium_is_as_none() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("email").await;
    let id = media_server.submit("email").await;
    let before = agent.interaction(&id).await;
    for route in [
        "/me/chats",
        "/me/workitems",
        "/me/openmedia/chat",
        "/me/openmedia/fax",
    ] {
        let accept = json!({"operationName": "Accept", "referenceId": 1});
        let answers = |id: String| {
            let (agent, accept) = (&agent, accept.clone());
            let path = format!("/api/v2{route}/{id}");
            async move {
                (
                    agent.get(&path).await,
                    codes(agent.post(&path, accept).await.1),
                )
            }
        };
        let (foreign, none) = (answers(id.clone()).await, answers("NONE".to_owned()).await);
        assert_eq!(foreign, none, "{route}");
        assert_eq!(foreign.0.0, 404);
    }
    assert_eq!(agent.interaction(&id).await, before);
}

fn codes(reply: Value) -> [Value; 4] {
    ["statusCode", "statusMessage", "status", "errorDescription"].map(|key| reply[key].clone())
}

#[tokio::test]
async fn each_medium_is_told_of_on_its_own_channel_where_that_is_wanted() {
    let server = start("cometd_media_channels = true").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let mut desktop = Desktop::open(
        &agent,
        &["/v2/me/chats", "/v2/me/emails", "/v2/me/workitems"],
    )
    .await;
    for (medium, route, key, type_key, processing) in MEDIA.into_iter().take(3) {
        agent.ready(medium).await;
        let id = media_server.submit(medium).await;
        let channel = format!("/v2{route}");
        let invited = desktop.hear(&channel, |_| true).await;
        let (_, shown) = agent.get(&format!("/api/v2{route}/{id}")).await;
        assert_eq!(invited[key], shown[key]);
        let mut name = medium.to_owned();
        name[..1].make_ascii_uppercase();
        assert_eq!(
            invited["messageType"],
            json!(format!("{name}StateChangeMessage"))
        );
        assert_eq!(invited["notificationType"], "StatusChange");
        for absent in ["interaction", "messageTypeName", "previousSequence"] {
            assert_eq!(invited.get(absent), None, "{absent}");
        }
        let accept = json!({"operationName": "Accept", "referenceId": 32});
        let reply = agent.done(&format!("/api/v2{route}/{id}"), accept).await;
        let accepted = desktop.hear(&channel, |_| true).await;
        assert_eq!(
            (&accepted["referenceId"], &accepted["sequence"]),
            (&json!(32), &reply["sequence"])
        );
        assert_eq!(
            (&accepted[key]["state"], &accepted[key][type_key]),
            (&json!(processing), &json!("Inbound"))
        );

        // Who comes now hears how it is, and who comes back what came since.
        let mut late = Desktop::open(&agent, &[&channel]).await;
        assert_eq!(late.hear(&channel, |_| true).await[key], accepted[key]);
        let cursor = invited["sequence"].clone();
        let mut back = Desktop::resume(&agent, json!(true), &channel, cursor).await;
        assert_eq!(back.hear(&channel, |_| true).await, accepted);
        let other = Desktop::resume(&agent, json!({"epoch": "another"}), &channel, json!(1));
        let told = other.await.hear(&channel, |_| true).await;
        assert_eq!(told["messageType"], "ResyncMessage");
    }
}

#[tokio::test]
async fn without_the_option_each_thing_is_told_once() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let mut desktop = Desktop::open(&agent, &["/**"]).await;
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    let of_chat = |data: &Value| data["interaction"]["id"] == json!(id);
    desktop.hear("/v2/me/interactions", of_chat).await;
    agent.operate(&id, "Accept", json!({})).await;
    desktop.hear("/v2/me/interactions", of_chat).await;
    assert_eq!(desktop.heard_on("/v2/me/chats"), 0);
}
