//! What is published about the server, held against what it does.

mod asyncapi;
pub(crate) mod notifications;
mod operations;
mod security;
