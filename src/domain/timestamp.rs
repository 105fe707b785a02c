//! Points in engine time.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z in engine time (design D1).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This time and `ms` milliseconds more.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The form of `receivedDate` in the gateway's notifications: `2031-01-02 03:04:05.000+0000`.
    pub fn to_gateway_date(self) -> String {
        self.zoned("%Y-%m-%d %H:%M:%S%.3f+0000")
    }

    /// Parses `2031-01-02T03:04:05Z` and its variants with fractions and offsets.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(parsed.as_millisecond()).ok().map(Self)
    }

    fn zoned(self, format: &str) -> String {
        let ms = i64::try_from(self.0).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(ms)
            .unwrap_or(jiff::Timestamp::MAX)
            .strftime(format)
            .to_string()
    }
}

/// ISO 8601 in UTC with milliseconds: `2031-01-02T03:04:05.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.zoned("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_gateway_writes_them() {
        let at = Timestamp(1_924_985_045_000);
        assert_eq!(at.to_string(), "2030-12-31T22:04:05.000Z".to_owned());
        assert_eq!(at.to_gateway_date(), "2030-12-31 22:04:05.000+0000");
        assert_eq!(Timestamp::parse("2030-12-31T22:04:05Z"), Some(at));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
