//! Baton, an open contact-centre interaction server.

pub mod api;
pub mod bayeux;
pub mod centre;
pub mod domain;
pub mod engine;
pub mod hub;
pub mod journal;
pub mod options;
pub mod server;
pub mod transports;
