//! Long polling: a POST with messages, a response with replies and events.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::http::{StatusCode, header};
use axum::response::Response;
use http_body::Body as _;
use tokio::time::timeout;

use super::Carrier;
use super::origin::is_allowed_origin;
use super::polling::{Polling, Taken, Wrapping, messages_of_form};

pub(super) fn serve(
    carrier: Carrier,
    request: HttpRequest,
) -> impl Future<Output = Response> + Send {
    // In a box, so that nothing of the request is left while a connect waits: thousands do.
    let taking = Box::pin(take(carrier, request));
    async {
        match taking.await {
            Taken::Answered(response) => response,
            Taken::Held(held) => Wrapping::Json.wait(held).await,
        }
    }
}

async fn take(carrier: Carrier, request: HttpRequest) -> Taken {
    let (parts, body) = request.into_parts();
    let settings = carrier.hub.settings();
    // Credentials in a header are there on purpose; cookies are sent whatever page asks for it.
    if !parts.headers.contains_key(header::AUTHORIZATION)
        && !is_allowed_origin(&parts, &settings.allowed_origins)
    {
        return Taken::refused(StatusCode::FORBIDDEN, "403::origin_denied");
    }
    let limit = Duration::from_millis(settings.body_timeout_ms);
    let Ok(body) = timeout(limit, read(body, settings.message_size_max)).await else {
        return Taken::refused(StatusCode::REQUEST_TIMEOUT, "408::request_too_slow");
    };
    let Some(body) = body else {
        return Taken::refused(StatusCode::PAYLOAD_TOO_LARGE, "413::request_too_large");
    };
    if carrier.hub.is_stopping() {
        return Taken::refused(StatusCode::SERVICE_UNAVAILABLE, "503::stopping");
    }
    let text = match std::str::from_utf8(&body) {
        Ok(text) => messages_of(text),
        Err(_) => return Taken::refused(StatusCode::BAD_REQUEST, "400::not_utf8"),
    };
    Polling::new(&carrier, &parts, Wrapping::Json)
        .take(&text)
        .await
}

/// Reads a body of at most `size_max` bytes; none if it is larger or breaks off.
///
/// What is too large is read on for a while and thrown away, so that the client gets to see the refusal.
async fn read(body: Body, size_max: usize) -> Option<Vec<u8>> {
    const DRAINED_MAX: usize = 1024 * 1024;
    let mut body = std::pin::pin!(body);
    let mut bytes = Vec::new();
    let mut size = 0;
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await
    {
        let Ok(data) = frame.ok()?.into_data() else {
            continue;
        };
        size += data.len();
        if size <= size_max {
            bytes.extend_from_slice(&data);
        } else if size > size_max + DRAINED_MAX {
            return None;
        }
    }
    (size <= size_max).then_some(bytes)
}

/// The messages of a body: JSON, or the `message` parameters of a form. The type a client declares is not asked: curl
/// calls everything a form, and some clients declare none.
fn messages_of(body: &str) -> Cow<'_, str> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    if !body.starts_with("message=") {
        return Cow::Borrowed(body);
    }
    Cow::Owned(messages_of_form(body))
}
