//! How something is said: to reporting engines, to an application, and by whom it was done.

use super::{Announcer, Body};
use crate::domain::{Attributes, Event, Message, Protocol};
use crate::engine::{Head, State};

impl Announcer {
    /// Says an event to every registered reporting engine.
    pub(super) fn report(&mut self, state: &State, event: Event, attributes: &Attributes) {
        for user in state.reporting_engines() {
            let message = Message {
                event,
                protocol: Protocol::Reporting,
                attributes: attributes.clone(),
            };
            self.said
                .push((user.clone(), Body::Event(Box::new(message))));
        }
    }
}

/// Attributes that say who did it.
pub(super) fn acted(head: &Head) -> Attributes {
    Attributes {
        actor: Some(head.actor.clone()),
        ..Attributes::default()
    }
}

/// A message to an agent's application or a media server.
pub(super) fn interaction_management(event: Event, attributes: Attributes) -> Message {
    Message {
        event,
        protocol: Protocol::InteractionManagement,
        attributes,
    }
}
