use std::collections::VecDeque;

use super::Event;

/// An event on its way to one session.
#[derive(Debug, Clone)]
pub struct Queued {
    event: Event,
    slashed: bool,
    is_state: bool,
}

impl Queued {
    /// `slashed`: the session knows the channel by its name with a slash at the end.
    pub(super) fn new(event: Event, slashed: bool) -> Self {
        Self {
            event,
            slashed,
            is_state: false,
        }
    }

    /// Part of the state that a subscriber is told at once: it does not count against the session's bounds, since a
    /// client could do nothing about it.
    pub(super) fn state(event: Event, slashed: bool) -> Self {
        Self {
            event,
            slashed,
            is_state: true,
        }
    }

    /// Whether it is part of such a state.
    pub(super) fn is_state(&self) -> bool {
        self.is_state
    }

    /// Bytes that count against the session's bounds.
    pub(super) fn weight(&self) -> usize {
        if self.is_state { 0 } else { self.wire().len() }
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
    states: usize,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many count against the session's bounds.
    pub(super) fn counted_len(&self) -> usize {
        self.waiting.len() - self.states
    }

    /// Bytes that count against the session's bounds.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    /// Whether a part of a state waits.
    pub(super) fn has_state(&self) -> bool {
        self.states > 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, item: Queued) {
        self.count(&item);
        self.waiting.push_back(item);
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
            self.states -= usize::from(next.is_state());
            taken.push(next);
        }
        self.bytes -= taken_bytes;
        taken
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
        self.states += usize::from(item.is_state());
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
