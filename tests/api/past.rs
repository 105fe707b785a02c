//! `?at=` on every read of the contact centre: what was answered at a sequence while everybody worked is answered for it
//! later, byte for byte.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::simulation::dice::Dice;
use crate::support::server::{Client, Running, start};

/// Every read that takes `at`. Of the statistics what does not go on with the clock.
const READS: [&str; 24] = [
    "/interactions?fields=*",
    "/interactions?fields=id&state=Queued",
    "/interactions?fields=id,userData&q=7&limit=5",
    "/interactions?mediaType=email&limit=3",
    "/workbins?fields=*",
    "/workbins?workbinIds=drafts.agent1,drafts.agent2&subresources=*",
    "/workbins/drafts.agent1?subresources=*",
    "/users?fields=*",
    "/users?loggedIn=true",
    "/users/agent1",
    "/users/agent1/channels",
    "/users/agent1/workbins?subresources=*&fields=*",
    "/users/agent1/workbins/drafts.agent1?subresources=*",
    "/queues?fields=*",
    "/queues/email",
    "/skills",
    "/skills/english",
    "/groups",
    "/groups/team",
    "/settings/agent-states",
    "/settings/workbins",
    "/settings/capacity",
    "/settings/capacity?name=fax",
    "/statistics?fields=agents,interactions",
];
/// What is only of now.
const OF_NOW: [&str; 11] = [
    "/me",
    "/me/channels",
    "/me/channels/email",
    "/me/workbins",
    "/me/workbins/drafts.agent1",
    "/me/interactions",
    "/me/interactions/I",
    "/me/emails",
    "/me/emails/I",
    "/features",
    "/services",
];
/// Little in memory, so that the past is read from state snapshots and the journal, and the same address after a restart.
const KEYS: &str = "external_url = \"http://baton.test\"\nreplay_ring_len_max = 20\nstate_snapshot_steps = 50\n\
                    state_snapshot_interval_ms = 20\nstate_snapshot_growth_percent = 1\n";
const AGENTS: [&str; 3] = ["agent1", "agent2", "agent3"];
/// What each of them does; somebody looks in between.
const WORK_LEN: u64 = 50;

/// What was answered when.
#[derive(Clone)]
struct Seen {
    path: &'static str,
    sequence: u64,
    body: Value,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_at_a_sequence_is_answered_for_it_later() {
    let server = start(KEYS).await;
    let supervisor = || server.client("supervisor");
    let mut working = JoinSet::new();
    for (agent, seed) in AGENTS.into_iter().zip(1..) {
        let clients = (server.client(agent), server.client("mediaserver"));
        working.spawn(work(clients, supervisor(), Dice::new(seed)));
    }
    working.spawn(administer(
        server.client("admin"),
        supervisor(),
        Dice::new(0),
    ));
    let seen = working.join_all().await.concat();
    let mut dice = Dice::new(7);
    let sequences: BTreeSet<u64> = seen.iter().map(|it| it.sequence).collect();
    assert!(
        sequences.len() > 20,
        "{} looks at {} sequences",
        seen.len(),
        sequences.len()
    );
    check(&server, &mut dice, &seen).await;
    let server = server.restart(KEYS).await;
    check(&server, &mut dice, &seen).await;
}

/// Submits, pulls, parks and completes e-mails, and comes and goes. Some of it is refused, as others do it too.
async fn work(
    (agent, media_server): (Client, Client),
    supervisor: Client,
    mut dice: Dice,
) -> Vec<Seen> {
    let mut seen = Vec::new();
    agent.ready("email").await;
    for round in 0..WORK_LEN {
        let submit = json!({"mediaType": "email", "queue": "email", "userData": {"round": round}});
        media_server.done("/api/v2/interactions", submit).await;
        let (_, mine) = agent.get("/api/v2/me/interactions?fields=id,state").await;
        for it in mine["interactions"].as_array().unwrap() {
            let id = it["id"].as_str().unwrap();
            let body = match (it["state"].as_str(), dice.below(4)) {
                (Some("Invited"), 0) => json!({"operationName": "Reject"}),
                (Some("Invited"), _) => json!({"operationName": "Accept"}),
                (_, 0) => json!({"operationName": "Complete"}),
                (_, 1) => json!({"operationName": "PlaceInWorkbin", "workbin": "drafts"}),
                (_, 2) => json!({"operationName": "PlaceInQueue", "queueName": "email"}),
                _ => {
                    json!({"operationName": "UpdateUserData", "userData": {"round": round, "more": 7}})
                }
            };
            ask(
                &agent,
                Method::POST,
                &format!("/me/interactions/{id}"),
                body,
            )
            .await;
        }
        let name = dice.pick(&["Ready", "NotReady", "Ready", "Subscribe"]);
        let (path, body) = match name {
            "Subscribe" => (
                "/workbins",
                json!({"operationName": name, "workbinIds": ["team.team"]}),
            ),
            _ => ("/me/channels/email", json!({"operationName": name})),
        };
        ask(&agent, Method::POST, path, body).await;
        seen.push(look(&supervisor, &mut dice).await);
    }
    seen
}

async fn administer(admin: Client, supervisor: Client, mut dice: Dice) -> Vec<Seen> {
    let mut seen = Vec::new();
    for _ in 0..WORK_LEN {
        seen.push(look(&supervisor, &mut dice).await);
        let (path, body) = match dice.below(6) {
            0 => ("/settings/capacity/fax", json!({"capacity": dice.below(9)})),
            1 => (
                "/queues/vip",
                json!({"channel": "chat", "skills": [{"name": "Patience", "level": 1}]}),
            ),
            2 => (
                "/settings/agent-states/Lunch",
                json!({"displayName": format!("Lunch {}", dice.below(9))}),
            ),
            3 => (
                "/users/sue",
                json!({"firstName": "Sue", "roles": ["agent"], "groups": ["night"]}),
            ),
            4 => (
                "/settings/workbins/later",
                json!({"displayName": "Later", "type": "Agent"}),
            ),
            _ => {
                let path = dice.pick(&["/queues/vip", "/users/sue", "/settings/workbins/later"]);
                ask(&admin, Method::DELETE, path, Value::Null).await;
                continue;
            }
        };
        ask(&admin, Method::PUT, path, body).await;
    }
    seen
}

async fn ask(client: &Client, method: Method, path: &str, body: Value) {
    let path = format!("/api/v2{path}");
    let (status, reply) = client.send(method, &path, Some(body.to_string())).await;
    assert!(!status.is_server_error(), "{path} {body}: {reply}");
}

async fn look(reader: &Client, dice: &mut Dice) -> Seen {
    let path = *dice.one_of(&READS).unwrap();
    let (status, body) = reader.get(&format!("/api/v2{path}")).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    let sequence = body["sequence"]
        .as_u64()
        .unwrap_or_else(|| panic!("{path}: {body}"));
    Seen {
        path,
        sequence,
        body,
    }
}

/// Asks for all that was seen, here and there, so that no reading goes on where the one before ended.
async fn check(server: &Running, dice: &mut Dice, seen: &[Seen]) {
    let reader = server.client("admin");
    let mut left: Vec<&Seen> = seen.iter().collect();
    while !left.is_empty() {
        let at = usize::try_from(dice.below(left.len() as u64)).unwrap();
        let it = left.swap_remove(at);
        let (status, then) = reader.get(&at_of(it.path, it.sequence)).await;
        assert_eq!(
            (status, &then),
            (StatusCode::OK, &it.body),
            "{} at {}",
            it.path,
            it.sequence
        );
        for interaction in it.body["interactions"]
            .as_array()
            .into_iter()
            .flatten()
            .take(2)
        {
            if interaction.get("placedInQueueAt").is_none() {
                continue;
            }
            let path = format!("/interactions/{}", interaction["id"].as_str().unwrap());
            let (_, one) = reader.get(&at_of(&path, it.sequence)).await;
            assert_eq!(
                &one["interaction"], interaction,
                "{path} at {}",
                it.sequence
            );
        }
    }
}

fn at_of(path: &str, sequence: u64) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    format!("/api/v2{path}{sign}at={sequence}")
}

