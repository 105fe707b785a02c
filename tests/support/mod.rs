//! What several tests need.

pub(crate) mod desktop;
pub(crate) mod process;
pub(crate) mod server;
