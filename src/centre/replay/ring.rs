use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Page;
use crate::domain::UserId;
use crate::engine::{Announcement, Body, Head};

/// What one step said, to everybody.
#[derive(Debug)]
pub(in crate::centre) struct Said {
    pub(in crate::centre) head: Head,
    pub(in crate::centre) announcements: Vec<Announcement>,
}

/// The last things said, in memory: bounded by their number and by the bytes that they keep.
pub(super) struct Ring {
    len_max: usize,
    bytes_max: usize,
    steps: VecDeque<Arc<Said>>,
    /// The sequences of the steps that each user hears of.
    by_user: HashMap<UserId, VecDeque<u64>>,
    len: usize,
    bytes: usize,
    /// Everything that was said after this sequence is here.
    after: u64,
    /// The last sequence that was looked at.
    up_to: u64,
}

/// Bytes that something said keeps, attached data apart.
const MESSAGE_BYTES: usize = 1_024;

impl Ring {
    pub(super) fn new(len_max: usize, bytes_max: usize, after: u64) -> Self {
        Self {
            len_max,
            bytes_max,
            steps: VecDeque::new(),
            by_user: HashMap::new(),
            len: 0,
            bytes: 0,
            after,
            up_to: after,
        }
    }

    pub(super) fn after(&self) -> u64 {
        self.after
    }

    pub(super) fn up_to(&self) -> u64 {
        self.up_to
    }

    /// Takes what the next step said. The oldest steps make room for it.
    pub(super) fn push(&mut self, said: &Arc<Said>) {
        self.up_to = said.head.sequence.0;
        let len = said.lasting().count();
        if len == 0 {
            return;
        }
        self.len += len;
        self.bytes += said.weight();
        for user in said.hearers() {
            let sequences = self.by_user.entry(user.clone()).or_default();
            sequences.push_back(self.up_to);
        }
        self.steps.push_back(Arc::clone(said));
        while self.len > self.len_max || self.bytes > self.bytes_max {
            self.forget_oldest();
        }
    }

    /// Forgets everything: the next step is after `sequence`.
    pub(super) fn forget(&mut self, sequence: u64) {
        *self = Self::new(self.len_max, self.bytes_max, sequence);
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.steps.pop_front() else {
            return;
        };
        self.after = oldest.head.sequence.0;
        self.len -= oldest.lasting().count();
        self.bytes -= oldest.weight();
        for user in oldest.hearers() {
            let Some(sequences) = self.by_user.get_mut(user) else {
                continue;
            };
            sequences.pop_front();
            if sequences.is_empty() {
                self.by_user.remove(user);
            }
        }
    }

    /// What a user heard after `after`, at most `len_max` messages of it but at least a step; none if it is not here.
    pub(super) fn read(&self, user: &UserId, after: u64, len_max: usize) -> Option<Page> {
        if after < self.after {
            return None;
        }
        let mut page = Page::new(self.up_to, true);
        let heard = self.by_user.get(user);
        let first = heard.map_or(0, |heard| heard.partition_point(|at| *at <= after));
        for sequence in heard.into_iter().flat_map(|heard| heard.range(first..)) {
            let at = self
                .steps
                .partition_point(|said| said.head.sequence.0 < *sequence);
            let said = &self.steps[at];
            if !page.take(said, user, len_max) {
                break;
            }
        }
        Some(page)
    }
}

impl Said {
    /// What may be said again later.
    pub(in crate::centre) fn lasting(&self) -> impl Iterator<Item = &Announcement> {
        let is_lasting = |said: &&Announcement| !said.body.is_transient();
        self.announcements.iter().filter(is_lasting)
    }

    /// Who hears any of it, each once.
    pub(super) fn hearers(&self) -> Vec<&UserId> {
        let mut users: Vec<&UserId> = self.lasting().map(|said| &said.to).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    fn weight(&self) -> usize {
        let attached: usize = self.lasting().map(|said| attached_bytes(&said.body)).sum();
        self.announcements.len() * MESSAGE_BYTES + attached
    }
}

fn attached_bytes(body: &Body) -> usize {
    match body {
        Body::Event(message) => {
            let interaction = message.attributes.interaction.as_ref();
            interaction.map_or(0, |it| it.user_data.text_len())
        }
        Body::Interaction(notice) => notice.interaction.user_data.text_len(),
        Body::Failure { interaction, .. } | Body::WorkbinChanged { interaction, .. } => {
            interaction.user_data.text_len()
        }
        Body::Channels(_) | Body::WorkbinContent { .. } => 0,
    }
}
