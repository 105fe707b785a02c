//! The REST interface, over real HTTP.

mod archive;
mod bad_input;
mod connections;
mod credentials;
mod durability;
mod event_models;
mod history;
mod idempotency;
mod media;
mod notifications;
mod openapi;
mod operations;
mod origins;
mod parties;
mod policy;
mod resources;
mod revocation;
mod routes_and_roles;
mod session;
mod versions;
mod visibility;
mod workbins;
