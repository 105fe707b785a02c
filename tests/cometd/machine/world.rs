//! A session, its client and what lies between them, with the hub's discipline: who calls what when is as in `src/hub`.

use std::collections::BTreeSet;

use baton::bayeux::{
    Carrier, ChannelId, ConnectPoll, ConnectTerms, Connected, Cursor, Delivery, Ended, Limits,
    Moment, Offered, Replayed, Request, Session,
};
use serde_json::{Value, json};

use super::carriage::Flight;
use super::client::Client;
use super::history::{History, hears};
use super::moves::{CHANNELS, From, Message, Move, Over, PATTERNS, Terms};
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
            Ended::Disconnected | Ended::Revoked | Ended::ShutDown => "ended",
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

    /// The carrier of a message, and whether it can be sent: a socket writes one frame at a time, and reads none meanwhile.
    fn carrier(&mut self, over: Over) -> Option<Carrier> {
        if over == Over::LongPolling {
            return Some(Carrier::LongPolling);
        }
        let (socket, is_new) = self.client.use_socket();
        if is_new {
            self.sockets.push(socket);
        }
        (!self.writes(socket)).then_some(Carrier::Socket(socket))
    }

    pub(super) fn connect_alone(&mut self, over: Over, at_once: bool, browser_full: bool) {
        let Some(carrier) = self.carrier(over) else {
            return;
        };
        if self.waits_on(carrier) {
            return;
        }
        let connect = self.next_connect(carrier);
        let terms = ConnectTerms {
            carrier,
            alone: true,
            browser_full: browser_full && carrier == Carrier::LongPolling,
        };
        self.attach(carrier);
        match self.connect(connect, terms, at_once) {
            Connected::Answered(delivery) => {
                let flight = self.depart(carrier, delivery);
                self.fly(flight);
            }
            Connected::Held(number) if carrier == Carrier::LongPolling => {
                self.polls.push((number, self.now_ms));
            }
            Connected::Held(_) => {}
        }
        self.woken = true;
        self.continue_replay();
    }

    fn connect(&mut self, connect: u64, terms: ConnectTerms, at_once: bool) -> Connected {
        let mut message =
            json!({"channel": "/meta/connect", "id": connect, "ext": {"ack": self.client.batch}});
        if at_once {
            message["advice"] = json!({"timeout": 0});
        }
        if self.terms.acknowledges {
            if self.slots.unacknowledged() > 0 && self.client.batch > 0 {
                self.seen.push("acknowledged");
            }
            let before = self.slots.waiting();
            self.slots.acknowledge(self.client.batch);
            if self.slots.waiting() > before {
                self.seen.push("told again");
            }
        }
        self.heard_at = self.now_ms;
        let text = message.to_string();
        self.session.connect(&parse(&text), terms, at(self.now_ms))
    }

    /// A client does not connect again over the socket that it waits for.
    fn waits_on(&self, carrier: Carrier) -> bool {
        carrier != Carrier::LongPolling && self.client.awaited.is_some()
    }

    /// A client that polls has left its socket.
    fn next_connect(&mut self, carrier: Carrier) -> u64 {
        if carrier == Carrier::LongPolling {
            self.client.socket = None;
            self.bound = None;
        }
        self.client.next_connect()
    }

    fn attach(&mut self, carrier: Carrier) {
        if let Carrier::Socket(socket) = carrier {
            let was_held = self.session.is_held();
            self.session.attach(socket, at(self.now_ms));
            if was_held && !self.session.is_held() {
                self.heard_at = self.now_ms;
            }
            self.bound = Some(socket);
        }
    }

    fn request(&mut self, over: Over, messages: &[Message]) {
        let Some(carrier) = self.carrier(over) else {
            return;
        };
        self.session.begin_batch();
        self.attach(carrier);
        let mut flight = Flight::new(carrier);
        for message in messages {
            if self.session.ended().is_none() {
                self.message(message, &mut flight);
            }
        }
        let socket = match carrier {
            Carrier::Socket(socket) => Some(socket),
            Carrier::LongPolling => None,
        };
        let mut delivery = Delivery::default();
        self.session.collect(&mut delivery, socket, at(self.now_ms));
        self.heard_at = self.now_ms;
        flight.add(self.depart(carrier, delivery));
        self.woken |= self.session.end_batch();
        if self.session.ended().is_none() {
            self.continue_replay();
            self.fly(flight);
            // A socket looks at its session whenever it has received something.
            self.woken |= carrier != Carrier::LongPolling;
        }
    }

    fn message(&mut self, message: &Message, flight: &mut Flight) {
        match message {
            Message::Subscribe { patterns, cursor } => self.subscribe(patterns, *cursor),
            Message::Unsubscribe(pattern) => {
                let text =
                    json!({"channel": "/meta/unsubscribe", "subscription": PATTERNS[*pattern]})
                        .to_string();
                let (_, removed) = self.session.unsubscribe(&parse(&text));
                for channel in removed {
                    self.subscribed.remove(channel.as_str());
                    self.deeds.push(Deed::Unsubscribed(channel.to_string()));
                }
            }
            Message::Publish => {
                let number = self.history.make("/service/echo", None);
                let offered = self.session.answer(&self.history.events(&[number]));
                self.queued(&offered, true, &[number]);
                if !offered.overflowed {
                    self.deeds.push(Deed::Answered(number));
                }
            }
            // One connect at a time.
            Message::Connect if flight.connect.is_some() => {}
            Message::Connect if self.waits_on(flight.carrier) => {}
            Message::Connect => {
                let connect = self.next_connect(flight.carrier);
                let terms = ConnectTerms {
                    carrier: flight.carrier,
                    alone: false,
                    browser_full: false,
                };
                let Connected::Answered(delivery) = self.connect(connect, terms, false) else {
                    panic!("held, though not alone")
                };
                flight.add(self.depart(flight.carrier, delivery));
                self.woken = true;
            }
            Message::Meanwhile(moves) => moves.iter().for_each(|it| self.apply(it)),
        }
    }

    fn subscribe(&mut self, patterns: &[(usize, bool)], cursor: Option<From>) {
        let cursor = cursor.filter(|_| self.terms.keeps_history);
        let sequence = cursor.map(|cursor| match cursor {
            From::OnlyNew => "-1".to_owned(),
            From::AllKept => "-2".to_owned(),
            From::Behind(steps) => self.history.head().saturating_sub(steps).to_string(),
            From::Ahead => (self.history.head() + 5).to_string(),
        });
        let names: Vec<String> = patterns
            .iter()
            .map(|(pattern, slashed)| {
                format!("{}{}", PATTERNS[*pattern], if *slashed { "/" } else { "" })
            })
            .collect();
        let mut message = json!({"channel": "/meta/subscribe", "subscription": names});
        if let Some(sequence) = sequence {
            let cursors = names.iter().map(|name| (name.clone(), json!(sequence)));
            message["ext"] = json!({"replay": Value::Object(cursors.collect())});
        }
        let text = message.to_string();
        let (_, added) = self.session.subscribe(&parse(&text), |_| Ok(()));
        let mut wanted = self.subscribed.clone();
        wanted.extend(
            patterns
                .iter()
                .map(|(pattern, _)| PATTERNS[*pattern].to_owned()),
        );
        let fits = wanted.len() <= self.terms.subscriptions_max;
        assert_eq!(!added.is_empty(), fits, "all that fit, or none");
        if fits {
            self.subscribed = wanted;
        }
        for (pattern, slashed) in patterns.iter().filter(|_| !added.is_empty()) {
            self.deeds.push(Deed::Subscribed {
                pattern: PATTERNS[*pattern].to_owned(),
                slashed: *slashed,
            });
        }
        for it in added {
            self.begin(&it.channel, it.cursor.as_ref());
        }
    }

    /// What the hub makes of what the application says.
    fn begin(&mut self, channel: &ChannelId, cursor: Option<&Cursor>) {
        if !self.terms.keeps_history || self.session.ended().is_some() {
            return;
        }
        let (head, kept_after) = (self.history.head(), self.history.kept_after);
        let after = match cursor {
            Some(Cursor::OnlyNew) => head,
            Some(Cursor::AllKept) => kept_after,
            Some(Cursor::After { sequence, .. }) if (kept_after..=head).contains(sequence) => {
                *sequence
            }
            Some(Cursor::After { .. }) | None => return self.state(channel),
        };
        let resumes = after < head || cursor == Some(&Cursor::AllKept);
        if resumes {
            self.session.resume(channel, after);
            self.is_replaying = true;
            self.seen.push("resumed");
        } else {
            self.session.go_live(channel, after);
        }
        self.deeds.push(Deed::Began {
            pattern: channel.to_string(),
            after,
            resumes,
        });
    }

    pub(super) fn state(&mut self, channel: &ChannelId) {
        let heard = CHANNELS.iter().filter(|it| hears(channel.as_str(), it));
        let numbers: Vec<usize> = heard.map(|it| self.history.make(it, None)).collect();
        let counts = self.slots.has_uncounted();
        let valid_at = self.history.head();
        let events = self.history.events(&numbers);
        let offered = self.session.state(channel, valid_at, &events);
        self.queued(&offered, counts, &numbers);
        if !offered.overflowed {
            self.deeds.push(Deed::State {
                pattern: channel.to_string(),
                valid_at,
                numbers,
            });
        }
    }
}

pub(super) fn at(monotonic_ms: u64) -> Moment {
    Moment {
        monotonic_ms,
        wall_ms: 1_000 + monotonic_ms,
    }
}

fn parse(text: &str) -> Request<'_> {
    Request::parse(text, 1).unwrap().remove(0)
}
