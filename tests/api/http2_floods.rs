//! What clients of HTTP/2 have done to servers at little cost to themselves ends their connection, and no other one.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::server::{Running, start};

const PATIENCE: Duration = Duration::from_secs(20);
/// The preface, and settings without any setting.
const OPENING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Types of frames, and flags (RFC 9113 section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:method`, `:scheme http`, `:path /` of the static table, and `:authority here`.
const GET: &[u8] = b"\x82\x86\x84\x41\x04here";
const POST: &[u8] = b"\x83\x86\x84\x41\x04here";
/// How much a flood may be before the server has to have ended it, in frames.
const FRAMES: u32 = 200_000;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Streams of clients have odd numbers.
fn stream(at: u32) -> u32 {
    2 * at + 1
}

/// Sends frames until the server ends the connection, which it has to do before there are no more of them.
async fn is_ended(server: &Running, what: &str, flood: impl Fn(u32) -> Vec<u8>) {
    let address = server.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(OPENING).await.unwrap();
    let (mut read, mut write) = connection.into_split();
    // Who does not read what is answered would be left alone for that.
    let answers = tokio::spawn(async move {
        let mut all = Vec::new();
        read.read_to_end(&mut all).await.ok();
    });
    let flooding = async {
        for at in 0..FRAMES {
            if answers.is_finished() || write.write_all(&flood(at)).await.is_err() {
                return at;
            }
        }
        FRAMES
    };
    let sent = timeout(PATIENCE, flooding).await;
    let sent = sent.unwrap_or_else(|_| panic!("{what}: the server does not read any more"));
    assert!(sent < FRAMES, "{what}: all of it is taken");
    server.client("agent1").get("/api/v2/me").await;
}

#[tokio::test]
async fn requests_that_are_taken_back_end_the_connection() {
    let server = start("").await;
    let both = |at| {
        let mut both = frame(HEADERS, END_HEADERS | END_STREAM, stream(at), GET);
        both.extend(frame(RST_STREAM, 0, stream(at), &[0, 0, 0, 8]));
        both
    };
    is_ended(&server, "rapid reset", both).await;
    // The server resets these itself: a request has no data that nobody announced.
    let broken = |at| {
        let mut both = frame(HEADERS, END_HEADERS, stream(at), POST);
        both.extend(frame(8, 0, stream(at), &[0, 0, 0, 0]));
        both
    };
    is_ended(&server, "made to reset", broken).await;
}

#[tokio::test]
async fn heads_without_an_end_end_the_connection() {
    let server = start("").await;
    let literal = |at: u32| {
        let mut header = b"\x00\x03".to_vec();
        header.extend(format!("{at:03}").bytes().take(3));
        header.push(0x7e);
        header.extend([b'a'; 0x7e]);
        header
    };
    let endless = move |at: u32| match at {
        0 => frame(HEADERS, END_STREAM, 1, GET),
        _ => frame(CONTINUATION, 0, 1, &literal(at % 1_000).repeat(100)),
    };
    is_ended(&server, "continuation", endless).await;
    let empty = |at: u32| match at {
        0 => frame(HEADERS, END_STREAM, 1, GET),
        _ => frame(CONTINUATION, 0, 1, &[]),
    };
    is_ended(&server, "empty continuation", empty).await;
}

#[tokio::test]
async fn data_that_is_nothing_ends_the_connection() {
    let server = start("").await;
    let empty = |at: u32| match at {
        0 => frame(HEADERS, END_HEADERS, 1, POST),
        _ => frame(DATA, 0, 1, &[]).repeat(100),
    };
    is_ended(&server, "empty data", empty).await;
}

/// Settings and pings have to be answered; whoever sends them faster than he takes the answers is not read any more.
#[tokio::test]
async fn who_asks_and_does_not_listen_is_not_read() {
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    for (what, kind, payload) in [("settings", SETTINGS, vec![]), ("pings", PING, vec![7; 8])] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(OPENING).await.unwrap();
        let many = frame(kind, 0, 0, &payload).repeat(1_000);
        let mut sent = 0;
        let flooding = async {
            while connection.write_all(&many).await.is_ok() {
                sent += many.len();
                assert!(sent < 1 << 30, "{what}: all of it is taken");
            }
        };
        // Either he is stopped by the network, or his connection is ended.
        timeout(Duration::from_secs(2), flooding).await.ok();
        server.client("agent1").get("/api/v2/me").await;
    }
}

/// The server does not wait for the settings of a client that never sends them.
#[tokio::test]
async fn a_client_that_says_nothing_after_its_preface_is_not_kept() {
    let server =
        start("head_timeout_ms = 200\ncometd_ping_interval_ms = 200\ncometd_pong_timeout_ms = 200")
            .await;
    let address = server.url.strip_prefix("http://").unwrap();
    for opening in [&OPENING[..5], &OPENING[..24], &OPENING[..28]] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(opening).await.unwrap();
        let mut all = Vec::new();
        let read = timeout(PATIENCE, connection.read_to_end(&mut all)).await;
        read.unwrap_or_else(|_| panic!("{} bytes keep a connection", opening.len()))
            .ok();
    }
}
