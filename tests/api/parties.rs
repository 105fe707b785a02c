//! Four parties over the wire: a media server, a router, a reporting engine and agents, each with a token of its role,
//! ask on `POST /requests` and hear on `/v2/me/messages`. What they hear is compared with the tables of the seeds 000 to
//! 002 and, party by party, with what the model documents decide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::server::{Client, Running, start};

const MESSAGES: &str = "/v2/me/messages";
const PARTIES: [&str; 5] = ["agent1", "agent2", "mediaserver", "reporting", "router"];
/// References of the test's own requests; those of a play are below.
const MARKS: u64 = 1_000;

/// Seed 001, all phases.
const DELIVER: [&str; 7] = [
    "EventAgentInvited, Reporting",
    "EventInvite, Interaction Management",
    "EventPartyRemoved, Reporting",
    "EventRouteUsed, T-Library",
    "EventPartyAdded, Reporting",
    "EventAck, Interaction Management",
    "EventRejected, Reporting",
];
/// Seed 001, "Agent Fails to Respond in Time".
const TIME_LIMIT_REACHED: [&str; 1] = ["EventRevoked, Interaction Management"];
/// Seed 000, all phases.
const CHANGE_PROPERTIES: [&str; 4] = [
    "EventAck, Interaction Management",
    "EventPropertiesChanged, Interaction Management",
    "EventAttachedDataChanged, T-Library",
    "EventError, Interaction Management",
];
/// Seed 002, A to D and the unsuccessful request.
const STOP_PROCESSING: [&str; 7] = [
    "EventAck, Interaction Management",
    "EventPartyRemoved, Reporting",
    "EventProcessingStopped, Reporting",
    "EventRevoked, Interaction Management",
    "EventAbandoned, T-Library",
    "EventRouteUsed, T-Library",
    "EventError, Interaction Management",
];

struct Player {
    client: Client,
    desktop: Desktop,
}

/// A running server and everybody who plays.
struct Play {
    players: BTreeMap<&'static str, Player>,
    said: BTreeSet<String>,
    marks: u64,
    _server: Running,
}

impl Play {
    /// Everybody is there: the router has the queue of chats, both agents are ready for them.
    async fn begin(keys: &str) -> Self {
        let server = start(keys).await;
        let mut players = BTreeMap::new();
        for name in PARTIES {
            let client = server.client(name);
            match name {
                "agent1" | "agent2" => client.ready("chat").await,
                _ => {
                    let (request, parameters) = mark(name, 0);
                    if name == "router" {
                        client.request("RequestRegisterClient", json!({})).await;
                    }
                    client.request(request, parameters).await;
                }
            }
            let desktop = Desktop::open(&client, &[MESSAGES]).await;
            players.insert(name, Player { client, desktop });
        }
        let mut play = Self {
            players,
            said: BTreeSet::new(),
            marks: MARKS,
            _server: server,
        };
        play.heard().await;
        play.said.clear();
        play
    }

    async fn ask(&self, who: &str, request: &str, parameters: Value) -> Value {
        self.players[who].client.request(request, parameters).await
    }

    /// A request that must be refused with EventError, which nobody else hears of.
    async fn refused(&mut self, who: &str, mut parameters: Value, code: u64) {
        parameters["referenceId"] = json!(77);
        let client = &self.players[who].client;
        let (status, body) = client.post("/api/v2/requests", parameters).await;
        assert!(status.is_client_error(), "{body}");
        assert_eq!(body["event"], "EventError");
        assert_eq!(body["errorCode"], code, "{body}");
        assert_eq!(body["referenceId"], 77);
        self.said.insert(row(&body));
        self.hears(&[]).await;
    }

    /// A chat that the router has.
    async fn submit(&mut self, id: &str) {
        let parameters = json!({"interactionId": id, "queue": "chat", "userData": {"a": 1}});
        self.ask("mediaserver", "RequestSubmit", parameters).await;
        self.hears(&[
            ("mediaserver", "EventAck"),
            (
                "reporting",
                "EventInteractionSubmitted EventPlacedInQueue EventTakenFromQueue EventPartyAdded",
            ),
            ("router", "EventRouteRequest"),
        ])
        .await;
    }

