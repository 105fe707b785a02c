//! What was stopped lately is remembered, within bounds: its archive is the journal's.

use std::sync::Arc;

use super::State;
use crate::domain::Interaction;

/// Stopped interactions that are remembered, so that a late request hears "already stopped".
pub const STOPPED_LEN_MAX: usize = 10_000;
/// KiB of user data that they keep; each counts as one at least. Above it the oldest go.
pub const STOPPED_KIB_MAX: u64 = 65_536;

impl State {
    /// Remembers what was stopped now. The oldest make room for it.
    pub(super) fn remember_stopped(&mut self, interaction: &Arc<Interaction>) {
        self.keep_stopped(interaction);
        while self.stopped_order.size() > STOPPED_LEN_MAX || self.stopped_kib > STOPPED_KIB_MAX {
            let Some((sequence, id)) = self.stopped_order.first().cloned() else {
                return;
            };
            if let Some(oldest) = self.stopped.get(&id) {
                self.stopped_kib -= kib(oldest);
            }
            self.stopped.remove_mut(&id);
            self.stopped_order.remove_mut(&(sequence, id));
        }
    }

    /// Takes what is remembered already.
    pub(super) fn keep_stopped(&mut self, interaction: &Arc<Interaction>) {
        let id = &interaction.id;
        self.stopped_kib += kib(interaction);
        self.stopped_order
            .insert_mut((interaction.changed_sequence, id.clone()));
        self.stopped.insert_mut(id.clone(), Arc::clone(interaction));
    }
}

fn kib(interaction: &Interaction) -> u64 {
    1 + interaction.user_data.text_len() as u64 / 1024
}
