//! How long it takes until an operation is acknowledged, and until the agent's page hears of it, at a pace that the server
//! can keep.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::CLIENTS;
use crate::bare::{client_runtime, update};
use crate::baton::{Running, path};
use crate::load::{Client, Target};

/// Operations a second, of all agents together.
pub(crate) const PACE: u64 = 1_000;
/// Above every number that anything else is: a notification is known by it.
const FIRST_NUMBER: u64 = 1_000_000;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Milliseconds from when an operation is sent, the half and all but one of a hundred of which take no longer.
pub(crate) struct Latencies {
    pub(crate) acknowledged: [f64; 2],
    /// From the acknowledgement on.
    pub(crate) heard: [f64; 2],
}

/// So many operations of every agent, each of whom has a page that hears of his interactions.
pub(crate) fn of_updates(each: u64) -> Latencies {
    let centre = Running::with_one_interaction_each();
    let Target { address, tokens } = &centre.agents;
    let mut times = client_runtime().block_on(async {
        let pages = tokens
            .iter()
            .map(|token| page(format!("ws://{address}/cometd"), token));
        let pages = join_all(pages).await;
        let next = |agent| move |number| (path(agent, 0), update(number));
        let clients = centre.agents.connect(next).await;
        let working = clients.into_iter().zip(pages).enumerate();
        let working = working.map(|(agent, (client, page))| work(client, page, agent, each));
        join_all(working).await.concat()
    });
    let mut percentiles = |of: fn(&(f64, f64)) -> f64| {
        times.sort_by(|a, b| of(a).total_cmp(&of(b)));
        [50, 99].map(|percent| of(&times[(times.len() - 1) * percent / 100]))
    };
    Latencies {
        acknowledged: percentiles(|it| it.0),
        heard: percentiles(|it| it.1),
    }
}

/// Does one operation after the other at the agent's share of the pace; when each was acknowledged, and heard of.
async fn work(
    mut client: impl Client,
    mut page: UnboundedReceiver<(Instant, String)>,
    agent: usize,
    each: u64,
) -> Vec<(f64, f64)> {
    let share = Duration::from_micros(1_000_000 * CLIENTS as u64 / PACE);
    let begin =
        tokio::time::Instant::now() + share * u32::try_from(agent).unwrap() / CLIENTS as u32;
    let mut ticks = interval_at(begin, share);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = Vec::new();
    for number in FIRST_NUMBER..FIRST_NUMBER + each {
        ticks.tick().await;
        let sent = Instant::now();
        client.perform(number).await;
        let acknowledged = Instant::now();
        let named = format!("\"number\":{number}");
        let heard = loop {
            let (heard, text) = page.recv().await.unwrap();
            if text.contains(&named) {
                break heard;
            }
        };
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        times.push((
            ms(acknowledged - sent),
            ms(heard.saturating_duration_since(acknowledged)),
        ));
    }
    times
}

/// A page that is subscribed: what it hears, and when.
async fn page(url: String, token: &str) -> UnboundedReceiver<(Instant, String)> {
    let mut request = url.into_client_request().unwrap();
    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
    request.headers_mut().insert("authorization", bearer);
    let (mut socket, _) = connect_async(request).await.unwrap();
    let handshake = json!({"id": "1", "channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["websocket"]});
    let shaken = ask(&mut socket, &handshake).await;
    let client_id = shaken[0]["clientId"].as_str().unwrap().to_owned();
    let subscribe = json!({"id": "2", "channel": "/meta/subscribe", "clientId": client_id, "subscription": "/v2/me/interactions"});
    let subscribed = ask(&mut socket, &subscribe).await;
    assert_eq!(subscribed[0]["successful"], true, "{subscribed}");
    let (tell, told) = unbounded_channel();
    tokio::spawn(listen(socket, client_id, tell));
    told
}

async fn ask(socket: &mut Socket, message: &Value) -> Value {
    let text = json!([message]).to_string();
    socket.send(Message::text(text)).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    serde_json::from_str(answer.to_text().unwrap()).unwrap()
}

async fn listen(mut socket: Socket, client_id: String, tell: UnboundedSender<(Instant, String)>) {
    let connect = json!([{"id": "3", "channel": "/meta/connect", "clientId": client_id, "connectionType": "websocket"}]);
    let connect = connect.to_string();
    socket.send(Message::text(connect.clone())).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        let heard = Instant::now();
        let text = message.to_text().unwrap().to_owned();
        if text.contains("/meta/connect") {
            socket.send(Message::text(connect.clone())).await.unwrap();
        }
        if tell.send((heard, text)).is_err() {
            return;
        }
    }
}
