//! Engine time: the wall clock is read at the start only (design D1).

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;

/// Engine time = a base + monotonic time elapsed, so that clock jumps end nothing.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    base: Timestamp,
    started: Instant,
}

impl Clock {
    /// Starts at the wall clock's time, but never behind the last journalled one: downtime counts.
    pub fn start(last: Timestamp) -> Self {
        Self {
            base: wall_clock().max(last),
            started: Instant::now(),
        }
    }

    /// The time that it is, whatever has become of the wall clock since the start.
    pub fn now(&self) -> Timestamp {
        let elapsed = self.started.elapsed().as_millis();
        self.base
            .plus_ms(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }
}

/// The wall clock's time.
pub fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since_epoch.map_or(0, |elapsed| elapsed.as_millis());
    Timestamp(u64::try_from(ms).unwrap_or(u64::MAX))
}
