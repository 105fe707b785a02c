//! The sessions of a running server: who has which, who hears what, and when each ends.
//!
//! [`Hub::deliver`] is the one way in for events, the carriers' [`Hub::handshake`], [`Hub::receive`] and [`Socket`] the way
//! out. Nothing here waits for a client: an event goes into bounded queues, and whoever carries a session is woken.
//!
//! Locks, in the only order they are nested in: a session, then a shard of the index. Neither is held across an await.

mod application;
mod clock;
mod counts;
mod delivery;
mod exchange;
mod held;
mod holds;
mod index;
mod listener;
mod open_session;
mod opening;
mod replay;
mod sessions;
mod settings;
mod socket;
mod sweep;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Notify;

pub use application::{Application, CurrentState, Epoch, Principal, Resume, UserKey};
pub use counts::Counts;
pub use exchange::{Answer, Caller};
pub use held::{HeldConnect, Outgoing};
pub use listener::Listener;
pub use open_session::OpenSession;
pub(crate) use opening::random_id;
pub use settings::{BrowserCookie, Settings};
pub use socket::{Socket, SocketEvent};

use crate::bayeux::{Ended, Limits, Moment};

/// A CometD server without carriers. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    settings: Settings,
    limits: Limits,
    application: Arc<dyn Application>,
    clock: clock::Clock,
    sessions: sessions::Sessions,
    index: index::Index,
    holds: holds::Holds,
    counters: counts::Counters,
    sockets_made: AtomicU64,
    stopping: AtomicBool,
    stopped: Arc<Notify>,
    last_socket_closed: Notify,
}

impl Hub {
    /// A hub that asks `application`, and sweeps ended sessions for as long as a handle to it exists.
    ///
    /// Must be called within a tokio runtime.
    pub fn new(settings: Settings, application: Arc<dyn Application>) -> Self {
        let hub = Self(Arc::new(Inner {
            limits: settings.limits(),
            holds: holds::Holds::new(
                settings.held_connects_max,
                settings.held_connects_per_browser_max,
            ),
            settings,
            application,
            clock: clock::Clock::start(),
            sessions: sessions::Sessions::default(),
            index: index::Index::default(),
            counters: counts::Counters::default(),
            sockets_made: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            stopped: Arc::default(),
            last_socket_closed: Notify::new(),
        }));
        tokio::spawn(sweep::keep_sweeping(
            Arc::downgrade(&hub.0),
            hub.0.settings.sweep_period_ms,
        ));
        hub
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The bounds and times of its sessions.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Whether a user has any session; an event for one who has none need not be made.
    pub fn has_sessions(&self, user: &str) -> bool {
        self.0.index.has_sessions(user)
    }

    /// Ends all sessions of a user: held connects and sockets are told to handshake again.
    pub fn end_sessions_of(&self, user: &str) {
        for session in self.0.index.sessions_of(user) {
            self.0.end(&session, Ended::Revoked);
        }
    }

    /// Ends the sessions that live by the token `token_id`, which was withdrawn: those of `user`, or of anybody.
    pub fn end_sessions_of_token(&self, user: Option<&str>, token_id: &str) {
        let sessions = match user {
            Some(user) => self.0.index.sessions_of(user),
            None => self.0.sessions.all(),
        };
        for session in sessions {
            let is_by_it = session.lock().principal.token_id.as_deref() == Some(token_id);
            if is_by_it {
                self.0.end(&session, Ended::Revoked);
            }
        }
    }

    /// Ends all sessions and takes no new ones: held connects are answered, sockets closed as going away.
    pub fn shut_down(&self) {
        self.0.stopping.store(true, Ordering::SeqCst);
        for session in self.0.sessions.all() {
            self.0.end(&session, Ended::ShutDown);
        }
        self.0.stopped.notify_waiters();
    }

    /// Whether it was shut down.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::SeqCst)
    }

    /// Waits until no socket is open: after a [shut down](Self::shut_down), until every peer has been told.
    pub async fn sockets_closed(&self) {
        loop {
            let mut closed = std::pin::pin!(self.0.last_socket_closed.notified());
            // Before the look at the count, or the last one could close unseen in between.
            closed.as_mut().enable();
            if self.0.counters.sockets.load(Ordering::SeqCst) == 0 {
                return;
            }
            closed.await;
        }
    }

    /// What it holds and has done so far.
    pub fn counts(&self) -> Counts {
        self.0.counts()
    }

    /// Now, on its clocks.
    pub fn now(&self) -> Moment {
        self.0.clock.now()
    }
}

impl Inner {
    /// Ends a session, once, and forgets it everywhere.
    fn end(&self, open: &Arc<OpenSession>, why: Ended) {
        {
            let mut state = open.lock();
            let dropped = state.session.waiting();
            let Some(channels) = state.session.end(why) else {
                return;
            };
            // Still under the session's lock: a subscription that is being made cannot enter the index afterwards.
            let principal = Arc::clone(&state.principal);
            self.index.close(open, &channels, |left| {
                self.application.sessions_changed(&principal, left)
            });
            self.counters.dropped(dropped);
        }
        self.sessions.remove(open.client_id());
        self.counters.ended(why);
        tracing::debug!(user = %open.user(), ?why, "session ended");
        open.wake();
    }
}
