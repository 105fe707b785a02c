//! What happens at the bounds of connections.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use baton::hub::Settings;
use baton::transports::{ConnectionSettings, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::client::Client;
use super::script::World;

const PATIENCE: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(settings: ConnectionSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(async || "here"));
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, settings, async {
            stopped.await.unwrap_or(());
        }));
        Self {
            address,
            stop,
            task,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// The beginning of the answer to a request; nothing if the connection ends.
async fn answer(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = vec![0; 12];
    let read = timeout(PATIENCE, stream.read(&mut bytes)).await;
    let len = read.expect("an answer or an end in time").unwrap_or(0);
    bytes.truncate(len);
    bytes
}

#[tokio::test]
async fn more_connections_than_may_be_wait_for_a_place() {
    let server = Server::start(ConnectionSettings {
        connections_max: 1,
        ..ConnectionSettings::default()
    })
    .await;
    let mut first = server.connect().await;
    first.write_all(REQUEST).await.unwrap();
    assert_eq!(answer(&mut first).await, b"HTTP/1.1 200");
    let mut second = server.connect().await;
    second.write_all(REQUEST).await.unwrap();
    let mut byte = [0];
    let early = timeout(Duration::from_millis(50), second.peek(&mut byte)).await;
    assert!(early.is_err(), "answered while the first is open");
    drop(first);
    assert_eq!(answer(&mut second).await, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_head_that_does_not_come_in_time_ends_the_connection() {
    let server = Server::start(ConnectionSettings {
        head_timeout_ms: 100,
        ..ConnectionSettings::default()
    })
    .await;
    for beginning in [
        "",
        "P",
        "PRI * HTTP/2.0",
        "GET",
        "GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    ] {
        let mut slow = server.connect().await;
        slow.write_all(beginning.as_bytes()).await.unwrap();
        let end = answer(&mut slow).await;
        assert!(!end.starts_with(b"HTTP/1.1 2"), "{beginning:?}");
    }
    // Nor does the next one of a connection that is kept.
    let mut kept = server.connect().await;
    kept.write_all(REQUEST).await.unwrap();
    let mut all = Vec::new();
    let read = timeout(PATIENCE, kept.read_to_end(&mut all)).await;
    read.expect("an end in time").unwrap();
    assert!(all.ends_with(b"here"));
}

#[tokio::test]
async fn a_stopping_server_keeps_no_connection() {
    let server = Server::start(ConnectionSettings::default()).await;
    let mut used = server.connect().await;
    used.write_all(REQUEST).await.unwrap();
    assert_eq!(answer(&mut used).await, b"HTTP/1.1 200");
    let _silent = server.connect().await;
    let _partial = {
        let mut stream = server.connect().await;
        stream.write_all(b"PRI").await.unwrap();
        stream
    };
    server.stop.send(()).unwrap();
    let stopped = timeout(PATIENCE, server.task).await;
    stopped.expect("stopped in time").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopping_server_waits_until_sockets_have_been_told() {
    let world = World::start(Settings::default()).await;
    let Ok(mut client) = Client::websocket(&world.url, &[]).await else {
        panic!("no socket")
    };
    world.hub.shut_down();
    assert_eq!(client.receive().await.status, "close 1001");
    assert_eq!(world.hub.counts().sockets, 1, "not before it has answered");
    drop(client);
    let closed = timeout(PATIENCE, world.hub.sockets_closed()).await;
    closed.expect("closed in time");
}
