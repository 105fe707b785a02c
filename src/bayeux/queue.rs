use std::collections::VecDeque;

use super::Event;

/// An event on its way to one session.
#[derive(Debug, Clone)]
pub struct Queued {
    event: Event,
    slashed: bool,
}

impl Queued {
    /// `slashed`: the session knows the channel by its name with a slash at the end.
    pub(super) fn new(event: Event, slashed: bool) -> Self {
        Self { event, slashed }
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
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, item: Queued) {
        self.bytes += item.wire().len();
        self.waiting.push_back(item);
    }

    /// Takes what fits into `bytes_max`, but at least one.
    pub(super) fn take(&mut self, bytes_max: usize) -> Vec<Queued> {
        if self.bytes <= bytes_max {
            self.bytes = 0;
            return std::mem::take(&mut self.waiting).into();
        }
        let (mut taken, mut taken_bytes) = (Vec::new(), 0);
        while let Some(next) = self.waiting.front() {
            let size = next.wire().len();
            if !taken.is_empty() && taken_bytes + size > bytes_max {
                break;
            }
            taken_bytes += size;
            taken.extend(self.waiting.pop_front());
        }
        self.bytes -= taken_bytes;
        taken
    }

    /// Returns what was taken to its place before everything newer.
    pub(super) fn put_back(&mut self, items: impl DoubleEndedIterator<Item = Queued>) {
        for item in items.rev() {
            self.bytes += item.wire().len();
            self.waiting.push_front(item);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
