//! What the client sends, and what the hub does with it.

use baton::bayeux::{Carrier, ChannelId, ConnectTerms, Connected, Cursor, Delivery};
use serde_json::{Value, json};

use super::carriage::Flight;
use super::history::hears;
use super::moves::{CHANNELS, From, Message, Over, PATTERNS};
use super::reference::Deed;
use super::world::{INTERVAL_MS, World, at, parse};

impl World {
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
            has_to_poll: browser_full && carrier == Carrier::LongPolling,
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
        let connected = self.session.connect(&parse(&text), terms, at(self.now_ms));
        self.advised_ms = match &connected {
            Connected::Answered(delivery) => advised_ms(&delivery.last[0]),
            Connected::Held(_) => INTERVAL_MS,
        };
        connected
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

    pub(super) fn request(&mut self, over: Over, messages: &[Message]) {
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
                    has_to_poll: false,
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

/// How long a reply says to wait; nothing is as it was agreed at the handshake.
fn advised_ms(reply: &str) -> u64 {
    let reply: Value = serde_json::from_str(reply).unwrap();
    reply["advice"]["interval"].as_u64().unwrap_or(INTERVAL_MS)
}
