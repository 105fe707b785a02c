//! How what a session says gets to its client, or does not.

use baton::bayeux::{Carrier, ConnectPoll, Delivery, Ended, Gone, Queued};
use serde_json::Value;

use super::slots::Seen;
use super::world::{MAX_INTERVAL_MS, TIMEOUT_MS, World, at};

/// A response or frame between server and client.
pub(super) struct Flight {
    pub(super) carrier: Carrier,
    /// The connect that it answers, with the batch that it closes.
    pub(super) connect: Option<(u64, Option<u64>)>,
    slots: Vec<usize>,
    events: Vec<Queued>,
}

impl Flight {
    pub(super) fn new(carrier: Carrier) -> Self {
        Self {
            carrier,
            connect: None,
            slots: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.connect = self.connect.or(other.connect);
        self.slots.extend(other.slots);
        self.events.extend(other.events);
    }
}

impl World {
    pub(super) fn end_slow(&mut self) {
        if self.slow == 0 {
            return;
        }
        self.slow -= 1;
        let mut delivery = Delivery::default();
        self.session.collect(&mut delivery, None, at(self.now_ms));
        self.heard_at = self.now_ms;
        let flight = self.depart(Carrier::LongPolling, delivery);
        self.woken |= self.session.end_batch();
        self.continue_replay();
        self.fly(flight);
    }

    /// Whoever was woken looks; afterwards nothing waits that somebody could take.
    pub(super) fn look(&mut self) {
        while std::mem::take(&mut self.woken) {
            self.look_at_polls();
            self.look_at_sockets();
        }
        let is_overdue = |(_, since): &(u64, u64)| since + TIMEOUT_MS <= self.now_ms;
        assert!(!self.polls.iter().any(is_overdue), "a poll is overdue");
        let is_carried = !self.polls.is_empty() || self.bound.is_some();
        assert!(is_carried || !self.session.is_held(), "held by nobody");
        if self.slow > 0 || self.slots.waiting() == 0 {
            return;
        }
        let is_pushed = !self.terms.acknowledges && self.bound.is_some();
        assert!(is_pushed || self.polls.is_empty(), "a poll was not woken");
        let takes = !self.terms.acknowledges || self.session.is_held();
        let idle = self.bound.filter(|socket| !self.writes(*socket));
        assert!(!takes || idle.is_none(), "a socket was not woken");
    }

    fn look_at_polls(&mut self) {
        for (number, since) in std::mem::take(&mut self.polls) {
            match self.session.poll_connect(number, at(self.now_ms)) {
                ConnectPoll::Wait(_) => {
                    self.polls.push((number, since));
                    continue;
                }
                ConnectPoll::Answered(delivery) => {
                    self.heard_at = self.now_ms;
                    let is_due = since + TIMEOUT_MS <= self.now_ms;
                    self.check_batch(&delivery, is_due);
                    let flight = self.depart(Carrier::LongPolling, delivery);
                    self.fly(flight);
                }
                ConnectPoll::Replaced => self.seen.push("replaced"),
            }
            self.session.abandon_connect(number, at(self.now_ms));
        }
    }

    fn look_at_sockets(&mut self) {
        for socket in self.sockets.clone() {
            if self.writes(socket) {
                continue;
            }
            self.continue_replay();
            let was_held = self.session.is_held();
            let poll = self.session.poll_socket(socket, at(self.now_ms));
            match poll.gone {
                // It forgets the session, and only waits to be closed.
                Some(Gone::Moved) => self.sockets.retain(|it| *it != socket),
                Some(Gone::Ended(why)) => panic!("{why:?}, but nobody ended it"),
                None => {}
            }
            if was_held && !self.session.is_held() {
                self.heard_at = self.now_ms;
            }
            self.check_batch(&poll.delivery, !poll.delivery.last.is_empty());
            let flight = self.depart(Carrier::Socket(socket), poll.delivery);
            self.fly(flight);
        }
    }

    /// What comes while a request is worked on waits for its response.
    fn check_batch(&self, delivery: &Delivery, is_due: bool) {
        let waits = self.slow > 0 && !is_due;
        assert!(!waits || delivery.events.is_empty(), "taken from a batch");
    }

    /// What the session has just let go.
    pub(super) fn depart(&mut self, carrier: Carrier, delivery: Delivery) -> Flight {
        let messages: Vec<Value> = serde_json::from_str(&delivery.encode()).unwrap();
        let (mut seen, mut connect) = (Vec::new(), None);
        for message in &messages {
            if let Some(number) = message["data"]["n"].as_u64() {
                assert_eq!(connect, None, "an event after the reply to the connect");
                seen.push(Seen {
                    event: usize::try_from(number).unwrap(),
                    slashed: message["channel"].as_str().unwrap().ends_with('/'),
                    bytes: message.to_string().len(),
                });
            } else if message["channel"] == "/meta/connect" {
                assert_eq!(message["successful"], true);
                let batch = message["ext"]["ack"].as_u64();
                assert_eq!(batch.is_some(), self.terms.acknowledges);
                connect = Some((message["id"].as_u64().unwrap(), batch));
            }
        }
        let batch = connect.and_then(|(_, batch)| batch);
        assert!(seen.is_empty() || !self.terms.acknowledges || batch.is_some());
        Flight {
            carrier,
            connect,
            slots: self.slots.take(&seen, batch),
            events: delivery.events,
        }
    }

