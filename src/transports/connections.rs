//! The connections of a server: HTTP/1.1 and HTTP/2 on one port, each within bounds, until the server stops.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::{Service, ServiceExt};

use super::beginning::Beginning;

/// The bounds and times of connections.
#[derive(Debug, Clone, Copy)]
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
        }
    }
}

/// Serves what connects to `listener` until `stop` is ready; then what was begun is finished, and no connection kept.
pub async fn serve<S>(
    mut listener: TcpListener,
    service: S,
    settings: ConnectionSettings,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let builder = builder(&settings);
    let head_timeout = Duration::from_millis(settings.head_timeout_ms);
    let places = Arc::new(Semaphore::new(settings.connections_max));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, Listener::accept(&mut listener).await)
        };
        let (place, (stream, _)) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        // Otherwise the second of two frames waits until the peer has confirmed the first, which it puts off for 40 ms.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends its frames late");
        }
        let service = service
            .clone()
            .map_request(|request: hyper::Request<hyper::body::Incoming>| request.map(Body::new));
        let io = TokioIo::new(Beginning::new(stream, head_timeout));
        let connection = builder
            .serve_connection_with_upgrades(io, TowerToHyperService::new(service))
            .into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            let ended = connection.await;
            drop(place);
            if let Err(error) = ended {
                tracing::trace!(%error, "a connection ended");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

fn builder(settings: &ConnectionSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
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
