//! The clients: subscribers that hear, publishers that say.

use crate::programs::Program;
use crate::server::Server;
use crate::wire::{Line, post};

/// What a subscriber hears through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    WebSocket,
    LongPolling,
}

impl Carrier {
    pub(crate) const BOTH: [Self; 2] = [Self::WebSocket, Self::LongPolling];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "WebSocket",
            Self::LongPolling => "long polling",
        }
    }
}

/// Where Baton's carriers are.
const BASE: &str = "/cometd";

const HANDSHAKE: &str = r#"[{"channel":"/meta/handshake","version":"1.0","id":"1","supportedConnectionTypes":["websocket","long-polling"]}]"#;

/// A session that is subscribed and has been answered its first connect.
pub(crate) struct Subscriber {
    pub(crate) line: Line,
    /// What is sent again after every response; over a socket it is sent once.
    pub(crate) connect: Vec<u8>,
}

impl Subscriber {
    /// The subscriber with this number: over Baton with a session of `user`, who hears `channels`.
    pub(crate) async fn open(
        server: &Server,
        carrier: Carrier,
        number: usize,
        user: &str,
        channels: &[String],
    ) -> Self {
        let mut line = Line::connect(server.address).await;
        match (server.program, carrier) {
            (Program::Baton, _) => Self::open_session(line, carrier, user, channels).await,
            (Program::Bare, Carrier::WebSocket) => {
                line.upgrade(&format!("/socket/{number}"), user).await;
                Self {
                    line,
                    connect: Vec::new(),
                }
            }
            (Program::Bare, Carrier::LongPolling) => Self {
                line,
                connect: post(&format!("/hold/{number}"), user, &connect_of("0")),
            },
        }
    }

    async fn open_session(
        mut line: Line,
        carrier: Carrier,
        user: &str,
        channels: &[String],
    ) -> Self {
        if carrier == Carrier::WebSocket {
            line.upgrade(BASE, user).await;
        }
        let client_id = shake_hands(&mut line, user).await;
        let subscription = serde_json::to_string(channels).unwrap();
        let subscribe = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{client_id}","subscription":{subscription},"id":"2"}}]"#
        );
        let reply = exchange(&mut line, user, &subscribe).await;
        assert!(reply.contains(r#""successful":true"#), "{reply}");
        let connect = line.message(BASE, user, &connect_of(&client_id));
        line.exchange(&connect).await;
        Self { line, connect }
    }

    /// Sends the connect that is held.
    pub(crate) async fn connect(&mut self) {
        self.line.send(&self.connect).await;
    }
}

/// Publishes over HTTP.
pub(crate) struct Publisher {
    line: Line,
    program: Program,
    client_id: String,
}

impl Publisher {
    pub(crate) async fn open(server: &Server) -> Self {
        let mut line = Line::connect(server.address).await;
        let client_id = match server.program {
            Program::Baton => shake_hands(&mut line, "publisher").await,
            Program::Bare => String::new(),
        };
        Self {
            line,
            program: server.program,
            client_id,
        }
    }

    /// Publishes to each of `channels` in one request, and waits for the answer.
    pub(crate) async fn publish(&mut self, channels: &[String], data: &str) {
        let request = match self.program {
            // It looks at the path only: who is to be written to.
            Program::Bare => post(&channels[0], "publisher", data),
            Program::Baton => {
                let messages: Vec<_> = channels
                    .iter()
                    .map(|channel| {
                        let client_id = &self.client_id;
                        format!(r#"{{"channel":"{channel}","data":{data},"clientId":"{client_id}","id":"3"}}"#)
                    })
                    .collect();
                post(BASE, "publisher", &format!("[{}]", messages.join(",")))
            }
        };
        let reply = self.line.exchange(&request).await;
        assert!(!reply.contains(r#""successful":false"#), "{reply}");
    }
}

/// A whole session on a connection of its own: handshake, connect, disconnect.
pub(crate) async fn come_and_go(server: &Server, carrier: Carrier) {
    let mut line = Line::connect(server.address).await;
    if server.program == Program::Bare {
        for _ in 0..3 {
            line.exchange(&post("/answer", "user", &connect_of("0")))
                .await;
        }
        return;
    }
    if carrier == Carrier::WebSocket {
        line.upgrade(BASE, "user").await;
    }
    let client_id = shake_hands(&mut line, "user").await;
    exchange(&mut line, "user", &connect_of(&client_id)).await;
    let goodbye =
        format!(r#"[{{"channel":"/meta/disconnect","clientId":"{client_id}","id":"4"}}]"#);
    exchange(&mut line, "user", &goodbye).await;
}

async fn shake_hands(line: &mut Line, user: &str) -> String {
    let reply = exchange(line, user, HANDSHAKE).await;
    let (_, rest) = reply.split_once(r#""clientId":""#).expect(&reply);
    rest.split('"').next().unwrap().to_owned()
}

async fn exchange(line: &mut Line, user: &str, text: &str) -> String {
    let message = line.message(BASE, user, text);
    line.exchange(&message).await
}

fn connect_of(client_id: &str) -> String {
    format!(
        r#"[{{"channel":"/meta/connect","clientId":"{client_id}","connectionType":"long-polling","id":"5"}}]"#
    )
}
