//! Server-sent events: the same messages for whoever only listens, such as `curl -N` and `EventSource`.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderName, WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::time::{Instant, sleep_until};

use super::authentication::{Unauthenticated, by_headers, check_again, origin_denied, too_many};
use super::{Carrier, is_allowed_origin, refusal};
use crate::bayeux::{ChannelId, Cursor, InvalidCursor, Refusal};
use crate::hub::{Listener, Outgoing, SocketEvent};

/// What somebody hears who names no channel: all that is his own.
const EVERYTHING: &str = "/**";
/// Opens the stream, and says after how many milliseconds a browser whose stream broke comes back.
const GREETING: &str = "retry: 1000\n\n";
/// A comment: it shows both sides that the other one is there.
const KEEP_ALIVE: &str = ":\n\n";
const KEEP_ALIVE_PERIOD: Duration = Duration::from_secs(15);

/// Answers with a stream of the channels that the query names as `channel`, from `Last-Event-ID` on or else beginning
/// with how things are. A browser's first request cannot carry the header: `lastEventId` in the query stands for it.
pub(super) async fn serve(carrier: &Carrier, parts: &Parts) -> Response {
    if !parts.headers.contains_key(AUTHORIZATION)
        && !is_allowed_origin(parts, &carrier.hub.settings().allowed_origins)
    {
        return origin_denied();
    }
    let principal = match by_headers(carrier, parts).await {
        Ok(principal) => principal,
        Err(Unauthenticated::TooMany { retry_after_s }) => return too_many(retry_after_s),
        Err(Unauthenticated::OtherOrigin) => return origin_denied(),
        Err(_) => {
            let header = [(WWW_AUTHENTICATE, "Bearer")];
            let body = refusal("401::unauthenticated");
            return (StatusCode::UNAUTHORIZED, header, body).into_response();
        }
    };
    let listened = wanted(parts)
        .and_then(|(channels, cursor)| carrier.hub.listen(&principal, &channels, cursor.as_ref()));
    check_again(carrier, &principal);
    match listened {
        Ok(listener) => stream_of(listener),
        Err(why) => {
            let status = if why == Refusal::TooManySessions {
                StatusCode::TOO_MANY_REQUESTS
            } else if matches!(why, Refusal::SubscribeDenied(_)) {
                StatusCode::FORBIDDEN
            } else {
                StatusCode::BAD_REQUEST
            };
            (status, refusal(&why.to_string())).into_response()
        }
    }
}

fn wanted(parts: &Parts) -> Result<(Vec<ChannelId>, Option<Cursor>), Refusal> {
    let (mut names, mut cursor) = (Vec::new(), None);
    let query = parts.uri.query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "channel" => names.push(value.into_owned()),
            "lastEventId" if !value.is_empty() => cursor = Some(value.into_owned()),
            _ => {}
        }
    }
    if names.is_empty() {
        names.push(EVERYTHING.to_owned());
    }
    let channels: Result<Vec<ChannelId>, _> = names
        .iter()
        .map(|name| ChannelId::parse_pattern(name))
        .collect();
    let mut channels = channels.map_err(|_| Refusal::SubscriptionInvalid)?;
    // As channels, not as names: with a slash at the end it is the same one.
    channels.sort_unstable();
    channels.dedup();
    let cursor = last_event_id(&parts.headers)
        .or(cursor)
        .map(|text| Cursor::parse(&text))
        .transpose();
    Ok((
        channels,
        cursor.map_err(|InvalidCursor| Refusal::ReplayInvalid)?,
    ))
}

/// An empty one says that nothing was heard so far.
fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let text = String::from_utf8_lossy(headers.get("last-event-id")?.as_bytes());
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

fn stream_of(listener: Listener) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
        // nginx would collect the stream and pass it on in lumps.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let feed = Feed {
        listener,
        is_greeted: false,
        is_over: false,
    };
    let chunks = stream::unfold(feed, |mut feed| async {
        let chunk = feed.next().await?;
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(chunk)), feed))
    });
    (headers, Body::from_stream(chunks)).into_response()
}

/// A response as it is written. It is only asked for more when the connection takes more, so that a listener who does not
/// read fills the queue of his session and nothing else.
struct Feed {
    listener: Listener,
    is_greeted: bool,
    is_over: bool,
}

impl Feed {
    async fn next(&mut self) -> Option<String> {
        if self.is_over {
            return None;
        }
        if !std::mem::replace(&mut self.is_greeted, true) {
            return Some(GREETING.to_owned());
        }
        let quiet_until = Instant::now() + KEEP_ALIVE_PERIOD;
        loop {
            let woken = self.listener.woken();
            match self.listener.poll() {
                SocketEvent::Write(outgoing) => return Some(self.write(outgoing)),
                SocketEvent::Close(outgoing, _) => {
                    self.is_over = true;
                    return Some(self.write(outgoing));
                }
                SocketEvent::Wait(_) => {}
            }
            tokio::select! {
                () = woken => {}
                () = sleep_until(quiet_until) => return Some(KEEP_ALIVE.to_owned()),
            }
        }
    }

    fn write(&self, outgoing: Outgoing) -> String {
        let mut text = String::new();
        for (cursor, message) in self.listener.messages(&outgoing) {
            if let Some(cursor) = cursor {
                text.push_str("id: ");
                text.push_str(&cursor);
                text.push('\n');
            }
            for line in message.split(['\r', '\n']) {
                text.push_str("data: ");
                text.push_str(line);
                text.push('\n');
            }
            text.push('\n');
        }
        outgoing.written();
        text
    }
}
