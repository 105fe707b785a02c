//! The Bayeux protocol (CometD) without input or output: times and identifiers are arguments, answers are return values.
//!
//! A [`Session`] is what one client has with the server: its subscriptions, its bounded queue, its held connect.
//! The carriers parse what they receive with [`Request::parse`], call the session, and write the [`Delivery`] it returns.
//! Nothing here knows what the events are about.

mod advice;
mod channel;
mod delivery;
mod event;
mod extensions;
mod meta;
mod queue;
mod refusal;
mod replay;
mod reply;
mod request;
mod session;
mod subscriptions;

pub use advice::{Advice, Reconnect};
pub use channel::{ChannelId, InvalidChannel, Kind};
pub use delivery::Delivery;
pub use event::Event;
pub use extensions::replay::{Cursor, InvalidCursor};
pub use meta::connect::{
    Carrier, ConnectPoll, ConnectTerms, Connected, Gone, SocketPoll, unknown_session,
};
pub use meta::handshake;
pub use meta::publish;
pub use meta::subscribe::Added;
pub use queue::Queued;
pub use refusal::{Denied, Refusal};
pub use replay::Replayed;
pub use reply::Reply;
pub use request::{Malformed, Request};
pub use session::{Ended, Limits, Offered, Session};

/// The connection types this server can offer, the preferred one first; the last one only if it is asked to.
pub const CONNECTION_TYPES: [&str; 3] = ["websocket", "long-polling", "callback-polling"];

/// The two clocks a message is handled at.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Monotonic milliseconds since an arbitrary start: what every deadline is compared with.
    pub monotonic_ms: u64,
    /// Milliseconds since the Unix epoch: only told to clients, never compared.
    pub wall_ms: u64,
}
