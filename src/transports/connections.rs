//! Connections: accepted, told apart by protocol, and brought to an end when the server stops.

use std::convert::Infallible;
use std::pin::{Pin, pin};

use axum::http::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::Service;

use super::listener::prompt;

/// Serves HTTP/1.1 and HTTP/2 on all connections until `stop` is ready; then lets them finish what was begun.
pub async fn serve<S>(listener: TcpListener, service: S, stop: impl Future<Output = ()>)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let (stopping, stopped) = watch::channel(false);
    let mut listener = prompt(listener);
    let mut stop = pin!(stop);
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        tokio::spawn(serve_connection(stream, service.clone(), stopped.clone()));
    }
    drop((listener, stopped));
    stopping.send_replace(true);
    stopping.closed().await;
}

async fn serve_connection<S>(stream: TcpStream, service: S, stopped: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let Ok(may_be_http2) = may_be_http2(&stream).await else {
        return;
    };
    let (io, service) = (TokioIo::new(stream), TowerToHyperService::new(service));
    if may_be_http2 {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http2().enable_connect_protocol();
        let connection = builder.serve_connection_with_upgrades(io, service);
        let begin_end = auto::UpgradeableConnection::graceful_shutdown;
        Box::pin(drive(connection, begin_end, stopped)).await;
    } else {
        // Not by the builder that tells them apart itself: it has hyper read by bits, into twice the buffer.
        let connection = http1::Builder::new().serve_connection(io, service);
        let begin_end = http1::UpgradeableConnection::graceful_shutdown;
        drive(connection.with_upgrades(), begin_end, stopped).await;
    }
}

/// Whether the client begins as HTTP/2 with prior knowledge does: with `PRI`, which is no method of HTTP/1.1.
async fn may_be_http2(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0; 3];
    let len = stream.peek(&mut first).await?;
    Ok(b"PRI".starts_with(&first[..len]))
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
