//! Workbins: what is in them, who hears of it, and how interactions come and go.

use baton::domain::{Role, UserId};
use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::{Client, Running, start, start_configured};

const WORKBINS: &str = "/v2/me/workbins";

async fn logged_in(server: &Running, user: &str) -> Client {
    let agent = server.client(user);
    let session = json!({"operationName": "StartContactCenterSession"});
    agent.done("/api/v2/me", session).await;
    agent
}

async fn own(agent: &Client, medium: &str) -> String {
    let body = json!({"mediaType": medium, "subject": "Mine"});
    let reply = agent.done("/api/v2/interactions", body).await;
    reply["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn subscribers_hear_of_subscriptions_and_of_what_comes_and_goes() {
    let server = start("").await;
    let agent = logged_in(&server, "agent1").await;
    let mut desktop = Desktop::open(&agent, &[WORKBINS]).await;
    let path = "/api/v2/me/workbins/team.team";
    agent
        .done(
            path,
            json!({"operationName": "Subscribe", "referenceId": 14}),
        )
        .await;
    let told = desktop.hear(WORKBINS, |_| true).await;
    assert_eq!(told["messageType"], "WorkbinSubscriptionStateChangeMessage");
    assert_eq!(
        (&told["stateResource"], &told["referenceId"]),
        (&json!("Subscribed"), &json!(14))
    );
    assert_eq!(
        (&told["id"], &told["workbinUserId"]),
        (&json!("team.team"), &json!("agent1"))
    );
    let (_, bin) = agent.get(path).await;
    assert_eq!(bin["workbin"]["subscribed"], true);

    let other = logged_in(&server, "agent2").await;
    for (medium, add, pull, resource) in [
        ("chat", "AddChat", "PullChat", "chatStateResourceV2"),
        ("email", "AddEmail", "PullEmail", "emailStateResourceV2"),
        (
            "workitem",
            "AddInteraction",
            "PullInteraction",
            "workitemStateResourceV2",
        ),
    ] {
        let id = own(&other, medium).await;
        let at = "/api/v2/workbins/team.team";
        other
            .done(at, json!({"operationName": add, "id": id}))
            .await;
        let came = desktop.hear(WORKBINS, |_| true).await;
        assert_eq!(
            (&came["action"], &came["id"]),
            (&json!("ItemAdded"), &json!("team.team"))
        );
        assert_eq!(came[resource]["id"], json!(id));
        assert_eq!(came[resource]["capabilities"], json!([]));
        let pulled = other
            .done(at, json!({"operationName": pull, "id": id}))
            .await;
        assert_eq!(pulled["interactions"][0]["state"], "Processing");
        assert_eq!(
            desktop.hear(WORKBINS, |_| true).await["action"],
            "ItemRemoved"
        );
        other.operate(&id, "Complete", json!({})).await;
    }

    agent
        .done(path, json!({"operationName": "Unsubscribe"}))
        .await;
    assert_eq!(
        desktop.hear(WORKBINS, |_| true).await["stateResource"],
        "Unsubscribed"
    );
    let (status, _) = agent
        .post(path, json!({"operationName": "Unsubscribe"}))
        .await;
    assert_eq!(status, 400, "he is not subscribed any more");
    let id = own(&other, "chat").await;
    let add = json!({"operationName": "AddChat", "id": id});
    other.done("/api/v2/workbins/team.team", add).await;
    agent
        .done(path, json!({"operationName": "Subscribe"}))
        .await;
    let next = desktop.hear(WORKBINS, |_| true).await;
    assert_eq!(
        next["stateResource"], "Subscribed",
        "and nothing in between"
    );
}

#[tokio::test]
async fn several_are_subscribed_to_and_read_at_once() {
    let server = start("").await;
    let agent = logged_in(&server, "agent1").await;
    let mut desktop = Desktop::open(&agent, &[WORKBINS]).await;
    let ids = ["drafts.agent1", "team.team"];
    let several = json!({"operationName": "Subscribe", "workbinIds": ids, "referenceId": 9});
    let reply = agent.done("/api/v2/workbins", several).await;
    assert_eq!(
        reply["referenceIds"],
        json!({"drafts.agent1": 9, "team.team": 9})
    );
    for id in ids {
        assert_eq!(desktop.hear(WORKBINS, |_| true).await["id"], id);
    }
    let by_query = "/api/v2/workbins?workbinIds=drafts.agent1,team.team";
    agent
        .done(by_query, json!({"operationName": "Unsubscribe"}))
        .await;

    let (parked, shared) = (own(&agent, "email").await, own(&agent, "chat").await);
    agent
        .operate(&parked, "PlaceInWorkbin", json!({"workbin": "drafts"}))
        .await;
    agent
        .operate(&shared, "PlaceInWorkbin", json!({"workbin": "team"}))
        .await;
    let (_, body) = agent.get(&format!("{by_query}&subresources=*")).await;
    assert_eq!(body["statusCode"], 0);
    let bins = &body["workbins"];
    assert_eq!(bins["drafts.agent1"]["emails"][0]["id"], json!(parked));
    assert_eq!(bins["drafts.agent1"]["chats"], json!([]));
    assert_eq!(bins["team.team"]["chats"][0]["id"], json!(shared));
    let (_, body) = agent.get(&format!("{by_query}&fields=total")).await;
    assert_eq!(body["workbins"]["team.team"], json!({"total": 1}));

    let (status, partly) = agent
        .get("/api/v2/workbins?workbinIds=team.team,drafts.agent2")
        .await;
    assert_eq!((status.as_u16(), &partly["statusCode"]), (200, &json!(7)));
    assert_eq!(partly["workbins"]["team.team"]["name"], "team");
    assert_eq!(partly["workbins"]["drafts.agent2"]["statusCode"], 6);
    assert!(partly["statusMessage"].is_string());
}

/// Body of a POST to `/workbins` or below, and what refuses it.
const REFUSED: &[(&str, &str, u16, u8)] = &[
    ("/workbins", "{}", 400, 1),
    ("/workbins", r#"{"operationName":"Fly"}"#, 400, 10),
    ("/workbins", r#"{"operationName":"Subscribe"}"#, 400, 1),
    (
        "/workbins",
        r#"{"operationName":"Subscribe","workbinIds":[]}"#,
        400,
        1,
    ),
    (
        "/workbins",
        r#"{"operationName":"Subscribe","workbinIds":7}"#,
        400,
        10,
    ),
    (
        "/workbins",
        r#"{"operationName":"Subscribe","workbinIds":["team.team","drafts.agent2"]}"#,
        404,
        6,
    ),
    ("/workbins/team.team", "{}", 400, 1),
    (
        "/workbins/team.team",
        r#"{"operationName":"Accept"}"#,
        400,
        10,
    ),
    (
        "/workbins/team.team",
        r#"{"operationName":"AddInteraction"}"#,
        400,
        1,
    ),
    (
        "/workbins/team.team",
        r#"{"operationName":"PullInteraction","id":7}"#,
        400,
        10,
    ),
    (
        "/workbins/team.team",
        r#"{"operationName":"PullInteraction","id":"NONE"}"#,
        404,
        6,
    ),
    (
        "/workbins/team.team",
        r#"{"operationName":"AddInteraction","id":"NONE"}"#,
        404,
        6,
    ),
    (
        "/workbins/drafts.agent2",
        r#"{"operationName":"Subscribe"}"#,
        404,
        6,
    ),
];

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let server = start("").await;
    let agent = logged_in(&server, "agent1").await;
    let before = agent.get("/api/v2/me").await;
    for (path, body, status, code) in REFUSED {
        let body: Value = serde_json::from_str(body).unwrap();
        let (found, reply) = agent.post(&format!("/api/v2{path}"), body.clone()).await;
        assert_eq!(
            (found.as_u16(), &reply["statusCode"]),
            (*status, &json!(code)),
            "{body}: {reply}"
        );
    }
    let names: Vec<String> = (0..101).map(|at| format!("b{at}.x")).collect();
    let many = json!({"operationName": "Subscribe", "workbinIds": names});
    let (found, reply) = agent.post("/api/v2/workbins", many).await;
    assert_eq!((found.as_u16(), &reply["statusCode"]), (400, &json!(10)));
    let (found, _) = agent
        .get(&format!("/api/v2/workbins?workbinIds={}", names.join(",")))
        .await;
    assert_eq!(found, 400);
    let hundred = names[1..].join(",");
    let (found, _) = agent
        .get(&format!("/api/v2/workbins?workbinIds={hundred}"))
        .await;
    assert_eq!(found, 404, "none of a hundred is known");
    assert_eq!(agent.get("/api/v2/me").await, before);
}

const INTERACTIONS: &str = "/v2/me/interactions";
const LEAD: &[Role] = &[Role::Agent, Role::Supervisor];

/// A server of the demo where agent2 is a supervisor as well.
async fn with_lead() -> Running {
    start_configured(|demo| {
        let lead = demo.users.get_mut(&UserId::parse("agent2").unwrap());
        lead.unwrap().roles.insert(Role::Supervisor);
    })
    .await
}

#[tokio::test]
async fn a_supervisor_hears_of_anothers_workbin_and_takes_things_out_of_it() {
    let server = with_lead().await;
    let agent = logged_in(&server, "agent1").await;
    let lead = server.client_with("agent2", LEAD);
    let path = "/api/v2/users/agent1/workbins/drafts.agent1";
    let subscribe = json!({"operationName": "Subscribe", "referenceId": 14});
    let (status, refused) = lead.post(path, subscribe.clone()).await;
    assert_eq!(status, 400, "he has no session: {refused}");
    lead.done(
        "/api/v2/me",
        json!({"operationName": "StartContactCenterSession"}),
    )
    .await;
    let mut desktop = Desktop::open(&lead, &[WORKBINS, INTERACTIONS]).await;
    lead.done(path, subscribe).await;
    let told = desktop.hear(WORKBINS, |_| true).await;
    assert_eq!(told["stateResource"], "Subscribed");
    assert_eq!(
        (&told["id"], &told["workbin"]["owner"], &told["referenceId"]),
        (&json!("drafts.agent1"), &json!("agent1"), &json!(14))
    );
    let (_, bin) = lead.get("/api/v2/workbins/drafts.agent1").await;
    assert_eq!(bin["workbin"]["subscribed"], true);
    let (_, bin) = lead.get(path).await;
    assert_eq!(bin["workbin"]["subscribed"], false, "its user is not");

    let id = own(&agent, "email").await;
    agent
        .operate(&id, "PlaceInWorkbin", json!({"workbin": "drafts"}))
        .await;
    let came = desktop.hear(WORKBINS, |_| true).await;
    assert_eq!(
        (&came["action"], &came["id"]),
        (&json!("ItemAdded"), &json!("drafts.agent1"))
    );
    assert_eq!(came["emailStateResourceV2"]["id"], json!(id));
    let (_, bin) = lead.get(&format!("{path}?subresources=*")).await;
    assert_eq!(bin["workbin"]["emails"][0]["id"], json!(id));
    let pulled = lead
        .done(path, json!({"operationName": "PullEmail", "id": id}))
        .await;
    assert_eq!(pulled["interactions"][0]["state"], "Processing");
    assert_eq!(
        desktop.hear(WORKBINS, |_| true).await["action"],
        "ItemRemoved"
    );
    let his = desktop.hear(INTERACTIONS, |_| true).await;
    assert_eq!(
        (&his["interaction"]["id"], &his["interaction"]["state"]),
        (&json!(id), &json!("Processing"))
    );
    let (status, _) = agent.get(&format!("/api/v2/interactions/{id}")).await;
    assert_eq!(status, 404, "it is the other's now");
    lead.operate(&id, "Complete", json!({})).await;

    lead.done(path, json!({"operationName": "Unsubscribe"}))
        .await;
    assert_eq!(
        desktop.hear(WORKBINS, |_| true).await["stateResource"],
        "Unsubscribed"
    );
    let (status, _) = lead
        .post(path, json!({"operationName": "Unsubscribe"}))
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_supervisors_subscription_lasts_as_long_as_his_role_and_his_session() {
    let server = with_lead().await;
    let (lead, admin) = (server.client_with("agent2", LEAD), server.client("admin"));
    let all = "/api/v2/users/agent1/workbins";
    let session = json!({"operationName": "StartContactCenterSession"});
    let several = json!({"operationName": "Subscribe", "workbinIds": ["drafts.agent1", "team.team"], "referenceId": 3});
    let mut desktop = Desktop::open(&lead, &[WORKBINS]).await;
    let subscription = |id: &'static str, state: &'static str| {
        move |told: &Value| told["id"] == id && told["stateResource"] == state
    };
    lead.done("/api/v2/me", session.clone()).await;
    let reply = lead.done(all, several.clone()).await;
    assert_eq!(
        reply["referenceIds"],
        json!({"drafts.agent1": 3, "team.team": 3})
    );
    desktop
        .hear(WORKBINS, subscription("drafts.agent1", "Subscribed"))
        .await;
    // What changes something else changes nothing here.
    let queue = json!({"channel": "chat"});
    let (status, _) = admin.put("/api/v2/queues/spare", queue).await;
    assert_eq!(status, 200);
    let (_, bin) = lead.get("/api/v2/workbins/drafts.agent1").await;
    assert_eq!(bin["workbin"]["subscribed"], true);
    let user = json!({"roles": ["agent"], "groups": ["team"]});
    let (status, _) = admin.put("/api/v2/users/agent2", user).await;
    assert_eq!(status, 200);
    desktop
        .hear(WORKBINS, subscription("drafts.agent1", "Unsubscribed"))
        .await;
    let (_, bin) = lead.get("/api/v2/workbins/team.team").await;
    assert_eq!(bin["workbin"]["subscribed"], true, "it is his own");

    // As his token says; what he is configured as ends it with the next change, or his session before.
    lead.done(all, several).await;
    let end = json!({"operationName": "EndContactCenterSession"});
    lead.done("/api/v2/me", end).await;
    desktop
        .hear(WORKBINS, subscription("drafts.agent1", "Unsubscribed"))
        .await;
}

/// The statuses of Subscribe and of PullInteraction of what is not there, at each of [`REACHED`].
type Statuses = [[u16; 2]; 5];

/// Who asks, in which roles, and what he is answered.
const REACH: [(&str, &[Role], Statuses); 7] = [
    (
        "agent1",
        &[Role::Agent],
        [[200, 404], [403, 403], [403, 403], [403, 403], [403, 403]],
    ),
    (
        "agent2",
        &[Role::Agent],
        [[404, 404], [403, 403], [403, 403], [403, 403], [403, 403]],
    ),
    (
        "agent1",
        &[Role::Agent, Role::Supervisor],
        [[200, 404], [200, 404], [200, 404], [404, 404], [404, 404]],
    ),
    (
        "agent2",
        &[Role::Agent, Role::Supervisor],
        [[404, 404], [200, 404], [200, 404], [404, 404], [404, 404]],
    ),
    (
        "agent2",
        &[Role::Agent, Role::Admin],
        [[404, 404], [200, 404], [200, 404], [404, 404], [404, 404]],
    ),
    // Without a session, which only agents have.
    (
        "supervisor",
        &[Role::Supervisor],
        [[403, 403], [400, 400], [400, 400], [404, 404], [404, 404]],
    ),
    (
        "reporting",
        &[Role::Reporting],
        [[403, 403], [403, 403], [403, 403], [403, 403], [403, 403]],
    ),
];
/// An agent's own workbin, the same as a supervisor names it, one of his group, one that is not that user's, and one of another
/// contact centre.
const REACHED: [&str; 5] = [
    "/workbins/drafts.agent1",
    "/users/agent1/workbins/drafts.agent1",
    "/users/agent1/workbins/team.team",
    "/users/agent2/workbins/drafts.agent1",
    "/users/other-agent/workbins/drafts.other-agent",
];

#[tokio::test]
async fn each_role_reaches_its_own_workbins_and_supervisors_those_of_others() {
    let server = start("").await;
    for user in ["agent1", "agent2"] {
        logged_in(&server, user).await;
    }
    for (user, roles, expected) in REACH {
        let client = server.client_with(user, roles);
        for (path, expected) in REACHED.iter().zip(expected) {
            for (name, expected) in ["Subscribe", "PullInteraction"].iter().zip(expected) {
                let body = json!({"operationName": name, "id": "NONE"});
                let (status, reply) = client.post(&format!("/api/v2{path}"), body).await;
                assert_eq!(status, expected, "{user} {roles:?} {name} {path}: {reply}");
            }
        }
    }
}
