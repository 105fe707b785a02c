//! An agent at work, who notes every acknowledgement and looks whether what was acknowledged is there.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::simulation::dice::Dice;
use crate::support::server::{Client, Reply};

/// How long an answer may take, however often the server ends meanwhile: on a busy machine it may live for too short a time
/// to answer anything, many times in a row.
const PATIENCE: Duration = Duration::from_secs(300);
/// How long to wait for another server before the same one is asked again.
const ANOTHER_TRY: Duration = Duration::from_millis(50);
/// Acknowledgements that are asked for again after a restart.
const ASKED_AGAIN: usize = 3;

/// What was answered to a request under a key.
#[derive(Clone)]
pub(super) struct Ack {
    pub(super) user: &'static str,
    pub(super) key: String,
    path: String,
    body: String,
    reply: Reply,
}

impl Ack {
    pub(super) fn sequence(&self) -> u64 {
        self.reply.json()["sequence"].as_u64().unwrap()
    }
}

/// What must be true of the interaction at hand.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    state: &'static str,
    workbin: Value,
    /// The value of both keys of its user data, which are always written together.
    value: u64,
    /// The last acknowledged step on it.
    sequence: u64,
}

pub(super) struct Worker {
    name: &'static str,
    agent: Client,
    media_server: Client,
    urls: watch::Receiver<String>,
    dice: Dice,
    sent: u64,
    at_hand: Option<Known>,
    pub(super) acks: Vec<Ack>,
    /// Identifiers of what this one has submitted, and whether it is completed.
    pub(super) submitted: Vec<(String, bool)>,
    pub(super) asked_again: u64,
    pub(super) unanswered: u64,
    pub(super) read_back: u64,
    last_told: u64,
}

