use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::open_session::State;
use super::{BrowserCookie, HeldConnect, Hub, OpenSession, Outgoing, Principal};
use crate::bayeux::{
    Carrier, ConnectTerms, Connected, Delivery, Ended, Moment, Refusal, Reply, Request, Session,
    handshake, publish, unknown_session,
};

/// Who sends a request or frame, as far as its carrier can tell.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    /// By the credentials of the request, or of the upgrade. None if there were none.
    pub principal: Option<&'a Principal>,
    /// The browser cookie that was sent.
    pub browser: Option<&'a str>,
    /// The session of the socket it came over: what the socket has proved is not asked again.
    pub bound: Option<&'a Arc<OpenSession>>,
    /// What it came over.
    pub carrier: Carrier,
    /// Whether connects of one browser take up its few connections: not over HTTP/2 or a socket.
    pub limits_browser: bool,
}

/// What becomes of a request or frame.
pub enum Answer {
    /// It is answered, if with nothing; over a socket the session it was about is named.
    Now(Outgoing, Option<Arc<OpenSession>>),
    /// It was a connect, and waits.
    Held(HeldConnect),
}

/// The replies to the messages of one request, as they are made.
struct Work<'a> {
    hub: &'a Hub,
    caller: Caller<'a>,
    now: Moment,
    open: Option<Arc<OpenSession>>,
    delivery: Delivery,
}

impl Hub {
    /// Takes a handshake of somebody whose credentials have been checked: `by_token` if the message itself carried them.
    ///
    /// Returns the reply and, if it was accepted, the session. `browser` is the cookie's value, sent or new.
    pub fn handshake(
        &self,
        request: &Request<'_>,
        principal: &Principal,
        by_token: bool,
        browser: &str,
        received: Moment,
    ) -> (String, Option<Arc<OpenSession>>) {
        match self.open(request, principal, by_token, browser) {
            Ok(open) => {
                let reply = handshake::accepted(
                    request,
                    open.client_id(),
                    self.limits(),
                    received,
                    self.now(),
                );
                (reply, Some(open))
            }
            Err(refusal) => (handshake::refused(request, &refusal, self.limits()), None),
        }
    }

    fn open(
        &self,
        request: &Request<'_>,
        principal: &Principal,
        by_token: bool,
        browser: &str,
    ) -> Result<Arc<OpenSession>, Refusal> {
        handshake::check(request)?;
        let inner = &self.0;
        let now = self.now();
        let state = State {
            session: Session::new(inner.limits, request, now),
            principal: Arc::new(principal.clone()),
            ends_at: end_of(principal, now),
        };
        let open = Arc::new(OpenSession::new(
            random_id().into(),
            browser,
            by_token,
            state,
        ));
        let first = || inner.application.sessions_changed(principal, 1);
        if self.is_stopping()
            || !inner
                .index
                .open(&open, inner.settings.sessions_per_user_max, first)
        {
            return Err(Refusal::TooManySessions);
        }
        inner.sessions.insert(&open);
        inner.counters.opened.fetch_add(1, Ordering::Relaxed);
        Ok(open)
    }

