//! The body of a request: one JSON object.

use std::convert::Infallible;
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};
use tokio::time::timeout;
use tower::{Layer, layer::layer_fn, service_fn};

use super::App;
use super::conditions::digest_of;
use super::error::ApiError;
use crate::transports::Served;

/// Bytes that are read of a body that is too long, beyond its bound.
const DRAINED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The keys of a JSON object. Keys that an operation does not know are ignored, on every route.
pub(super) struct JsonObject(pub Map<String, Value>);

impl FromRequest<App> for JsonObject {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &App) -> Result<Self, ApiError> {
        check_content_type(request.headers())?;
        check_coding(request.headers())?;
        // It is in memory, and as large as it may be: see `read_whole`.
        let bytes = to_bytes(request.into_body(), usize::MAX).await;
        let bytes = bytes.map_err(|_| ApiError::invalid("The body could not be read"))?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(_) => Err(ApiError::invalid("The body must be a JSON object")),
            Err(error) => Err(ApiError::invalid(format!(
                "The body is not valid JSON at line {}, column {}",
                error.line(),
                error.column()
            ))),
        }
    }
}

impl JsonObject {
    /// `operationName`, or another required text.
    ///
    /// # Errors
    /// Missing, or not a text.
    pub(super) fn text(&self, name: &str) -> Result<&str, ApiError> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(ApiError::invalid(format!(
                "Parameter '{name}' must be a text"
            ))),
            None => Err(crate::domain::Refusal::missing(name).into()),
        }
    }
}

/// A page of a foreign origin can send other types without asking first.
fn check_content_type(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(value) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = value.to_str().unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        Ok(())
    } else {
        Err(ApiError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            10,
            "The content type must be application/json",
        ))
    }
}

/// What is compressed may be of any length, and is not inflated (RFC 9110 15.5.16).
fn check_coding(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).into_iter();
    if codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Ok(());
    }
    let message = "The body must not be compressed";
    let refused = ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, 10, message);
    let plain = HeaderValue::from_static("identity");
    Err(refused.with_header(header::ACCEPT_ENCODING, plain))
}

/// How much of a body is read, and for how long.
#[derive(Clone, Copy)]
pub struct BodyLimits {
    /// Bytes.
    pub bytes_max: usize,
    /// From the end of the head to the end of the body.
    pub time_max: Duration,
}

/// Reads the body of every request before anything looks at it, up to a bound. A connection whose request was answered
/// while its body was still on the way could not be kept, and the client's next request on it would be lost. What the
/// request is told by when it comes again is taken here, of the bytes.
pub(super) fn read_whole<S: Served<Body> + Sync>(
    limits: BodyLimits,
) -> impl Layer<S, Service: Served<Body> + Sync> + Clone {
    layer_fn(move |service: S| {
        service_fn(move |request| answer_whole(service.clone(), limits, request))
    })
}

async fn answer_whole(
    mut service: impl Served<Body>,
    limits: BodyLimits,
    request: Request,
) -> Result<Response, Infallible> {
    let (mut parts, body) = request.into_parts();
    let read = timeout(limits.time_max, read(body, limits.bytes_max));
    let error = match read.await {
        Ok(Ok(bytes)) => {
            if let Some(digest) = digest_of(&parts, &bytes) {
                parts.extensions.insert(digest);
            }
            let whole = Request::from_parts(parts, bytes.into());
            return service.call(whole).await;
        }
        Ok(Err(error)) => unreadable(&error),
        Err(_) => {
            let message = "The body took longer than the server waits";
            ApiError::new(StatusCode::REQUEST_TIMEOUT, 10, message)
        }
    };
    let mut response = error.into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    Ok(response)
}

/// Reads a body of at most `bytes_max` bytes.
///
/// What is too long is read on for a while and thrown away: over HTTP/2 a client that is still sending would be told by a
/// reset that nobody listens, and never get to see the refusal.
async fn read(mut body: Body, bytes_max: usize) -> Result<Bytes, BoxError> {
    match Limited::new(&mut body, bytes_max).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) => {
            let mut rest = Limited::new(body, DRAINED_BYTES_MAX);
            while let Some(Ok(_)) = rest.frame().await {}
            Err(error)
        }
    }
}

fn unreadable(error: &BoxError) -> ApiError {
    if error.is::<LengthLimitError>() {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            10,
            "The body is larger than the server takes",
        )
    } else {
        ApiError::invalid("The body could not be read")
    }
}
