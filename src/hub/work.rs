use std::sync::Arc;

use super::{Caller, HeldConnect, Hub, OpenSession};
use crate::bayeux::{
    Added, Carrier, ConnectTerms, Connected, Delivery, Ended, Moment, Refusal, Reply, Request,
    Session, publish, unknown_session,
};

/// The replies to the messages of one request, as they are made.
pub(super) struct Work<'a> {
    pub(super) hub: &'a Hub,
    caller: Caller<'a>,
    pub(super) now: Moment,
    open: Option<Arc<OpenSession>>,
    batch: Option<Batch>,
    delivery: Delivery,
}

/// While it exists nobody else is woken for what is queued: the response at hand will carry it.
struct Batch(Arc<OpenSession>);

impl Drop for Batch {
    fn drop(&mut self) {
        let ready = self.0.lock().session.end_batch();
        if ready {
            self.0.wake();
        }
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(hub: &'a Hub, caller: Caller<'a>) -> Self {
        Self {
            hub,
            caller,
            now: hub.now(),
            open: None,
            batch: None,
            delivery: Delivery::default(),
        }
    }

    /// What is to be written, and the session it is about.
    pub(super) fn into_parts(self) -> (Delivery, Option<Arc<OpenSession>>) {
        (self.delivery, self.open)
    }

    /// A connect that is its request's only message. Over long polling a held one is returned; a socket polls for itself.
    pub(super) fn connect_alone(&mut self, request: &Request<'_>) -> Option<HeldConnect> {
        let Some(open) = self.hub.find(&self.caller, request, self.now) else {
            self.refuse(request);
            return None;
        };
        self.open = Some(Arc::clone(&open));
        let hold = match self.caller.carrier {
            Carrier::LongPolling => {
                let browser = self.caller.browser.filter(|_| self.caller.limits_browser);
                let replaces = open.lock().session.is_held();
                Some(self.hub.0.holds.enter(browser, replaces))
            }
            Carrier::Socket(_) => None,
        };
        let terms = ConnectTerms {
            carrier: self.caller.carrier,
            alone: true,
            has_to_poll: matches!(hold, Some(None)),
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
                _hold: hold.flatten(),
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
            session.attach(socket, self.now);
        }
    }

    /// One message of several, or one that is no connect.
    pub(super) fn take(&mut self, request: &Request<'_>) {
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
            self.batch = Some(Batch(Arc::clone(&open)));
            self.open = Some(Arc::clone(&open));
        }
        match request.channel.as_deref() {
            Some("/meta/connect") => {
                let terms = ConnectTerms {
                    carrier: self.caller.carrier,
                    alone: false,
                    has_to_poll: false,
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
            for Added {
                channel,
                is_new,
                cursor,
            } in &added
            {
                if *is_new {
                    inner.index.subscribe(open, channel);
                }
                // After the index: a step that this state does not hold yet will be delivered, and wait for the lock.
                let session = &mut state.session;
                let begun = self
                    .hub
                    .begin(open, session, &principal, channel, cursor.as_ref());
                all_offered.extend(begun.map(|(_, offered)| offered));
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
    pub(super) fn close(&mut self) {
        let Some(Batch(open)) = &self.batch else {
            return;
        };
        let socket = match self.caller.carrier {
            Carrier::Socket(socket) => Some(socket),
            Carrier::LongPolling => None,
        };
        let mut state = open.lock();
        if self.caller.delivers_with_connects_only {
            state.session.touch(self.now);
        } else {
            state.session.collect(&mut self.delivery, socket, self.now);
        }
        drop(state);
        self.batch = None;
    }
}
