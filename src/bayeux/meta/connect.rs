//! `/meta/connect`: when it is held, what ends the hold, and what the reply carries.

use serde_json::value::RawValue;

use super::super::extensions::timesync::Question;
use super::super::{Advice, Delivery, Ended, Moment, Refusal, Reply, Request, Session};

const CHANNEL: &str = "/meta/connect";

/// What a connect came over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A request with a response of its own.
    LongPolling,
    /// The WebSocket with this number.
    Socket(u64),
}

impl Carrier {
    /// A client that goes on over a carrier of another kind is advised anew.
    fn kind(self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(&self)
    }
}

/// Around a connect: what the message itself does not say.
#[derive(Debug, Clone, Copy)]
pub struct ConnectTerms {
    /// What it came over.
    pub carrier: Carrier,
    /// It is the only message of its request: only such a connect is held.
    pub alone: bool,
    /// As many connects are held as may be, in all or by the client's browser.
    pub has_to_poll: bool,
}

/// What became of a connect.
#[derive(Debug)]
pub enum Connected {
    /// It was answered.
    Answered(Delivery),
    /// It is held, under this number.
    Held(u64),
}

/// What a waiting long poll does next.
#[derive(Debug)]
pub enum ConnectPoll {
    /// Waits, at most until this monotonic time.
    Wait(u64),
    /// Answers.
    Answered(Delivery),
    /// Fails: a newer connect took its place.
    Replaced,
}

/// What a socket does next for one session.
#[derive(Debug, Default)]
pub struct SocketPoll {
    /// What to write now.
    pub delivery: Delivery,
    /// When the held connect has to be answered.
    pub deadline: Option<u64>,
    /// The session is over, or another carrier has it: the socket forgets it.
    pub gone: Option<Gone>,
}

/// Why a socket forgets a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// Another carrier has it.
    Moved,
    /// It ended.
    Ended(Ended),
}

/// A connect that waits for something to say.
#[derive(Debug)]
pub(crate) struct Held {
    number: u64,
    carrier: Carrier,
    deadline: u64,
    id: Option<Box<RawValue>>,
    wants_advice: bool,
    timesync: Option<Question>,
    received: Moment,
}

impl Held {
    pub(crate) fn is_on(&self, socket: u64) -> bool {
        self.carrier == Carrier::Socket(socket)
    }

    pub(crate) fn is_on_other_than(&self, socket: u64) -> bool {
        self.carrier != Carrier::LongPolling && !self.is_on(socket)
    }
}

impl Session {
    /// Takes a connect. Whoever waits for an earlier one finds it [replaced](ConnectPoll::Replaced).
    pub fn connect(
        &mut self,
        request: &Request<'_>,
        terms: ConnectTerms,
        now: Moment,
    ) -> Connected {
        self.connects += 1;
        self.held = None;
        if terms.carrier == Carrier::LongPolling {
            self.socket = None;
        }
        if let (Some(acknowledgement), Some(batch)) =
            (&mut self.acknowledgement, request.ext.acknowledged)
        {
            acknowledgement.acknowledge(batch, &mut self.queue);
        }
        // A longer wait than the server's is cut: no client may hold resources for longer than was decided here.
        let timeout_ms = request
            .timeout_ms
            .unwrap_or(self.limits.timeout_ms)
            .min(self.limits.timeout_ms);
        let has_news = !self.queue.is_empty() && !self.pushes();
        let may_be_held =
            terms.alone && self.connected_over.is_some() && timeout_ms > 0 && !has_news;
        let is_held = may_be_held && !terms.has_to_poll;
        let is_elsewhere = self
            .connected_over
            .is_some_and(|before| before.kind() != terms.carrier.kind());
        let wants_advice = request.has_advice || self.polls || is_elsewhere;
        self.polls = may_be_held && terms.has_to_poll;
        self.connected_over = Some(terms.carrier);
        let held = Held {
            number: self.connects,
            carrier: terms.carrier,
            deadline: now.monotonic_ms + timeout_ms,
            id: request.id.map(ToOwned::to_owned),
            wants_advice,
            timesync: request.ext.timesync,
            received: now,
        };
        if is_held {
            self.expires_at = None;
            self.held = Some(held);
            return Connected::Held(self.connects);
        }
        let advice = if self.polls {
            Some(Advice::poll(&self.limits))
        } else {
            wants_advice.then(|| Advice::retry(&self.limits))
        };
        Connected::Answered(self.answer_connect(&held, advice, now))
    }

