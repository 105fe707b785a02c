use super::extensions::ack::Acknowledgement;
use super::extensions::activity::Activity;
use super::extensions::replay::{self, Cursor};
use super::meta::connect::{Carrier, Held};
use super::queue::Queue;
use super::replay::Replay;
use super::subscriptions::Subscriptions;
use super::{CONNECTION_TYPES, ChannelId, Delivery, Event, Moment, Queued, Request};

/// The bounds and times of a session.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a connect is held.
    pub timeout_ms: u64,
    /// The advised pause between two connects.
    pub interval_ms: u64,
    /// How long a session lives without a connect.
    pub max_interval_ms: u64,
    /// Events that may wait, unacknowledged ones included.
    pub queue_len_max: usize,
    /// Bytes that may wait, unacknowledged ones included; a single event may be larger.
    pub queue_bytes_max: usize,
    /// Channels a session may be subscribed to.
    pub subscriptions_max: usize,
    /// Bytes of events in one response or frame; a single event may be larger.
    pub response_bytes_max: usize,
    /// How long a session may do nothing but connect; none: for ever.
    pub activity_timeout_ms: Option<u64>,
    /// Whether callback-polling is among the connection types on offer.
    pub callback_polling: bool,
}

impl Limits {
    /// The connection types on offer, the preferred one first.
    pub fn connection_types(&self) -> &'static [&'static str] {
        &CONNECTION_TYPES[..if self.callback_polling { 3 } else { 2 }]
    }
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The client said so.
    Disconnected,
    /// The client has not connected for too long.
    Expired,
    /// The client has done nothing but connect for too long.
    Inactive,
    /// More waited for it than its queue may hold.
    Overflowed,
    /// Whom it belongs to may no longer have it: the credentials ended or were withdrawn.
    Revoked,
    /// The server is stopping.
    ShutDown,
}

/// What became of events offered to a session.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// How many were queued.
    pub queued: usize,
    /// Whoever carries the session should look at it.
    pub wake: bool,
    /// The queue overflowed: the session has to be ended.
    pub overflowed: bool,
}

/// What one client has with the server.
///
/// Its owner keeps it behind a lock and never waits while holding it. A session that has [ended](Self::end) takes nothing
/// more; it only still answers a connect that was held, with the reason.
#[derive(Debug)]
pub struct Session {
    pub(super) limits: Limits,
    pub(super) subscriptions: Subscriptions,
    pub(super) queue: Queue,
    pub(super) acknowledgement: Option<Acknowledgement>,
    pub(super) replay: Option<Box<Replay>>,
    /// The history that the client's cursors count, if its handshake said so.
    epoch: Option<Box<str>>,
    activity: Option<Activity>,
    /// What the last connect came over. The first one is answered at once; from then on connects are held.
    pub(super) connected_over: Option<Carrier>,
    pub(super) held: Option<Held>,
    /// It was told to poll, because too many connects were held, and not yet that it may stop.
    pub(super) polls: bool,
    /// Counts connects, so that whoever waits for one notices when another took its place.
    pub(super) connects: u64,
    /// The socket that events are pushed to.
    pub(super) socket: Option<u64>,
    /// Requests of this session that are being worked on: their responses will carry the queue, so nobody is woken.
    batches: u32,
    /// When the session ends unless the client connects; none while a connect is held.
    pub(super) expires_at: Option<u64>,
    pub(super) ended: Option<Ended>,
}

impl Session {
    /// The session of a handshake that has just succeeded.
    pub fn new(limits: Limits, handshake: &Request<'_>, now: Moment) -> Self {
        Self {
            limits,
            subscriptions: Subscriptions::default(),
            queue: Queue::default(),
            acknowledgement: handshake
                .ext
                .wants_acknowledgement
                .then(Acknowledgement::default),
            replay: None,
            epoch: handshake
                .ext
                .replay
                .and_then(replay::of_handshake)
                .flatten(),
            activity: limits.activity_timeout_ms.map(|ms| Activity::new(ms, now)),
            connected_over: None,
            held: None,
            polls: false,
            connects: 0,
            socket: None,
            batches: 0,
            expires_at: Some(now.monotonic_ms + limits.interval_ms + limits.max_interval_ms),
            ended: None,
        }
    }

