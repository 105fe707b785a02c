#![allow(clippy::unwrap_used)]
//! All integration tests, linked once.

mod api;
mod bounds;
mod centre;
mod cometd;
mod contracts;
mod crash;
mod deploy;
mod growth;
mod house;
mod journal;
mod linearizability;
mod maintenance;
mod models;
mod options;
mod readme;
mod refusals;
mod replay;
mod simulation;
mod support;
mod traces;
