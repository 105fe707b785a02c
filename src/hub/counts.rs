use std::sync::atomic::{AtomicU64, Ordering};

use super::Inner;
use crate::bayeux::{Carrier, Ended};

/// What a hub holds and has done. But for repetitions by acknowledgement, queued = sent + dropped + what still waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Open sessions.
    pub sessions: usize,
    /// Users with a session.
    pub users: usize,
    /// Connects that wait.
    pub held_connects: usize,
    /// Open sockets, listeners among them.
    pub sockets: u64,
    /// Sessions whose last connect came by polling.
    pub polling: usize,
    /// Sessions whose last connect came over a WebSocket.
    pub on_sockets: usize,
    /// Sessions that only listen.
    pub listeners: u64,
    /// Handshakes that succeeded.
    pub sessions_opened: u64,
    /// Sessions that said goodbye.
    pub sessions_disconnected: u64,
    /// Sessions that stayed away.
    pub sessions_expired: u64,
    /// Sessions that did nothing but connect.
    pub sessions_inactive: u64,
    /// Sessions whose queue overflowed.
    pub sessions_overflowed: u64,
    /// Sessions whose credentials ended or were withdrawn.
    pub sessions_revoked: u64,
    /// Events put into a queue.
    pub events_queued: u64,
    /// Events written out; with acknowledgement, every repetition counts again.
    pub events_sent: u64,
    /// Events written out that their session did not get after all, and that wait again; not among those sent.
    pub events_put_back: u64,
    /// Events that were waiting when their session ended.
    pub events_dropped: u64,
}

/// The running totals.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) sockets: AtomicU64,
    pub(super) listeners: AtomicU64,
    pub(super) opened: AtomicU64,
    disconnected: AtomicU64,
    expired: AtomicU64,
    inactive: AtomicU64,
    overflowed: AtomicU64,
    revoked: AtomicU64,
    queued: AtomicU64,
    written: AtomicU64,
    put_back: AtomicU64,
    dropped: AtomicU64,
}

impl Counters {
    pub(super) fn queued(&self, events: usize) {
        self.queued.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn sent(&self, events: usize) {
        self.written.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn put_back(&self, events: usize) {
        self.put_back.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self, events: usize) {
        self.dropped.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, why: Ended) {
        let counter = match why {
            Ended::Disconnected | Ended::ShutDown => &self.disconnected,
            Ended::Expired => &self.expired,
            Ended::Inactive => &self.inactive,
            Ended::Overflowed => &self.overflowed,
            Ended::Revoked => &self.revoked,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Inner {
    pub(super) fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let (mut held_connects, mut polling, mut on_sockets) = (0, 0, 0);
        for open in self.sessions.all() {
            let session = &open.lock().session;
            held_connects += usize::from(session.is_held());
            match session.connected_over() {
                Some(Carrier::LongPolling) => polling += 1,
                Some(Carrier::Socket(_)) => on_sockets += 1,
                None => {}
            }
        }
        let events_put_back = read(&counters.put_back);
        Counts {
            sessions: self.sessions.len(),
            users: self.index.users(),
            held_connects,
            sockets: read(&counters.sockets),
            polling,
            on_sockets,
            listeners: read(&counters.listeners),
            sessions_opened: read(&counters.opened),
            sessions_disconnected: read(&counters.disconnected),
            sessions_expired: read(&counters.expired),
            sessions_inactive: read(&counters.inactive),
            sessions_overflowed: read(&counters.overflowed),
            sessions_revoked: read(&counters.revoked),
            events_queued: read(&counters.queued),
            events_sent: read(&counters.written).saturating_sub(events_put_back),
            events_put_back,
            events_dropped: read(&counters.dropped),
        }
    }
}
