//! What a connection speaks is told by how it begins.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::start;

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
