//! The meta channels, one file each, and publishing.

pub(super) mod connect;
mod disconnect;
pub mod handshake;
pub mod publish;
pub(super) mod subscribe;
mod unsubscribe;