impl Worker {
    pub(super) fn new(
        name: &'static str,
        (agent, media_server): (Client, Client),
        urls: watch::Receiver<String>,
        seed: u64,
    ) -> Self {
        let seed = seed ^ u64::from(name.as_bytes()[name.len() - 1]);
        Self {
            name,
            agent,
            media_server,
            urls,
            dice: Dice::new(seed),
            sent: 0,
            at_hand: None,
            acks: Vec::new(),
            submitted: Vec::new(),
            asked_again: 0,
            unanswered: 0,
            read_back: 0,
            last_told: 0,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The last step of which the agent himself is told for certain.
    pub(super) fn last_of_his_own(&self) -> u64 {
        self.last_told
    }

    /// Works until it is told to stop, and ends what it has begun.
    pub(super) async fn work(mut self, stop: watch::Receiver<bool>) -> Self {
        let session = json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
        self.done("/api/v2/me", session).await;
        while !*stop.borrow() {
            self.be_ready_or_not().await;
            self.one_mail().await;
            self.one_chat().await;
        }
        // Of this the agent hears: his listener knows by it that he has heard everything.
        self.one_mail().await;
        self
    }

    async fn be_ready_or_not(&mut self) {
        let name = self.dice.pick(&["Ready", "NotReady"]);
        let body = json!({"operationName": name});
        self.done("/api/v2/me/channels/chat", body).await;
    }

    /// Submits a mail, moves it about, and completes it; now and then it stays in the workbin for ever.
    async fn one_mail(&mut self) {
        let id = format!("{}-{}", self.name, self.sent);
        let submit = json!({"request": "RequestSubmit", "interactionId": id, "mediaType": "email"});
        let sequence = self.done("/api/v2/requests", submit).await;
        self.submitted.push((id.clone(), false));
        self.know(Known {
            id,
            state: "Processing",
            workbin: Value::Null,
            value: 0,
            sequence,
        })
        .await;
        for _ in 0..=self.dice.below(3) {
            match self.dice.below(3) {
                0 => self.move_to("PlaceInQueue", "queue", "email").await,
                1 => self.move_to("PlaceInWorkbin", "workbin", "drafts").await,
                _ => self.write().await,
            }
        }
        if self.dice.percent(20) {
            let drafts = json!({"workbin": "drafts"});
            self.last_told = self.operate("PlaceInWorkbin", drafts).await;
        } else {
            self.last_told = self.operate("Complete", json!({})).await;
            self.submitted.last_mut().unwrap().1 = true;
        }
        self.at_hand = None;
    }

    async fn write(&mut self) {
        let mut known = self.at_hand.clone().unwrap();
        known.value = self.sent + 1;
        let user_data = json!({"one": known.value, "other": known.value});
        let body = json!({"userData": user_data});
        known.sequence = self.operate("UpdateUserData", body).await;
        self.know(known).await;
    }

    /// Puts the mail somewhere and takes it back.
    async fn move_to(&mut self, operation: &str, kind: &str, name: &str) {
        let mut known = self.at_hand.clone().unwrap();
        known.sequence = self.operate(operation, json!({kind: name})).await;
        let moved = known.clone();
        known.state = "Queued";
        if kind == "workbin" {
            (known.state, known.workbin) = ("InWorkbin", json!(name));
        }
        self.know(known.clone()).await;
        let pull = json!({"request": "RequestPull", kind: name, "interactionId": known.id});
        let sequence = self.done("/api/v2/requests", pull).await;
        self.know(Known { sequence, ..moved }).await;
    }

    /// Submits a chat, and accepts and completes what it is offered.
    async fn one_chat(&mut self) {
        let submit = json!({"mediaType": "chat", "queue": "chat"});
        let submitted = self.insist("mediaserver", "/api/v2/interactions", &submit);
        submitted.await.unwrap();
        let mine = self.read("/api/v2/me/interactions?fields=*").await;
        let mine = mine["interactions"].as_array().unwrap();
        for chat in mine.iter().filter(|it| it["mediaType"] == "chat") {
            let path = format!("/api/v2/me/interactions/{}", chat["id"].as_str().unwrap());
            for name in ["Accept", "UpdateUserData", "Complete"] {
                // It may have been offered to another one by now.
                let body = json!({"operationName": name, "userData": {"told": self.sent}});
                let _ = self.insist(self.name, &path, &body).await;
            }
        }
    }

    async fn operate(&mut self, name: &str, mut parameters: Value) -> u64 {
        parameters["operationName"] = json!(name);
        let id = &self.at_hand.as_ref().unwrap().id;
        let path = format!("/api/v2/me/interactions/{id}");
        self.done(&path, parameters).await
    }

    /// Something that nobody can be in the way of; the sequence that it got.
    async fn done(&mut self, path: &str, body: Value) -> u64 {
        let ack = self.insist(self.name, path, &body).await;
        ack.unwrap_or_else(|refusal| panic!("{path} {body}: {refusal:?}"))
    }

    /// Asks under one key until it is known what became of it.
    async fn insist(&mut self, user: &'static str, path: &str, body: &Value) -> Result<u64, Reply> {
        self.sent += 1;
        let mut ack = Ack {
            user,
            key: format!("{}-{}", self.name, self.sent),
            path: path.to_owned(),
            body: body.to_string(),
            reply: Reply::default(),
        };
        ack.reply = self.ask(&ack).await;
        if ack.reply.status != StatusCode::OK {
            assert!(ack.reply.status.is_client_error(), "{:?}", ack.reply);
            return Err(ack.reply);
        }
        self.acks.push(ack.clone());
        if self.urls.has_changed().unwrap_or(false) {
            self.after_a_restart().await;
        }
        Ok(ack.sequence())
    }

    /// What was acknowledged last gets its first answer again, and is still there.
    async fn after_a_restart(&mut self) {
        self.urls.mark_unchanged();
        let from = self.acks.len().saturating_sub(ASKED_AGAIN);
        let newest = self.acks[from..].to_vec();
        for ack in newest {
            let again = self.ask(&ack).await;
            assert_eq!(again.status, ack.reply.status, "{again:?}");
            if ack.path.starts_with("/api/v2/requests") {
                // It tells the interaction too, as that is now.
                assert_eq!(again.json()["sequence"], ack.sequence(), "{}", ack.key);
            } else {
                assert_eq!(again, ack.reply, "{}", ack.key);
            }
            self.asked_again += 1;
        }
    }

    async fn ask(&mut self, ack: &Ack) -> Reply {
        let headers = [("idempotency-key", ack.key.as_str())];
        let body = Some(ack.body.clone());
        self.answer(Method::POST, ack.user, &ack.path, &headers, body)
            .await
    }

    async fn read(&mut self, path: &str) -> Value {
        let reply = self.answer(Method::GET, self.name, path, &[], None).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {reply:?}");
        reply.json()
    }

    /// Asks until somebody answers who takes changes.
    async fn answer(
        &mut self,
        method: Method,
        user: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let asking = async {
            loop {
                let url = self.urls.borrow().clone();
                let client = match user {
                    "mediaserver" => &mut self.media_server,
                    _ => &mut self.agent,
                };
                client.url = url;
                let asked = client.try_exchange(method.clone(), path, headers, body.clone());
                match asked.await {
                    Ok(reply) if reply.status != StatusCode::SERVICE_UNAVAILABLE => return reply,
                    _ => self.unanswered += 1,
                }
                // A clone, so that `after_a_restart` sees the change as well.
                let mut urls = self.urls.clone();
                urls.mark_unchanged();
                let _ = timeout(ANOTHER_TRY, urls.changed()).await;
            }
        };
        let answered = timeout(PATIENCE, asking).await;
        answered.unwrap_or_else(|_| panic!("{path} was never answered"))
    }

    /// Looks whether the mail at hand is what was acknowledged, whole.
    async fn know(&mut self, known: Known) {
        let body = self
            .read(&format!("/api/v2/interactions/{}", known.id))
            .await;
        let seen = &body["interaction"];
        assert!(
            seen["sequence"].as_u64() >= Some(known.sequence),
            "{known:?}: {seen}"
        );
        assert_eq!(seen["state"], known.state, "{known:?}: {seen}");
        assert_eq!(seen["workbin"]["name"], known.workbin, "{known:?}: {seen}");
        let value = if known.value == 0 {
            json!({})
        } else {
            json!({"one": known.value, "other": known.value})
        };
        assert_eq!(seen["userData"], value, "{known:?}: {seen}");
        self.read_back += 1;
        self.at_hand = Some(known);
    }
}
