//! WebSocket: frames are arrays of messages both ways; events go out as they come, several to a frame if several wait.

use std::pin::pin;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::{Instant, sleep_until, timeout};

use super::authentication::{
    Unauthenticated, by_headers, check_again, denied, of_handshake, origin_denied, too_many,
};
use super::liveness::{Liveness, Look};
use super::origin::{is_allowed_origin, pages_of};
use super::{Carrier, cookie, refusal};
use crate::bayeux::{Ended, Request, handshake};
use crate::hub::{Answer, Caller, Outgoing, Principal, Settings, Socket, SocketEvent, random_id};

/// Per socket, read and written through: the defaults of 128 KiB would cost more than everything else of a session.
const BUFFER_SIZE: usize = 2048;
/// How long a peer has to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn serve(carrier: &Carrier, parts: &Parts, upgrade: WebSocketUpgrade) -> Response {
    let settings = carrier.hub.settings();
    // Upgrades are not subject to CORS, and carry the cookies of whatever page asks for them.
    if !is_allowed_origin(parts, &settings.allowed_origins) {
        return origin_denied();
    }
    let principal = match by_headers(carrier, parts).await {
        Ok(principal) => Some(principal),
        // Browsers cannot set headers on a socket: the handshake may bring a token.
        Err(Unauthenticated::Missing) => None,
        Err(Unauthenticated::TooMany { retry_after_s }) => return too_many(retry_after_s),
        Err(Unauthenticated::OtherOrigin) => return origin_denied(),
        Err(Unauthenticated::Expired | Unauthenticated::Invalid) => {
            return (
                StatusCode::UNAUTHORIZED,
                [("www-authenticate", "Bearer")],
                refusal("401::unauthenticated"),
            )
                .into_response();
        }
    };
    let Some(socket) = Socket::open(&carrier.hub) else {
        let error = refusal("503::too_many_sockets");
        return (StatusCode::SERVICE_UNAVAILABLE, error).into_response();
    };
    let mut peer = Peer {
        carrier: carrier.clone(),
        browser: cookie::browser(&parts.headers).map(Into::into),
        origin: pages_of(&parts.headers).next().map(Into::into),
        principal,
        socket,
        unbound_until: Instant::now(),
        liveness: Liveness::new(settings),
        is_stuck: false,
    };
    with_bounds(upgrade, settings).on_upgrade(|mut websocket| async move {
        let code = peer.run(&mut websocket).await;
        // The client's time to come back runs from here; the socket counts until it is closed.
        peer.socket.unbind();
        if !peer.is_stuck {
            close(&mut websocket, code).await;
        }
    })
}

/// The buffers and bounds of every socket of this server.
pub fn with_bounds(upgrade: WebSocketUpgrade, settings: &Settings) -> WebSocketUpgrade {
    upgrade
        .read_buffer_size(BUFFER_SIZE)
        .write_buffer_size(BUFFER_SIZE)
        .max_message_size(settings.message_size_max)
        .max_frame_size(settings.message_size_max)
}

struct Peer {
    carrier: Carrier,
    /// The cookie of the upgrade. Its headers are not kept: one would keep all that was read with it.
    browser: Option<Box<str>>,
    /// The origin of the page that opened it, for as long as nobody is known by its headers.
    origin: Option<Box<str>>,
    principal: Option<Principal>,
    socket: Socket,
    /// When it is closed unless it has a session.
    unbound_until: Instant,
    liveness: Liveness,
    /// It took too long to accept a frame: no farewell would reach it.
    is_stuck: bool,
}

