use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::Page;
use crate::domain::{Interaction, UserId};
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

    /// A page of what a user heard after `after`; none if it is not here.
    pub(super) fn read(&self, user: &UserId, after: u64) -> Option<Page> {
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
            if !page.take(said, user) {
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
        self.lasting().map(|said| weight(&said.body)).sum()
    }
}

/// Bytes that something said keeps, by estimate.
pub(super) fn weight(body: &Body) -> usize {
    let of = |interaction: &Interaction| MESSAGE_BYTES + interaction.user_data.text_len();
    match body {
        Body::Event(message) => {
            let one = message.attributes.interaction.iter();
            let several = message.attributes.interactions.iter().flatten();
            MESSAGE_BYTES + one.chain(several).map(|it| of(it)).sum::<usize>()
        }
        Body::Interaction(notice) => of(&notice.interaction),
        Body::Failure { interaction, .. } | Body::WorkbinChanged { interaction, .. } => {
            of(interaction)
        }
        Body::Channels(_) | Body::WorkbinSubscription { .. } => MESSAGE_BYTES,
        Body::WorkbinContent { interactions, .. } => interactions.iter().map(|it| of(it)).sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{PAGE_BYTES_MAX, PAGE_LEN_MAX};
    use super::*;
    use crate::domain::{Actor, Sequence, Timestamp};

    fn user(name: &str) -> UserId {
        UserId::parse(name).expect("valid")
    }

    /// A step that says so much to everybody named.
    fn said(sequence: u64, hearers: &[(&str, usize)]) -> Arc<Said> {
        let announcement = |name: &str| Announcement {
            to: user(name),
            previous: None,
            body: Body::Channels(None),
        };
        let announcements = hearers
            .iter()
            .flat_map(|(name, len)| std::iter::repeat_n(announcement(name), *len))
            .collect();
        Arc::new(Said {
            head: Head {
                sequence: Sequence(sequence),
                at: Timestamp(0),
                actor: Actor::Server,
                reference_id: None,
                request: "".into(),
                idempotency: None,
            },
            announcements,
        })
    }

    fn sequences(page: &Page) -> Vec<u64> {
        page.steps.iter().map(|said| said.head.sequence.0).collect()
    }

    #[test]
    fn the_oldest_steps_make_room_and_whoever_wants_them_is_sent_elsewhere() {
        let mut ring = Ring::new(3, usize::MAX, 0);
        for sequence in 1..=3 {
            ring.push(&said(sequence, &[("a", 1)]));
        }
        assert_eq!(
            ring.read(&user("a"), 0).map(|it| sequences(&it)),
            Some(vec![1, 2, 3])
        );
        ring.push(&said(4, &[("b", 1)]));
        assert!(ring.read(&user("a"), 0).is_none());
        assert!(ring.read(&user("b"), 0).is_none());
        let page = ring.read(&user("a"), 1).expect("in memory");
        assert_eq!(
            (sequences(&page), page.up_to, page.is_all),
            (vec![2, 3], 4, true)
        );
        ring.push(&said(5, &[("a", 3)]));
        assert_eq!(ring.after(), 4);
        let page = ring.read(&user("b"), 4).expect("in memory");
        assert_eq!((sequences(&page), page.up_to), (vec![], 5));
        assert_eq!(
            ring.by_user.len(),
            1,
            "nobody is remembered who heard nothing"
        );
    }

    #[test]
    fn bytes_are_bounded_too() {
        let mut ring = Ring::new(usize::MAX, 2 * MESSAGE_BYTES, 0);
        (1..=3).for_each(|sequence| ring.push(&said(sequence, &[("a", 1)])));
        assert_eq!(ring.after(), 1);
        ring.push(&said(4, &[("a", 3)]));
        assert_eq!(
            (ring.after(), ring.up_to()),
            (4, 4),
            "too much for all of it"
        );
    }

    #[test]
    fn a_page_is_bounded_and_holds_whole_steps() {
        let mut ring = Ring::new(usize::MAX, usize::MAX, 0);
        ring.push(&said(1, &[("a", PAGE_LEN_MAX + 1)]));
        ring.push(&said(2, &[("a", PAGE_LEN_MAX - 1)]));
        ring.push(&said(3, &[("a", 2), ("b", 1)]));
        let read = |after| {
            let page = ring.read(&user("a"), after).expect("in memory");
            (sequences(&page), page.up_to, page.is_all)
        };
        assert_eq!(read(0), (vec![1], 1, false));
        assert_eq!(read(1), (vec![2], 2, false));
        assert_eq!(read(2), (vec![3], 3, true));
        assert_eq!(read(3), (vec![], 3, true));
        // By their number, that is, and not by their bytes.
        const { assert!(PAGE_LEN_MAX * MESSAGE_BYTES <= PAGE_BYTES_MAX) };
    }
}
