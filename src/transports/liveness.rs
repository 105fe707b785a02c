use std::time::Duration;

use tokio::time::Instant;

use crate::hub::Settings;

/// Whether a socket's peer is still there: who has said nothing for a while is asked, and has to answer.
pub(super) struct Liveness {
    ping_interval: Duration,
    pong_timeout: Duration,
    heard_at: Instant,
    asked_at: Option<Instant>,
}

/// What a look at a socket shows.
pub(super) enum Look {
    /// Its peer was heard of not long ago, or still has time to answer.
    Heard,
    /// Its peer has to be asked now.
    Silent,
    /// Its peer has not answered.
    Gone,
}

impl Liveness {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            ping_interval: Duration::from_millis(settings.websocket_ping_interval_ms),
            pong_timeout: Duration::from_millis(settings.websocket_pong_timeout_ms),
            heard_at: Instant::now(),
            asked_at: None,
        }
    }

    /// Something came, whatever it was.
    pub(super) fn heard(&mut self) {
        self.heard_at = Instant::now();
        self.asked_at = None;
    }

    /// When to look next.
    pub(super) fn look_at(&self) -> Instant {
        match self.asked_at {
            Some(asked_at) => asked_at + self.pong_timeout,
            None => self.heard_at + self.ping_interval,
        }
    }

    pub(super) fn look(&mut self) -> Look {
        let now = Instant::now();
        match self.asked_at {
            _ if now < self.look_at() => Look::Heard,
            Some(_) => Look::Gone,
            None => {
                self.asked_at = Some(now);
                Look::Silent
            }
        }
    }
}
