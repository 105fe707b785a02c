//! The queue as the dumbest of models: the n-th event that was ever queued has slot n, and goes out when its turn comes.

use std::collections::VecDeque;

/// An event as it was seen on the wire: the number that it was made with, and whether its channel had a slash at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) event: usize,
    pub(super) slashed: bool,
    pub(super) bytes: usize,
}

/// What was seen of what was queued, and what waits.
#[derive(Debug, Default)]
pub(super) struct Slots {
    seen: Vec<Option<Seen>>,
    /// The batch that each went out with first.
    sent_in: Vec<Option<u64>>,
    /// Whether each counts against the bounds, and the bytes that it may have.
    counts: Vec<bool>,
    bytes_max: Vec<usize>,
    waiting: VecDeque<usize>,
    unacknowledged: Vec<(u64, usize)>,
    /// Everything that went out at one go, with the slot that was left as the next, if any.
    taken: Vec<(Vec<usize>, Option<usize>)>,
    /// What counted whenever something was queued.
    loads: Vec<Vec<usize>>,
}

impl Slots {
    pub(super) fn push(&mut self, count: usize, counts: bool, bytes_max: usize) {
        let first = self.seen.len();
        for slot in first..first + count {
            self.seen.push(None);
            self.sent_in.push(None);
            self.counts.push(counts);
            self.bytes_max.push(bytes_max);
            self.waiting.push_back(slot);
        }
        if counts && count > 0 {
            let load = self.counted().collect();
            self.loads.push(load);
        }
    }

    /// What goes out has to be what came in first.
    pub(super) fn take(&mut self, events: &[Seen], batch: Option<u64>) -> Vec<usize> {
        let mut slots = Vec::new();
        for event in events {
            let slot = self
                .waiting
                .pop_front()
                .expect("only what was queued goes out");
            let before = self.seen[slot].replace(*event);
            assert!(
                before.is_none_or(|before| before == *event),
                "{event:?} went out before its turn: {before:?} was next"
            );
            slots.push(slot);
            if let Some(batch) = batch {
                let first = *self.sent_in[slot].get_or_insert(batch);
                self.unacknowledged.push((first, slot));
            }
        }
        if !slots.is_empty() {
            self.taken
                .push((slots.clone(), self.waiting.front().copied()));
        }
        slots
    }

    pub(super) fn put_back(&mut self, slots: &[usize]) {
        slots
            .iter()
            .rev()
            .for_each(|slot| self.waiting.push_front(*slot));
    }

    pub(super) fn acknowledge(&mut self, batch: u64) {
        let lost: Vec<usize> = std::mem::take(&mut self.unacknowledged)
            .into_iter()
            .filter(|(sent, _)| *sent > batch)
            .map(|(_, slot)| slot)
            .collect();
        // What waits to be told again may have been heard the first time after all.
        let is_heard = |slot: &usize| self.sent_in[*slot].is_some_and(|sent| sent <= batch);
        self.waiting.retain(|slot| !is_heard(slot));
        self.put_back(&lost);
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.unacknowledged.len()
    }

    /// Those that count against the bounds.
    pub(super) fn counted(&self) -> impl Iterator<Item = usize> {
        let unacknowledged = self.unacknowledged.iter().map(|(_, slot)| slot);
        let all = self.waiting.iter().chain(unacknowledged).copied();
        all.filter(|slot| self.counts[*slot])
    }

    /// The bytes that these may have together.
    pub(super) fn counted_bytes_max(&self) -> usize {
        self.counted().map(|slot| self.bytes_max[slot]).sum()
    }

    pub(super) fn has_uncounted(&self) -> bool {
        self.waiting.iter().any(|slot| !self.counts[*slot])
    }

    pub(super) fn seen(&self) -> &[Option<Seen>] {
        &self.seen
    }

    /// Responses are as full as their bound lets them be and no fuller; so a step is only ever split by the bound.
    pub(super) fn check_sizes(&self, response_bytes_max: usize, queue_bytes_max: usize) {
        let size = |slots: &[usize]| -> usize {
            let known = slots.iter().filter_map(|slot| self.seen[*slot]);
            known.map(|seen| seen.bytes).sum()
        };
        for (slots, next) in &self.taken {
            let bytes = size(slots);
            assert!(
                slots.len() == 1 || bytes <= response_bytes_max,
                "{bytes} bytes in one response"
            );
            let left = next.and_then(|next| self.seen[next]);
            assert!(
                left.is_none_or(|left| bytes + left.bytes > response_bytes_max),
                "{left:?} was left out of a response of {bytes} bytes"
            );
        }
        for load in &self.loads {
            let bytes = size(load);
            assert!(
                load.len() == 1 || bytes <= queue_bytes_max,
                "{bytes} bytes were let wait"
            );
        }
    }
}
