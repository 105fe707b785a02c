use std::sync::Arc;

use super::holds::Hold;
use super::{Hub, OpenSession};
use crate::bayeux::{ConnectPoll, Delivery, Queued};

/// A connect that waits. Dropped before it is answered, it lets the session wait for the next one.
pub struct HeldConnect {
    pub(super) hub: Hub,
    pub(super) open: Arc<OpenSession>,
    pub(super) number: u64,
    pub(super) _hold: Option<Hold>,
}

impl HeldConnect {
    /// Waits for something to say; none if a newer connect took this one's place.
    pub async fn wait(self) -> Option<Outgoing> {
        loop {
            // Before the look at the session, or what comes in between would wake nobody.
            let woken = self.open.woken();
            let poll = self
                .open
                .lock()
                .session
                .poll_connect(self.number, self.hub.now());
            let deadline = match poll {
                ConnectPoll::Wait(deadline) => self.hub.0.clock.instant(deadline),
                ConnectPoll::Answered(delivery) => {
                    return Some(Outgoing::new(
                        &self.hub,
                        Some(Arc::clone(&self.open)),
                        delivery,
                    ));
                }
                ConnectPoll::Replaced => return None,
            };
            tokio::select! {
                () = woken => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
    }
}

impl Drop for HeldConnect {
    fn drop(&mut self) {
        self.open
            .lock()
            .session
            .abandon_connect(self.number, self.hub.now());
    }
}

/// A response or frame that is about to be written. Dropped before it is [written](Self::written), it puts its events
/// back, so that they go out with the next one.
#[must_use = "dropping it puts the events back"]
pub struct Outgoing {
    hub: Hub,
    open: Option<Arc<OpenSession>>,
    delivery: Delivery,
}

impl Outgoing {
    pub(super) fn new(hub: &Hub, open: Option<Arc<OpenSession>>, delivery: Delivery) -> Self {
        hub.0.counters.sent(delivery.events.len());
        Self {
            hub: hub.clone(),
            open,
            delivery,
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.delivery.is_empty()
    }

    /// The JSON array to write.
    pub fn encode(&self) -> String {
        self.delivery.encode()
    }

    /// The events among it.
    pub fn events(&self) -> impl Iterator<Item = &Queued> {
        self.delivery.events.iter()
    }

    /// It was handed over to the connection.
    pub fn written(mut self) {
        self.delivery.events.clear();
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let events = std::mem::take(&mut self.delivery.events);
        let (Some(open), false) = (&self.open, events.is_empty()) else {
            return;
        };
        self.hub.0.counters.put_back(events.len());
        let ready = {
            let mut state = open.lock();
            if state.session.ended().is_some() {
                self.hub.0.counters.dropped(events.len());
            }
            state.session.put_back(events)
        };
        if ready {
            open.wake();
        }
    }
}
