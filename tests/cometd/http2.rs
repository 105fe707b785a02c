//! Both carriers over HTTP/2 without TLS, by prior knowledge.

use std::time::Duration;

use axum::body::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::ext::Protocol;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::script::World;
use baton::hub::Settings;
use baton::transports::{ConnectionSettings, serve};

const PATIENCE: Duration = Duration::from_secs(5);

/// One connection, which carries many requests at a time.
struct Connection {
    host: String,
    sender: SendRequest<Full<Bytes>>,
    ended: JoinHandle<hyper::Result<()>>,
}

impl Connection {
    async fn open(url: &str) -> Self {
        let host = url
            .trim_start_matches("http://")
            .trim_end_matches("/cometd")
            .to_owned();
        let stream = TcpStream::connect(&host).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        let ended = tokio::spawn(connection);
        Self {
            host,
            sender,
            ended,
        }
    }

    /// Sends messages of alice's, and goes on while the answer is waited for.
    fn post(&self, messages: &Value) -> JoinHandle<Value> {
        let request = Request::post(format!("http://{}/cometd", self.host))
            .header("authorization", "Bearer alice")
            .header("cookie", "BAYEUX_BROWSER=one")
            .header("origin", format!("http://{}", self.host))
            .body(Full::from(messages.to_string()))
            .unwrap();
        let mut sender = self.sender.clone();
        tokio::spawn(async move { body(sender.send_request(request).await.unwrap()).await })
    }

    async fn ask(&self, messages: Value) -> Value {
        let answer = timeout(PATIENCE, self.post(&messages)).await;
        answer.expect("an answer in time").unwrap()
    }

    /// A session that has connected once and is subscribed.
    async fn session(&self) -> String {
        let reply = self.ask(json!([{"channel": "/meta/handshake"}])).await;
        let id = reply[0]["clientId"].as_str().unwrap().to_owned();
        let both = json!([
            {"channel": "/meta/subscribe", "clientId": id, "subscription": "/a"},
            {"channel": "/meta/connect", "clientId": id},
        ]);
        assert_eq!(self.ask(both).await.as_array().unwrap().len(), 2);
        id
    }
}

async fn body(response: Response<Incoming>) -> Value {
    assert_eq!(response.version(), hyper::Version::HTTP_2);
    assert_eq!(response.status(), 200);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    serde_json::from_slice(&bytes).unwrap()
}

fn connect(id: &str) -> Value {
    json!([{"channel": "/meta/connect", "clientId": id}])
}

async fn held(world: &World, count: usize) {
    let until = async {
        while world.hub.counts().held_connects != count {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, until).await.expect("held in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_holds_more_connects_than_a_browser_may_over_http_1() {
    const SESSIONS: usize = 300;
    let world = World::start(Settings {
        held_connects_per_browser_max: 1,
        sessions_per_user_max: SESSIONS + 1,
        ..Settings::default()
    })
    .await;
    let connection = Connection::open(&world.url).await;
    let mut waiting = Vec::new();
    for _ in 0..SESSIONS {
        let id = connection.session().await;
        waiting.push(connection.post(&connect(&id)));
    }
    held(&world, SESSIONS).await;
    // Others come through while they are held.
    connection.session().await;
    world.deliver("alice", "/a - 1");
    for answer in waiting {
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer[0], json!({"channel": "/a", "data": 1}), "{answer}");
        assert_eq!(answer[1]["successful"], true, "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_reset_leaves_its_session_and_events_alone() {
    let world = World::start(Settings::default()).await;
    let connection = Connection::open(&world.url).await;
    let id = connection.session().await;
    let lost = connection.post(&connect(&id));
    held(&world, 1).await;
    lost.abort();
    held(&world, 0).await;
    world.deliver("alice", "/a - 1");
    let answer = connection.ask(connect(&id)).await;
    assert_eq!(answer[0]["data"], 1, "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_is_opened_by_an_extended_connect() {
    let world = World::start(Settings::default()).await;
    let mut connection = Connection::open(&world.url).await;
    // The server has to say first that it knows such requests.
    connection.session().await;
    let request = Request::connect(format!("http://{}/cometd", connection.host))
        .extension(Protocol::from_static("websocket"))
        .header("authorization", "Bearer bob")
        .header("origin", format!("http://{}", connection.host))
        .header("sec-websocket-version", "13")
        .body(Full::default())
        .unwrap();
    let mut response = connection.sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let upgraded = hyper::upgrade::on(&mut response).await.unwrap();
    let mut socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Client, None).await;
    socket
        .send(Message::text(r#"[{"channel":"/meta/handshake"}]"#))
        .await
        .unwrap();
    let reply = socket.next().await.unwrap().unwrap();
    let reply: Value = serde_json::from_str(reply.to_text().unwrap()).unwrap();
    let id = reply[0]["clientId"].as_str().unwrap();
    let subscribe =
        json!([{"channel": "/meta/subscribe", "clientId": id, "subscription": "/b"}]).to_string();
    socket.send(Message::text(subscribe)).await.unwrap();
    socket.next().await.unwrap().unwrap();
    world.deliver("bob", "/b - 7");
    let pushed = socket.next().await.unwrap().unwrap();
    assert_eq!(pushed.to_text().unwrap(), r#"[{"channel":"/b","data":7}]"#);
    // Beside it, requests of the same connection.
    connection.session().await;

    let foreign = Request::connect(format!("http://{}/cometd", connection.host))
        .extension(Protocol::from_static("websocket"))
        .header("origin", "https://evil.example")
        .header("sec-websocket-version", "13")
        .body(Full::default())
        .unwrap();
    let refused = connection.sender.send_request(foreign).await.unwrap();
    assert_eq!(refused.status(), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_server_answers_what_is_held_and_says_goodbye() {
    let world = World::start(Settings::default()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cometd", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let routes = world.routes();
    let server = tokio::spawn(async move {
        let stopping = async move { stopped.await.unwrap_or(()) };
        serve(listener, routes, ConnectionSettings::default(), stopping).await
    });
    let connection = Connection::open(&url).await;
    let (one, two) = (connection.session().await, connection.session().await);
    let waiting = [
        connection.post(&connect(&one)),
        connection.post(&connect(&two)),
    ];
    held(&world, 2).await;
    stop.send(()).unwrap();
    world.hub.shut_down();
    for answer in waiting {
        let answer = timeout(PATIENCE, answer).await.unwrap().unwrap();
        assert_eq!(answer[0]["successful"], true, "{answer}");
        assert_eq!(answer[0]["advice"]["reconnect"], "retry", "{answer}");
        assert_eq!(answer[0]["advice"]["interval"], 0, "{answer}");
    }
    let ended = timeout(PATIENCE, connection.ended).await;
    ended.expect("the connection ends").unwrap().unwrap();
    let ended = timeout(PATIENCE, server).await;
    ended.expect("the server ends").unwrap();
}
