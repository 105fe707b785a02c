//! A session, its client and what lies between them, with the hub's discipline: who calls what when is as in `src/hub`.

use std::collections::BTreeSet;

use baton::bayeux::{ConnectPoll, Ended, Limits, Moment, Offered, Replayed, Request, Session};
use serde_json::json;

use super::carriage::Flight;
use super::client::Client;
use super::history::History;
use super::moves::{Move, Terms};
use super::reference::Deed;
use super::slots::Slots;

pub(super) const TIMEOUT_MS: u64 = 30;
pub(super) const INTERVAL_MS: u64 = 5;
pub(super) const MAX_INTERVAL_MS: u64 = 40;
/// Requests of slow publishers at a time.
const SLOW_MAX: usize = 2;

/// Everything of a run.
pub(super) struct World {
    pub(super) terms: Terms,
    pub(super) session: Session,
    pub(super) now_ms: u64,
    pub(super) history: History,
    pub(super) slots: Slots,
    pub(super) client: Client,
    pub(super) deeds: Vec<Deed>,
    pub(super) subscribed: BTreeSet<String>,
    pub(super) flights: Vec<Flight>,
    /// Polls that wait, by the session's number, with when they came.
    pub(super) polls: Vec<(u64, u64)>,
    pub(super) sockets: Vec<u64>,
    /// The one that the session should believe in.
    pub(super) bound: Option<u64>,
    pub(super) slow: usize,
    pub(super) woken: bool,
    /// As the hub's flag: somebody may have to ask for a page.
    pub(super) is_replaying: bool,
    pub(super) asked: Option<u64>,
    pub(super) read: Option<Option<Replayed>>,
    pub(super) heard_at: u64,
    /// How long the client was told to wait before it connects again.
    pub(super) advised_ms: u64,
    pub(super) vanished: Vec<usize>,
    /// What came about, for the sum of all runs.
    pub(super) seen: Vec<&'static str>,
}

impl World {
    pub(super) fn new(terms: Terms) -> Self {
        let limits = Limits {
            timeout_ms: TIMEOUT_MS,
            interval_ms: INTERVAL_MS,
            max_interval_ms: MAX_INTERVAL_MS,
            queue_len_max: terms.queue_len_max,
            queue_bytes_max: terms.queue_bytes_max,
            subscriptions_max: terms.subscriptions_max,
            response_bytes_max: terms.response_bytes_max,
            activity_timeout_ms: None,
            callback_polling: false,
        };
        let text = json!({"channel": "/meta/handshake", "ext": {"ack": terms.acknowledges, "replay": true}});
        let text = text.to_string();
        let session = Session::new(limits, &parse(&text), at(0));
        Self {
            terms,
            session,
            now_ms: 0,
            history: History::default(),
            slots: Slots::default(),
            client: Client::default(),
            deeds: Vec::new(),
            subscribed: BTreeSet::new(),
            flights: Vec::new(),
            polls: Vec::new(),
            sockets: Vec::new(),
            bound: None,
            slow: 0,
            woken: false,
            is_replaying: false,
            asked: None,
            read: None,
            heard_at: 0,
            advised_ms: INTERVAL_MS,
            vanished: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub(super) fn apply(&mut self, what: &Move) {
        if self.session.ended().is_some() {
            return;
        }
        match what {
            Move::Commit(events) => self.history.commit(events),
            Move::Deliver(steps) => {
                let left = self.history.steps.len() - self.history.delivered;
                (0..left.min(*steps)).for_each(|_| self.deliver());
            }
            Move::Request(over, messages) => self.request(*over, messages),
            Move::Connect {
                over,
                at_once,
                browser_full,
            } => self.connect_alone(*over, *at_once, *browser_full),
            Move::SlowBegin if self.slow < SLOW_MAX => {
                self.session.begin_batch();
                self.slow += 1;
            }
            Move::SlowBegin => {}
            Move::SlowEnd => self.end_slow(),
            Move::Look => self.look(),
            Move::Arrive(at) => self.land(*at, Self::arrive),
            Move::Break(at) => self.land(*at, Self::put_back),
            Move::Vanish(at) => self.land(*at, Self::vanish),
            Move::Abandon => self.abandon(),
            Move::CloseSocket(at) => self.close_socket(*at),
            Move::LeaveSocket => self.client.leave_socket(),
            Move::ReadPage(len_max) => self.read_page(*len_max),
            Move::GivePage => self.give_page(),
            Move::Trim(steps) => {
                self.history.kept_after =
                    (self.history.kept_after + steps).min(self.history.head());
            }
            Move::Pass(ms) => self.pass(*ms),
        }
        assert_eq!(
            self.session.waiting(),
            self.slots.waiting() * usize::from(self.session.ended().is_none()),
            "events wait"
        );
    }

    pub(super) fn deliver(&mut self) {
        let step = self.history.delivered;
        let Some((_, numbers)) = self.history.steps.get(step).cloned() else {
            return;
        };
        self.history.delivered += 1;
        if self.session.ended().is_some() {
            return;
        }
        let offered = self.session.offer(&self.history.events(&numbers));
        self.queued(&offered, true, &numbers);
        if !offered.overflowed {
            let (told, is_replaying) = (offered.queued, self.session.is_replaying());
            self.deeds.push(Deed::Offered {
                step,
                told,
                is_replaying,
            });
        }
    }

    /// Does what the hub does with what became of an offer of some events.
    pub(super) fn queued(&mut self, offered: &Offered, counts: bool, numbers: &[usize]) {
        let room = self
            .terms
            .queue_len_max
            .saturating_sub(self.slots.counted().count());
        let bytes_max = self.history.bytes_max(numbers);
        if offered.overflowed {
            let bytes = self.slots.counted_bytes_max() + numbers.len() * bytes_max;
            let is_full = room < numbers.len() || bytes > self.terms.queue_bytes_max;
            assert!(is_full, "overflow with room for {room}, at {bytes} bytes");
            return self.end(Ended::Overflowed);
        }
        if counts && offered.queued > 0 {
            let fits = offered.queued <= room.max(1);
            assert!(fits, "{} let in with room for {room}", offered.queued);
        }
        assert!(!offered.wake || self.slow == 0, "woken during a batch");
        self.slots.push(offered.queued, counts, bytes_max);
        self.woken |= offered.wake;
    }

    pub(super) fn end(&mut self, why: Ended) {
        self.seen.push(match why {
            Ended::Overflowed => "overflowed",
            Ended::Expired => "expired",
            Ended::Disconnected | Ended::Inactive | Ended::Revoked | Ended::ShutDown => "ended",
        });
        self.session.end(why);
        assert_eq!(self.session.end(Ended::ShutDown), None, "it ends once");
        // Whoever waits is told why, and nothing else.
        for (number, _) in std::mem::take(&mut self.polls) {
            if let ConnectPoll::Answered(delivery) =
                self.session.poll_connect(number, at(self.now_ms))
            {
                assert_eq!((delivery.events.len(), delivery.last.len()), (0, 1));
            }
        }
        for socket in std::mem::take(&mut self.sockets) {
            let poll = self.session.poll_socket(socket, at(self.now_ms));
            assert!(poll.delivery.events.is_empty() && poll.gone.is_some());
        }
        let late = self.session.offer(&self.history.events(&[]));
        assert_eq!(late, Offered::default());
    }
}

pub(super) fn at(monotonic_ms: u64) -> Moment {
    Moment {
        monotonic_ms,
        wall_ms: 1_000 + monotonic_ms,
    }
}

pub(super) fn parse(text: &str) -> Request<'_> {
    Request::parse(text, 1).unwrap().remove(0)
}
