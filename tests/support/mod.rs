//! What several tests need.

pub(crate) mod base;
pub(crate) mod desktop;
pub(crate) mod events;
pub(crate) mod folded;
pub(crate) mod golden;
pub(crate) mod process;
pub(crate) mod server;
