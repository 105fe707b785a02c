//! The load: clients that each do one thing after the other until all operations are done.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Instant;

use axum::body::Bytes;
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What one round came to.
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Does one operation and returns when it is done for certain; `number` counts over all clients.
pub(crate) trait Client {
    async fn perform(&mut self, number: u64);
}

pub(crate) async fn measure(mut clients: Vec<impl Client>, operations: u64) -> Measured {
    let taken = Cell::new(0);
    let began = Instant::now();
    let times_ms = join_all(
        clients
            .iter_mut()
            .map(|client| work(client, &taken, operations)),
    )
    .await;
    let elapsed = began.elapsed();
    let mut times_ms = times_ms.concat();
    times_ms.sort_by(f64::total_cmp);
    let percentile = |percent| times_ms[(times_ms.len() - 1) * percent / 100];
    Measured {
        per_second: times_ms.len() as f64 / elapsed.as_secs_f64(),
        p50_ms: percentile(50),
        p99_ms: percentile(99),
    }
}

async fn work(client: &mut impl Client, taken: &Cell<u64>, operations: u64) -> Vec<f64> {
    let mut times_ms = Vec::new();
    while taken.get() < operations {
        let number = taken.replace(taken.get() + 1);
        let began = Instant::now();
        client.perform(number).await;
        times_ms.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times_ms
}

/// Where to send operations, as whom, and what the next one is.
pub(crate) struct Target<Next> {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
    /// Path and JSON body of a POST, from the number of the operation.
    pub(crate) next: Next,
}

impl<Next: Fn(u64) -> (String, String)> Target<Next> {
    /// As many clients, each with an open connection.
    pub(crate) async fn connect(&self, clients: usize) -> Vec<HttpClient<'_, Next>> {
        join_all((0..clients).map(|_| HttpClient::connect(self))).await
    }

    fn request(&self, number: u64) -> Request<Full<Bytes>> {
        let (path, body) = (self.next)(number);
        Request::post(path)
            .header(HOST, self.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .unwrap()
    }
}

pub(crate) struct HttpClient<'a, Next> {
    target: &'a Target<Next>,
    connection: SendRequest<Full<Bytes>>,
}

impl<'a, Next> HttpClient<'a, Next> {
    async fn connect(target: &'a Target<Next>) -> Self {
        let stream = TcpStream::connect(target.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (connection, driver) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Self { target, connection }
    }
}

impl<Next: Fn(u64) -> (String, String)> Client for HttpClient<'_, Next> {
    async fn perform(&mut self, number: u64) {
        self.connection.ready().await.unwrap();
        let request = self.target.request(number);
        let response = self.connection.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{status}: {body:?}");
    }
}
