//! The REST interface, over real HTTP.

mod archive;
mod bad_input;
mod connections;
mod credentials;
mod durability;
mod event_models;
mod headers;
mod history;
mod idempotency;
mod metrics;
mod notifications;
mod observed;
mod openapi;
mod operations;
mod origins;
mod parties;
mod policy;
mod revocation;
mod session;
mod versions;
mod visibility;
