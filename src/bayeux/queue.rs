use std::collections::VecDeque;
use std::num::NonZeroU64;

use super::Event;

/// An event on its way to one session.
#[derive(Debug, Clone)]
pub struct Queued {
    event: Event,
    slashed: bool,
    counts: bool,
    /// With this event a client has heard all up to here.
    cursor: Option<NonZeroU64>,
    /// The first batch that it went out with, where batches are acknowledged.
    sent_in: Option<NonZeroU64>,
}

impl Queued {
    /// `slashed`: the session knows the channel by its name with a slash at the end.
    pub(super) fn new(event: Event, slashed: bool) -> Self {
        Self {
            event,
            slashed,
            counts: true,
            cursor: None,
            sent_in: None,
        }
    }

    /// Part of the state that a subscriber is told at once, or of a replay, of which one page at a time comes: it does
    /// not count against the session's bounds, since a client could do nothing about it.
    pub(super) fn uncounted(event: Event, slashed: bool) -> Self {
        Self {
            counts: false,
            ..Self::new(event, slashed)
        }
    }

    /// Whether it counts against the session's bounds.
    pub(super) fn counts(&self) -> bool {
        self.counts
    }

    /// Bytes that count against the session's bounds.
    pub(super) fn weight(&self) -> usize {
        if self.counts { self.wire().len() } else { 0 }
    }

    /// The same, sent in `batch`, unless it went out before: who has heard it then has heard it.
    pub(super) fn sent_in(&self, batch: u64) -> Self {
        Self {
            sent_in: self.sent_in.or(NonZeroU64::new(batch)),
            ..self.clone()
        }
    }

    /// Whether it has gone out, and whoever has heard everything up to `batch` has heard it.
    pub(super) fn is_heard_with(&self, batch: u64) -> bool {
        self.sent_in.is_some_and(|sent| sent.get() <= batch)
    }

    /// The sequence that a client may resume after once it has this event: the last one of a step, or of a state, has it.
    pub fn cursor(&self) -> Option<u64> {
        self.cursor.map(NonZeroU64::get)
    }

    /// The message as this session gets it.
    pub fn wire(&self) -> &str {
        if self.slashed {
            self.event.wire_slashed()
        } else {
            self.event.wire()
        }
    }
}

/// What waits for a session, in order, with its size in bytes.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Queued>,
    bytes: usize,
    weight: usize,
    uncounted: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many count against the session's bounds.
    pub(super) fn counted_len(&self) -> usize {
        self.waiting.len() - self.uncounted
    }

    /// Bytes that count against the session's bounds.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether something waits that does not count.
    pub(super) fn has_uncounted(&self) -> bool {
        self.uncounted > 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, item: Queued) {
        self.count(&item);
        self.waiting.push_back(item);
    }

    /// What was pushed last ends a step, or a state.
    pub(super) fn end_step(&mut self, sequence: Option<u64>) {
        if let Some(last) = self.waiting.back_mut() {
            last.cursor = sequence.and_then(NonZeroU64::new);
        }
    }

    /// Takes what fits into `bytes_max`, but at least one.
    pub(super) fn take(&mut self, bytes_max: usize) -> Vec<Queued> {
        if self.bytes <= bytes_max {
            return std::mem::take(self).waiting.into();
        }
        let (mut taken, mut taken_bytes) = (Vec::new(), 0);
        while let Some(next) = self.waiting.pop_front() {
            let size = next.wire().len();
            if !taken.is_empty() && taken_bytes + size > bytes_max {
                self.waiting.push_front(next);
                break;
            }
            taken_bytes += size;
            self.weight -= next.weight();
            self.uncounted -= usize::from(!next.counts());
            taken.push(next);
        }
        self.bytes -= taken_bytes;
        taken
    }

    /// Forgets what waits to be told again, and has been heard with `batch` after all.
    pub(super) fn forget_heard(&mut self, batch: u64) {
        if self.waiting.iter().any(|item| item.is_heard_with(batch)) {
            let waiting = std::mem::take(self).waiting.into_iter();
            let lost = waiting.filter(|item| !item.is_heard_with(batch));
            lost.for_each(|item| self.push(item));
        }
    }

    /// Returns what was taken to its place before everything newer.
    pub(super) fn put_back(&mut self, items: impl DoubleEndedIterator<Item = Queued>) {
        for item in items.rev() {
            self.count(&item);
            self.waiting.push_front(item);
        }
    }

    fn count(&mut self, item: &Queued) {
        self.bytes += item.wire().len();
        self.weight += item.weight();
        self.uncounted += usize::from(!item.counts());
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
