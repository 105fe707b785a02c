#![allow(clippy::unwrap_used)]
//! All integration tests, linked once.

mod journal;
mod models;