    /// Queues those of `events` that the session is subscribed to and has not heard.
    ///
    /// `events` are all those of one step: they share a sequence, and every one is heard. Steps come in ascending order.
    pub fn offer(&mut self, events: &[Event]) -> Offered {
        let mut offered = Offered::default();
        if self.ended.is_some() {
            return offered;
        }
        for event in events {
            let Some(slashed) = self.admit(event) else {
                continue;
            };
            if !self.push(Queued::new(event.clone(), slashed)) {
                offered.overflowed = true;
                return offered;
            }
            offered.queued += 1;
        }
        if offered.queued > 0 {
            for event in events {
                self.subscriptions.mark_heard(event);
            }
            self.queue.end_step(events.iter().find_map(Event::sequence));
            offered.wake = self.is_ready();
        }
        offered
    }

    /// Queues what a service answers to this session alone.
    pub fn answer(&mut self, events: &[Event]) -> Offered {
        let fits = events
            .iter()
            .all(|event| self.ended.is_some() || self.push(Queued::new(event.clone(), false)));
        let queued = if self.ended.is_none() {
            events.len()
        } else {
            0
        };
        Offered {
            queued,
            wake: fits && self.is_ready(),
            overflowed: !fits,
        }
    }

    /// Queues the state of `channel`, valid at sequence `valid_at`: live events up to it are part of it and not repeated.
    pub fn state(&mut self, channel: &ChannelId, valid_at: u64, events: &[Event]) -> Offered {
        let slashed = self.subscriptions.is_slashed(channel);
        // One state at a time is let in whole; one that comes before an earlier one was taken counts like anything else.
        let is_first = !self.queue.has_uncounted();
        let fits = events.iter().all(|event| {
            let slashed = slashed && event.channel() == channel;
            if is_first {
                self.queue.push(Queued::uncounted(event.clone(), slashed));
                return true;
            }
            self.push(Queued::new(event.clone(), slashed))
        });
        self.subscriptions.mark_state(channel, valid_at);
        Offered {
            queued: events.len(),
            wake: fits && self.is_ready(),
            overflowed: !fits,
        }
    }

    /// All the states that a client is told at once are queued: only with the last of them he has heard all up to
    /// `valid_at`.
    pub fn end_state(&mut self, valid_at: u64) {
        self.queue.end_step(Some(valid_at));
    }

    /// A request with messages of this session is being worked on: its response will carry what is queued meanwhile.
    pub fn begin_batch(&mut self) {
        self.batches += 1;
    }

    /// The messages of a request are done: its response takes along what waits, unless that goes elsewhere. `socket` is
    /// the one that carries the response.
    pub fn collect(&mut self, delivery: &mut Delivery, socket: Option<u64>, now: Moment) {
        self.touch(now);
        let goes_elsewhere = self.socket.is_some() && self.socket != socket;
        if self.acknowledgement.is_none() && !goes_elsewhere && self.ended.is_none() {
            delivery
                .events
                .extend(self.queue.take(self.limits.response_bytes_max));
        }
    }

    /// The end of what [`begin_batch`](Self::begin_batch) began. True if whoever carries the session should look at it.
    pub fn end_batch(&mut self) -> bool {
        self.batches = self.batches.saturating_sub(1);
        self.is_ready()
    }

    /// Gives back events whose response was never written. They come first again.
    pub fn put_back(&mut self, events: Vec<Queued>) -> bool {
        // Acknowledged delivery has its own memory of what was sent.
        if self.acknowledgement.is_none() && self.ended.is_none() {
            self.queue.put_back(events.into_iter());
        }
        self.is_ready()
    }

