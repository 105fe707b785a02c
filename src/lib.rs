//! Baton, an open contact-centre interaction server.

pub mod centre;
pub mod domain;
pub mod engine;
pub mod journal;
