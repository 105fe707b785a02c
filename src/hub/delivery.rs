use std::sync::Arc;

use super::{Hub, Inner, OpenSession, UserKey};
use crate::bayeux::{Ended, Event, Offered};

impl Hub {
    /// Delivers all events of one step: each to the sessions of its user that are subscribed to its channel, once, and all
    /// that a session gets of the step at one go.
    ///
    /// Never waits for a client. Steps must be delivered in ascending order of their sequence: a session takes one that is
    /// not above what it has heard on that channel for a repetition.
    pub fn deliver(&self, mut batch: Vec<(UserKey, Event)>) {
        if batch.len() > 1 {
            // Stable: the events of one user keep their order.
            batch.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        for of_user in batch.chunk_by(|(one, _), (other, _)| one == other) {
            let user = &of_user[0].0;
            let sessions = self
                .0
                .index
                .subscribers(user, of_user.iter().map(|(_, event)| event));
            if sessions.is_empty() {
                continue;
            }
            let events: Vec<Event> = of_user.iter().map(|(_, event)| event.clone()).collect();
            for open in sessions {
                let offered = open.lock().session.offer(&events);
                self.0.settle(&open, &offered);
            }
        }
    }

    /// Delivers an event without a sequence to everybody with a session whose key fits; takes time in proportion to all
    /// users with one.
    pub fn tell_all(&self, fits: impl Fn(&str) -> bool, event: &Event) {
        let keys = self.0.index.keys(fits).into_iter();
        self.deliver(keys.map(|key| (key, event.clone())).collect());
    }
}

impl Inner {
    /// Does what follows from an offer. Not to be called under the session's lock.
    pub(super) fn settle(&self, open: &Arc<OpenSession>, offered: &Offered) {
        self.counters.queued(offered.queued);
        if offered.overflowed {
            self.end(open, Ended::Overflowed);
        } else if offered.wake {
            open.wake();
        }
    }
}
