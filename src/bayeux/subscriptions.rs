use std::collections::BTreeMap;

use super::{ChannelId, Event};

/// What a session is subscribed to, and which part of the history each subscription has told it.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_channel: BTreeMap<ChannelId, Subscription>,
    wildcards: usize,
    replaying: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Subscription {
    /// The client wrote the name with a slash at the end.
    slashed: bool,
    /// It has told the events after `from` up to `heard`, or a state that they are part of.
    from: u64,
    heard: u64,
    /// It goes on after `heard` with what is kept, not yet with what is new.
    is_replaying: bool,
}

impl Subscription {
    fn has_told(&self, sequence: u64) -> bool {
        self.from < sequence && sequence <= self.heard
    }
}

/// What becomes of a live event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is not for this session, or the session has heard it.
    No,
    /// It will come with the replay.
    Later,
    /// It is; `slashed` if the session knows the channel with a slash at the end.
    Now { slashed: bool },
}

impl Subscriptions {
    pub(super) fn len(&self) -> usize {
        self.by_channel.len()
    }

    pub(super) fn contains(&self, channel: &ChannelId) -> bool {
        self.by_channel.contains_key(channel)
    }

    pub(super) fn add(&mut self, channel: &ChannelId, slashed: bool) {
        if !self.contains(channel) && channel.is_wild() {
            self.wildcards += 1;
        }
        self.by_channel.entry(channel.clone()).or_default().slashed = slashed;
    }

    pub(super) fn remove(&mut self, channel: &ChannelId) -> bool {
        let Some(removed) = self.by_channel.remove(channel) else {
            return false;
        };
        self.wildcards -= usize::from(channel.is_wild());
        self.replaying -= usize::from(removed.is_replaying);
        true
    }

    pub(super) fn take_all(&mut self) -> Vec<ChannelId> {
        self.wildcards = 0;
        self.replaying = 0;
        std::mem::take(&mut self.by_channel).into_keys().collect()
    }

    /// What becomes of a live event.
    pub(super) fn admit(&self, event: &Event) -> Admission {
        let (mut wanted, mut is_live, mut told) = (false, false, false);
        self.each_match(event, |it| {
            // A step may be delivered after somebody who has it already resumed behind it.
            let is_new = event.sequence().is_none_or(|at| at > it.heard);
            wanted |= is_new;
            is_live |= is_new && !it.is_replaying;
            told |= event.sequence().is_some_and(|at| it.has_told(at));
        });
        if !wanted || told {
            Admission::No
        } else if is_live || event.sequence().is_none() {
            let slashed = self.is_slashed(event.channel());
            Admission::Now { slashed }
        } else {
            Admission::Later
        }
    }

    /// Remembers that `event` was admitted live.
    pub(super) fn mark_heard(&mut self, event: &Event) {
        let Some(sequence) = event.sequence() else {
            return;
        };
        let mark = |it: &mut Subscription| {
            if !it.is_replaying {
                it.heard = it.heard.max(sequence);
            }
        };
        self.by_channel.get_mut(event.channel()).map(mark);
        if self.wildcards > 0 {
            for pattern in event.channel().patterns() {
                self.by_channel.get_mut(pattern.as_str()).map(mark);
            }
        }
    }

    /// Whether an event of a replay that goes on after `after` is for this session, which has not heard it.
    pub(super) fn admit_replayed(&self, event: &Event, after: u64) -> bool {
        let Some(sequence) = event.sequence() else {
            return false;
        };
        let (mut wanted, mut told) = (false, false);
        self.each_match(event, |it| {
            wanted |= it.is_replaying && it.heard >= after && sequence > it.heard;
            told |= it.has_told(sequence);
        });
        wanted && !told
    }

    /// A replay after `after` has come up to `up_to`, and if `is_all` there is nothing that it did not bring.
    pub(super) fn replayed(&mut self, after: u64, up_to: u64, is_all: bool) {
        for it in self.by_channel.values_mut() {
            if it.is_replaying && it.heard >= after {
                it.heard = it.heard.max(up_to);
                it.is_replaying = !is_all;
                self.replaying -= usize::from(is_all);
            }
        }
    }

    /// A subscription begins anew: it has told what is after `from` up to `heard`, and goes on as `is_replaying` says.
    pub(super) fn begin(&mut self, channel: &ChannelId, from: u64, heard: u64, is_replaying: bool) {
        if let Some(it) = self.by_channel.get_mut(channel) {
            self.replaying -= usize::from(it.is_replaying);
            self.replaying += usize::from(is_replaying);
            *it = Subscription {
                slashed: it.slashed,
                from,
                heard,
                is_replaying,
            };
        }
    }

    /// Remembers that a state valid at `sequence` was told for `channel`: everything up to it is part of it.
    pub(super) fn mark_state(&mut self, channel: &ChannelId, sequence: u64) {
        let heard = self.by_channel.get(channel).map_or(0, |it| it.heard);
        self.begin(channel, 0, heard.max(sequence), false);
    }

    /// The lowest sequence that a replay has to go on after; none if nothing is being replayed.
    pub(super) fn replay_after(&self) -> Option<u64> {
        if self.replaying == 0 {
            return None;
        }
        let replaying = self.by_channel.values().filter(|it| it.is_replaying);
        replaying.map(|it| it.heard).min()
    }

    /// The channels that are being replayed.
    pub(super) fn replaying(&self) -> Vec<ChannelId> {
        let replaying = self.by_channel.iter().filter(|(_, it)| it.is_replaying);
        replaying.map(|(channel, _)| channel.clone()).collect()
    }

    pub(super) fn is_slashed(&self, channel: &ChannelId) -> bool {
        self.by_channel.get(channel).is_some_and(|it| it.slashed)
    }

    fn each_match(&self, event: &Event, mut look: impl FnMut(&Subscription)) {
        if let Some(exact) = self.by_channel.get(event.channel()) {
            look(exact);
        }
        if self.wildcards > 0 {
            for pattern in event.channel().patterns() {
                if let Some(wild) = self.by_channel.get(pattern.as_str()) {
                    look(wild);
                }
            }
        }
    }
}
