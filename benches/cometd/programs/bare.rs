//! The ceiling: hyper and tokio alone, with the bytes made beforehand.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::listen;
use crate::scenarios::{DATA, SESSIONS_MAX};

/// A subscriber's place, by its number.
#[derive(Default)]
struct Place {
    socket: Option<TcpStream>,
    held: Option<oneshot::Sender<()>>,
    /// Messages that came while no request was held.
    waiting: usize,
}

struct Bare {
    places: Vec<Mutex<Place>>,
    frame: Vec<u8>,
    event: Bytes,
    reply: Bytes,
}

/// One thread, since it has one core.
pub(super) fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = listen().await;
        let bare = Arc::new(Bare::new());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let bare = bare.clone();
            let service = service_fn(move |request| answer(bare.clone(), request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
}

/// `/socket/<n>` becomes a WebSocket, `/hold/<n>` is answered with a message; `/one/<n>` and `/all/<count>` send one.
/// What is anything else is answered at once.
async fn answer(
    bare: Arc<Bare>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let (verb, number) = path[1..].split_once('/').unwrap_or(("answer", "0"));
    let number: usize = number.parse().unwrap();
    if verb == "socket" {
        return Ok(upgrade(bare, request, number));
    }
    request.into_body().collect().await.unwrap();
    match verb {
        "hold" => {
            if let Some(message) = bare.hold(number) {
                message.await.unwrap();
            }
            return Ok(json(bare.event.clone()));
        }
        "one" => bare.send(number),
        "all" => (0..number).for_each(|number| bare.send(number)),
        _ => {}
    }
    Ok(json(bare.reply.clone()))
}

fn json(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn upgrade(bare: Arc<Bare>, request: Request<Incoming>, number: usize) -> Response<Full<Bytes>> {
    tokio::spawn(async move {
        let upgraded = hyper::upgrade::on(request).await.unwrap();
        let parts = upgraded.downcast::<TokioIo<TcpStream>>().unwrap();
        bare.places[number].lock().unwrap().socket = Some(parts.io.into_inner());
    });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // To the one key that the load sends.
    let accept = HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    response
}

impl Bare {
    fn new() -> Self {
        let event = format!(r#"{{"channel":"/all","data":{DATA}}}"#);
        let reply = r#"{"channel":"/meta/connect","id":"5","successful":true}"#;
        let text = format!("[{event}]");
        let mut frame = vec![0x81, 126];
        frame.extend_from_slice(&u16::try_from(text.len()).unwrap().to_be_bytes());
        frame.extend_from_slice(text.as_bytes());
        Self {
            places: (0..SESSIONS_MAX).map(|_| Mutex::default()).collect(),
            frame,
            event: format!("[{event},{reply}]").into(),
            reply: format!("[{reply}]").into(),
        }
    }

    /// None if a message has been waiting.
    fn hold(&self, number: usize) -> Option<oneshot::Receiver<()>> {
        let mut place = self.places[number].lock().unwrap();
        if place.waiting > 0 {
            place.waiting -= 1;
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        place.held = Some(sender);
        Some(receiver)
    }

    fn send(&self, number: usize) {
        let mut place = self.places[number].lock().unwrap();
        if let Some(socket) = &place.socket {
            // A window's messages are far less than a socket's buffer.
            let written = socket.try_write(&self.frame).unwrap();
            assert_eq!(written, self.frame.len());
        } else if let Some(held) = place.held.take() {
            held.send(()).unwrap();
        } else {
            place.waiting += 1;
        }
    }
}
