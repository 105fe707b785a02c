//! Baton, an open contact-centre interaction server.
//!
//! # The house
//!
//! ```text
//!             main ──▶ server, maintenance, options, logging   roof: wiring, and what is done to a data folder from outside
//!               api ─▶ identity   transports              4th floor: axum, who is who, WebSocket, JSON shapes
//!                 └──▶ centre                             3rd floor: tokio; engine + journal + hub meet here
//!                      hub                                2nd floor: tokio; CometD sessions and delivery
//!              engine  bayeux  journal                    1st floor: rooms that do not know each other
//!                 │
//!              domain  metrics                            ground: words, and what is counted
//! ```
//!
//! Imports point down only. `domain`, `engine` and `bayeux` do no I/O: time, identifiers and random bytes are their
//! arguments. `tests/house.rs` checks both.
//!
//! # How a request goes
//!
//! A handler in [`api`] knows its caller by an extractor, reads an [`engine::Operation`] and hands it to the
//! [`centre::Handle`] of the caller's contact centre. The centre's driver is its one writer: it lets the
//! [`engine::Engine`] carry the request out, which gives a [`engine::Step`] and what it says to whom, or a refusal. Steps
//! are written to the [`journal`] in groups, by a thread of its own, while the next group is computed. When a group is on
//! disk its state becomes the one that readers see, its announcements are pushed through the [`hub`], and its callers
//! are answered.
//!
//! # Invariants
//!
//! - State changes only by applying a [`engine::Change`]; folding the journalled steps gives the same state.
//! - Nothing leaves before what it depends on is durable: no reply, no refusal, no read, no push.
//! - What a party hears is a pure function of the state before a step and the step (`engine/announce/`).
//! - What is asked for under an `Idempotency-Key` is done once, and answered the same however often it is asked for.
//! - A refusal changes nothing and says nothing to anybody but the one who asked.
//! - The engine never waits, and the hub never waits for a client.

pub mod api;
pub mod bayeux;
pub mod centre;
pub mod domain;
pub mod engine;
pub mod hub;
pub mod identity;
pub mod journal;
pub mod logging;
pub mod maintenance;
pub mod metrics;
pub mod options;
pub mod server;
pub mod transports;
