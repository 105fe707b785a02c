use std::sync::Weak;
use std::time::Duration;

use super::{Inner, sessions};
use crate::bayeux::Ended;

/// Sweeps until the last handle to the hub is gone.
pub(super) async fn keep_sweeping(hub: Weak<Inner>, period_ms: u64) {
    let mut ticks = tokio::time::interval(Duration::from_millis(period_ms.max(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        hub.sweep();
    }
}

impl Inner {
    /// Ends the sessions that stayed away or did nothing for too long, and those whose credentials have ended.
    fn sweep(&self) {
        let now = self.clock.now();
        for shard in 0..sessions::SHARDS {
            for open in self.sessions.of_shard(shard) {
                let why = {
                    let state = open.lock();
                    if state.ends_at.is_some_and(|at| at <= now.monotonic_ms) {
                        Some(Ended::Revoked)
                    } else if state.session.is_expired(now) {
                        Some(Ended::Expired)
                    } else if state.session.is_inactive(now) {
                        Some(Ended::Inactive)
                    } else {
                        None
                    }
                };
                if let Some(why) = why {
                    self.end(&open, why);
                }
            }
        }
    }
}
