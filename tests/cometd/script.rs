//! Wire scripts. A line is one of
//!
//! ```text
//! # a comment
//! set NAME NUMBER                  a setting, before anything else
//! client A alice [jsonp f|ws [503]] a client with a token (`-`: none) and a carrier: long polling, callback-polling with a
//!                                  function, or a socket, which may be refused
//! A handshake / A connect          done and checked, for scripts about something else
//! A > JSON                         sends it; `$A` stands for A's clientId
//! A < JSON                         what comes back is exactly this; "*" stands for anything
//! A << JSON                        the same of the newest request, while an older one is held
//! A < 400                          … or just this status, or `close 1009` of a socket
//! A drop / A cookie X|none         breaks its connections / changes its cookie
//! deliver U /c 5 JSON [; …]        one step of events, with a sequence or `-`
//! state /c 5 JSON                  what is told to who subscribes to /c from now on
//! held N / sessions N / sockets N  waits until there are so many
//! presence alice 1, alice 0        what the product was told so far
//! kick U / shutdown                ends the sessions of U / of all
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use baton::bayeux::{ChannelId, Event};
use baton::hub::{Counts, Hub, Settings};
use baton::transports::{Carrier, ConnectionSettings, routes, serve};
use serde_json::Value;
use serde_json::value::RawValue;

use super::application::Product;
use super::client::Client;

/// A running server and its clients.
pub(super) struct World {
    pub(super) hub: Hub,
    pub(super) url: String,
    pub(super) product: Arc<Product>,
    clients: BTreeMap<String, Client>,
    client_ids: BTreeMap<String, String>,
}

pub(super) async fn run(name: &str, text: &str) {
    let lines = || {
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
    };
    let mut settings = Settings {
        sweep_period_ms: 20,
        ..Settings::default()
    };
    for (_, line) in lines() {
        if let Some(setting) = line.strip_prefix("set ") {
            change(&mut settings, setting);
        }
    }
    let mut world = World::start(settings).await;
    for (at, line) in lines().filter(|(_, line)| !line.starts_with("set ")) {
        let place = format!("{name}.script:{}: {line}", at + 1);
        let words: Vec<&str> = line.splitn(3, ' ').map(str::trim).collect();
        world.step(&place, &words).await;
    }
}

fn change(settings: &mut Settings, line: &str) {
    let (name, value) = line.split_once(' ').unwrap();
    let value: u64 = value.trim().parse().unwrap();
    let count = usize::try_from(value).unwrap();
    match name {
        "timeout_ms" => settings.timeout_ms = value,
        "max_interval_ms" => settings.max_interval_ms = value,
        "websocket_unbound_timeout_ms" => settings.websocket_unbound_timeout_ms = value,
        "queue_len_max" => settings.queue_len_max = count,
        "queue_bytes_max" => settings.queue_bytes_max = count,
        "response_bytes_max" => settings.response_bytes_max = count,
        "websocket_ping_interval_ms" => settings.websocket_ping_interval_ms = value,
        "websocket_pong_timeout_ms" => settings.websocket_pong_timeout_ms = value,
        "activity_timeout_ms" => settings.activity_timeout_ms = Some(value),
        "callback_polling" => settings.callback_polling = value == 1,
        "callback_polling_url_size_max" => settings.callback_polling_url_size_max = count,
        "sessions_max" => settings.sessions_max = count,
        "held_connects_max" => settings.held_connects_max = count,
        "sockets_max" => settings.sockets_max = count,
        "sessions_per_user_max" => settings.sessions_per_user_max = count,
        "subscriptions_per_session_max" => settings.subscriptions_per_session_max = count,
        "message_size_max" => settings.message_size_max = count,
        "batch_len_max" => settings.batch_len_max = count,
        "held_connects_per_browser_max" => settings.held_connects_per_browser_max = count,
        other => panic!("no setting {other}"),
    }
}

