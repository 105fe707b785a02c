//! The resources of a contact centre, and the conventions by which all of them are asked for.

use baton::domain::{AgentState, AgentStateName, Configuration, Queue, QueueName};
use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::{Client, start, start_configured};

const CHANNELS: &str = "/v2/me/channels";

/// Every list, with the key of its members, how many there are, and a filter with how many it lets pass.
const LISTS: &[(&str, &str, usize, &str, usize)] = &[
    ("/users", "users", 11, "roles=agent", 6),
    ("/users", "users", 11, "groups=team&skills=english", 6),
    ("/users", "users", 11, "groups=team&skills=fishing", 0),
    ("/users", "users", 11, "loggedIn=true", 1),
    ("/users", "users", 11, "firstName=Ada", 1),
    ("/queues", "queues", 4, "channel=email", 2),
    ("/queues", "queues", 4, "channel=email&name=email", 1),
    ("/queues", "queues", 4, "Channel=email", 4),
    ("/skills", "skills", 2, "name=sales", 1),
    ("/groups", "groups", 1, "type=AgentGroup", 1),
    ("/groups", "groups", 1, "type=dispositions", 0),
    ("/workbins", "workbins", 7, "agentGroup=team", 1),
    ("/workbins", "workbins", 7, "placeGroup=team", 0),
    ("/workbins", "workbins", 7, "type=Agent&owner=agent1", 1),
    ("/users/agent1/workbins", "workbins", 2, "name=drafts", 1),
    ("/features", "features", 2, "id=api-provisioning-read", 1),
    ("/services", "services", 3, "type=Media", 1),
];

fn configured(configuration: &mut Configuration) {
    let email = QueueName::parse("email").unwrap();
    let queue: Queue = configuration.queues[&email].clone();
    let name = QueueName::parse("Inbound e-mail/new?").unwrap();
    configuration.queues.insert(name, queue);
    for (name, id) in [("OutToLunch", None), ("Training", Some("T-1"))] {
        let state = AgentState {
            display_name: format!("{name}!"),
            id: id.map(str::to_owned),
        };
        let name = AgentStateName::parse(name).unwrap();
        configuration.agent_states.insert(name, state);
    }
}

#[tokio::test]
async fn lists_go_by_the_same_conventions() {
    let server = start_configured(configured).await;
    let overseer = server.client("supervisor");
    server.client("agent1").ready("chat").await;
    for (path, key, total, filter, passing) in LISTS {
        let list = |query: String| {
            let overseer = &overseer;
            async move {
                let (status, body) = overseer.get(&format!("/api/v2{path}?{query}")).await;
                assert_eq!(status, 200, "{path}?{query}: {body}");
                assert!(body["sequence"].is_u64(), "{body}");
                body
            }
        };
        let uris = list(String::new()).await;
        let all = list("fields=*".to_owned()).await;
        assert_eq!(len(&uris["uris"]), *total, "{path}");
        assert_eq!((len(&all[key]), &all["total"]), (*total, &json!(total)));
        for (uri, resource) in items(&uris["uris"]).iter().zip(items(&all[key])) {
            assert_eq!(*uri, resource["uri"], "{path}");
            let below = format!("/api/v2{}", resource["path"].as_str().unwrap());
            assert_eq!(resource["uri"], json!(format!("{}{below}", server.url)));
            let (status, one) = overseer.get(&below).await;
            assert_eq!(status, 200, "{below}: {one}");
            let (_, found) = one
                .as_object()
                .unwrap()
                .iter()
                .find(|it| it.1.is_object())
                .unwrap();
            assert_eq!(found, resource, "{below}");
        }
        let chosen = list(format!("fields=id&{filter}")).await;
        assert_eq!(len(&chosen[key]), *passing, "{path} {filter}");
        assert_eq!(chosen["total"], json!(passing));
        let page = list("fields=uri&limit=1&offset=1".to_owned()).await;
        let second: Vec<Value> = items(&uris["uris"])
            .iter()
            .skip(1)
            .take(1)
            .cloned()
            .collect();
        let paged: Vec<Value> = items(&page[key])
            .iter()
            .map(|it| it["uri"].clone())
            .collect();
        assert_eq!((paged, &page["total"]), (second, &json!(total)), "{path}");
        for wrong in [
            "limit=0",
            "limit=501",
            "offset=-1",
            "offset=x",
            "fields=a&fields=b",
        ] {
            let (status, body) = overseer.get(&format!("/api/v2{path}?{wrong}")).await;
            assert_eq!(
                (status.as_u16(), &body["statusCode"]),
                (400, &json!(10)),
                "{wrong}"
            );
        }
    }
}

