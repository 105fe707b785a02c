//! A desktop: a CometD session over WebSocket that is subscribed and hears.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::server::Client;

const PATIENCE: Duration = Duration::from_secs(20);

/// An open session.
pub(crate) struct Desktop {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    client_id: String,
    /// The history that sequences count.
    pub(crate) epoch: String,
    heard: VecDeque<Value>,
}

impl Desktop {
    /// Opens a session of a user and subscribes it to channels.
    pub(crate) async fn open(client: &Client, channels: &[&str]) -> Self {
        let mut desktop = Self::connect(client, json!(true)).await;
        for channel in channels {
            desktop
                .ask(json!({"channel": "/meta/subscribe", "subscription": channel}))
                .await;
        }
        desktop
    }

    /// Opens a session that goes on after `cursor` on a channel. `replay` is what its handshake says of that.
    pub(crate) async fn resume(
        client: &Client,
        replay: Value,
        channel: &str,
        cursor: Value,
    ) -> Self {
        let mut desktop = Self::connect(client, replay).await;
        let ext = json!({"replay": {channel: cursor}});
        desktop
            .ask(json!({"channel": "/meta/subscribe", "subscription": channel, "ext": ext}))
            .await;
        desktop
    }

    async fn connect(client: &Client, replay: Value) -> Self {
        let url = client.url.replace("http://", "ws://") + "/api/v2/notifications";
        let mut request = url.into_client_request().unwrap();
        let bearer = format!("Bearer {}", client.token);
        request
            .headers_mut()
            .insert("authorization", bearer.parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut desktop = Self {
            socket,
            client_id: String::new(),
            epoch: String::new(),
            heard: VecDeque::new(),
        };
        let handshake = desktop
            .ask(json!({
                "channel": "/meta/handshake",
                "version": "1.0",
                "supportedConnectionTypes": ["websocket"],
                "ext": {"replay": replay},
            }))
            .await;
        desktop.client_id = handshake["clientId"].as_str().unwrap().to_owned();
        desktop.epoch = handshake["ext"]["epoch"].as_str().unwrap().to_owned();
        desktop
            .ask(json!({"channel": "/meta/connect", "connectionType": "websocket"}))
            .await;
        desktop
            .send(json!({"channel": "/meta/connect", "connectionType": "websocket"}))
            .await;
        desktop
    }

    /// The data of the next event on a channel that fits.
    pub(crate) async fn hear(&mut self, channel: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let found = self
                .heard
                .iter()
                .position(|event| event["channel"] == channel && fits(&event["data"]));
            if let Some(at) = found {
                return self.heard.remove(at).unwrap()["data"].take();
            }
            let (heard, _) = self.receive().await;
            self.heard.extend(heard);
        }
    }

    /// Everything heard on a channel up to and with the first event that fits.
    pub(crate) async fn hear_until(
        &mut self,
        channel: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Vec<Value> {
        let mut all = Vec::new();
        loop {
            let next = self.hear(channel, |_| true).await;
            let is_last = fits(&next);
            all.push(next);
            if is_last {
                return all;
            }
        }
    }

    /// How many events on a channel have come and were not asked for.
    pub(crate) fn heard_on(&self, channel: &str) -> usize {
        let on_it = self.heard.iter().filter(|it| it["channel"] == channel);
        on_it.count()
    }

    /// Ends the session properly.
    pub(crate) async fn close(mut self) {
        self.ask(json!({"channel": "/meta/disconnect"})).await;
    }

    async fn send(&mut self, mut message: Value) {
        if !self.client_id.is_empty() {
            message["clientId"] = json!(self.client_id);
        }
        let text = json!([message]).to_string();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    async fn ask(&mut self, message: Value) -> Value {
        let channel = message["channel"].clone();
        self.send(message).await;
        loop {
            let (heard, replies) = self.receive().await;
            self.heard.extend(heard);
            if let Some(reply) = replies
                .into_iter()
                .find(|reply| reply["channel"] == channel)
            {
                assert_eq!(reply["successful"], true, "{reply}");
                return reply;
            }
        }
    }

    /// The events and the replies of the next frame.
    async fn receive(&mut self) -> (Vec<Value>, Vec<Value>) {
        let frame = timeout(PATIENCE, self.socket.next()).await;
        let frame = frame.expect("nothing was pushed in time").unwrap().unwrap();
        let Ok(text) = frame.to_text() else {
            return (Vec::new(), Vec::new());
        };
        let messages: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
        messages
            .into_iter()
            .partition(|it| it.get("data").is_some())
    }
}
