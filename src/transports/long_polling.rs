//! Long polling: a POST with messages, a response with replies and events.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request as HttpRequest;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;

use super::authentication::{Unauthenticated, denied, of_handshake};
use super::body::DeliveryBody;
use super::{Carrier, cookie, origin, refusal};
use crate::bayeux::{self, Malformed, Request, handshake, unknown_session};
use crate::hub::{Answer, Caller, HeldConnect, Outgoing, Principal, random_id};

/// What becomes of a request.
enum Taken {
    Answered(Response),
    Held(HeldConnect),
}

impl Taken {
    fn refused(status: StatusCode, error: &str) -> Self {
        Self::Answered(refuse(status, error))
    }
}

pub(super) fn serve(
    carrier: Carrier,
    request: HttpRequest,
) -> impl Future<Output = Response> + Send {
    // In a box, so that nothing of the request is left while a connect waits: thousands do.
    let taking = Box::pin(take(carrier, request));
    async {
        let held = match taking.await {
            Taken::Answered(response) => return response,
            Taken::Held(held) => held,
        };
        match held.wait().await {
            Some(outgoing) => deliver(outgoing),
            // Not 408, which browsers repeat by themselves, and no success, which would start a second connect cycle.
            None => refuse(StatusCode::INTERNAL_SERVER_ERROR, "500::connect_replaced"),
        }
    }
}

async fn take(carrier: Carrier, request: HttpRequest) -> Taken {
    let (parts, body) = request.into_parts();
    let settings = carrier.hub.settings();
    // Credentials in a header are there on purpose; cookies are sent whatever page asks for it.
    if !parts.headers.contains_key(header::AUTHORIZATION)
        && !origin::is_allowed(&parts.headers, settings)
    {
        return Taken::refused(StatusCode::FORBIDDEN, "403::origin_denied");
    }
    let Some(body) = read(body, settings.message_size_max).await else {
        return Taken::refused(StatusCode::PAYLOAD_TOO_LARGE, "413::request_too_large");
    };
    if carrier.hub.is_stopping() {
        return Taken::refused(StatusCode::SERVICE_UNAVAILABLE, "503::stopping");
    }
    let text = match std::str::from_utf8(&body) {
        Ok(text) => messages_of(text),
        Err(_) => return Taken::refused(StatusCode::BAD_REQUEST, "400::not_utf8"),
    };
    match Request::parse(&text, settings.batch_len_max) {
        Ok(requests) if requests.is_empty() => {
            Taken::refused(StatusCode::BAD_REQUEST, "400::no_messages")
        }
        Ok(requests) => answer(&carrier, &parts, &requests).await,
        Err(Malformed::TooMany) => {
            Taken::refused(StatusCode::PAYLOAD_TOO_LARGE, "413::too_many_messages")
        }
        Err(Malformed::Syntax | Malformed::TooDeep) => {
            Taken::refused(StatusCode::BAD_REQUEST, "400::malformed")
        }
    }
}

async fn answer(carrier: &Carrier, parts: &Parts, requests: &[Request<'_>]) -> Taken {
    let by_headers = carrier
        .authenticator
        .authenticate(&parts.headers, None)
        .await;
    let is_handshake =
        |request: &&Request<'_>| request.channel.as_deref() == Some(handshake::CHANNEL);
    if let Some(request) = requests.iter().find(is_handshake) {
        // Whatever else is in its request is ignored: the protocol says so.
        return Taken::Answered(shake_hands(carrier, parts, by_headers, request).await);
    }
    let principal = match by_headers {
        Ok(principal) => Some(principal),
        // The session may have been made by a token in its handshake. If not, the client is told that it is unknown with
        // the only status that clients read messages from, so that it handshakes, where credentials are asked for.
        Err(Unauthenticated::Missing) => None,
        Err(Unauthenticated::Expired) => {
            return Taken::Answered(json(StatusCode::OK, unknown(carrier, requests).into()));
        }
        Err(Unauthenticated::Invalid) => {
            return Taken::Answered(unauthorised(unknown(carrier, requests)));
        }
    };
    let caller = Caller {
        principal: principal.as_ref(),
        browser: cookie::browser(&parts.headers),
        bound: None,
        carrier: bayeux::Carrier::LongPolling,
        limits_browser: parts.version < Version::HTTP_2,
    };
    match carrier.hub.receive(caller, requests) {
        Answer::Now(outgoing, _) => Taken::Answered(deliver(outgoing)),
        Answer::Held(held) => Taken::Held(held),
    }
}

async fn shake_hands(
    carrier: &Carrier,
    parts: &Parts,
    by_headers: Result<Principal, Unauthenticated>,
    request: &Request<'_>,
) -> Response {
    let received = carrier.hub.now();
    let (principal, by_token) = match of_handshake(carrier, by_headers, request).await {
        Ok(known) => known,
        // A token inside the message is answered inside the message; HTTP has a status for credentials of its own.
        Err(_) if request.ext.token.is_some() => {
            return json(
                StatusCode::OK,
                format!("[{}]", denied(carrier, request)).into(),
            );
        }
        Err(_) => return unauthorised(format!("[{}]", denied(carrier, request))),
    };
    let sent = cookie::browser(&parts.headers).map(ToOwned::to_owned);
    let browser = sent.clone().unwrap_or_else(random_id);
    let (reply, open) = carrier
        .hub
        .handshake(request, &principal, by_token, &browser, received);
    let mut response = json(StatusCode::OK, format!("[{reply}]").into());
    if sent.is_none() && open.is_some() {
        let value = cookie::set(&browser, carrier.hub.settings());
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
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
    let values = form_urlencoded::parse(body.as_bytes()).filter(|(name, _)| name == "message");
    let lists: Vec<_> = values
        .map(|(_, value)| {
            let list = value.trim();
            list.strip_prefix('[')
                .and_then(|list| list.strip_suffix(']'))
                .unwrap_or(list)
                .to_owned()
        })
        .collect();
    Cow::Owned(format!("[{}]", lists.join(",")))
}

/// Every message refused as of an unknown session.
fn unknown(carrier: &Carrier, requests: &[Request<'_>]) -> String {
    let replies: Vec<_> = requests
        .iter()
        .map(|request| unknown_session(request, carrier.hub.limits()))
        .collect();
    format!("[{}]", replies.join(","))
}

fn deliver(outgoing: Outgoing) -> Response {
    json(StatusCode::OK, Body::new(DeliveryBody::new(outgoing)))
}

fn unauthorised(text: String) -> Response {
    let mut response = json(StatusCode::UNAUTHORIZED, text.into());
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

fn json(status: StatusCode, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

fn refuse(status: StatusCode, error: &str) -> Response {
    (status, refusal(error)).into_response()
}