    /// A chat that an agent has been offered.
    async fn offer(&mut self, id: &str) {
        self.submit(id).await;
        let route = json!({"interactionId": id, "agentId": "agent1", "referenceId": 7});
        let taken = self.ask("router", "RequestRouteCall", route).await;
        assert_eq!(taken.get("event"), None, "it is settled later");
        self.hears(&[
            ("agent1", "EventInvite"),
            ("reporting", "EventAgentInvited"),
        ])
        .await;
    }

    /// A chat that an agent works on.
    async fn deliver(&mut self, id: &str) {
        self.offer(id).await;
        let accept = json!({"interactionId": id});
        self.ask("agent1", "RequestAccept", accept).await;
        self.hears(&[
            ("agent1", "EventAck"),
            (
                "reporting",
                "EventAccepted EventPartyRemoved EventPartyAdded",
            ),
            ("router", "EventRouteUsed"),
        ])
        .await;
    }

    /// Exactly these parties have heard exactly these events since they were last listened to, in this order.
    async fn hears(&mut self, expected: &[(&str, &str)]) {
        let heard = self.heard().await;
        for (name, events) in &heard {
            let names: Vec<&str> = events
                .iter()
                .filter_map(|it| it["event"].as_str())
                .collect();
            let wanted = expected.iter().find(|(party, _)| party == name);
            let wanted = wanted.map_or("", |(_, events)| events);
            assert_eq!(names.join(" "), wanted, "{name} hears {events:#?}");
        }
    }

    /// What everybody has heard. A request of his own with a reference nobody else has tells where it ends.
    async fn heard(&mut self) -> BTreeMap<&'static str, Vec<Value>> {
        let mut heard = BTreeMap::new();
        for (name, player) in &mut self.players {
            self.marks += 1;
            let (request, parameters) = mark(name, self.marks);
            player.client.request(request, parameters).await;
            let is_mark = |data: &Value| data["referenceId"] == self.marks;
            let mut events = player.desktop.hear_until(MESSAGES, is_mark).await;
            events.pop();
            events.retain(|event| {
                // Of the logins, before the play.
                event["event"] != "EventCurrentAgentStatus"
            });
            self.said.extend(events.iter().map(row));
            heard.insert(*name, events);
        }
        heard
    }

    /// Every row of the seed's tables was said to somebody.
    fn covers(&self, table: &[&str]) {
        let rows: BTreeSet<String> = table.iter().map(|row| (*row).to_owned()).collect();
        let unsaid: Vec<&String> = rows.difference(&self.said).collect();
        assert!(unsaid.is_empty(), "nobody hears {unsaid:?}");
    }
}

/// A request that changes nothing, for the reference in its answer.
fn mark(name: &str, reference: u64) -> (&'static str, Value) {
    let mut parameters = json!({"referenceId": reference});
    let request = match name {
        "router" => {
            parameters["thisDN"] = json!("chat");
            "RegisterAddress"
        }
        "mediaserver" => {
            parameters["extension"] = json!({"event_properties_changed": 1});
            "RequestRegisterClient"
        }
        "reporting" => "RequestRegisterClient",
        _ => "RequestReadyForMedia",
    };
    (request, parameters)
}

/// An event as the tables of the seeds write it.
fn row(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap();
    format!("{}, {}", text("event"), text("protocol"))
}

#[tokio::test]
async fn deliver_accepted_and_rejected() {
    let mut play = Play::begin("").await;
    play.deliver("I1").await;
    play.offer("I2").await;
    let reject = json!({"interactionId": "I2"});
    play.ask("agent1", "RequestReject", reject).await;
    // It is back in its queue, and so the router is asked again.
    play.hears(&[
        ("agent1", "EventAck"),
        (
            "reporting",
            "EventRejected EventPartyRemoved EventPlacedInQueue EventTakenFromQueue EventPartyAdded",
        ),
        ("router", "EventRouteUsed EventRouteRequest"),
    ])
    .await;
    play.covers(&DELIVER);
}

