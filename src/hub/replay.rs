use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Hub, OpenSession, Principal, Resume};
use crate::bayeux::{ChannelId, Cursor, Offered, Replayed, Session};

impl Hub {
    /// Has the application read on for a session that has room for what is kept. At most one page at a time is read.
    pub(super) fn continue_replay(&self, open: &Arc<OpenSession>) {
        if !open.is_replaying.load(Ordering::Relaxed) {
            return;
        }
        let (hub, open) = (self.clone(), Arc::clone(open));
        if let Some((principal, after)) = next_page(&open) {
            tokio::spawn(async move { hub.replay(&open, principal, after).await });
        }
    }

    async fn replay(self, open: &Arc<OpenSession>, principal: Arc<Principal>, after: u64) {
        let mut wanted = Some((principal, after));
        while let Some((principal, after)) = wanted {
            let page = self.0.application.replay(&principal, after).await;
            for offered in self.take_page(open, &principal, after, page) {
                self.0.settle(open, &offered);
            }
            wanted = next_page(open);
        }
    }

    fn take_page(
        &self,
        open: &OpenSession,
        principal: &Principal,
        after: u64,
        page: Option<Replayed>,
    ) -> Vec<Offered> {
        let session = &mut open.lock().session;
        if let Some(page) = page {
            return vec![session.replayed(after, &page)];
        }
        let lost = session.replay_lost();
        let (mut told, mut valid_at) = (Vec::new(), None);
        for channel in &lost {
            if let Some(state) = self.0.application.resync(principal, channel) {
                valid_at.get_or_insert(state.valid_at);
                told.push(session.state(channel, state.valid_at, &state.events));
            }
        }
        valid_at.into_iter().for_each(|at| session.end_state(at));
        told
    }

    /// Begins to tell a new subscriber of `channel`: from his cursor on, if he has one, else how things are. Returns when a
    /// state is valid.
    pub(super) fn begin(
        &self,
        open: &OpenSession,
        session: &mut Session,
        principal: &Principal,
        channel: &ChannelId,
        cursor: Option<&Cursor>,
    ) -> Option<(u64, Offered)> {
        let application = &self.0.application;
        let resumed = cursor.and_then(|cursor| application.resume(principal, channel, cursor));
        let state = match resumed {
            None => application.current_state(principal, channel)?,
            Some(Resume::Resync(state)) => state,
            Some(Resume::Live(sequence)) => {
                session.go_live(channel, sequence);
                return None;
            }
            Some(Resume::After(sequence)) => {
                session.resume(channel, sequence);
                open.is_replaying.store(true, Ordering::Relaxed);
                return None;
            }
        };
        let offered = session.state(channel, state.valid_at, &state.events);
        Some((state.valid_at, offered))
    }
}

fn next_page(open: &OpenSession) -> Option<(Arc<Principal>, u64)> {
    let mut state = open.lock();
    let after = state.session.poll_replay();
    open.is_replaying
        .store(state.session.is_replaying(), Ordering::Relaxed);
    Some((Arc::clone(&state.principal), after?))
}
