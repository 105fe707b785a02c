//! Baton, an open contact-centre interaction server.

pub mod journal;
