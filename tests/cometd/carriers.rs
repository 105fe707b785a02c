//! What no script can say: raw bytes, dropped responses, slow readers.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use baton::hub::Settings;
use baton::transports::{Carrier, routes};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

use super::client::Client;
use super::script::World;

#[tokio::test]
async fn a_dropped_response_puts_its_events_back() {
    let world = World::start(Settings::default()).await;
    let app = world.routes();
    let client_id = world.subscribed("/a").await;
    world.deliver("alice", "/a - 1 ; /a - 2");
    let connect = format!(r#"[{{"channel":"/meta/connect","clientId":"{client_id}"}}]"#);
    // The response is made but its body is never read, as when the connection breaks in between.
    drop(app.clone().oneshot(post(&connect)).await.unwrap());
    world.deliver("alice", "/a - 3");
    let answer = body(app.oneshot(post(&connect)).await.unwrap()).await;
    let data: Vec<_> = answer
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|message| message["data"].as_u64())
        .collect();
    assert_eq!(data, [1, 2, 3], "{answer}");
    let counts = world.hub.counts();
    assert_eq!(
        (
            counts.events_queued,
            counts.events_sent,
            counts.events_dropped
        ),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn every_suffix_is_the_same_and_other_methods_are_refused() {
    let app = World::start(Settings::default()).await.routes();
    for suffix in ["", "/", "/handshake", "/38.0", "/a/b"] {
        let request =
            Request::post(format!("/cometd{suffix}")).header("authorization", "Bearer alice");
        let response = app
            .clone()
            .oneshot(request.body(Body::from(HANDSHAKE)).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{suffix}");
        assert_eq!(response.headers()["content-type"], "application/json");
    }
    for (method, status) in [
        ("GET", 400),
        ("OPTIONS", 200),
        ("PUT", 405),
        ("DELETE", 405),
    ] {
        let request = Request::builder()
            .method(method)
            .uri("/cometd")
            .body(Body::empty())
            .unwrap();
        assert_eq!(
            app.clone().oneshot(request).await.unwrap().status(),
            status,
            "{method}"
        );
    }
    let form = "message=%5B%7B%22channel%22%3A%22%2Fmeta%2Fhandshake%22%7D%5D";
    assert_eq!(
        body(app.clone().oneshot(post(form)).await.unwrap()).await[0]["successful"],
        true
    );
    let bytes = Request::post("/cometd")
        .body(Body::from(vec![0x5b, 0xff]))
        .unwrap();
    assert_eq!(app.oneshot(bytes).await.unwrap().status(), 400);
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let settings = Settings {
        allowed_origins: vec!["https://desk.example".into()],
        ..Settings::default()
    };
    let world = World::start(settings).await;
    for (origin, status) in [
        ("https://evil.example", Some(403)),
        ("null", Some(403)),
        ("https://desk.example", None),
    ] {
        assert_eq!(
            Client::websocket(&world.url, &[("origin", origin)])
                .await
                .err(),
            status,
            "{origin}"
        );
        let request = Request::post("/cometd")
            .header("origin", origin)
            .body(Body::from(HANDSHAKE))
            .unwrap();
        let expected = status.unwrap_or(401);
        assert_eq!(
            world.routes().oneshot(request).await.unwrap().status(),
            expected,
            "{origin}"
        );
    }
    assert_eq!(
        Client::websocket(&world.url, &[("authorization", "Bearer forged")])
            .await
            .err(),
        Some(401)
    );
}

#[tokio::test]
async fn bad_frames_close_with_their_code() {
    let world = World::start(Settings {
        message_size_max: 100,
        ..Settings::default()
    })
    .await;
    let Ok(Client::WebSocket(mut big)) = Client::websocket(&world.url, &[]).await else {
        panic!()
    };
    big.send(Message::Text("x".repeat(200).into()))
        .await
        .unwrap();
    assert!(
        matches!(big.next().await, Some(Ok(Message::Close(Some(frame)))) if u16::from(frame.code) == 1009)
    );

    // A text frame of one byte that is no UTF-8, masked with zeros.
    let mut raw = upgraded(&world.url).await;
    raw.write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff])
        .await
        .unwrap();
    let mut close = [0; 4];
    raw.read_exact(&mut close).await.unwrap();
    assert_eq!(close, [0x88, 2, 0x03, 0xef], "1007");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_stops_blocks_nobody_and_is_dropped() {
    let settings = Settings {
        websocket_send_timeout_ms: 200,
        ..Settings::default()
    };
    let world = World::start(settings).await;
    let Ok(Client::WebSocket(mut stuck)) =
        Client::websocket(&world.url, &[("authorization", "Bearer alice")]).await
    else {
        panic!()
    };
    stuck.send(Message::Text(HANDSHAKE.into())).await.unwrap();
    let reply: Value =
        serde_json::from_str(stuck.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
    let client_id = reply[0]["clientId"].as_str().unwrap();
    let subscribe = format!(
        r#"[{{"channel":"/meta/subscribe","clientId":"{client_id}","subscription":"/a"}}]"#
    );
    stuck.send(Message::Text(subscribe.into())).await.unwrap();
    stuck.next().await.unwrap().unwrap();
    let event = format!("/a - \"{}\"", "x".repeat(100_000));
    let began = std::time::Instant::now();
    while world.hub.counts().sockets > 0 {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            world.hub.counts()
        );
        world.deliver("alice", &event);
        tokio::task::yield_now().await;
    }
    assert_eq!(world.hub.counts().sessions_overflowed, 1);
}

const HANDSHAKE: &str = r#"[{"channel":"/meta/handshake","version":"1.0"}]"#;

fn post(text: &str) -> Request<Body> {
    Request::post("/cometd")
        .header("authorization", "Bearer alice")
        .body(Body::from(text.to_owned()))
        .unwrap()
}

async fn body(response: axum::response::Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
        .await
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A connection after its upgrade, for frames that no client library would send.
pub(super) async fn upgraded(url: &str) -> tokio::net::TcpStream {
    let host = url
        .trim_start_matches("http://")
        .trim_end_matches("/cometd");
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!(
        "GET /cometd HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101"));
    stream
}

impl World {
    fn routes(&self) -> axum::Router {
        routes(
            "/cometd",
            Carrier {
                hub: self.hub.clone(),
                authenticator: self.product.clone(),
            },
        )
    }

    /// A session of alice's that has connected and subscribed.
    async fn subscribed(&self, channel: &str) -> String {
        let reply = body(self.routes().oneshot(post(HANDSHAKE)).await.unwrap()).await;
        let id = reply[0]["clientId"].as_str().unwrap();
        let subscribe = format!(
            r#"[{{"channel":"/meta/subscribe","clientId":"{id}","subscription":"{channel}"}},{{"channel":"/meta/connect","clientId":"{id}"}}]"#
        );
        body(self.routes().oneshot(post(&subscribe)).await.unwrap()).await;
        id.to_owned()
    }
}
