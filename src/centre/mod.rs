//! Where engine, journal and hub meet: one contact centre, running.

mod notify;
mod resources;

pub use notify::{Identity, channel_name, event_json, interaction_message, notification};
pub use resources::Links;