impl World {
    pub(super) async fn start(settings: Settings) -> Self {
        let product = Arc::new(Product::default());
        let hub = Hub::new(settings, product.clone());
        product.hub.get_or_init(|| hub.clone());
        let carrier = Carrier {
            hub: hub.clone(),
            authenticator: product.clone(),
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/cometd", listener.local_addr().unwrap());
        let routes = routes("/cometd", carrier);
        let connections = ConnectionSettings::default();
        tokio::spawn(serve(listener, routes, connections, std::future::pending()));
        Self {
            hub,
            url,
            product,
            clients: BTreeMap::new(),
            client_ids: BTreeMap::new(),
        }
    }

    async fn step(&mut self, place: &str, words: &[&str]) {
        match *words {
            ["client", name, who] => self.add_client(name, who).await,
            ["deliver", user, events] => self.deliver(user, events),
            ["state", channel, rest] => {
                let (sequence, data) = rest.split_once(' ').unwrap();
                let state = (sequence.parse().unwrap(), data.to_owned());
                self.product
                    .states
                    .lock()
                    .unwrap()
                    .insert(channel.to_owned(), state);
            }
            ["held", count] => {
                self.until(place, count, |counts| counts.held_connects)
                    .await
            }
            ["sessions", count] => self.until(place, count, |counts| counts.sessions).await,
            ["sockets", count] => {
                self.until(place, count, |counts| {
                    usize::try_from(counts.sockets).unwrap()
                })
                .await
            }
            ["presence", ..] => {
                let told = self.product.presence.lock().unwrap().join(", ");
                assert_eq!(words[1..].join(" "), told, "{place}");
            }
            ["kick", user] => self.hub.end_sessions_of(user),
            ["shutdown"] => self.hub.shut_down(),
            [name, "handshake"] => self.handshake(place, name).await,
            [name, "connect"] => self.connect(place, name).await,
            [name, "drop"] => self.drop_connections(name),
            [name, "cookie", value] => self
                .client(name)
                .set_cookie((value != "none").then_some(value)),
            [name, ">", text] => {
                let text = self.with_client_ids(text);
                self.client(name).send(text).await;
            }
            [name, "<", expected] => self.expect(place, name, expected).await,
            [name, "<<", expected] => {
                self.client(name).newest_first();
                self.expect(place, name, expected).await;
            }
            _ => panic!("{place}: not understood"),
        }
    }

    async fn add_client(&mut self, name: &str, who: &str) {
        let client = match *who.split(' ').collect::<Vec<_>>() {
            [token, "ws", ref refused @ ..] => {
                let bearer = format!("Bearer {token}");
                let headers = [("authorization", &*bearer)];
                let headers = if token == "-" { &[][..] } else { &headers[..] };
                let opened = Client::websocket(&self.url, headers).await;
                let status = opened.as_ref().err().map(u16::to_string);
                assert_eq!(status.as_deref(), refused.first().copied(), "{name} {who}");
                let Ok(client) = opened else { return };
                client
            }
            [token, "jsonp", function] => Client::callback_polling(&self.url, token, function),
            _ => Client::long_polling(&self.url, who),
        };
        self.clients.insert(name.into(), client);
    }

    pub(super) fn deliver(&self, user: &str, events: &str) {
        let event = |text: &str| {
            let [channel, sequence, data] = text.trim().splitn(3, ' ').collect::<Vec<_>>()[..]
            else {
                panic!("{text}")
            };
            let data = RawValue::from_string(data.into()).unwrap();
            (
                user.into(),
                Event::new(
                    &ChannelId::parse(channel).unwrap(),
                    sequence.parse().ok(),
                    &data,
                ),
            )
        };
        self.hub.deliver(events.split(" ; ").map(event).collect());
    }

    async fn handshake(&mut self, place: &str, name: &str) {
        self.client(name)
            .send(r#"[{"channel":"/meta/handshake","version":"1.0"}]"#.into())
            .await;
        self.expect(place, name, r#"[{"channel":"/meta/handshake","successful":true,"clientId":"*","version":"1.0","minimumVersion":"1.0","supportedConnectionTypes":["websocket","long-polling"],"advice":{"reconnect":"retry","interval":0,"timeout":"*"}}]"#).await;
    }

    async fn connect(&mut self, place: &str, name: &str) {
        let id = &self.client_ids[name];
        let text = format!(
            r#"[{{"channel":"/meta/connect","clientId":"{id}","advice":{{"timeout":0}}}}]"#
        );
        self.client(name).send(text).await;
        let expected = r#"[{"channel":"/meta/connect","successful":true,"advice":{"reconnect":"retry","interval":0,"timeout":"*"}}]"#;
        self.expect(place, name, expected).await;
    }

    async fn expect(&mut self, place: &str, name: &str, expected: &str) {
        let answer = self.client(name).receive().await;
        let Ok(expected) = serde_json::from_str::<Value>(&self.with_client_ids(expected)) else {
            assert_eq!(expected, answer.status, "{place}");
            return;
        };
        if expected.is_number() {
            assert_eq!(
                expected.to_string(),
                answer.status,
                "{place}: {}",
                answer.text
            );
            return;
        }
        let body = answer.text;
        // One status and its body: `{"401":[…]}`.
        let expected = match expected.as_object().and_then(|it| it.iter().next()) {
            Some((status, body)) => {
                assert_eq!(*status, answer.status, "{place}");
                body.clone()
            }
            None => expected,
        };
        let seen: Value = serde_json::from_str(&body)
            .unwrap_or_else(|_| panic!("{place}: {} {body}", answer.status));
        assert!(matches(&expected, &seen), "{place}\n  seen {seen}");
        if let Some(id) = seen.pointer("/0/clientId").and_then(Value::as_str) {
            self.client_ids.insert(name.into(), id.into());
        }
    }

    pub(super) async fn until(&self, place: &str, count: &str, of: impl Fn(Counts) -> usize) {
        let (count, began) = (count.parse::<usize>().unwrap(), Instant::now());
        while of(self.hub.counts()) != count {
            assert!(
                began.elapsed() < Duration::from_secs(5),
                "{place}: {:?}",
                self.hub.counts()
            );
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn drop_connections(&mut self, name: &str) {
        if matches!(self.client(name), Client::WebSocket(_)) {
            self.clients.remove(name);
        } else {
            self.client(name).drop_connections();
        }
    }

    fn client(&mut self, name: &str) -> &mut Client {
        self.clients
            .get_mut(name)
            .unwrap_or_else(|| panic!("no client {name}"))
    }

    fn with_client_ids(&self, text: &str) -> String {
        self.client_ids
            .iter()
            .fold(text.to_owned(), |text, (name, id)| {
                text.replace(&format!("${name}"), id)
            })
    }
}

fn matches(expected: &Value, seen: &Value) -> bool {
    match (expected, seen) {
        (Value::String(any), _) if any == "*" => true,
        (Value::Array(expected), Value::Array(seen)) => {
            expected.len() == seen.len()
                && expected
                    .iter()
                    .zip(seen)
                    .all(|(one, other)| matches(one, other))
        }
        (Value::Object(expected), Value::Object(seen)) => {
            expected.len() == seen.len()
                && expected
                    .iter()
                    .all(|(key, one)| seen.get(key).is_some_and(|other| matches(one, other)))
        }
        (one, other) => one == other,
    }
}
