//! Baton, an open contact-centre interaction server.

pub mod bayeux;
pub mod hub;
pub mod transports;