    /// What the long poll that waits for connect `number` does next.
    pub fn poll_connect(&mut self, number: u64, now: Moment) -> ConnectPoll {
        let Some(held) = self.held.take_if(|held| held.number == number) else {
            return ConnectPoll::Replaced;
        };
        if let Some(why) = self.ended {
            return ConnectPoll::Answered(self.farewell(&held, why));
        }
        if !self.is_due(&held, now) {
            let deadline = held.deadline;
            self.held = Some(held);
            return ConnectPoll::Wait(deadline);
        }
        let advice = held.wants_advice.then(|| Advice::retry(&self.limits));
        ConnectPoll::Answered(self.answer_connect(&held, advice, now))
    }

    /// What `socket` does next.
    pub fn poll_socket(&mut self, socket: u64, now: Moment) -> SocketPoll {
        if self.socket != Some(socket) {
            return SocketPoll {
                gone: Some(Gone::Moved),
                ..SocketPoll::default()
            };
        }
        let held = self.held.take_if(|held| held.is_on(socket));
        if let Some(why) = self.ended {
            let delivery = held
                .map(|held| self.farewell(&held, why))
                .unwrap_or_default();
            return SocketPoll {
                delivery,
                deadline: None,
                gone: Some(Gone::Ended(why)),
            };
        }
        let mut poll = SocketPoll::default();
        match held {
            Some(held) if self.is_due(&held, now) => {
                let advice = held.wants_advice.then(|| Advice::retry(&self.limits));
                poll.delivery = self.answer_connect(&held, advice, now);
            }
            Some(held) => {
                poll.deadline = Some(held.deadline);
                self.held = Some(held);
            }
            None => {}
        }
        // One response's worth at a time: what the reply to a connect leaves is for the next frame.
        if self.pushes() && !self.is_batching() && poll.delivery.is_empty() {
            poll.delivery
                .events
                .extend(self.queue.take(self.limits.response_bytes_max));
        }
        poll
    }

    /// The request that waited for connect `number` is gone: the client has `max_interval_ms` to come back.
    pub fn abandon_connect(&mut self, number: u64, now: Moment) {
        if self.held.take_if(|held| held.number == number).is_some() {
            self.expires_at = Some(now.monotonic_ms + self.limits.max_interval_ms);
        }
    }

    /// Events go to the socket as they come, rather than with replies to connects.
    fn pushes(&self) -> bool {
        self.socket.is_some() && self.acknowledgement.is_none()
    }

    fn is_due(&self, held: &Held, now: Moment) -> bool {
        let has_news = !self.queue.is_empty() && !self.pushes() && !self.is_batching();
        has_news || held.deadline <= now.monotonic_ms
    }

    /// The successful reply, with what waits; from here the client has to come back in time.
    fn answer_connect(&mut self, held: &Held, advice: Option<Advice>, now: Moment) -> Delivery {
        let events = self.queue.take(self.limits.response_bytes_max);
        let batch = self
            .acknowledgement
            .as_mut()
            .map(|acknowledgement| acknowledgement.close_batch(&events));
        let timesync = held
            .timesync
            .map(|question| question.answer(held.received.wall_ms, now.wall_ms));
        let reply = Reply::new(Some(CHANNEL), held.id.as_deref(), true)
            .with_batch(batch)
            .with_timesync(timesync);
        let mut interval_ms = self.limits.interval_ms;
        let reply = if let Some(advice) = advice {
            interval_ms = advice.interval_ms();
            reply.with_advice(advice)
        } else {
            reply
        };
        self.expires_at = Some(now.monotonic_ms + interval_ms + self.limits.max_interval_ms);
        Delivery {
            events,
            last: vec![reply.encode()],
            ..Delivery::default()
        }
    }

    /// The reply to a connect that was held when the session ended.
    fn farewell(&self, held: &Held, why: Ended) -> Delivery {
        let reply = |successful| Reply::new(Some(CHANNEL), held.id.as_deref(), successful);
        let reply = match why {
            // Nobody is there to begin again for.
            Ended::Disconnected | Ended::Inactive => {
                reply(true).with_advice(Advice::none(&self.limits))
            }
            // Clients space their attempts by themselves once nobody answers; aiocometd takes an interval for seconds.
            Ended::ShutDown => reply(true).with_advice(Advice::retry(&self.limits)),
            Ended::Expired | Ended::Overflowed | Ended::Revoked => reply(false)
                .with_error(&Refusal::SessionUnknown)
                .with_advice(Advice::handshake(&self.limits)),
        };
        Delivery {
            last: vec![reply.encode()],
            ..Delivery::default()
        }
    }
}

/// The reply to a message of a session that is unknown, ended, or another's.
pub fn unknown_session(request: &Request<'_>, limits: &super::super::Limits) -> String {
    let reply = Reply::failure(request, &Refusal::SessionUnknown);
    // The reference advises on these two only; the others follow with the next connect.
    let is_cycle = matches!(
        request.channel.as_deref(),
        Some("/meta/connect" | "/meta/handshake")
    );
    if is_cycle {
        reply.with_advice(Advice::handshake(limits)).encode()
    } else {
        reply.encode()
    }
}
