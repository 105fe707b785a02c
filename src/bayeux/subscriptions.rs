use std::collections::BTreeMap;

use super::{ChannelId, Event};

/// What a session is subscribed to, and up to which sequence it has heard each.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    by_channel: BTreeMap<ChannelId, Subscription>,
    wildcards: usize,
}

#[derive(Debug, Default, Clone, Copy)]
struct Subscription {
    /// The client wrote the name with a slash at the end.
    slashed: bool,
    /// Events up to this sequence have been delivered, or are part of a state that was.
    heard: Option<u64>,
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
        let removed = self.by_channel.remove(channel).is_some();
        if removed && channel.is_wild() {
            self.wildcards -= 1;
        }
        removed
    }

    pub(super) fn take_all(&mut self) -> Vec<ChannelId> {
        self.wildcards = 0;
        std::mem::take(&mut self.by_channel).into_keys().collect()
    }

    /// Whether the session gets `event`: if so, whether it knows the channel with a slash at the end.
    pub(super) fn admit(&self, event: &Event) -> Option<bool> {
        let exact = self.by_channel.get(event.channel());
        let mut heard = exact.and_then(|it| it.heard);
        let mut matched = exact.is_some();
        if self.wildcards > 0 {
            for pattern in event.channel().patterns() {
                if let Some(wild) = self.by_channel.get(pattern.as_str()) {
                    matched = true;
                    heard = heard.max(wild.heard);
                }
            }
        }
        let is_new = event
            .sequence()
            .is_none_or(|sequence| heard.is_none_or(|heard| sequence > heard));
        (matched && is_new).then(|| exact.is_some_and(|it| it.slashed))
    }

    /// Remembers that `event` was admitted.
    pub(super) fn mark_heard(&mut self, event: &Event) {
        let Some(sequence) = event.sequence() else {
            return;
        };
        if let Some(exact) = self.by_channel.get_mut(event.channel()) {
            exact.heard = exact.heard.max(Some(sequence));
        }
        if self.wildcards > 0 {
            for pattern in event.channel().patterns() {
                if let Some(wild) = self.by_channel.get_mut(pattern.as_str()) {
                    wild.heard = wild.heard.max(Some(sequence));
                }
            }
        }
    }

    /// Remembers that a state valid at `sequence` was delivered for `channel`.
    pub(super) fn mark_state(&mut self, channel: &ChannelId, sequence: u64) {
        if let Some(subscription) = self.by_channel.get_mut(channel) {
            subscription.heard = subscription.heard.max(Some(sequence));
        }
    }

    pub(super) fn is_slashed(&self, channel: &ChannelId) -> bool {
        self.by_channel.get(channel).is_some_and(|it| it.slashed)
    }
}
