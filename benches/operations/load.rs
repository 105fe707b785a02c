//! The load: clients that each do one thing after the other until all operations are done.

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

/// Does one operation after the other.
pub(crate) trait Client {
    /// Returns when the operation is done for certain; `number` counts those of this client.
    async fn perform(&mut self, number: u64);
}

/// So many operations of each client.
pub(crate) async fn measure(mut clients: Vec<impl Client>, each: u64) -> Measured {
    let began = Instant::now();
    let times_ms = join_all(clients.iter_mut().map(|client| work(client, each))).await;
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

async fn work(client: &mut impl Client, each: u64) -> Vec<f64> {
    let mut times_ms = Vec::new();
    for number in 0..each {
        let began = Instant::now();
        client.perform(number).await;
        times_ms.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    times_ms
}

/// Where to send operations, and as whom: a connection for each token.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tokens: Vec<String>,
}

impl Target {
    /// As many clients, each with an open connection. `next` makes what gives a client, by its index, the path and JSON
    /// body of a POST, from the number of the operation.
    pub(crate) async fn connect<Next: FnMut(u64) -> (String, String)>(
        &self,
        next: impl Fn(usize) -> Next,
    ) -> Vec<HttpClient<'_, Next>> {
        let clients = self.tokens.iter().enumerate();
        join_all(clients.map(|(index, token)| HttpClient::connect(self, token, next(index)))).await
    }
}

pub(crate) struct HttpClient<'a, Next> {
    target: &'a Target,
    token: &'a str,
    next: Next,
    connection: SendRequest<Full<Bytes>>,
}

impl<'a, Next: FnMut(u64) -> (String, String)> HttpClient<'a, Next> {
    async fn connect(target: &'a Target, token: &'a str, next: Next) -> Self {
        let stream = TcpStream::connect(target.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (connection, driver) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Self {
            target,
            token,
            next,
            connection,
        }
    }

    fn request(&mut self, number: u64) -> Request<Full<Bytes>> {
        let (path, body) = (self.next)(number);
        Request::post(path)
            .header(HOST, self.target.address.to_string())
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))
            .unwrap()
    }
}

impl<Next: FnMut(u64) -> (String, String)> Client for HttpClient<'_, Next> {
    async fn perform(&mut self, number: u64) {
        self.connection.ready().await.unwrap();
        let request = self.request(number);
        let response = self.connection.send_request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{status}: {body:?}");
    }
}
