use super::super::Moment;

/// The activity extension: a client that does nothing but connect is taken for one that nobody uses any more.
#[derive(Debug)]
pub(crate) struct Activity {
    timeout_ms: u64,
    ends_at: u64,
}

impl Activity {
    pub(crate) fn new(timeout_ms: u64, now: Moment) -> Self {
        Self {
            timeout_ms,
            ends_at: now.monotonic_ms + timeout_ms,
        }
    }

    /// The client has sent something other than a connect.
    pub(crate) fn saw(&mut self, now: Moment) {
        self.ends_at = now.monotonic_ms + self.timeout_ms;
    }

    pub(crate) fn is_over(&self, now: Moment) -> bool {
        self.ends_at <= now.monotonic_ms
    }
}
