//! HTTP/1.1 and WebSocket as far as the load needs them, so that it is never what is measured.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

thread_local! {
    /// All connections read into the same bytes: they stay in the cache.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; 64 * 1024].into());
}

/// One client connection: whole responses, or after [`upgrade`](Self::upgrade) frames.
pub(crate) struct Line {
    stream: TcpStream,
    is_websocket: bool,
    /// The beginning of a response or frame whose rest has not arrived.
    partial: Vec<u8>,
}

impl Line {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            is_websocket: false,
            partial: Vec::new(),
        }
    }

    /// Makes it a WebSocket.
    pub(crate) async fn upgrade(&mut self, path: &str, user: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {user}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.exchange(request.as_bytes()).await;
        self.is_websocket = true;
    }

    /// Text as this connection carries it: a frame, or a POST to `path` by `user`.
    pub(crate) fn message(&self, path: &str, user: &str, text: &str) -> Vec<u8> {
        if self.is_websocket {
            frame(text)
        } else {
            post(path, user, text)
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends, and returns the one response or frame that answers.
    pub(crate) async fn exchange(&mut self, bytes: &[u8]) -> String {
        self.send(bytes).await;
        let mut answer = String::new();
        self.receive(|text| answer.push_str(std::str::from_utf8(text).unwrap()))
            .await;
        answer
    }

    /// Waits for at least one response or frame, and hands over the text of each that has come.
    pub(crate) async fn receive(&mut self, mut take: impl FnMut(&[u8])) {
        let mut whole = 0;
        while whole == 0 {
            self.stream.readable().await.unwrap();
            whole = BUFFER.with_borrow_mut(|buffer| match self.stream.try_read(buffer) {
                Ok(0) => panic!("the server has closed a connection"),
                Ok(count) => self.split(&buffer[..count], &mut take),
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => panic!("{error}"),
            });
        }
    }

    fn split(&mut self, bytes: &[u8], take: &mut impl FnMut(&[u8])) -> usize {
        let mut joined = std::mem::take(&mut self.partial);
        let mut rest = bytes;
        if !joined.is_empty() {
            joined.extend_from_slice(bytes);
            rest = &joined;
        }
        let mut whole = 0;
        while let Some(text) = if self.is_websocket {
            text_of_frame(rest)
        } else {
            text_of_response(rest)
        } {
            take(&rest[text.clone()]);
            rest = &rest[text.end..];
            whole += 1;
        }
        self.partial = rest.to_vec();
        whole
    }
}

/// A POST with a JSON body.
pub(crate) fn post(path: &str, user: &str, text: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {user}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{text}",
        text.len()
    )
    .into_bytes()
}

/// A text frame of a client, masked as it must be, with a mask that changes nothing.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u16::try_from(text.len()).unwrap() {
        len @ 0..=125 => frame.push(0x80 | u8::try_from(len).unwrap()),
        len => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&len.to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// Where the text of the frame is that `bytes` begin with; none if its end has not arrived.
fn text_of_frame(bytes: &[u8]) -> Option<Range<usize>> {
    let start = match bytes.get(1)? {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let length = bytes.get(if start == 2 { 1 } else { 2 }..start)?;
    let length = length
        .iter()
        .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
    assert_eq!(bytes[0], 0x81, "a whole text frame");
    (bytes.len() >= start + length).then_some(start..start + length)
}

/// The same of a response with a `Content-Length`, or without a body.
fn text_of_response(bytes: &[u8]) -> Option<Range<usize>> {
    const LENGTH: &[u8] = b"content-length: ";
    let start = bytes.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = &bytes[..start];
    assert!(
        head.starts_with(b"HTTP/1.1 200") || head.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(bytes)
    );
    let length = head
        .windows(LENGTH.len())
        .position(|it| it == LENGTH)
        .map_or(0, |at| {
            head[at + LENGTH.len()..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .fold(0, |sum, byte| sum * 10 + usize::from(byte - b'0'))
        });
    (bytes.len() >= start + length).then_some(start..start + length)
}
