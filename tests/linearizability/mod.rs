//! Invitations are linearizable over real HTTP: agents accept and reject, a media server stops and the delivery timer
//! expires at the same time, and every history could have happened one operation after the other.
//!
//! `HISTORIES=n cargo test --test it linearizability::` records more of them, `SEED=n` others.

mod checker;
mod dice;
mod wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::desktop::Desktop;
use crate::support::server::{Client, Running, start};
use checker::{Action, Answer, Operation, is_linearizable};
use dice::Dice;

const MESSAGES: &str = "/v2/me/messages";
const HISTORIES: u64 = 300;
/// Two for each agent of the demo.
const WORKERS: u64 = 12;
const DELIVERY_TIMEOUT_MS: u64 = 60;
/// Operations are called within this time of the offer, so that about as many come before the timer as after.
const SPREAD_MS: u64 = 100;

/// Everything that is done to one interaction, by its identifier.
type Histories = BTreeMap<String, Vec<Operation>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invitations_are_linearizable() {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let histories = number("HISTORIES").unwrap_or(HISTORIES);
    let seed = number("SEED").unwrap_or(1);
    let recorded = record(histories, seed).await;
    assert_eq!(recorded.len(), usize::try_from(histories).unwrap());
    let mut seen = BTreeSet::new();
    for (id, history) in &recorded {
        seen.extend(history.iter().map(|it| (it.action, it.answer)));
        assert!(is_linearizable(history), "SEED={seed} {id}: {history:#?}");
    }
    // No history is right for want of a race.
    for expected in [
        (Action::Accept, Answer::Done),
        (Action::Accept, Answer::AlreadyAccepted),
        (Action::Accept, Answer::InvitationEnded),
        (Action::Accept, Answer::Unknown),
        (Action::Reject, Answer::Done),
        (Action::Expire, Answer::Done),
        (Action::Stop, Answer::Done),
        (Action::Stop, Answer::AlreadyStopped),
    ] {
        assert!(seen.contains(&expected), "{expected:?} never happened");
    }
}

async fn record(histories: u64, seed: u64) -> Histories {
    let keys = format!("delivery_timeout_ms = {DELIVERY_TIMEOUT_MS}");
    let server = Arc::new(start(&keys).await);
    for name in ["mediaserver", "reporting", "router"] {
        let client = server.client(name);
        client.request("RequestRegisterClient", json!({})).await;
    }
    let address = json!({"thisDN": "workitem"});
    let router = server.client("router");
    router.request("RegisterAddress", address).await;
    let mut reporting = Desktop::open(&server.client("reporting"), &[MESSAGES]).await;
    for number in 1..=6 {
        let agent = server.client(&format!("agent{number}"));
        agent.ready("workitem").await;
    }

    let began = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..WORKERS {
        let mine: Vec<u64> = (0..histories).filter(|it| it % WORKERS == worker).collect();
        let server = server.clone();
        workers.spawn(async move {
            let mut recorded = Histories::new();
            let agent = server.client(&format!("agent{}", 1 + worker % 6));
            for number in mine {
                let id = format!("L{number}");
                let mut dice = Dice(seed.wrapping_mul(1_000_003) ^ number);
                let operations = race(&server, &agent, &id, &mut dice, began).await;
                recorded.insert(id, operations);
            }
            recorded
        });
    }
    let heard = hear_expirations(&mut reporting, histories, began);
    let (expired, recorded) = tokio::join!(heard, workers.join_all());
    let mut all: Histories = recorded.into_iter().flatten().collect();
    for (id, heard_at) in expired {
        let history = all.get_mut(&id).unwrap();
        // It happened some time after the offer, which is before everything else, and before it was heard.
        history.push(Operation {
            action: Action::Expire,
            answer: Answer::Done,
            called_at: 0,
            returned_at: heard_at,
        });
    }
    all
}

/// Offers an interaction to an agent, and has several clients do things to it at about the same time.
async fn race(
    server: &Running,
    agent: &Client,
    id: &str,
    dice: &mut Dice,
    began: Instant,
) -> Vec<Operation> {
    let media_server = server.client("mediaserver");
    let submit = json!({"interactionId": id, "queue": "workitem"});
    media_server.request("RequestSubmit", submit).await;
    let me = agent_id(agent).await;
    let route = json!({"interactionId": id, "agentId": me});
    let router = server.client("router");
    router.request("RequestRouteCall", route).await;

    let mut racing = JoinSet::new();
    for _ in 0..2 + dice.below(4) {
        let (client, action) = match dice.below(5) {
            0..=1 => (agent, Action::Accept),
            2..=3 => (agent, Action::Reject),
            _ => (&media_server, Action::Stop),
        };
        let (client, id) = (client.clone(), id.to_owned());
        let delay = Duration::from_millis(dice.below(SPREAD_MS));
        racing.spawn(async move {
            // The race is against the server's clock: there is nothing to wait for but time.
            tokio::time::sleep(delay).await;
            act(&client, action, &id, began).await
        });
    }
    let mut history = racing.join_all().await;
    history.push(act(&media_server, Action::Stop, id, began).await);
    history
}

async fn agent_id(agent: &Client) -> Value {
    let (_, me) = agent.get("/api/v2/me").await;
    me["user"]["userName"].clone()
}

async fn act(client: &Client, action: Action, id: &str, began: Instant) -> Operation {
    let request = match action {
        Action::Accept => "RequestAccept",
        Action::Reject => "RequestReject",
        Action::Stop => "RequestStopProcessing",
        Action::Expire => unreachable!("nobody asks for it"),
    };
    let called_at = micros(began);
    let message = json!({"request": request, "interactionId": id});
    let (_, body) = client.post("/api/v2/requests", message).await;
    let returned_at = micros(began);
    let answer = match (body["event"].as_str(), body["errorCode"].as_u64()) {
        (Some("EventAck"), None) => Answer::Done,
        (_, Some(43)) => Answer::Unknown,
        (_, Some(1009)) => Answer::InvitationEnded,
        (_, Some(1010)) => Answer::AlreadyAccepted,
        (_, Some(1011)) => Answer::AlreadyStopped,
        (_, code) => Answer::Other(code.unwrap_or(0)),
    };
    Operation {
        action,
        answer,
        called_at,
        returned_at,
    }
}

/// Which invitations expired and when that was heard, until every interaction has been stopped.
async fn hear_expirations(
    reporting: &mut Desktop,
    histories: u64,
    began: Instant,
) -> Vec<(String, u64)> {
    let mut expired = Vec::new();
    let mut stopped = 0;
    while stopped < histories {
        let data = reporting.hear(MESSAGES, |_| true).await;
        match data["event"].as_str() {
            Some("EventProcessingStopped") => stopped += 1,
            Some("EventRevoked") if data["reasonSystemName"] == "Expired" => {
                let id = data["interactionId"].as_str().unwrap().to_owned();
                expired.push((id, micros(began)));
            }
            _ => {}
        }
    }
    expired
}

fn micros(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_micros()).unwrap()
}
