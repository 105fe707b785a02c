//! Who registered for a queue in the mode Monitor hears what its router hears, and has no part in it (TRegisterMode,
//! interaction-models section 4).

use super::Body;
use super::scene::Scene;
use crate::domain::{
    Attributes, Event, Interaction, Message, Party, Protocol, RouteResult, UserId,
};

impl Scene<'_> {
    /// Who monitors the queue that the interaction is being routed from.
    pub(super) fn monitors(&self) -> Vec<UserId> {
        let routing = self.before.and_then(Interaction::routing);
        let routing = routing.or_else(|| self.after.routing());
        let queue = routing.map(|routing| &routing.from.queue);
        let monitors = queue.into_iter().flat_map(|it| self.state.monitors_of(it));
        monitors.cloned().collect()
    }

    /// Says to monitors what the router hears as the answer to a request of its own.
    pub(super) fn tell_monitors_of_own(&mut self, event: Event, set: impl FnOnce(&mut Attributes)) {
        let routing = self.before.and_then(Interaction::routing);
        let router = routing.map(|routing| Party::Router(routing.router.clone()));
        let monitors = self.monitors();
        if router.is_some() && self.head.actor.party() == router && !monitors.is_empty() {
            let message = Message {
                event,
                protocol: Protocol::TLibrary,
                attributes: self.attributes(set),
            };
            self.tell(monitors, message);
        }
    }

    /// The reference is that of the router's request, which nobody else has made.
    pub(super) fn tell(&mut self, monitors: Vec<UserId>, mut message: Message) {
        message.attributes.reference_id = None;
        for monitor in monitors {
            let body = Body::Event(Box::new(message.clone()));
            self.said.said.push((monitor, body));
        }
    }
}

/// The router has settled where the interaction goes.
pub(super) fn delivered(attributes: &mut Attributes) {
    attributes.route_result = Some(RouteResult::Delivered);
}
