//! What a user heard last, so that he can see what he missed (`previousSequence`, design D10).

use super::Channel;
use crate::domain::{Sequence, UserId};
use crate::engine::State;

/// The last sequence that a user heard on each channel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard([Option<Sequence>; Channel::ALL.len()]);

impl Heard {
    /// The last one on a channel.
    pub fn last(&self, channel: Channel) -> Option<Sequence> {
        self.0[channel as usize]
    }

    /// Every channel that he has heard something on.
    pub fn iter(&self) -> impl Iterator<Item = (Channel, Sequence)> {
        Channel::ALL
            .into_iter()
            .filter_map(|channel| Some((channel, self.last(channel)?)))
    }

    fn set(&mut self, channel: Channel, sequence: Sequence) {
        self.0[channel as usize] = Some(sequence);
    }
}

impl State {
    /// A user hears something.
    pub(in crate::engine) fn hear(&mut self, user: &UserId, channel: Channel, sequence: Sequence) {
        if let Some(heard) = self.heard.get_mut(user) {
            heard.set(channel, sequence);
        } else {
            let mut heard = Heard::default();
            heard.set(channel, sequence);
            self.heard.insert_mut(user.clone(), heard);
        }
    }
}
