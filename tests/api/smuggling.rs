//! A request whose length can be read in two ways is answered once, and what follows it on the connection not at all: a proxy
//! before the server may have taken it for part of another one.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::server::start;

const PATIENCE: Duration = Duration::from_secs(10);
/// What a proxy would have passed on as part of a body.
const HIDDEN: &str = "GET /health/live HTTP/1.1\r\nhost: here\r\nx-request-id: smuggled\r\nconnection: close\r\n\r\n";

/// Headers, and the body before what is hidden.
const AMBIGUOUS: [(&str, &str); 17] = [
    (
        "content-length: {len}\r\ntransfer-encoding: chunked",
        "0\r\n\r\n",
    ),
    (
        "transfer-encoding: chunked\r\ncontent-length: {len}",
        "0\r\n\r\n",
    ),
    (
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "0\r\n\r\n",
    ),
    ("transfer-encoding: identity, chunked", "0\r\n\r\n"),
    (
        "transfer-encoding: xchunked\r\ncontent-length: {len}",
        "0\r\n\r\n",
    ),
    (
        "transfer-encoding : chunked\r\ncontent-length: {len}",
        "0\r\n\r\n",
    ),
    (
        "transfer-encoding:\r\n chunked\r\ncontent-length: {len}",
        "0\r\n\r\n",
    ),
    ("transfer-encoding: chunked", "0;a\nb\r\n\r\n"),
    ("transfer-encoding: chunked", "-1\r\n\r\n"),
    ("transfer-encoding: chunked", "0x0\r\n\r\n"),
    ("transfer-encoding: chunked", "ffffffffffffffffff\r\n\r\n"),
    ("transfer-encoding: chunked", "3\r\nabcdef\r\n0\r\n\r\n"),
    ("content-length: 2\r\ncontent-length: {len}", "{}"),
    ("content-length: 2, {len}", "{}"),
    ("content-length: +2", "{}"),
    ("content-length: -2", "{}"),
    ("content-length: 0x2", "{}"),
];

#[tokio::test]
async fn what_is_two_requests_to_another_reader_is_one_or_none_here() {
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    for path in ["/api/v2/login", "/cometd", "/no/such"] {
        for (headers, body) in AMBIGUOUS {
            let len = body.len() + HIDDEN.len();
            let headers = headers.replace("{len}", &len.to_string());
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "POST {path} HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n{headers}\r\n\r\n{body}{HIDDEN}"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
            // A reset is an end as well.
            read.unwrap_or_else(|_| panic!("{path} {headers} {body:?}: the connection stays"))
                .ok();
            let answer = String::from_utf8(answer).unwrap();
            let answers = answer.matches("HTTP/1.1 ").count();
            assert!(answers <= 1, "{path} {headers} {body:?}: {answer}");
            assert!(
                !answer.contains("smuggled"),
                "{path} {headers} {body:?}: {answer}"
            );
            assert!(
                answers == 0 || answer.starts_with("HTTP/1.1 4"),
                "{path} {headers} {body:?}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn a_chunked_body_is_a_body_like_others() {
    let server = start("").await;
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = r#"{"userName":"agent1","password":"demo"}"#;
    let request = format!(
        "POST /login HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n{HIDDEN}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut answer)).await;
    read.expect("the second request ends the connection")
        .unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 2, "{answer}");
}
