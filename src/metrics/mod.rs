//! What is counted, and the text in which Prometheus reads it.
//!
//! Counting costs atomic additions and nothing else; all formatting is done by who reads. The crates that do this take a
//! lock for every observation of a histogram, or write another format.

mod histogram;
mod text;

pub use histogram::Histogram;
pub use text::{CONTENT_TYPE, Kind, Text};
