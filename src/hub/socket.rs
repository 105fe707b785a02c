use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::futures::OwnedNotified;

use super::{Hub, OpenSession, Outgoing};
use crate::bayeux::{Carrier, Ended, Gone};

/// A WebSocket's place at the hub: at most one session at a time. Dropping it leaves the session to its `max_interval_ms`.
pub struct Socket {
    hub: Hub,
    number: u64,
    open: Option<Arc<OpenSession>>,
}

/// What a socket has to do next.
pub enum SocketEvent {
    /// Write this.
    Write(Outgoing),
    /// Nothing, at most until this time.
    Wait(Option<tokio::time::Instant>),
    /// Write this, and close: the session is over, or the server stops. A disconnected client closes by itself.
    Close(Outgoing, Ended),
}

impl Socket {
    /// A socket that is being opened; none if as many are open as may be.
    pub fn open(hub: &Hub) -> Option<Self> {
        let sockets_max = hub.0.settings.sockets_max as u64;
        let one_more = |open: u64| (open < sockets_max).then_some(open + 1);
        let sockets = &hub.0.counters.sockets;
        sockets
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .ok()?;
        Some(Self {
            hub: hub.clone(),
            number: hub.0.sockets_made.fetch_add(1, Ordering::Relaxed),
            open: None,
        })
    }

    /// The carrier to name when it receives.
    pub fn carrier(&self) -> Carrier {
        Carrier::Socket(self.number)
    }

    /// Its session.
    pub fn bound(&self) -> Option<&Arc<OpenSession>> {
        self.open.as_ref()
    }

    /// Binds it to the session that a message was about, or that a handshake made.
    pub fn bind(&mut self, open: Arc<OpenSession>) {
        if self
            .open
            .as_ref()
            .is_some_and(|bound| Arc::ptr_eq(bound, &open))
        {
            return;
        }
        self.unbind();
        open.lock().session.attach(self.number, self.hub.now());
        self.open = Some(open);
    }

    /// What to do next. To be called again whenever something was received or [`woken`](Self::woken) returns.
    pub fn poll(&mut self) -> SocketEvent {
        let nothing = || Outgoing::new(&self.hub, None, crate::bayeux::Delivery::default());
        if self.hub.is_stopping() && self.open.is_none() {
            return SocketEvent::Close(nothing(), Ended::ShutDown);
        }
        let Some(open) = &self.open else {
            return SocketEvent::Wait(None);
        };
        self.hub.continue_replay(open);
        let poll = open.lock().session.poll_socket(self.number, self.hub.now());
        let outgoing = Outgoing::new(&self.hub, Some(Arc::clone(open)), poll.delivery);
        match poll.gone {
            Some(Gone::Moved) => self.open = None,
            Some(Gone::Ended(Ended::Disconnected)) => {
                self.open = None;
                if !outgoing.is_empty() {
                    return SocketEvent::Write(outgoing);
                }
            }
            Some(Gone::Ended(why)) => {
                self.open = None;
                return SocketEvent::Close(outgoing, why);
            }
            None if outgoing.is_empty() => {}
            None => return SocketEvent::Write(outgoing),
        }
        SocketEvent::Wait(poll.deadline.map(|at| self.hub.0.clock.instant(at)))
    }

    /// Ready when its session has something to say or the server stops. Made before [`poll`](Self::poll) it misses nothing.
    pub fn woken(&self) -> OwnedNotified {
        match &self.open {
            Some(open) => open.woken(),
            None => Arc::clone(&self.hub.0.stopped).notified_owned(),
        }
    }

    /// Leaves the session to its `max_interval_ms`, as dropping it does; the socket counts until it is dropped.
    pub fn unbind(&mut self) {
        if let Some(open) = self.open.take() {
            let ready = open.lock().session.detach(self.number, self.hub.now());
            if ready {
                open.wake();
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.unbind();
        let before = self.hub.0.counters.sockets.fetch_sub(1, Ordering::SeqCst);
        if before == 1 {
            self.hub.0.last_socket_closed.notify_waiters();
        }
    }
}
