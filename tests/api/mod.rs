//! The REST interface, over real HTTP.

mod archive;
mod bad_input;
mod connections;
mod credentials;
mod csrf;
mod durability;
mod event_models;
mod history;
mod idempotency;
mod limits;
mod notifications;
mod openapi;
mod operations;
mod origins;
mod parties;
mod policy;
mod provider;
mod revocation;
mod session;
mod tls;
mod versions;
mod visibility;
