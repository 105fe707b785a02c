//! The contact-centre session and the channels of an agent.

use baton::domain::MultipleConnections;
use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::{start, start_configured};

const CHANNELS: &str = "/v2/me/channels";
const INTERACTIONS: &str = "/v2/me/interactions";

#[tokio::test]
async fn a_session_begins_not_ready_and_ends() {
    let server = start("").await;
    let agent = server.client("agent1");
    let (_, none) = agent.get("/api/v2/me/channels").await;
    assert_eq!(none["channels"], json!([]));
    let (status, reply) = agent
        .post(
            "/api/v2/me/channels/chat",
            json!({"operationName": "Ready"}),
        )
        .await;
    assert_eq!(
        (status.as_u16(), &reply["statusCode"]),
        (400, &json!(2)),
        "{reply}"
    );

    agent
        .done("/api/v2/me", json!({"operationName": "StartContactCenterSession", "channels": ["chat", "email"], "place": "desk 7"}))
        .await;
    let (_, body) = agent.get("/api/v2/me").await;
    assert_eq!(body["user"]["place"], "desk 7");
    assert_eq!(body["user"]["channels"][0]["channel"], "chat");
    assert_eq!(
        body["user"]["channels"][0]["userState"]["state"],
        "NotReady"
    );

    agent
        .done(
            "/api/v2/me/channels/email",
            json!({"operationName": "Ready"}),
        )
        .await;
    let (_, body) = agent.get("/api/v2/me/channels").await;
    assert_eq!(
        body["channels"][1]["userState"]["id"],
        "9430250E-0A1B-421F-B372-F29E69366DED"
    );
    agent
        .done(
            "/api/v2/me/channels/email",
            json!({"operationName": "NotReady", "reason": "lunch"}),
        )
        .await;
    let (_, body) = agent.get("/api/v2/me/channels").await;
    assert_eq!(body["channels"][1]["userState"]["reason"], "lunch");

    agent
        .done("/api/v2/me", json!({"operationName": "Ready"}))
        .await;
    let (_, body) = agent.get("/api/v2/me/channels").await;
    let ready: Vec<&str> = body["channels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|channel| channel["userState"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(ready, ["Ready", "Ready"]);

    agent
        .done(
            "/api/v2/me",
            json!({"operationName": "EndContactCenterSession"}),
        )
        .await;
    let (_, body) = agent.get("/api/v2/me").await;
    assert_eq!(body["user"]["loggedIn"], false);
}

#[tokio::test]
async fn capacity_counts_invitations() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(media_server.submit("chat").await);
    }
    let (_, list) = agent.get("/api/v2/me/interactions").await;
    assert_eq!(
        list["uris"].as_array().unwrap().len(),
        3,
        "the demo's capacity for chats"
    );
    agent.operate(&ids[0], "Accept", json!({})).await;
    agent.operate(&ids[0], "Complete", json!({})).await;
    assert_eq!(agent.interaction(&ids[3]).await["state"], "Invited");
}

#[tokio::test]
async fn what_an_agent_had_goes_back_when_he_logs_out() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let accepted = media_server.submit("chat").await;
    agent.operate(&accepted, "Accept", json!({})).await;
    let invited = media_server.submit("chat").await;
    agent
        .done(
            "/api/v2/me",
            json!({"operationName": "EndContactCenterSession"}),
        )
        .await;
    for id in [accepted, invited] {
        assert_eq!(media_server.interaction(&id).await["state"], "Queued");
    }
}

/// Channels with their codes.
type Told = &'static [(&'static str, u8)];