    /// Takes the messages of one request or frame, none of them a handshake.
    ///
    /// They are all about one session: messages that name another than the first are refused.
    pub fn receive(&self, caller: Caller<'_>, requests: &[Request<'_>]) -> Answer {
        let mut work = Work {
            hub: self,
            caller,
            now: self.now(),
            open: None,
            delivery: Delivery::default(),
        };
        if let [request] = requests
            && request.channel.as_deref() == Some("/meta/connect")
        {
            if let Some(held) = work.connect_alone(request) {
                return Answer::Held(held);
            }
        } else {
            requests.iter().for_each(|request| work.take(request));
            work.close();
        }
        let Work { open, delivery, .. } = work;
        Answer::Now(Outgoing::new(self, open.clone(), delivery), open)
    }

    /// The live session that a message names, if the caller may use it.
    fn find(
        &self,
        caller: &Caller<'_>,
        request: &Request<'_>,
        now: Moment,
    ) -> Option<Arc<OpenSession>> {
        let client_id = request.client_id.as_deref()?;
        let open = match caller.bound {
            Some(bound) if **bound.client_id() == *client_id => Arc::clone(bound),
            Some(_) => return None,
            None => self
                .0
                .sessions
                .find(client_id)
                .filter(|open| self.is_owner(caller, open))?,
        };
        let is_over = {
            let mut state = open.lock();
            if let Some(principal) = caller.principal {
                state.renew(principal, now);
            }
            state.ends_at.is_some_and(|at| at <= now.monotonic_ms)
        };
        if is_over {
            self.0.end(&open, Ended::Revoked);
        }
        let is_live = open.lock().session.ended().is_none();
        is_live.then_some(open)
    }

    /// A session belongs to a principal. Where the handshake alone carried credentials, or everybody is the same
    /// principal, the browser cookie takes their place.
    fn is_owner(&self, caller: &Caller<'_>, open: &OpenSession) -> bool {
        let same_browser = caller.browser.map(|browser| *browser == *open.browser);
        let must_have_cookie = match caller.principal {
            // Over a socket the reference is content with the identifier, and clients that reconnect rely on it.
            Some(principal) if principal.key == *open.user() => {
                self.settings().browser_cookie == BrowserCookie::Required
                    && caller.carrier == Carrier::LongPolling
            }
            Some(_) => return false,
            None if open.by_token => true,
            None => return false,
        };
        same_browser.unwrap_or(!must_have_cookie)
    }
}