#[tokio::test]
async fn deliver_not_answered_in_time() {
    let mut play = Play::begin("delivery_timeout_ms = 400").await;
    play.submit("I1").await;
    let route = json!({"interactionId": "I1", "agentId": "agent1", "referenceId": 7});
    play.ask("router", "RequestRouteCall", route).await;
    let agent = play.players.get_mut("agent1").unwrap();
    let is_revoked = |data: &Value| data["event"] == "EventRevoked";
    let heard = agent.desktop.hear_until(MESSAGES, is_revoked).await;
    let names: Vec<String> = heard.iter().map(row).collect();
    let revoked = TIME_LIMIT_REACHED[0];
    assert_eq!(names, ["EventInvite, Interaction Management", revoked]);
    assert_eq!(heard[1]["reasonSystemName"], "Expired");
    assert_eq!(heard[1]["ticketId"], heard[0]["ticketId"]);
    let heard = play.heard().await;
    let settled = &heard["router"][0];
    assert_eq!(settled["event"], "EventRouteUsed");
    assert_eq!(settled["result"], "Revoked");
    assert_eq!(settled["referenceId"], 7);
    let told: Vec<&Value> = heard["reporting"].iter().map(|it| &it["event"]).collect();
    assert_eq!(told[..2], ["EventAgentInvited", "EventRevoked"]);
}

#[tokio::test]
async fn change_properties_in_four_variants() {
    let mut play = Play::begin("").await;
    play.deliver("I1").await;
    let change = json!({"interactionId": "I1", "changedProperties": {"a": 2}});
    play.ask("mediaserver", "RequestChangeProperties", change)
        .await;
    play.hears(&[
        ("agent1", "EventPropertiesChanged"),
        ("mediaserver", "EventAck"),
        ("reporting", "EventPropertiesChanged"),
    ])
    .await;

    play.submit("I2").await;
    let change = json!({"interactionId": "I2", "changedProperties": {"a": 2}});
    play.ask("mediaserver", "RequestChangeProperties", change)
        .await;
    play.hears(&[
        ("mediaserver", "EventAck"),
        ("reporting", "EventPropertiesChanged"),
        ("router", "EventAttachedDataChanged"),
    ])
    .await;

    let change = json!({"interactionId": "I2", "userData": {"a": 3}});
    let answer = play.ask("router", "RequestUpdateUserData", change).await;
    assert_eq!(answer["event"], "EventAttachedDataChanged");
    play.hears(&[
        ("mediaserver", "EventPropertiesChanged"),
        ("reporting", "EventPropertiesChanged"),
        ("router", "EventAttachedDataChanged"),
    ])
    .await;

    let change = |id: &str, key: &str| {
        json!({"request": "RequestChangeProperties", "interactionId": id,
               "changedProperties": {key: 2}})
    };
    play.refused("mediaserver", change("unknown", "a"), 43)
        .await;
    play.refused("mediaserver", change("I1", "Queue"), 1003)
        .await;
    play.covers(&CHANGE_PROPERTIES);
}

#[tokio::test]
async fn stop_processing_a_to_d() {
    let mut play = Play::begin("").await;
    let stop = |id: &str| json!({"interactionId": id});
    play.deliver("A").await;
    play.ask("mediaserver", "RequestStopProcessing", stop("A"))
        .await;
    play.hears(&[
        ("agent1", "EventRevoked"),
        ("mediaserver", "EventAck"),
        ("reporting", "EventPartyRemoved EventProcessingStopped"),
    ])
    .await;

    play.submit("B").await;
    play.ask("mediaserver", "RequestStopProcessing", stop("B"))
        .await;
    play.hears(&[
        ("mediaserver", "EventAck"),
        ("reporting", "EventPartyRemoved EventProcessingStopped"),
        ("router", "EventAbandoned"),
    ])
    .await;

    // The other agent of C is the one whom the first has invited to take the chat over.
    play.deliver("C").await;
    let transfer = json!({"interactionId": "C", "agentId": "agent2"});
    play.ask("agent1", "RequestTransfer", transfer).await;
    play.hears(&[
        ("agent2", "EventInvite"),
        ("reporting", "EventAgentInvited"),
    ])
    .await;
    play.ask("agent1", "RequestStopProcessing", stop("C")).await;
    play.hears(&[
        ("agent1", "EventAck EventError"),
        ("agent2", "EventRevoked"),
        ("reporting", "EventPartyRemoved EventProcessingStopped"),
    ])
    .await;

    play.submit("D").await;
    let route = json!({"interactionId": "D", "stop": true});
    let answer = play.ask("router", "RequestRouteCall", route).await;
    assert_eq!(answer["event"], "EventRouteUsed");
    play.hears(&[
        ("reporting", "EventPartyRemoved EventProcessingStopped"),
        ("router", "EventRouteUsed"),
    ])
    .await;

    let stop = |id: &str| json!({"request": "RequestStopProcessing", "interactionId": id});
    play.refused("mediaserver", stop("unknown"), 43).await;
    play.refused("mediaserver", stop("A"), 1011).await;
    play.covers(&STOP_PROCESSING);
}