/// What a session is asked for, and what is answered: HTTP status, status code, and the channels with their codes.
const BEGINNINGS: &[(&str, u16, u8, Told)] = &[
    (r#"["chat","email"]"#, 200, 0, &[]),
    (r#"["voice","chat"]"#, 200, 7, &[("chat", 0), ("voice", 6)]),
    (r#"["voice","fax"]"#, 404, 6, &[]),
    (r#"["chat",7]"#, 400, 10, &[]),
    (r#""chat""#, 400, 10, &[]),
    ("[]", 200, 0, &[]),
    ("null", 200, 0, &[]),
];

#[tokio::test]
async fn a_session_begins_for_the_channels_that_there_are() {
    let server = start("").await;
    let agent = server.client("agent1");
    for (channels, status, code, expected) in BEGINNINGS {
        let channels: Value = serde_json::from_str(channels).unwrap();
        let body = json!({"operationName": "StartContactCenterSession", "channels": channels});
        let (found, reply) = agent.post("/api/v2/me", body).await;
        let seen = (found.as_u16(), &reply["statusCode"]);
        assert_eq!(seen, (*status, &json!(code)), "{channels}: {reply}");
        assert_eq!(reply.get("statusMessage").is_some(), *code != 0);
        let of_reply = reply["channels"].as_array().into_iter().flatten();
        let told: Vec<(&str, u64)> = of_reply
            .map(|it| {
                (
                    it["channel"].as_str().unwrap(),
                    it["statusCode"].as_u64().unwrap(),
                )
            })
            .collect();
        let expected: Vec<(&str, u64)> = expected.iter().map(|it| (it.0, it.1.into())).collect();
        assert_eq!(told, expected, "{channels}");
        let (_, me) = agent.get("/api/v2/me").await;
        assert_eq!(me["user"]["loggedIn"], *status == 200, "{channels}");
        if *status == 200 {
            let end = json!({"operationName": "EndContactCenterSession"});
            agent.done("/api/v2/me", end).await;
        }
    }
    let many: Vec<String> = (0..65).map(|at| format!("medium{at}")).collect();
    let body = json!({"operationName": "StartContactCenterSession", "channels": many});
    let (status, reply) = agent.post("/api/v2/me", body).await;
    assert_eq!((status.as_u16(), &reply["statusCode"]), (400, &json!(10)));
}

#[tokio::test]
async fn a_partial_beginning_is_told_alike_to_who_asks_again_and_in_the_other_words() {
    let server = start("").await;
    let agent = server.client("agent1");
    let body = json!({"operationName": "StartContactCenterSession", "channels": ["chat", "voice"]});
    let key = [("idempotency-key", "begin")];
    let ask = || {
        let post = reqwest::Method::POST;
        agent.exchange(post, "/api/v2/me", &key, Some(body.to_string()))
    };
    let (first, again) = (ask().await, ask().await);
    assert_eq!(first.json()["statusCode"], 7);
    assert_eq!(first, again);
    let login = json!({"request": "RequestAgentLogin", "channels": ["chat", "voice"]});
    let (status, reply) = agent.post("/api/v2/requests", login).await;
    assert_eq!(
        (status.as_u16(), &reply["event"]),
        (200, &json!("EventAck"))
    );
    assert_eq!(
        (&reply["statusCode"], &reply["channels"]),
        (&json!(7), &first.json()["channels"])
    );
}

#[tokio::test]
async fn two_agents_do_not_sit_at_one_place() {
    let server = start("").await;
    let (one, two) = (server.client("agent1"), server.client("agent2"));
    let session =
        |place: &str| json!({"operationName": "StartContactCenterSession", "place": place});
    one.done("/api/v2/me", session("desk 7")).await;
    one.done("/api/v2/me", session("desk 7")).await;
    let (status, reply) = two.post("/api/v2/me", session("desk 7")).await;
    assert_eq!(
        (status.as_u16(), &reply["statusCode"]),
        (409, &json!(19)),
        "{reply}"
    );
    one.done("/api/v2/me", session("desk 8")).await;
    two.done("/api/v2/me", session("desk 7")).await;
}

#[tokio::test]
async fn both_windows_of_an_agent_see_everything() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let mut first = Desktop::open(&agent, &["/**"]).await;
    agent.ready("chat").await;
    let mut second = Desktop::open(&agent, &[CHANNELS, INTERACTIONS]).await;
    let session = json!({"operationName": "StartContactCenterSession", "channels": ["email"]});
    agent.done("/api/v2/me", session).await;
    let both = |data: &Value| data["channels"].as_array().is_some_and(|it| it.len() == 2);
    let id = media_server.submit("chat").await;
    for desktop in [&mut first, &mut second] {
        desktop.hear(CHANNELS, both).await;
        desktop
            .hear(INTERACTIONS, |data| data["interaction"]["id"] == json!(id))
            .await;
    }
    agent
        .done(
            "/api/v2/me",
            json!({"operationName": "EndContactCenterSession"}),
        )
        .await;
    for mut desktop in [first, second] {
        desktop
            .hear(INTERACTIONS, |data| {
                data["interaction"]["state"] == "Revoked"
            })
            .await;
        desktop
            .hear(CHANNELS, |data| data["channels"] == json!([]))
            .await;
    }
}

#[tokio::test]
async fn a_second_session_does_what_the_contact_centre_says() {
    for (setting, status, media) in [
        (MultipleConnections::Allowed, 200, vec!["chat", "email"]),
        (MultipleConnections::Refused, 400, vec!["chat"]),
        (MultipleConnections::ForceLogout, 200, vec!["email"]),
    ] {
        let server =
            start_configured(|centre| centre.allow_multiple_agent_connections = setting).await;
        let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
        let mut desktop = Desktop::open(&agent, &[CHANNELS, INTERACTIONS]).await;
        agent.ready("chat").await;
        media_server.submit("chat").await;
        desktop
            .hear(INTERACTIONS, |data| {
                data["interaction"]["state"] == "Invited"
            })
            .await;
        let session = json!({"operationName": "StartContactCenterSession", "channels": ["email"]});
        let (found, reply) = agent.post("/api/v2/me", session).await;
        assert_eq!(found, status, "{setting:?}: {reply}");
        let (_, seen) = agent.get("/api/v2/me/channels").await;
        let names = seen["channels"].as_array().unwrap().iter();
        let names: Vec<&str> = names.map(|it| it["channel"].as_str().unwrap()).collect();
        assert_eq!(names, media, "{setting:?}");
        if setting == MultipleConnections::ForceLogout {
            desktop
                .hear(INTERACTIONS, |data| {
                    data["interaction"]["state"] == "Revoked"
                })
                .await;
        }
    }
}

/// Whether CometD is started before the session, and before or after the work comes: the desktop ends up knowing the same.
#[tokio::test]
async fn a_desktop_may_start_in_any_order() {
    for order in 0..3 {
        let server = start("").await;
        let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
        let mut desktop = None;
        if order == 0 {
            desktop = Some(Desktop::open(&agent, &["/**"]).await);
        }
        agent.ready("chat").await;
        if order == 1 {
            desktop = Some(Desktop::open(&agent, &["/**"]).await);
        }
        let id = media_server.submit("chat").await;
        let mut desktop = match desktop {
            Some(open) => open,
            None => Desktop::open(&agent, &["/**"]).await,
        };
        let ready = |data: &Value| data["channels"][0]["userState"]["state"] == "Ready";
        let channels = desktop.hear(CHANNELS, ready).await;
        let invited = |data: &Value| data["interaction"]["state"] == "Invited";
        let heard = desktop.hear(INTERACTIONS, invited).await;
        let (_, read) = agent.get("/api/v2/me?subresources=*").await;
        assert_eq!(
            heard["interaction"], read["user"]["interactions"][0],
            "order {order}"
        );
        assert_eq!(heard["interaction"]["id"], json!(id));
        let (told, read) = (&channels["channels"][0], &read["user"]["channels"][0]);
        assert_eq!(
            (&told["userState"], &told["since"]),
            (&read["userState"], &read["since"])
        );
    }
}
