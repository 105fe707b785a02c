//! Nonsense over real connections: it is refused or ignored, never a failure, and the server goes on.

use std::time::Duration;

use baton::hub::Settings;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::carriers::upgraded;
use super::client::Client;
use super::script::World;
use super::wire_text;
use crate::simulation::dice::{self, Dice};

const REQUESTS: u64 = 400;
const SOCKETS: u64 = 60;
const FRAMES: u64 = 12;
/// Of one request; a connect is held for a moment only.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_body_is_a_failure() {
    let world = world().await;
    let http = reqwest::Client::new();
    let mut client_id = String::from("NOBODY");
    for seed in dice::seeds(REQUESTS) {
        let mut dice = Dice::new(seed);
        let body = something(&mut dice, &client_id);
        let at = format!("SEED={seed} {:?}", String::from_utf8_lossy(&body));
        let mut request = http.post(&world.url).body(body).timeout(PATIENCE);
        if dice.percent(80) {
            request = request.bearer_auth("alice");
        }
        if dice.percent(30) {
            let kinds = ["text/plain", "application/x-www-form-urlencoded", "\u{1}"];
            let kind = dice.pick(&kinds);
            request = reqwest::header::HeaderValue::from_str(kind)
                .into_iter()
                .fold(request, |request, kind| {
                    request.header("content-type", kind)
                });
        }
        let response = request.send().await.expect(&at);
        let status = response.status().as_u16();
        let text = response.text().await.expect(&at);
        assert!(status < 500, "{status} {text} {at}");
        if status == 200 {
            let replies: Vec<Value> = serde_json::from_str(&text).expect(&at);
            let new = replies.iter().find_map(|reply| reply["clientId"].as_str());
            client_id = new.unwrap_or(&client_id).to_owned();
        }
    }
    is_well(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frame_is_a_failure() {
    let world = world().await;
    for seed in dice::seeds(SOCKETS) {
        let mut dice = Dice::new(seed);
        let token = [("authorization", "Bearer alice")];
        let Ok(Client::WebSocket(socket)) = Client::websocket(&world.url, &token).await else {
            panic!("SEED={seed}: no socket")
        };
        let (mut sender, mut receiver) = socket.split();
        for _ in 0..FRAMES {
            let bytes = something(&mut dice, "NOBODY");
            let frame = match String::from_utf8(bytes) {
                Ok(text) if dice.percent(90) => Message::Text(text.into()),
                Ok(text) => Message::Binary(text.into_bytes().into()),
                Err(error) => {
                    // A ping may hold so much and no more.
                    let mut bytes = error.into_bytes();
                    bytes.truncate(125);
                    Message::Ping(bytes.into())
                }
            };
            // It may be closed already, and rightly so.
            sender.send(frame).await.ok();
        }
        sender.close().await.ok();
        let rest = async { while let Some(Ok(_)) = receiver.next().await {} };
        timeout(PATIENCE, rest)
            .await
            .unwrap_or_else(|_| panic!("SEED={seed} hangs"));
    }
    is_well(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_bytes_on_a_socket_are_a_failure() {
    let world = world().await;
    for seed in dice::seeds(SOCKETS) {
        let mut dice = Dice::new(seed);
        let mut raw = upgraded(&world.url).await;
        let mut bytes = wire_text::noise(&mut dice);
        if dice.percent(70) {
            // A masked frame at least: some text, a continuation, or a control frame.
            bytes.splice(
                0..0,
                [
                    dice.one_of(&[0x81, 0x80, 0x01, 0x89, 0x88])
                        .copied()
                        .unwrap(),
                    0x84,
                ],
            );
        }
        raw.write_all(&bytes).await.ok();
        raw.shutdown().await.ok();
        let mut rest = Vec::new();
        let read = timeout(PATIENCE, raw.read_to_end(&mut rest)).await;
        assert!(read.is_ok(), "SEED={seed} hangs");
    }
    is_well(&world).await;
}

async fn world() -> World {
    World::start(Settings {
        timeout_ms: 20,
        sessions_per_user_max: 1_000,
        ..Settings::default()
    })
    .await
}

fn something(dice: &mut Dice, client_id: &str) -> Vec<u8> {
    match dice.below(10) {
        0 => wire_text::noise(dice),
        1 => format!("message={}", wire_text::random(dice, 3)).into_bytes(),
        mistakes => wire_text::random(dice, mistakes % 3)
            .replace("CLIENT", client_id)
            .into_bytes(),
    }
}

/// Sockets are gone, and somebody new is served.
async fn is_well(world: &World) {
    world
        .until("after all that", "0", |counts| {
            usize::from(counts.sockets > 0)
        })
        .await;
    let mut client = Client::long_polling(&world.url, "bob");
    client
        .send(r#"[{"channel":"/meta/handshake","version":"1.0"}]"#.into())
        .await;
    let answer = client.receive().await;
    assert!(
        answer.text.contains("\"successful\":true"),
        "{}",
        answer.text
    );
}
