//! Replay, as the hub has it read page by page; and how a run comes to its end.

use super::moves::{Move, Over};
use super::reference::{Deed, Reference};
use super::world::{MAX_INTERVAL_MS, World};

/// Rounds that a client who keeps connecting needs at most to hear everything.
const ROUNDS_MAX: usize = 2_000;

impl World {
    pub(super) fn continue_replay(&mut self) {
        if self.is_replaying && self.session.ended().is_none() {
            self.ask();
        }
    }

    fn ask(&mut self) {
        let wanted = self.session.poll_replay();
        self.is_replaying = self.session.is_replaying();
        if let Some(after) = wanted {
            let unheard = self.slots.waiting() + self.slots.unacknowledged();
            assert_eq!((self.asked, unheard), (None, 0), "one page at a time");
            self.asked = Some(after);
            self.deeds.push(Deed::Asked);
        }
    }

    pub(super) fn read_page(&mut self, len_max: usize) {
        if let (Some(after), None) = (self.asked, &self.read) {
            self.read = Some(self.history.read(after, len_max));
        }
    }

    pub(super) fn give_page(&mut self) {
        let (Some(after), Some(read)) = (self.asked, self.read.take()) else {
            return;
        };
        self.asked = None;
        if let Some(page) = read {
            self.seen
                .push(if page.is_all { "last page" } else { "page" });
            let offered = self.session.replayed(after, &page);
            self.queued(&offered, false, &[]);
            let (told, page) = (offered.queued, self.deeds.len());
            self.deeds.push(Deed::Page {
                told,
                is_replaying: true,
            });
            self.ask();
            // Only now is it known whether there is more to come.
            if let Deed::Page { is_replaying, .. } = &mut self.deeds[page] {
                *is_replaying = self.is_replaying;
            }
        } else {
            self.seen.push("page lost");
            for channel in self.session.replay_lost() {
                if self.session.ended().is_none() {
                    self.state(&channel);
                }
            }
            if self.session.ended().is_none() {
                self.ask();
            }
        }
    }

    /// From here on everything works, and the client goes on until there is nothing more to hear.
    pub(super) fn finish(&mut self) {
        let over = if self.client.socket.is_some() {
            Over::Socket
        } else {
            Over::LongPolling
        };
        self.client.awaited = None;
        (0..self.slow).for_each(|_| self.apply(&Move::SlowEnd));
        for _ in 0..ROUNDS_MAX {
            if self.session.ended().is_some() || self.is_quiet() {
                self.check();
                return self.go_away();
            }
            self.apply(&Move::Deliver(usize::MAX));
            self.apply(&Move::Look);
            self.apply(&Move::Arrive(0));
            self.apply(&Move::ReadPage(3));
            self.apply(&Move::GivePage);
            if self.client.awaited.is_none() {
                self.apply(&Move::Connect {
                    over,
                    at_once: false,
                    browser_full: false,
                });
            }
        }
        panic!("it goes on for ever");
    }

    /// A client that is not heard of any more leaves nothing behind.
    fn go_away(&mut self) {
        (0..self.polls.len()).for_each(|_| self.apply(&Move::Abandon));
        (0..self.sockets.len()).for_each(|_| self.apply(&Move::CloseSocket(0)));
        self.apply(&Move::Pass(self.advised_ms + MAX_INTERVAL_MS + 1));
        assert!(self.session.ended().is_some(), "it is there for ever");
    }

    fn is_quiet(&self) -> bool {
        self.history.delivered == self.history.steps.len()
            && self.slots.waiting() + self.slots.unacknowledged() == 0
            && self.flights.is_empty()
            && self.asked.is_none()
            && !self.is_replaying
    }

    fn check(&mut self) {
        let seen = self.slots.seen();
        let is_whole = Reference::new(&self.history).check(&self.deeds, seen);
        let terms = self.terms;
        self.slots
            .check_sizes(terms.response_bytes_max, terms.queue_bytes_max);
        let mut got = self.client.received.clone();
        if self.terms.acknowledges {
            let all: Vec<usize> = (0..got.len()).collect();
            assert_eq!(got, all, "each once, in order");
        } else {
            got.extend(&self.vanished);
            got.sort_unstable();
            let count = got.len();
            got.dedup();
            assert_eq!(got.len(), count, "each once");
        }
        if self.session.ended().is_none() {
            assert!(is_whole, "some events were never seen");
            assert_eq!(got.len(), self.slots.seen().len(), "some events were lost");
            self.seen.push("finished");
        }
    }
}
