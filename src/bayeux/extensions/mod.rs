//! The extensions of the reference that change what a session does.

pub(super) mod ack;
pub(super) mod activity;
pub(super) mod replay;
pub(super) mod timesync;
