//! The meta channels, one file each, and publishing.

pub(super) mod connect;
mod disconnect;
pub mod handshake;
pub mod publish;
mod subscribe;
mod unsubscribe;
