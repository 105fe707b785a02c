use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::open_session::State;
use super::{Hub, OpenSession, Principal};
use crate::bayeux::{Ended, Moment, Refusal, Request, Session, handshake};

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
                let epoch = self.0.application.epoch(principal);
                let reply = handshake::accepted(
                    request,
                    open.client_id(),
                    epoch.as_ref().map(|epoch| epoch.name.as_str()),
                    self.limits(),
                    received,
                    self.now(),
                );
                (reply, Some(open))
            }
            Err(refusal) => (handshake::refused(request, &refusal, self.limits()), None),
        }
    }

    pub(super) fn open(
        &self,
        request: &Request<'_>,
        principal: &Principal,
        by_token: bool,
        browser: &str,
    ) -> Result<Arc<OpenSession>, Refusal> {
        handshake::check(request, self.limits())?;
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
        if self.is_stopping() || !inner.sessions.reserve(inner.settings.sessions_max) {
            return Err(Refusal::TooManySessions);
        }
        let first = || inner.application.sessions_changed(principal, 1);
        if !inner
            .index
            .open(&open, inner.settings.sessions_per_user_max, first)
        {
            inner.sessions.give_up();
            return Err(Refusal::TooManySessions);
        }
        inner.sessions.insert(&open);
        inner.counters.opened.fetch_add(1, Ordering::Relaxed);
        // Who looked for sessions to end before this one was inserted has said so before he looked.
        if self.is_stopping() {
            inner.end(&open, Ended::ShutDown);
        }
        Ok(open)
    }
}

impl State {
    /// Later credentials of the same user let the session live as long as they do.
    pub(super) fn renew(&mut self, principal: &Principal, now: Moment) {
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
