//! The connections of a server: HTTP/1.1 and HTTP/2 on one port, each within bounds, until the server stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::http::Request;
use axum::response::Response;
use futures_util::future::{Either, ready};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as HyperService, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tower::Service;

use super::beginning::Beginning;
use super::client::{Client, Network};
use super::tls::Tls;
use super::{framing, host};

/// The bounds and times of connections.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// Connections that may be open at a time, sockets not among them; more wait until they are accepted.
    pub connections_max: usize,
    /// How long the head of a request may take, counted from the end of the response before it.
    pub head_timeout_ms: u64,
    /// Requests that one HTTP/2 connection may have open at a time, held connects and sockets among them.
    pub http2_streams_max: u32,
    /// How long an HTTP/2 connection may be silent before its peer is asked whether it is there.
    pub http2_ping_interval_ms: u64,
    /// How long the peer has to answer before its connection is closed.
    pub http2_pong_timeout_ms: u64,
    /// Proxies that are believed when they say for whom they ask.
    pub trusted_proxies: Arc<[Network]>,
    /// TLS, unless something in front of the server ends it.
    pub tls: Option<Tls>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            connections_max: 65_536,
            // Longer than browsers keep a connection that they do not use: clients do not repeat a POST that meets its end.
            head_timeout_ms: 75_000,
            http2_streams_max: 10_000,
            http2_ping_interval_ms: 30_000,
            http2_pong_timeout_ms: 10_000,
            trusted_proxies: Arc::default(),
            tls: None,
        }
    }
}

/// What answers requests, with bodies of type `B`. It is always ready, as routers are, and each request gets a clone of it.
pub trait Served<B>:
    Service<Request<B>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<B, S> Served<B> for S where
    S: Service<Request<B>, Response = Response, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// How long nothing is accepted after the listener has failed: most likely for want of open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves what connects to `listener` until `stop` is ready; then what was begun is finished, and no connection kept.
pub async fn serve(
    listener: TcpListener,
    service: impl Served<Incoming>,
    settings: ConnectionSettings,
    stop: impl Future<Output = ()>,
) {
    let settings = Arc::new(settings);
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let (stopping, stopped) = watch::channel(false);
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = serve_connection(
                    stream,
                    peer,
                    service.clone(),
                    Arc::clone(&settings),
                    stopped.clone(),
                );
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, stopped));
    stopping.send_replace(true);
    stopping.closed().await;
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    service: impl Served<Incoming>,
    settings: Arc<ConnectionSettings>,
    mut stopped: watch::Receiver<bool>,
) {
    // A notification is one small write: it must not wait until the one before has been acknowledged.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let limit = Duration::from_millis(settings.head_timeout_ms);
    let begun = tokio::select! {
        begun = timeout(limit, begin(stream, settings.tls.as_ref())) => begun,
        _ = stopped.wait_for(|stopped| *stopped) => return,
    };
    let Ok(Ok(begun)) = begun else {
        return;
    };
    let known = Arc::clone(&settings);
    let service = service_fn(move |mut request: Request<Incoming>| {
        if !host::is_named_once(&request) {
            let message = "The request must name its host, once";
            return Either::Left(ready(Ok(host::refused(message))));
        }
        if !framing::is_plain(&request) {
            let message = "The body can have the transfer coding chunked, once, and no other";
            return Either::Left(ready(Ok(host::refused(message))));
        }
        let is_tls = known.tls.is_some();
        let client = Client::of(peer, is_tls, request.headers(), &known.trusted_proxies);
        request.extensions_mut().insert(client);
        Either::Right(service.clone().call(request))
    });
    match begun {
        Begun::Plain(stream, false) => serve_http1(stream, service, limit, stopped).await,
        Begun::Plain(stream, true) => serve_either(stream, service, &settings, stopped).await,
        Begun::Secured(stream) => match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => serve_either(*stream, service, &settings, stopped).await,
            _ => serve_http1(*stream, service, limit, stopped).await,
        },
    }
}

/// A connection of which it is known how it is spoken to.
enum Begun {
    /// Without TLS; whether it may be HTTP/2.
    Plain(TcpStream, bool),
    /// With TLS, which says what is spoken. In a box: few of its bytes are needed by those without.
    Secured(Box<TlsStream<TcpStream>>),
}

async fn begin(stream: TcpStream, tls: Option<&Tls>) -> std::io::Result<Begun> {
    match tls {
        Some(tls) => Ok(Begun::Secured(Box::new(tls.accept(stream).await?))),
        None => {
            let may_be_http2 = may_be_http2(&stream).await?;
            Ok(Begun::Plain(stream, may_be_http2))
        }
    }
}

async fn serve_http1<I, S>(
    stream: I,
    service: S,
    head_timeout: Duration,
    stopped: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HyperService<Request<Incoming>, Response = Response, Error = Infallible>,
{
    // Not by the builder that tells them apart itself: it has hyper read by bits, into twice the buffer.
    let mut builder = http1::Builder::new();
    let builder = builder
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    let begin_end = http1::UpgradeableConnection::graceful_shutdown;
    drive(connection.with_upgrades(), begin_end, stopped).await;
}

async fn serve_either<I, S>(
    stream: I,
    service: S,
    settings: &ConnectionSettings,
    stopped: watch::Receiver<bool>,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: HyperService<Request<Incoming>, Response = Response, Error = Infallible> + Send,
    S::Future: Send + 'static,
{
    let head_timeout = Duration::from_millis(settings.head_timeout_ms);
    let io = TokioIo::new(Beginning::new(stream, head_timeout));
    let builder = builder_of_either(settings);
    let connection = builder.serve_connection_with_upgrades(io, service);
    let begin_end = auto::UpgradeableConnection::graceful_shutdown;
    Box::pin(drive(connection, begin_end, stopped)).await;
}

/// Whether the client begins as HTTP/2 with prior knowledge does: with `PRI`, which is no method of HTTP/1.1.
async fn may_be_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; 3];
    let len = stream.peek(&mut first).await?;
    Ok(b"PRI".starts_with(&first[..len]))
}

fn builder_of_either(settings: &ConnectionSettings) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(settings.head_timeout_ms));
    builder
        .http2()
        .timer(TokioTimer::new())
        // How a socket is opened over HTTP/2 (RFC 8441).
        .enable_connect_protocol()
        .max_concurrent_streams(settings.http2_streams_max)
        .keep_alive_interval(Duration::from_millis(settings.http2_ping_interval_ms))
        .keep_alive_timeout(Duration::from_millis(settings.http2_pong_timeout_ms));
    builder
}

async fn drive<C: Future>(
    connection: C,
    begin_end: fn(Pin<&mut C>),
    mut stopped: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    // What goes wrong on a connection is the client's business: it is gone, or does not speak HTTP.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
    begin_end(connection.as_mut());
    connection.await;
}
