//! What the polling carriers share: a request with messages, a response with replies and events.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};

use super::authentication::{
    Unauthenticated, by_headers, check_again, denied, of_handshake, origin_denied, too_many,
};
use super::body::DeliveryBody;
use super::origin::pages_of;
use super::{Carrier, cookie, refusal};
use crate::bayeux::{self, Malformed, Request, handshake, unknown_session};
use crate::hub::{Answer, Caller, HeldConnect, Outgoing, Principal, random_id};

/// What an array of messages is sent as.
#[derive(Clone, Copy)]
pub(super) enum Wrapping<'a> {
    /// Itself.
    Json,
    /// A script that calls this function with it.
    Call(&'a str),
}

/// What becomes of a request.
pub(super) enum Taken {
    /// It is answered.
    Answered(Response),
    /// Its connect waits; what came with it is not needed any more.
    Held(HeldConnect),
}

impl Taken {
    /// No to it as a whole.
    pub(super) fn refused(status: StatusCode, error: &str) -> Self {
        Self::Answered(refuse(status, error))
    }
}

/// With a response of status 500: its client has sent another connect, as after a reload, and nothing has failed.
#[derive(Clone, Copy)]
pub struct ConnectReplaced;

/// One request.
pub(super) struct Polling<'a> {
    carrier: &'a Carrier,
    parts: &'a Parts,
    wrapping: Wrapping<'a>,
}

impl<'a> Polling<'a> {
    pub(super) fn new(carrier: &'a Carrier, parts: &'a Parts, wrapping: Wrapping<'a>) -> Self {
        Self {
            carrier,
            parts,
            wrapping,
        }
    }

    /// Takes the messages of `text`.
    pub(super) async fn take(&self, text: &str) -> Taken {
        match Request::parse(text, self.carrier.hub.settings().batch_len_max) {
            Ok(requests) if requests.is_empty() => {
                Taken::refused(StatusCode::BAD_REQUEST, "400::no_messages")
            }
            Ok(requests) => self.take_all(&requests).await,
            Err(Malformed::TooMany) => {
                Taken::refused(StatusCode::PAYLOAD_TOO_LARGE, "413::too_many_messages")
            }
            Err(Malformed::Syntax | Malformed::TooDeep) => {
                Taken::refused(StatusCode::BAD_REQUEST, "400::malformed")
            }
        }
    }

