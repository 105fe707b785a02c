//! The carriers of Bayeux: long polling, WebSocket and, where it is asked for, callback-polling, at one URL with any
//! suffix, and server-sent events below it.

mod authentication;
mod beginning;
mod body;
mod callback_polling;
mod client;
mod connections;
mod cookie;
mod cors;
mod framing;
mod host;
mod liveness;
mod long_polling;
mod origin;
mod polling;
mod sse;
mod tls;
mod websocket;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State, WebSocketUpgrade};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tower::service_fn;

pub use authentication::{Authenticator, Unauthenticated};
pub use client::{Client, InvalidNetwork, Network};
pub use connections::{ConnectionSettings, Served, serve};
pub use cors::{REQUEST_ID, with_cors};
pub use origin::{is_allowed_origin, is_listed, pages_of};
pub use polling::ConnectReplaced;
pub use tls::{Tls, TlsError};
pub use websocket::{close, close_code_of_error, with_bounds};

use crate::hub::Hub;

/// What the carriers need.
#[derive(Clone)]
pub struct Carrier {
    /// The sessions.
    pub hub: Hub,
    /// Who is who.
    pub authenticator: Arc<dyn Authenticator>,
}

/// Serves `base` and everything below it: clients append `/handshake`, `/connect`, a version, a slash, or nothing.
///
/// GET at `{base}/events` streams server-sent events. Elsewhere POST is long polling, GET with an upgrade a WebSocket (over
/// HTTP/2, CONNECT), GET with messages callback-polling; OPTIONS is answered with nothing: CORS headers are the business of
/// [`with_cors`]. To be merged, not nested: a nested router never sees its own base with a slash.
pub fn routes(base: &str, carrier: Carrier) -> Router {
    let served_by = carrier.clone();
    // No handler: axum would keep room for a request for as long as its connect waits.
    let exchange = service_fn(move |request| exchange(served_by.clone(), request));
    Router::new()
        .route_service(base, exchange.clone())
        .route(
            &format!("{base}/events"),
            get(listen).fallback_service(exchange.clone()),
        )
        .route_service(&format!("{base}/"), exchange.clone())
        .route_service(&format!("{base}/{{*suffix}}"), exchange)
        .with_state(carrier)
}

async fn listen(State(carrier): State<Carrier>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    sse::serve(&carrier, &parts).await
}

fn exchange(
    carrier: Carrier,
    request: Request,
) -> BoxFuture<'static, Result<Response, Infallible>> {
    if request.method() == Method::POST {
        Box::pin(long_polling::serve(carrier, request).map(Ok))
    } else {
        Box::pin(other_than_post(carrier, request).map(Ok))
    }
}

async fn other_than_post(carrier: Carrier, request: Request) -> Response {
    let method = request.method();
    if method == Method::OPTIONS {
        return StatusCode::OK.into_response();
    }
    if method != Method::GET && method != Method::CONNECT {
        let allow = [(header::ALLOW, "GET, POST, OPTIONS")];
        return (
            StatusCode::METHOD_NOT_ALLOWED,
            allow,
            refusal("405::method_not_allowed"),
        )
            .into_response();
    }
    if carrier.hub.settings().callback_polling && callback_polling::is_meant(&request) {
        return callback_polling::serve(&carrier, request).await;
    }
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => websocket::serve(&carrier, &parts, upgrade).await,
        Err(_) => (StatusCode::BAD_REQUEST, refusal("400::unknown_transport")).into_response(),
    }
}

/// A body for what cannot be answered message by message: an array, since that is what clients parse.
fn refusal(error: &str) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "application/json")],
        format!("[{{\"successful\":false,\"error\":\"{error}\"}}]"),
    )
}
