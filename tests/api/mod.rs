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
mod media;
mod notifications;
mod openapi;
mod operations;
mod origins;
mod parties;
mod policy;
mod provider;
mod resources;
mod revocation;
mod routes_and_roles;
mod session;
mod tls;
mod versions;
mod visibility;
mod workbins;
