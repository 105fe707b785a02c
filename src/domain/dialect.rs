//! The seeds' "used here in place of": what a router hears instead of the Interaction Management event.

use super::{Event, Protocol};

/// What kind of request an acknowledgement answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// RequestRouteCall, which stands for delivery, placing and stopping.
    Route,
    /// RequestUpdateUserData, which stands for changing properties.
    Properties,
}

/// The T-Library event that stands in for an Interaction Management event on a router's link
/// (seed 000 "Change Properties", seed 002 "Stop Processing"; the decision on Stop B is in design section 6).
pub fn for_router(event: Event, answers: Answers) -> (Event, Protocol) {
    let stand_in = match (event, answers) {
        (Event::Ack, Answers::Route) => Event::RouteUsed,
        (Event::Ack, Answers::Properties) | (Event::PropertiesChanged, _) => {
            Event::AttachedDataChanged
        }
        (Event::Revoked, _) => Event::Abandoned,
        (other, _) => other,
    };
    (stand_in, Protocol::TLibrary)
}