    pub(super) fn fly(&mut self, flight: Flight) {
        if flight.connect.is_some() || !flight.slots.is_empty() {
            self.flights.push(flight);
        }
    }

    pub(super) fn writes(&self, socket: u64) -> bool {
        let on = |flight: &Flight| flight.carrier == Carrier::Socket(socket);
        self.flights.iter().any(on)
    }

    pub(super) fn land(&mut self, at: usize, how: impl Fn(&mut Self, Flight)) {
        if !self.flights.is_empty() {
            let flight = self.flights.remove(at % self.flights.len());
            how(self, flight);
        }
    }

    pub(super) fn arrive(&mut self, flight: Flight) {
        // The socket looks at once whether there is more.
        self.woken |= flight.carrier != Carrier::LongPolling;
        let is_listened_to = match flight.carrier {
            Carrier::Socket(socket) => self.client.socket == Some(socket),
            Carrier::LongPolling => true,
        };
        let is_awaited = flight
            .connect
            .is_none_or(|(connect, _)| self.client.awaited == Some(connect));
        if !is_listened_to || !is_awaited {
            return self.lose(flight);
        }
        if let Some((_, batch)) = flight.connect {
            self.client.awaited = None;
            let batch = batch.unwrap_or(self.client.batch);
            assert!(batch >= self.client.batch, "batches grow");
            self.client.batch = batch;
        }
        self.client.received.extend(flight.slots);
    }

    pub(super) fn put_back(&mut self, flight: Flight) {
        if !self.terms.acknowledges && !flight.slots.is_empty() {
            self.slots.put_back(&flight.slots);
            self.seen.push("put back");
        }
        self.woken |= self.session.put_back(flight.events.clone());
        self.miss(&flight);
    }

    pub(super) fn vanish(&mut self, flight: Flight) {
        self.miss(&flight);
        self.lose(flight);
    }

    /// The client learns that a response will not come.
    fn miss(&mut self, flight: &Flight) {
        if let Carrier::Socket(socket) = flight.carrier {
            self.drop_socket(socket);
        } else if flight.connect.map(|(connect, _)| connect) == self.client.awaited {
            self.client.awaited = None;
        }
    }

    /// Without acknowledgement nobody will ever know.
    fn lose(&mut self, flight: Flight) {
        if !self.terms.acknowledges {
            self.vanished.extend(flight.slots);
        }
    }

    pub(super) fn abandon(&mut self) {
        let Some((number, _)) = self.polls.pop() else {
            return;
        };
        self.session.abandon_connect(number, at(self.now_ms));
        self.heard_at = self.now_ms;
        self.client.awaited = None;
    }

    pub(super) fn close_socket(&mut self, at: usize) {
        if !self.sockets.is_empty() {
            let socket = self.sockets[at % self.sockets.len()];
            self.drop_socket(socket);
        }
    }

    fn drop_socket(&mut self, socket: u64) {
        let of_socket = |flight: &mut Flight| flight.carrier == Carrier::Socket(socket);
        let unwritten: Vec<Flight> = self.flights.extract_if(.., of_socket).collect();
        for flight in unwritten {
            self.slots.put_back(if self.terms.acknowledges {
                &[]
            } else {
                &flight.slots
            });
            self.woken |= self.session.put_back(flight.events);
        }
        self.woken |= self.session.detach(socket, at(self.now_ms));
        self.sockets.retain(|it| *it != socket);
        if self.client.socket == Some(socket) {
            self.client.leave_socket();
        }
        if self.bound == Some(socket) {
            self.bound = None;
            self.heard_at = self.now_ms;
        }
    }

    pub(super) fn pass(&mut self, ms: u64) {
        self.now_ms += ms;
        self.woken = true;
        self.look();
        let is_expired = self.session.is_expired(at(self.now_ms));
        let silent_ms = self.now_ms - self.heard_at;
        let is_held = self.session.is_held();
        assert!(!is_expired || !is_held, "expired while a connect is held");
        assert!(!is_expired || silent_ms >= MAX_INTERVAL_MS, "expired early");
        let is_late = silent_ms > self.advised_ms + MAX_INTERVAL_MS;
        assert!(is_expired || is_held || !is_late, "it should have expired");
        if is_expired {
            self.end(Ended::Expired);
        }
    }
}
