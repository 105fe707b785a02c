//! What a connection speaks is told by how it begins.

use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::handshake;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::server::start;

const PATIENCE: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"OPTIONS /cometd HTTP/1.1\r\nhost: here\r\n\r\n";

async fn answer_to(stream: &mut TcpStream, request: &[u8]) -> Vec<u8> {
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; 9];
    stream.read_exact(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn http2_needs_no_upgrade() {
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    // Settings without any setting: no length, type 4, no flags, stream 0.
    opening.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let answer = answer_to(&mut stream, &opening).await;
    assert_eq!((answer[3], &answer[5..]), (4, &[0; 4][..]), "{answer:?}");
}

#[tokio::test]
async fn a_request_may_come_by_the_byte() {
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    // The second could be the beginning of either protocol.
    for first in [1, 0] {
        let request = [b"POST", &REQUEST[7..]].concat();
        let request: &[u8] = if first == 1 { REQUEST } else { &request };
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream.write_all(&request[..1]).await.unwrap();
        // While another one is answered, the server has seen the first byte.
        let mut other = TcpStream::connect(address).await.unwrap();
        assert_eq!(answer_to(&mut other, REQUEST).await, b"HTTP/1.1 ");
        assert_eq!(answer_to(&mut stream, &request[1..]).await, b"HTTP/1.1 ");
    }
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    for (head, expected) in [
        ("GET /health/live HTTP/1.1\r\nhost: here\r\n", "200"),
        ("GET /health/live HTTP/1.1\r\nhost: [::1]:8080\r\n", "200"),
        ("GET /health/live HTTP/1.0\r\n", "200"),
        ("GET /health/live HTTP/1.1\r\n", "400"),
        ("GET http://here/health/live HTTP/1.1\r\n", "400"),
        ("GET /health/live HTTP/1.1\r\nhost:\r\n", "400"),
        ("GET /health/live HTTP/1.1\r\nhost: a b\r\n", "400"),
        ("GET /health/live HTTP/1.1\r\nhost: ada@here\r\n", "400"),
        (
            "GET /health/live HTTP/1.1\r\nhost: here\r\nHost: here\r\n",
            "400",
        ),
        (
            "GET /health/live HTTP/1.0\r\nhost: here\r\nhost: there\r\n",
            "400",
        ),
        (
            "POST /cometd HTTP/1.1\r\nhost: here\r\nhost: there\r\n",
            "400",
        ),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("{head}connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert_eq!(&answer[9..12], expected, "{head}: {answer}");
        let says_why = answer.ends_with("\"The request must name its host, once\"}");
        assert_eq!(says_why, expected == "400", "{head}: {answer}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = start("body_timeout_ms = 100").await;
    let address = server.url.strip_prefix("http://").unwrap();
    for path in ["/api/v2/login", "/api/v2/no/such/resource", "/cometd"] {
        for length in ["content-length: 9", "transfer-encoding: chunked"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head = format!("POST {path} HTTP/1.1\r\nhost: here\r\n{length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut answer = String::new();
            let read = timeout(Duration::from_secs(10), stream.read_to_string(&mut answer));
            read.await.expect("an answer, and the end").unwrap();
            assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        }
    }
    let agent = server.client("agent1");
    agent.ready("chat").await;
}

#[tokio::test]
async fn who_sends_too_much_over_http2_is_told_so_and_not_for_ever() {
    let server = start("").await;
    let admin = server.client("admin");
    let address = server.url.strip_prefix("http://").unwrap();
    let send = async |len: usize| {
        let stream = TcpStream::connect(address).await.unwrap();
        let opened = handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.unwrap();
        tokio::spawn(connection);
        let request = Request::post(format!("{}/api/v2/interactions", server.url))
            .header("authorization", format!("Bearer {}", admin.token))
            .body(Full::<Bytes>::from(vec![b' '; len]))
            .unwrap();
        let reply = timeout(PATIENCE, sender.send_request(request)).await;
        reply
            .expect("it is answered, or reset")
            .map(|it| it.status())
    };
    for len in [1 << 20, (1 << 20) + 1, 2 << 20, 4 << 20] {
        let expected = if len > 1 << 20 { 413 } else { 400 };
        assert_eq!(send(len).await.unwrap(), expected, "{len} bytes");
    }
    // Beyond what is thrown away a reset is an answer as well.
    let much = send(64 << 20).await;
    assert!(
        much.as_ref().is_err() || much.as_ref().is_ok_and(|it| *it == 413),
        "{much:?}"
    );
}