impl Work<'_> {
    /// A connect that is its request's only message. Over long polling a held one is returned; a socket polls for itself.
    fn connect_alone(&mut self, request: &Request<'_>) -> Option<HeldConnect> {
        let Some(open) = self.hub.find(&self.caller, request, self.now) else {
            self.refuse(request);
            return None;
        };
        self.open = Some(Arc::clone(&open));
        let slot = match (self.caller.limits_browser, self.caller.browser) {
            (true, Some(browser)) => Some(self.hub.0.browsers.enter(browser)),
            _ => None,
        };
        let terms = ConnectTerms {
            carrier: self.caller.carrier,
            alone: true,
            browser_full: matches!(slot, Some(None)),
        };
        let connected = self.connect(&open, request, terms);
        match (connected, self.caller.carrier) {
            (Connected::Answered(delivery), _) => {
                self.delivery = delivery;
                None
            }
            (Connected::Held(number), Carrier::LongPolling) => Some(HeldConnect {
                hub: self.hub.clone(),
                open,
                number,
                _slot: slot.flatten(),
            }),
            (Connected::Held(_), Carrier::Socket(_)) => None,
        }
    }

    fn connect(
        &self,
        open: &Arc<OpenSession>,
        request: &Request<'_>,
        terms: ConnectTerms,
    ) -> Connected {
        let connected = {
            let mut state = open.lock();
            self.attach(&mut state.session);
            state.session.connect(request, terms, self.now)
        };
        // Whoever waits for an earlier connect finds that it was replaced.
        open.wake();
        connected
    }

    fn attach(&self, session: &mut Session) {
        if let Carrier::Socket(socket) = self.caller.carrier {
            session.attach(socket);
        }
    }

    fn take(&mut self, request: &Request<'_>) {
        let Some(open) = self
            .hub
            .find(&self.caller, request, self.now)
            .filter(|open| self.is_same(open))
        else {
            self.refuse(request);
            return;
        };
        if self.open.is_none() {
            let mut state = open.lock();
            state.session.begin_batch();
            self.attach(&mut state.session);
            drop(state);
            self.open = Some(Arc::clone(&open));
        }
        match request.channel.as_deref() {
            Some("/meta/connect") => {
                let terms = ConnectTerms {
                    carrier: self.caller.carrier,
                    alone: false,
                    browser_full: false,
                };
                if let Connected::Answered(delivery) = self.connect(&open, request, terms) {
                    self.delivery.events.extend(delivery.events);
                    self.delivery.last.extend(delivery.last);
                }
            }
            Some("/meta/disconnect") => {
                self.delivery
                    .last
                    .push(open.lock().session.disconnect(request));
                self.hub.0.end(&open, Ended::Disconnected);
            }
            Some("/meta/subscribe") => self.subscribe(&open, request),
            Some("/meta/unsubscribe") => self.unsubscribe(&open, request),
            Some(_) | None => self.publish(&open, request),
        }
    }

    fn subscribe(&mut self, open: &Arc<OpenSession>, request: &Request<'_>) {
        let inner = &self.hub.0;
        let mut all_offered = Vec::new();
        {
            let mut state = open.lock();
            if state.session.ended().is_some() {
                // Ended since it was found: the index has forgotten it already.
                drop(state);
                return self.refuse(request);
            }
            let principal = Arc::clone(&state.principal);
            let allow = |channel: &_| inner.application.may_subscribe(&principal, channel);
            let (reply, added) = state.session.subscribe(request, allow);
            self.delivery.replies.push(reply);
            for (channel, is_new) in &added {
                if *is_new {
                    inner.index.subscribe(open, channel);
                }
                // After the index: a step that this state does not hold yet will be delivered, and wait for the lock.
                if let Some(current) = inner.application.current_state(&principal, channel) {
                    all_offered.push(state.session.state(
                        channel,
                        current.valid_at,
                        &current.events,
                    ));
                }
            }
        }
        for offered in all_offered {
            inner.settle(open, &offered);
        }
    }

    fn unsubscribe(&mut self, open: &Arc<OpenSession>, request: &Request<'_>) {
        let mut state = open.lock();
        let (reply, removed) = state.session.unsubscribe(request);
        for channel in &removed {
            self.hub.0.index.unsubscribe(open, channel);
        }
        self.delivery.replies.push(reply);
    }

    fn publish(&mut self, open: &Arc<OpenSession>, request: &Request<'_>) {
        let application = &self.hub.0.application;
        let principal = Arc::clone(&open.lock().principal);
        let allowed = publish::parse(request).and_then(|(channel, data)| {
            application
                .may_publish(&principal, &channel)
                .map_err(Refusal::PublishDenied)?;
            Ok((channel, data))
        });
        match allowed {
            Ok((channel, data)) => {
                // Without the lock: what is published may well be delivered to this very session.
                let answers = application.publish(&principal, &channel, data);
                let offered = open.lock().session.answer(&answers);
                self.hub.0.settle(open, &offered);
                self.delivery.replies.push(Reply::success(request).encode());
            }
            Err(refusal) => self
                .delivery
                .replies
                .push(Reply::failure(request, &refusal).encode()),
        }
    }

    fn refuse(&mut self, request: &Request<'_>) {
        self.delivery.replies.push(if request.channel.is_some() {
            unknown_session(request, self.hub.limits())
        } else {
            Reply::failure(request, &Refusal::ChannelMissing).encode()
        });
    }

    fn is_same(&self, open: &Arc<OpenSession>) -> bool {
        self.open
            .as_ref()
            .is_none_or(|first| Arc::ptr_eq(first, open))
    }

    /// The messages are done: the response takes along what waits for the session.
    fn close(&mut self) {
        let Some(open) = &self.open else { return };
        let socket = match self.caller.carrier {
            Carrier::Socket(socket) => Some(socket),
            Carrier::LongPolling => None,
        };
        if open
            .lock()
            .session
            .end_batch(&mut self.delivery, socket, self.now)
        {
            open.wake();
        }
    }
}

impl State {
    /// Later credentials of the same user let the session live as long as they do.
    fn renew(&mut self, principal: &Principal, now: Moment) {
        let ends_later = match (self.principal.expires_at_ms, principal.expires_at_ms) {
            (Some(_), None) => true,
            (Some(old), Some(new)) => new > old,
            (None, _) => false,
        };
        if ends_later && self.principal.key == principal.key {
            self.principal = Arc::new(principal.clone());
            self.ends_at = end_of(principal, now);
        }
    }
}

/// When the credentials of `principal` end on the monotonic clock: later jumps of the wall clock do not matter.
fn end_of(principal: &Principal, now: Moment) -> Option<u64> {
    principal
        .expires_at_ms
        .map(|at| now.monotonic_ms + at.saturating_sub(now.wall_ms))
}

/// 160 random bits as letters and digits.
pub(crate) fn random_id() -> String {
    use std::fmt::Write;
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
        .iter()
        .fold(String::with_capacity(40), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes everything");
            text
        })
}