/// Interaction-models 1.1, the failing variants a to c, and race r27. There is no connection of the client's to close:
/// each of its requests stands for itself.
#[tokio::test]
async fn nobody_is_served_before_he_registers() {
    let server = start("").await;
    for (name, mut message) in [
        (
            "mediaserver",
            json!({"request": "RequestSubmit", "queue": "email"}),
        ),
        (
            "router",
            json!({"request": "RegisterAddress", "thisDN": "email"}),
        ),
        (
            "reporting",
            json!({"request": "RequestStartPlaceAgentReportingAll"}),
        ),
    ] {
        let client = server.client(name);
        message["referenceId"] = json!(9);
        let register =
            json!({"request": "RequestRegisterClient", "clientType": "AgentApplication"});
        for (asked, code) in [(&message, 1006), (&register, 1005), (&message, 1006)] {
            let (_, body) = client.post("/api/v2/requests", asked.clone()).await;
            assert_eq!(body["event"], "EventError", "{name}: {body}");
            assert_eq!(body["errorCode"], code, "{name}: {body}");
        }
        client.request("RequestRegisterClient", json!({})).await;
        client.done("/api/v2/requests", message).await;
    }
}

#[tokio::test]
async fn reporting_hears_everything_from_any_sequence_it_names() {
    let mut play = Play::begin("").await;
    let client = play.players["reporting"].client.clone();
    let all = json!({"interactions": true, "referenceId": 5});
    play.ask("reporting", "RequestStartPlaceAgentReportingAll", all)
        .await;
    let route = json!({"interactionId": "I1", "agentId": "agent1"});
    let submit = json!({"interactionId": "I1", "queue": "chat"});
    play.ask("mediaserver", "RequestSubmit", submit).await;
    play.ask("router", "RequestRouteCall", route).await;
    let stop = json!({"interactionId": "I1"});
    play.ask("agent1", "RequestAccept", stop.clone()).await;
    play.ask("agent1", "RequestStopProcessing", stop).await;
    let desktop = &mut play.players.get_mut("reporting").unwrap().desktop;
    let is_last = |data: &Value| data["event"] == "EventProcessingStopped";
    let story = desktop.hear_until(MESSAGES, is_last).await;
    let agents = story
        .iter()
        .filter(|it| it["event"] == "EventPlaceAgentState");
    assert_eq!(agents.count(), 2, "{story:#?}");
    let epoch = json!({"epoch": desktop.epoch.clone()});
    let sequences: BTreeSet<u64> = story
        .iter()
        .map(|it| it["sequence"].as_u64().unwrap())
        .collect();
    assert!(sequences.len() > 4);
    for sequence in &sequences {
        let rest: Vec<&Value> = story
            .iter()
            .filter(|it| it["sequence"].as_u64().unwrap() > *sequence)
            .collect();
        if rest.is_empty() {
            continue;
        }
        let mut again = Desktop::resume(&client, epoch.clone(), MESSAGES, json!(sequence)).await;
        let heard = again.hear_until(MESSAGES, is_last).await;
        assert_eq!(heard.iter().collect::<Vec<_>>(), rest, "after {sequence}");
    }
}
