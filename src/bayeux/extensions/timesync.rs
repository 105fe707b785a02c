use serde::{Deserialize, Serialize};

/// Below this the client's clock is close enough, and it is not told the difference (the reference's accuracy target).
const ACCURACY_MS: f64 = 25.0;

/// `ext.timesync` of a meta message: the client's clock, lag and offset.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Question {
    tc: f64,
    #[serde(default)]
    l: f64,
    #[serde(default)]
    o: f64,
}

/// `ext.timesync` of the reply.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    #[serde(serialize_with = "whole")]
    tc: f64,
    ts: u64,
    p: u64,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "whole_or_none"
    )]
    a: Option<f64>,
}

impl Question {
    /// The answer to a question received at `received_ms` and answered at `now_ms`, both of the wall clock.
    pub(crate) fn answer(&self, received_ms: u64, now_ms: u64) -> Answer {
        let accuracy = self.tc + self.o + self.l - received_ms as f64;
        let is_known_well = self.l != 0.0 && accuracy.abs() < ACCURACY_MS;
        Answer {
            tc: self.tc,
            ts: received_ms,
            p: now_ms.saturating_sub(received_ms),
            a: (!is_known_well).then_some(accuracy),
        }
    }
}

/// Numbers without a fraction go out without one, as they came.
fn whole<S: serde::Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let integer = *value as i64;
    let is_exact = integer as f64 == *value;
    if is_exact {
        serializer.serialize_i64(integer)
    } else {
        serializer.serialize_f64(*value)
    }
}
fn whole_or_none<S: serde::Serializer>(
    value: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => whole(value, serializer),
        None => serializer.serialize_none(),
    }
}
