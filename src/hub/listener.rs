use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::futures::OwnedNotified;

use super::{Hub, OpenSession, Outgoing, Principal, Socket, SocketEvent};
use crate::bayeux::{ChannelId, Cursor, Ended, Refusal, Request};

/// Somebody who only listens: a session that nobody connects for, and that lasts as long as this exists.
pub struct Listener {
    hub: Hub,
    open: Arc<OpenSession>,
    socket: Socket,
    /// Part of every cursor, unless there is one history only.
    epoch: Option<String>,
}

impl Hub {
    /// Opens a session of `principal` that hears `channels`, from `cursor` on or else beginning with how things are.
    ///
    /// # Errors
    /// Too many sessions, or a channel that he may not hear.
    pub fn listen(
        &self,
        principal: &Principal,
        channels: &[ChannelId],
        cursor: Option<&Cursor>,
    ) -> Result<Listener, Refusal> {
        for channel in channels {
            let allowed = self.0.application.may_subscribe(principal, channel);
            allowed.map_err(Refusal::SubscribeDenied)?;
        }
        if channels.len() > self.limits().subscriptions_max {
            return Err(Refusal::TooManySubscriptions);
        }
        let mut socket = Socket::open(self).ok_or(Refusal::TooManySessions)?;
        let open = self.open(&Request::default(), principal, false, "")?;
        socket.bind(Arc::clone(&open));
        let epoch = self.0.application.epoch(principal);
        let listeners = &self.0.counters.listeners;
        listeners.fetch_add(1, Ordering::Relaxed);
        let listener = Listener {
            hub: self.clone(),
            open: Arc::clone(&open),
            socket,
            epoch: epoch.filter(|it| !it.is_only).map(|it| it.name),
        };
        let mut all_offered = Vec::new();
        {
            let session = &mut open.lock().session;
            session.listen(channels);
            let mut valid_at = None;
            for channel in channels {
                self.0.index.subscribe(&open, channel);
                if let Some((at, offered)) = self.begin(&open, session, principal, channel, cursor)
                {
                    // What came between two of the states is told again after them.
                    valid_at.get_or_insert(at);
                    all_offered.push(offered);
                }
            }
            valid_at.into_iter().for_each(|at| session.end_state(at));
        }
        for offered in all_offered {
            self.0.settle(&open, &offered);
        }
        Ok(listener)
    }
}

impl Listener {
    /// What to do next, as for a [`Socket`].
    pub fn poll(&mut self) -> SocketEvent {
        self.socket.poll()
    }

    /// Ready when there is something to do. Made before [`poll`](Self::poll) it misses nothing.
    pub fn woken(&self) -> OwnedNotified {
        self.socket.woken()
    }

    /// The messages of `outgoing`, each with the cursor that a listener may resume after once he has heard it.
    pub fn messages<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> impl Iterator<Item = (Option<String>, &'a str)> {
        outgoing.events().map(|queued| {
            let cursor = queued.cursor().map(|sequence| match &self.epoch {
                Some(epoch) => format!("{sequence}-{epoch}"),
                None => sequence.to_string(),
            });
            (cursor, queued.wire())
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let listeners = &self.hub.0.counters.listeners;
        listeners.fetch_sub(1, Ordering::Relaxed);
        self.hub.0.end(&self.open, Ended::Disconnected);
    }
}
