//! How often somebody may do something: token buckets that fill up again evenly, one for each.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets that are not full. More than that share one.
pub const BUCKETS_LEN_MAX: usize = 65_536;

/// Buckets of the same size.
pub struct Buckets {
    limit: u32,
    window_us: u64,
    started: Instant,
    hasher: RandomState,
    /// When a bucket is full again, in microseconds since the start, by the hash of its key: no key can take up more than
    /// another, and nobody outside can tell which would share one.
    full_at_us: Mutex<HashMap<u64, u64>>,
}

/// What is left in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How often it may be done in a window.
    pub limit: u32,
    /// The window, in seconds.
    pub window_s: u64,
    /// How often it may be done at once.
    pub remaining: u32,
    /// After how many seconds all of it is there again.
    pub full_in_s: u64,
    /// After how many seconds it may be done again; 0 if it could be done now.
    pub retry_after_s: u64,
}

impl Buckets {
    /// Buckets of `limit` that fill up in `window_s` seconds; none if there is no limit, which 0 stands for.
    pub fn new(limit: u32, window_s: u32) -> Option<Self> {
        (limit > 0).then(|| Self {
            limit,
            window_us: u64::from(window_s.max(1)) * 1_000_000,
            started: Instant::now(),
            hasher: RandomState::new(),
            full_at_us: Mutex::default(),
        })
    }

    /// Takes one out of the bucket of `key`.
    ///
    /// # Errors
    /// It is empty.
    pub fn take(&self, key: &(impl Hash + ?Sized)) -> Result<Standing, Standing> {
        self.take_at(self.hasher.hash_one(key), self.now_us())
    }

    /// Puts one back into the bucket of `key`.
    pub fn give_back(&self, key: &(impl Hash + ?Sized)) {
        let key = self.hasher.hash_one(key);
        let mut buckets = self
            .full_at_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(full_at) = buckets.get_mut(&key) {
            *full_at = full_at.saturating_sub(self.one_us());
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// How long it takes until one more is there.
    fn one_us(&self) -> u64 {
        (self.window_us / u64::from(self.limit)).max(1)
    }

    fn take_at(&self, key: u64, now_us: u64) -> Result<Standing, Standing> {
        let mut buckets = self
            .full_at_us
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_LEN_MAX && !buckets.contains_key(&key) {
            buckets.retain(|_, full_at| *full_at > now_us);
        }
        // Those for whom there is no room share the bucket of nobody.
        let is_room = buckets.len() < BUCKETS_LEN_MAX || buckets.contains_key(&key);
        let full_at = buckets
            .entry(if is_room { key } else { 0 })
            .or_insert(now_us);
        let after = (*full_at).max(now_us) + self.one_us();
        let whole_us = self.one_us() * u64::from(self.limit);
        let missing_us = after - now_us;
        if missing_us > whole_us {
            let missing_us = missing_us - self.one_us();
            return Err(self.standing(missing_us, after - now_us - whole_us));
        }
        *full_at = after;
        Ok(self.standing(missing_us, 0))
    }

    fn standing(&self, missing_us: u64, wait_us: u64) -> Standing {
        let left_us = self.one_us() * u64::from(self.limit) - missing_us;
        Standing {
            limit: self.limit,
            window_s: self.window_us / 1_000_000,
            remaining: u32::try_from(left_us / self.one_us()).unwrap_or(u32::MAX),
            full_in_s: missing_us.div_ceil(1_000_000),
            retry_after_s: wait_us.div_ceil(1_000_000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_US: u64 = 1_000_000;

    #[test]
    fn a_bucket_is_emptied_at_once_and_fills_evenly() {
        let buckets = Buckets::new(3, 30).expect("a limit");
        let take = |at_s: u64| buckets.take_at(7, at_s * SECOND_US);
        let left: Vec<u32> = (0..3).map(|_| take(100).expect("left").remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let empty = take(100).expect_err("empty");
        assert_eq!((empty.limit, empty.window_s), (3, 30));
        assert_eq!(
            (empty.remaining, empty.full_in_s, empty.retry_after_s),
            (0, 30, 10)
        );
        assert_eq!(take(109).expect_err("not yet").retry_after_s, 1);
        assert_eq!(take(110).expect("one").remaining, 0);
        assert!(take(110).is_err());
        assert_eq!(take(1_000).expect("all").remaining, 2);
        assert!(buckets.take_at(8, 0).is_ok(), "another bucket");
        assert!(Buckets::new(0, 30).is_none());
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let buckets = Buckets::new(1, 3_600).expect("a limit");
        for _ in 0..3 {
            assert!(buckets.take("ada").is_ok());
            assert!(buckets.take("ada").is_err());
            buckets.give_back("ada");
        }
    }

    #[test]
    fn buckets_are_bounded() {
        let buckets = Buckets::new(2, 10).expect("a limit");
        let bounded = u64::try_from(BUCKETS_LEN_MAX).expect("fits");
        for key in 1..=bounded {
            assert!(buckets.take_at(key, 0).is_ok());
        }
        // The next ones share: two may, the third not, whoever it is. Who has a bucket keeps it.
        let [a, b, c] = [1, 2, 3].map(|more| buckets.take_at(bounded + more, 0).is_ok());
        assert_eq!((a, b, c), (true, true, false));
        assert!(buckets.take_at(1, 0).is_ok());
        // Full ones make room.
        assert!(buckets.take_at(bounded + 4, 20 * SECOND_US).is_ok());
        let len = buckets.full_at_us.lock().expect("whole").len();
        assert_eq!(len, 1);
    }
}
