use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

use super::{Principal, UserKey};
use crate::bayeux::Session;

/// A session with whom it belongs to.
pub struct OpenSession {
    client_id: Arc<str>,
    user: UserKey,
    pub(super) browser: Box<str>,
    /// The handshake itself carried the credentials: later requests need not, if they come from the same browser.
    pub(super) by_token: bool,
    /// Some channel is being replayed. Told apart from the session, so that a look at it costs no lock.
    pub(super) is_replaying: AtomicBool,
    state: Mutex<State>,
    wake: Arc<Notify>,
}

pub(super) struct State {
    pub(super) session: Session,
    pub(super) principal: Arc<Principal>,
    /// When the principal's credentials end, on the monotonic clock.
    pub(super) ends_at: Option<u64>,
}

impl OpenSession {
    pub(super) fn new(client_id: Arc<str>, browser: &str, by_token: bool, state: State) -> Self {
        let user = Arc::clone(&state.principal.key);
        Self {
            client_id,
            user,
            browser: browser.into(),
            by_token,
            is_replaying: AtomicBool::new(false),
            state: Mutex::new(state),
            wake: Arc::default(),
        }
    }

    pub(super) fn client_id(&self) -> &Arc<str> {
        &self.client_id
    }

    /// The user it belongs to.
    pub fn user(&self) -> &UserKey {
        &self.user
    }

    /// A panic elsewhere must not make this session fail for ever.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever carries the session: a held connect, a socket, or a connect that was replaced.
    pub(super) fn wake(&self) {
        self.wake.notify_waiters();
    }

    /// Notices every [`wake`](Self::wake) from here on, before it is polled too.
    pub(super) fn woken(&self) -> OwnedNotified {
        Arc::clone(&self.wake).notified_owned()
    }
}