#[tokio::test]
async fn what_there_is_not_is_not_found() {
    let server = start("").await;
    let overseer = server.client("admin");
    for path in [
        "/users/nobody",
        "/users/other-agent",
        "/users/nobody/channels",
        "/users/nobody/workbins",
        "/users/%ff",
        "/queues/nowhere",
        "/skills/fishing",
        "/groups/nobodys",
        "/workbins/drafts.nobody",
        "/workbins/drafts.supervisor",
        "/workbins/team.agent1",
        "/workbins/drafts",
        "/features/api-voice",
        "/services/Voice",
        "/settings/voice",
    ] {
        let (status, body) = overseer.get(&format!("/api/v2{path}")).await;
        assert_eq!(
            (status.as_u16(), &body["statusCode"]),
            (404, &json!(6)),
            "{path}: {body}"
        );
    }
}

#[tokio::test]
async fn one_call_reads_everything_that_a_desktop_shows() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    for medium in ["chat", "email"] {
        agent.ready(medium).await;
    }
    let chat = media_server.submit("chat").await;
    let mail = media_server.submit("email").await;
    agent.operate(&chat, "Accept", json!({})).await;
    let parked = media_server.submit("email").await;
    agent.operate(&parked, "Accept", json!({})).await;
    let last = agent
        .operate(&parked, "PlaceInWorkbin", json!({"workbin": "drafts"}))
        .await;

    let (_, plain) = agent.get("/api/v2/me").await;
    for absent in [
        "interactions",
        "chats",
        "workbins",
        "settings",
        "features",
        "devices",
    ] {
        assert_eq!(plain["user"].get(absent), None, "{absent}");
    }
    let (_, body) = agent.get("/api/v2/me?subresources=*").await;
    let user = &body["user"];
    assert_eq!(body["sequence"], last["sequence"]);
    assert_eq!(ids(&user["interactions"]), sorted([&chat, &mail]));
    assert_eq!(ids(&user["chats"]), [chat.as_str()]);
    assert_eq!(user["chats"][0]["state"], "Chatting");
    assert_eq!(user["chats"][0]["chatType"], "Inbound");
    assert_eq!(ids(&user["emails"]), [mail.as_str()]);
    assert_eq!(user["emails"][0]["state"], "Invited");
    assert_eq!(
        (&user["workitems"], &user["openmedia"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(user["channels"][0]["used"], 1);
    assert_eq!(user["channelStates"], user["channels"]);
    assert_eq!(user["workbins"][0]["id"], "drafts.agent1");
    assert_eq!(ids(&user["workbins"][0]["emails"]), [parked.as_str()]);
    assert_eq!(user["workbins"][0]["emails"][0]["capabilities"], json!([]));
    assert_eq!(user["settings"]["agent-states"]["Ready"]["state"], "Ready");
    assert!(
        items(&user["features"])
            .iter()
            .any(|it| it["id"] == "api-multimedia-chat")
    );
    assert_eq!((&user["devices"], &user["calls"]), (&json!([]), &json!([])));

    let (_, some) = agent
        .get("/api/v2/me/?subresources=devices,%20chats&fields=chats")
        .await;
    assert_eq!(some["user"], json!({"chats": user["chats"]}));
    let (status, _) = agent.get("/api/v2/me?subresources=chats,fish").await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_reply_that_would_be_too_large_says_where_to_go_on() {
    let server = start("").await;
    let agent = server.client("agent1");
    let session = json!({"operationName": "StartContactCenterSession", "channels": ["email"]});
    agent.done("/api/v2/me", session).await;
    let large = "x".repeat(240 * 1024);
    let mut parked = Vec::new();
    for at in 0..20 {
        let mail = json!({"mediaType": "email", "userData": {"body": large}});
        let reply = agent.done("/api/v2/interactions", mail).await;
        let id = reply["id"].as_str().unwrap().to_owned();
        if at % 2 == 0 {
            agent
                .operate(&id, "PlaceInWorkbin", json!({"workbin": "drafts"}))
                .await;
            parked.push(id);
        }
    }
    let (_, me) = agent
        .get("/api/v2/me?subresources=interactions,workbins")
        .await;
    assert!(me.to_string().len() < 3 * 1024 * 1024);
    let shown = ids(&me["user"]["interactions"]);
    let after = me["user"]["interactionsAfter"].as_str().unwrap();
    assert_eq!(shown.last(), Some(&after));
    let (_, rest) = agent
        .get(&format!("/api/v2/me/interactions?fields=id&after={after}"))
        .await;
    assert_eq!(shown.len() + len(&rest["interactions"]), 10);
    let bin = &me["user"]["workbins"][0];
    assert_eq!(
        (&bin["total"], &bin["nextOffset"], len(&bin["emails"])),
        (&json!(10), &json!(0), 0)
    );

    let (mut seen, mut offset) = (Vec::new(), json!(0));
    while !offset.is_null() {
        let path = format!("/api/v2/workbins/drafts.agent1?subresources=*&offset={offset}");
        let (_, page) = agent.get(&path).await;
        assert!(page.to_string().len() < 3 * 1024 * 1024);
        seen.extend(
            ids(&page["workbin"]["emails"])
                .iter()
                .map(ToString::to_string),
        );
        offset = page["workbin"]["nextOffset"].clone();
    }
    parked.sort();
    assert_eq!(seen, parked);
}

#[tokio::test]
async fn a_supervisor_decides_for_an_agent_who_is_told() {
    let server = start_configured(configured).await;
    let (agent, supervisor) = (server.client("agent1"), server.client("supervisor"));
    agent.ready("chat").await;
    let mut desktop = Desktop::open(&agent, &[CHANNELS]).await;
    let heard = |state: &'static str| {
        move |data: &Value| data["channels"][0]["userState"]["displayName"] == state
    };
    desktop.hear(CHANNELS, heard("Ready")).await;

    let not_ready = json!({"operationName": "NotReady", "reason": "meeting", "referenceId": 7});
    let reply = supervisor
        .done("/api/v2/users/agent1/channels", not_ready)
        .await;
    let told = desktop.hear(CHANNELS, heard("Not Ready")).await;
    assert_eq!(told["sequence"], reply["sequence"]);
    assert_eq!(
        told.get("referenceId"),
        None,
        "the reference is the supervisor's"
    );
    assert_eq!(told["channels"][0]["userState"]["reason"], "meeting");

    for (name, id, display_name) in [
        ("OutToLunch", "OutToLunch", "OutToLunch!"),
        ("Training", "T-1", "Training!"),
        (
            "AuxWork",
            "2B36138D-C564-4562-A8CB-3C32D564F296",
            "Aux Work",
        ),
    ] {
        let body = json!({"operationName": name});
        supervisor
            .done("/api/v2/users/agent1/channels/chat", body)
            .await;
        let told = desktop.hear(CHANNELS, heard(display_name)).await;
        let state = json!({"id": id, "displayName": display_name, "state": "NotReady"});
        assert_eq!(told["channels"][0]["userState"], state);
    }
    let (_, seen) = supervisor.get("/api/v2/users/agent1/channels").await;
    assert_eq!(seen["channels"][0]["userState"]["displayName"], "Aux Work");
    assert_eq!(seen["channels"][0]["path"], "/users/agent1/channels/chat");

    // The agent says so himself, in every place where he says what he is.
    agent
        .done("/api/v2/me", json!({"operationName": "OutToLunch"}))
        .await;
    desktop.hear(CHANNELS, heard("OutToLunch!")).await;
    agent
        .done(
            "/api/v2/me/channels/chat",
            json!({"operationName": "Ready"}),
        )
        .await;
    let ready = desktop.hear(CHANNELS, heard("Ready")).await;
    assert_eq!(ready["channels"][0]["userState"].get("reason"), None);
    agent
        .done("/api/v2/me", json!({"operationName": "Offline"}))
        .await;
    let (_, none) = supervisor.get("/api/v2/users/agent1/channels").await;
    assert_eq!(none["channels"], json!([]));

    let history = json!({"operationName": "Ready"});
    let (status, reply) = supervisor
        .post("/api/v2/users/agent1/channels", history)
        .await;
    assert_eq!(
        (status.as_u16(), &reply["statusCode"]),
        (400, &json!(2)),
        "{reply}"
    );
}

#[tokio::test]
async fn the_states_of_agents_are_listed_with_the_operations_that_lead_to_them() {
    let server = start_configured(configured).await;
    let agent = server.client("agent1");
    let (_, body) = agent
        .get("/api/v2/settings/agent-states?state=NotReady")
        .await;
    let names: Vec<&Value> = items(&body["settings"])
        .iter()
        .map(|it| &it["operationName"])
        .collect();
    assert_eq!(
        names,
        [
            "NotReady",
            "AfterCallWork",
            "AuxWork",
            "OutToLunch",
            "Training"
        ]
    );
    let (_, body) = agent.get("/api/v2/settings/agent-states").await;
    assert_eq!(
        (&body["key"], len(&body["settings"])),
        (&json!("operationName"), 7)
    );
    agent.ready("chat").await;
    let (ends, goes_on): (Vec<&Value>, Vec<&Value>) = items(&body["settings"])
        .iter()
        .partition(|state| state["state"] == "Logout");
    for state in goes_on.into_iter().chain(ends) {
        agent
            .done(
                "/api/v2/me",
                json!({"operationName": state["operationName"]}),
            )
            .await;
    }
}

#[tokio::test]
async fn statistics_count_what_there_is_to_do() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    agent.ready("chat").await;
    let mut taken = Vec::new();
    for _ in 0..5 {
        taken.push(media_server.submit("chat").await);
    }
    let last = agent.operate(&taken[0], "Accept", json!({})).await;
    let seen = counted(&server.client("supervisor"), &last).await;
    let queue = items(&seen["queues"])
        .iter()
        .find(|it| it["name"] == "chat")
        .unwrap();
    assert_eq!((&queue["waiting"], &queue["held"]), (&json!(2), &json!(0)));
    assert!(queue["oldestWaitMs"].is_u64() && queue["oldestPlacedAt"].is_string());
    let idle = items(&seen["queues"])
        .iter()
        .find(|it| it["name"] == "email")
        .unwrap();
    assert_eq!(idle["oldestWaitMs"], Value::Null);
    let states = json!({"Invited": 2, "Processing": 1, "Queued": 2});
    assert_eq!(seen["interactions"], json!({"total": 5, "byState": states}));
    let chat = json!({"Ready": 1, "NotReady": 0, "available": 0});
    assert_eq!(
        seen["agents"],
        json!({"loggedIn": 1, "working": 1, "channels": {"chat": chat}})
    );
    let (_, some) = server
        .client("admin")
        .get("/api/v2/statistics?fields=agents")
        .await;
    assert_eq!(some.get("queues"), None);
}

#[tokio::test]
async fn what_was_declined_waits_since_it_came() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    let supervisor = server.client("supervisor");
    agent.ready("chat").await;
    let id = media_server.submit("chat").await;
    let declined = agent.operate(&id, "Reject", json!({})).await;
    let seen = counted(&supervisor, &declined).await;
    let waiting = supervisor.interaction(&id).await;
    assert_ne!(waiting["placedInQueueAt"], waiting["movedToQueueAt"]);
    let mut queues = items(&seen["queues"]).iter();
    let queue = queues.find(|it| it["name"] == "chat").unwrap();
    assert_eq!(queue["waiting"], 1);
    assert_eq!(queue["oldestPlacedAt"], waiting["movedToQueueAt"]);
}

/// The statistics once they know of a step.
async fn counted(client: &Client, step: &Value) -> Value {
    loop {
        let (status, body) = client.get("/api/v2/statistics").await;
        assert_eq!(status, 200);
        if body["sequence"].as_u64() >= step["sequence"].as_u64() {
            return body;
        }
        tokio::task::yield_now().await;
    }
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn len(list: &Value) -> usize {
    items(list).len()
}

fn ids(list: &Value) -> Vec<&str> {
    items(list)
        .iter()
        .map(|it| it["id"].as_str().unwrap())
        .collect()
}

fn sorted<const N: usize>(ids: [&String; N]) -> Vec<&str> {
    let mut ids = ids.map(String::as_str).to_vec();
    ids.sort_unstable();
    ids
}