    /// The client was heard of: the session lives for at least another `max_interval_ms`.
    pub fn touch(&mut self, now: Moment) {
        if let Some(activity) = &mut self.activity {
            activity.saw(now);
        }
        if let Some(expires_at) = &mut self.expires_at {
            *expires_at = (*expires_at).max(now.monotonic_ms + self.limits.max_interval_ms);
        }
    }

    /// From now on events are pushed to `socket`. A connect that an earlier one holds will not be answered there, so the
    /// client has `max_interval_ms` to send another.
    pub fn attach(&mut self, socket: u64, now: Moment) {
        self.socket = Some(socket);
        let is_left = |held: &mut Held| held.is_on_other_than(socket);
        if self.held.take_if(is_left).is_some() {
            self.expires_at = Some(now.monotonic_ms + self.limits.max_interval_ms);
        }
    }

    /// `socket` is gone: its connect is no longer held, and the client has `max_interval_ms` to come back. True if whoever
    /// carries the session now should look at it: a poll may be held beside a socket.
    pub fn detach(&mut self, socket: u64, now: Moment) -> bool {
        if self.socket != Some(socket) {
            return false;
        }
        self.socket = None;
        if self.held.as_ref().is_some_and(|held| held.is_on(socket)) {
            self.held = None;
        }
        if self.held.is_none() {
            self.expires_at = Some(now.monotonic_ms + self.limits.max_interval_ms);
        }
        self.is_ready()
    }

    /// Whether the client has stayed away for too long.
    pub fn is_expired(&self, now: Moment) -> bool {
        self.expires_at.is_some_and(|at| at <= now.monotonic_ms)
    }

    /// Whether the client has done nothing but connect for too long.
    pub fn is_inactive(&self, now: Moment) -> bool {
        self.activity.as_ref().is_some_and(|it| it.is_over(now))
    }

    /// Whether it ended, and why.
    pub fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// What the last connect came over.
    pub fn connected_over(&self) -> Option<Carrier> {
        self.connected_over
    }

    /// Whether a connect is held.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// How many events wait to be taken.
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// A session that only listens: it hears `channels`, and nobody has to connect for it.
    pub fn listen(&mut self, channels: &[ChannelId]) {
        for channel in channels {
            self.subscriptions.add(channel, false);
        }
        self.activity = None;
        self.expires_at = None;
    }

    /// Ends the session, once; returns the channels it was subscribed to. A held connect is told by its next poll.
    pub fn end(&mut self, why: Ended) -> Option<Vec<ChannelId>> {
        if self.ended.is_some() {
            return None;
        }
        self.ended = Some(why);
        self.queue.clear();
        self.acknowledgement = None;
        self.replay = None;
        Some(self.subscriptions.take_all())
    }

    /// False if the queue is full; a single event always fits into an empty one.
    fn push(&mut self, item: Queued) -> bool {
        let kept = self.acknowledgement.as_ref();
        let len = self.queue.counted_len() + kept.map_or(0, Acknowledgement::len);
        let bytes = self.queue.weight() + kept.map_or(0, Acknowledgement::bytes);
        let fits = len < self.limits.queue_len_max
            && bytes + item.wire().len() <= self.limits.queue_bytes_max;
        if fits || len == 0 {
            self.queue.push(item);
        }
        fits || len == 0
    }

    /// Something waits, and somebody is there to carry it.
    pub(super) fn is_ready(&self) -> bool {
        self.batches == 0
            && !self.queue.is_empty()
            && (self.held.is_some() || self.socket.is_some())
    }

    /// A cursor of this session: of the history that the handshake named, unless it names one itself.
    pub(super) fn own(&self, cursor: Cursor) -> Cursor {
        cursor.or_of(self.epoch.as_deref())
    }

    pub(super) fn is_batching(&self) -> bool {
        self.batches > 0
    }
}