impl Peer {
    /// Serves until the socket has to be closed; none if the other side has closed it.
    async fn run(&mut self, websocket: &mut WebSocket) -> Option<u16> {
        self.extend_unbound();
        // Set anew only when the time changes, which it does not for an event.
        let mut alarm = pin!(sleep_until(self.unbound_until));
        loop {
            let woken = self.socket.woken();
            let (outgoing, until, ending) = match self.socket.poll() {
                SocketEvent::Write(outgoing) => (Some(outgoing), None, None),
                SocketEvent::Close(outgoing, why) => (Some(outgoing), None, Some(why)),
                SocketEvent::Wait(until) => (None, until, None),
            };
            if let Some(outgoing) = outgoing {
                self.write(websocket, outgoing).await?;
                match ending {
                    Some(why) => return Some(code_of(why)),
                    None => continue,
                }
            }
            let is_bound = self.socket.bound().is_some();
            let until = if is_bound {
                until
            } else {
                Some(self.unbound_until)
            };
            let look_at = self.liveness.look_at();
            let wake_at = until.map_or(look_at, |until| until.min(look_at));
            if alarm.deadline() != wake_at {
                alarm.as_mut().reset(wake_at);
            }
            tokio::select! {
                received = websocket.recv() => {
                    self.liveness.heard();
                    match received {
                        Some(Ok(Message::Text(text))) => self.receive(websocket, &text).await?,
                        Some(Ok(Message::Close(_))) | None => return None,
                        // Binary frames mean nothing here; pings are answered by the library.
                        Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Err(error)) => return close_code_of_error(error),
                    }
                }
                () = woken => {}
                () = &mut alarm => {
                    if !is_bound && self.unbound_until <= Instant::now() {
                        return Some(close_code::NORMAL);
                    }
                    match self.liveness.look() {
                        Look::Heard => {}
                        Look::Silent => self.send(websocket, Message::Ping(Bytes::new())).await?,
                        Look::Gone => return Some(close_code::ERROR),
                    }
                }
            }
        }
    }

    /// Takes one frame. A frame that cannot be parsed closes the socket, as with the reference.
    async fn receive(&mut self, websocket: &mut WebSocket, text: &str) -> Option<()> {
        if self.socket.bound().is_some() {
            self.extend_unbound();
        }
        let settings = self.carrier.hub.settings();
        let Ok(requests) = Request::parse(text, settings.batch_len_max) else {
            close(websocket, Some(close_code::INVALID)).await;
            return None;
        };
        if requests.is_empty() {
            // Old faye clients send this as a heartbeat.
            return self.send(websocket, Message::text("[]")).await;
        }
        let is_handshake =
            |request: &&Request<'_>| request.channel.as_deref() == Some(handshake::CHANNEL);
        if let Some(request) = requests.iter().find(is_handshake) {
            let reply = self.shake_hands(request).await;
            return self
                .send(websocket, Message::text(format!("[{reply}]")))
                .await;
        }
        let caller = Caller {
            principal: self.principal.as_ref(),
            browser: self.browser.as_deref(),
            bound: self.socket.bound(),
            carrier: self.socket.carrier(),
            limits_browser: false,
            delivers_with_connects_only: false,
        };
        match self.carrier.hub.receive(caller, &requests) {
            Answer::Now(outgoing, open) => {
                if let Some(open) = open {
                    self.socket.bind(open);
                }
                if outgoing.is_empty() {
                    Some(())
                } else {
                    self.write(websocket, outgoing).await
                }
            }
            Answer::Held(_) => {
                unreachable!("a socket's connects are held by its session, not by a request")
            }
        }
    }

    async fn shake_hands(&mut self, request: &Request<'_>) -> String {
        let received = self.carrier.hub.now();
        let by_headers = self.principal.clone().ok_or(Unauthenticated::Missing);
        match of_handshake(&self.carrier, by_headers, request, self.origin.as_deref()).await {
            Ok((principal, by_token)) => {
                let browser = self
                    .browser
                    .as_deref()
                    .map_or_else(random_id, ToOwned::to_owned);
                let (reply, open) = self
                    .carrier
                    .hub
                    .handshake(request, &principal, by_token, &browser, received);
                if let Some(open) = open {
                    self.socket.bind(open);
                }
                check_again(&self.carrier, &principal);
                reply
            }
            Err(_) => denied(&self.carrier, request),
        }
    }

    async fn write(&mut self, websocket: &mut WebSocket, outgoing: Outgoing) -> Option<()> {
        if !outgoing.is_empty() {
            self.send(websocket, Message::text(outgoing.encode()))
                .await?;
        }
        outgoing.written();
        Some(())
    }

    /// None if the peer is gone, or takes too long to accept it.
    async fn send(&mut self, websocket: &mut WebSocket, message: Message) -> Option<()> {
        let limit = Duration::from_millis(self.carrier.hub.settings().websocket_send_timeout_ms);
        let sent = timeout(limit, websocket.send(message)).await;
        self.is_stuck = sent.is_err();
        sent.ok()?.ok()
    }

    fn extend_unbound(&mut self) {
        let limit = self.carrier.hub.settings().websocket_unbound_timeout_ms;
        self.unbound_until = Instant::now() + Duration::from_millis(limit);
    }
}

/// Closes, and reads until the other side has closed too: only then has the close really gone out.
pub async fn close(websocket: &mut WebSocket, code: Option<u16>) {
    let farewell = async {
        if let Some(code) = code {
            let frame = CloseFrame {
                code,
                reason: "".into(),
            };
            websocket.send(Message::Close(Some(frame))).await.ok();
        }
        while let Some(Ok(_)) = websocket.recv().await {}
    };
    timeout(CLOSE_TIMEOUT, farewell).await.ok();
}

fn code_of(why: Ended) -> u16 {
    match why {
        Ended::Disconnected | Ended::Expired | Ended::Inactive => close_code::NORMAL,
        Ended::Overflowed => close_code::AGAIN,
        Ended::Revoked => close_code::POLICY,
        Ended::ShutDown => close_code::AWAY,
    }
}

/// The code that tells the peer what was wrong with its frame; none if there is no peer any more.
pub fn close_code_of_error(error: axum::Error) -> Option<u16> {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    let error = error.into_inner();
    let error = error.downcast_ref::<Error>()?;
    if matches!(error, Error::Capacity(_)) {
        Some(close_code::SIZE)
    } else if matches!(error, Error::Utf8(_)) {
        Some(close_code::INVALID)
    } else if matches!(error, Error::Protocol(why) if *why != ResetWithoutClosingHandshake) {
        Some(close_code::PROTOCOL)
    } else {
        None
    }
}