#[tokio::test]
async fn the_past_of_whatever_it_is_is_refused_alike() {
    let server = start("").await;
    let (agent, admin) = (server.client("agent1"), server.client("admin"));
    agent.ready("email").await;
    let (_, now) = admin.get("/api/v2/users").await;
    let now = now["sequence"].as_u64().unwrap();
    for path in READS {
        for (client, at, expected) in [
            (&admin, now.to_string(), 200),
            (&admin, (now + 1).to_string(), 400),
            (&admin, "yesterday".to_owned(), 400),
            (&admin, "-1".to_owned(), 400),
            (&agent, now.to_string(), 403),
        ] {
            let sign = if path.contains('?') { '&' } else { '?' };
            let (status, body) = client.get(&format!("/api/v2{path}{sign}at={at}")).await;
            assert_eq!(status.as_u16(), expected, "{path} {at}: {body}");
        }
    }
    // Before anything there was nothing; a user who was not there yet is no user.
    let (status, body) = admin.get("/api/v2/users?at=0").await;
    assert_eq!((status, &body["total"]), (StatusCode::OK, &json!(0)));
    assert_eq!(
        admin.get("/api/v2/users/agent1?at=0").await.0,
        StatusCode::NOT_FOUND
    );
    for path in OF_NOW {
        let (status, body) = agent.get(&format!("/api/v2{path}?at={now}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}: {body}");
    }
}

/// The document names `at` where it is looked at, and nowhere else.
#[tokio::test]
async fn the_document_says_what_has_a_past() {
    let server = start("").await;
    let (_, document) = server.client("admin").get("/api/v2/openapi.json").await;
    let mut told = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let parameters = methods["get"]["parameters"].as_array();
        let names_it =
            |it: &Value| it["name"] == "at" || it["$ref"] == "#/components/parameters/At";
        if parameters.is_some_and(|all| all.iter().any(names_it)) {
            told.insert(path.clone());
        }
    }
    let routes = READS.iter().map(|read| {
        let path = read.split('?').next().unwrap();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts[..] {
            ["workbins", _] => "/workbins/{id}".to_owned(),
            ["users", _] => "/users/{id}".to_owned(),
            ["users", _, "workbins", _] => "/users/{id}/workbins/{workbin}".to_owned(),
            ["users", _, last] => format!("/users/{{id}}/{last}"),
            [kind @ ("queues" | "skills" | "groups"), _] => format!("/{kind}/{{name}}"),
            _ => path.to_owned(),
        }
    });
    let routes: BTreeSet<String> = routes.chain(["/interactions/{id}".to_owned()]).collect();
    assert_eq!(told, routes);
}
