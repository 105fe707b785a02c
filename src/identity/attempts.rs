//! Wrong passwords: how many are borne for a user name, and from an address.

use std::net::IpAddr;

use super::buckets::Buckets;
use crate::transports::Unauthenticated;

/// Over how many seconds wrong passwords are counted.
const WINDOW_S: u32 = 60;

/// Who has tried how often.
pub(super) struct Attempts {
    by_user: Option<Buckets>,
    by_address: Option<Buckets>,
}

/// Wrong passwords a minute before more are refused; 0 for no limit.
#[derive(Debug, Clone, Copy)]
pub struct AttemptLimits {
    /// For one user name, whether there is such a user or not.
    pub per_user: u32,
    /// From one address; of IPv6, from one network of 64 bits.
    pub per_address: u32,
}

impl Attempts {
    pub(super) fn new(limits: AttemptLimits) -> Self {
        Self {
            by_user: Buckets::new(limits.per_user, WINDOW_S),
            by_address: Buckets::new(limits.per_address, WINDOW_S),
        }
    }

    /// Counts an attempt as failed until it is known to be right, so that many at once are no way around.
    ///
    /// # Errors
    /// There were too many.
    pub(super) fn begin(&self, name: &str, from: Option<IpAddr>) -> Result<(), Unauthenticated> {
        let from = from.map(network_of);
        let refused = |standing: super::buckets::Standing| Unauthenticated::TooMany {
            retry_after_s: standing.retry_after_s,
        };
        if let (Some(buckets), Some(from)) = (&self.by_address, from) {
            buckets.take(&from).map_err(refused)?;
        }
        if let Some(buckets) = &self.by_user {
            buckets.take(name).map_err(refused)?;
        }
        Ok(())
    }

    /// The attempt was right.
    pub(super) fn succeed(&self, name: &str, from: Option<IpAddr>) {
        if let (Some(buckets), Some(from)) = (&self.by_address, from.map(network_of)) {
            buckets.give_back(&from);
        }
        if let Some(buckets) = &self.by_user {
            buckets.give_back(name);
        }
    }
}

/// Whoever has one address of IPv6 has the whole network.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}
