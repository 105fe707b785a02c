use serde::Serialize;

use super::Limits;

/// What a client is told to do next.
///
/// Clients merge an advice into their own defaults, so the three times are always sent together.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Advice {
    reconnect: Reconnect,
    interval: u64,
    timeout: u64,
    #[serde(rename = "multiple-clients", skip_serializing_if = "Option::is_none")]
    multiple_clients: Option<bool>,
}

/// How to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reconnect {
    /// Connect again with the same session.
    Retry,
    /// Handshake again. Never part of a successful reply: cometd.js throws on that.
    Handshake,
    /// Give up.
    None,
}

/// How long a client waits that has to poll, since as many connects are held as may be.
const POLLING_INTERVAL_MS: u64 = 2_000;

impl Advice {
    /// Go on as `limits` say.
    pub fn retry(limits: &Limits) -> Self {
        Self::of(Reconnect::Retry, limits)
    }

    /// Begin again.
    pub fn handshake(limits: &Limits) -> Self {
        Self {
            interval: 0,
            ..Self::of(Reconnect::Handshake, limits)
        }
    }

    /// Begin again, but not before the sessions that are in the way may have expired.
    pub fn handshake_later(limits: &Limits) -> Self {
        Self {
            interval: limits.max_interval_ms,
            ..Self::of(Reconnect::Handshake, limits)
        }
    }

    /// Give up.
    pub fn none(limits: &Limits) -> Self {
        Self::of(Reconnect::None, limits)
    }

    /// Poll: as many connects are held as may be, in all or by the client's browser.
    pub fn poll(limits: &Limits) -> Self {
        Self {
            interval: POLLING_INTERVAL_MS,
            multiple_clients: Some(true),
            ..Self::of(Reconnect::Retry, limits)
        }
    }

    /// How long the client was told to wait before it connects again.
    pub(super) fn interval_ms(&self) -> u64 {
        self.interval
    }

    fn of(reconnect: Reconnect, limits: &Limits) -> Self {
        Self {
            reconnect,
            interval: limits.interval_ms,
            timeout: limits.timeout_ms,
            multiple_clients: None,
        }
    }
}
