//! Baton, an open contact-centre interaction server.