    async fn take_all(&self, requests: &[Request<'_>]) -> Taken {
        let headers = &self.parts.headers;
        let by_headers = by_headers(self.carrier, self.parts).await;
        match by_headers {
            Err(Unauthenticated::TooMany { retry_after_s }) => {
                return Taken::Answered(too_many(retry_after_s));
            }
            Err(Unauthenticated::OtherOrigin) => return Taken::Answered(origin_denied()),
            _ => {}
        }
        let is_handshake =
            |request: &&Request<'_>| request.channel.as_deref() == Some(handshake::CHANNEL);
        if let Some(request) = requests.iter().find(is_handshake) {
            // Whatever else is in its request is ignored: the protocol says so.
            return Taken::Answered(self.shake_hands(by_headers, request).await);
        }
        let principal = match by_headers {
            Ok(principal) => Some(principal),
            // The session may have been made by a token in its handshake. If not, the client is told that it is unknown
            // with the only status that clients read messages from, so that it handshakes, where credentials are asked for.
            Err(Unauthenticated::Missing) => None,
            Err(Unauthenticated::Expired) => {
                return Taken::Answered(self.reply(StatusCode::OK, self.unknown(requests)));
            }
            Err(_) => {
                return Taken::Answered(self.unauthorised(self.unknown(requests)));
            }
        };
        let caller = Caller {
            principal: principal.as_ref(),
            browser: cookie::browser(headers),
            bound: None,
            carrier: bayeux::Carrier::LongPolling,
            limits_browser: self.parts.version < Version::HTTP_2,
            // Browsers do not say in which order they run scripts: there is but one connect at a time.
            delivers_with_connects_only: matches!(self.wrapping, Wrapping::Call(_)),
        };
        match self.carrier.hub.receive(caller, requests) {
            Answer::Now(outgoing, _) => Taken::Answered(self.wrapping.deliver(outgoing)),
            Answer::Held(held) => Taken::Held(held),
        }
    }

    async fn shake_hands(
        &self,
        by_headers: Result<Principal, Unauthenticated>,
        request: &Request<'_>,
    ) -> Response {
        let hub = &self.carrier.hub;
        let headers = &self.parts.headers;
        let received = hub.now();
        let origin = pages_of(headers).next();
        let known = of_handshake(self.carrier, by_headers, request, origin).await;
        let (principal, by_token) = match known {
            Ok(known) => known,
            // A token inside the message is answered inside the message; HTTP has a status for credentials of its own.
            Err(_) if request.ext.token.is_some() => {
                let denied = denied(self.carrier, request);
                return self.reply(StatusCode::OK, format!("[{denied}]"));
            }
            Err(_) => {
                return self.unauthorised(format!("[{}]", denied(self.carrier, request)));
            }
        };
        let sent = cookie::browser(headers).map(ToOwned::to_owned);
        let browser = sent.clone().unwrap_or_else(random_id);
        let (reply, open) = hub.handshake(request, &principal, by_token, &browser, received);
        check_again(self.carrier, &principal);
        let mut response = self.reply(StatusCode::OK, format!("[{reply}]"));
        if sent.is_none() && open.is_some() {
            let value = cookie::set(&browser, hub.settings());
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
        response
    }

    /// Every message refused as of an unknown session.
    fn unknown(&self, requests: &[Request<'_>]) -> String {
        let limits = self.carrier.hub.limits();
        let replies: Vec<_> = requests
            .iter()
            .map(|request| unknown_session(request, limits))
            .collect();
        format!("[{}]", replies.join(","))
    }

    fn unauthorised(&self, text: String) -> Response {
        let mut response = self.reply(StatusCode::UNAUTHORIZED, text);
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        response
    }

    fn reply(&self, status: StatusCode, text: String) -> Response {
        self.wrapping
            .respond(status, self.wrapping.wrap(text).into())
    }
}

impl Wrapping<'_> {
    /// The response to a connect that waits.
    pub(super) async fn wait(self, held: HeldConnect) -> Response {
        match held.wait().await {
            Some(outgoing) => self.deliver(outgoing),
            // Not 408, which browsers repeat by themselves, and no success, which would start a second connect cycle.
            None => {
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let mut response = refuse(status, "500::connect_replaced");
                response.extensions_mut().insert(ConnectReplaced);
                response
            }
        }
    }

    fn deliver(self, outgoing: Outgoing) -> Response {
        let text = self.wrap(outgoing.encode());
        self.respond(StatusCode::OK, Body::new(DeliveryBody::new(text, outgoing)))
    }

    fn respond(self, status: StatusCode, body: Body) -> Response {
        let headers: [(HeaderName, &str); 2] = [
            (header::CONTENT_TYPE, self.content_type()),
            (header::CACHE_CONTROL, "no-store"),
        ];
        let mut response = (status, headers, body).into_response();
        if let Self::Call(_) = self {
            let nosniff = HeaderValue::from_static("nosniff");
            response
                .headers_mut()
                .insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        }
        response
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Call(_) => "text/javascript; charset=utf-8",
        }
    }

    /// The comment in front keeps the function's name from being read as the beginning of some other format; the two
    /// separators end a line in older scripts, but not in JSON.
    fn wrap(self, text: String) -> String {
        match self {
            Self::Json => text,
            Self::Call(function) => {
                let text = text
                    .replace('\u{2028}', "\\u2028")
                    .replace('\u{2029}', "\\u2029");
                format!("/**/{function}({text});")
            }
        }
    }
}

/// The messages of all `message` parameters of a form or query, as one array.
pub(super) fn messages_of_form(form: &str) -> String {
    let values = form_urlencoded::parse(form.as_bytes()).filter(|(name, _)| name == "message");
    let lists: Vec<_> = values
        .map(|(_, value)| {
            let list = value.trim();
            list.strip_prefix('[')
                .and_then(|list| list.strip_suffix(']'))
                .unwrap_or(list)
                .to_owned()
        })
        .collect();
    format!("[{}]", lists.join(","))
}

/// No to a request as a whole.
pub(super) fn refuse(status: StatusCode, error: &str) -> Response {
    (status, refusal(error)).into_response()
}
