use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of times, in microseconds: from a commit on a fast disk to a client that gives up.
const TIMES_US: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 10_000_000,
];
/// Upper bounds of the sizes of groups.
const SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// How often values fell between bounds that never change.
pub struct Histogram {
    bounds: &'static [u64],
    /// How many of its units make one of what is published.
    scale: f64,
    /// One for each bound, and one for what is above all of them.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

impl Histogram {
    /// Of times, published in seconds.
    pub fn of_times() -> Self {
        Self::new(TIMES_US, 1e6)
    }

    /// Of how many belong together.
    pub fn of_sizes() -> Self {
        Self::new(SIZES, 1.0)
    }

    fn new(bounds: &'static [u64], scale: f64) -> Self {
        Self {
            bounds,
            scale,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Counts a time.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// Counts a value, in its own units.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// How many values lie at or below each bound, the bound as it is published, infinity last.
    pub fn cumulative(&self) -> Vec<(f64, u64)> {
        let mut below = 0;
        let bounds = self.bounds.iter().map(|bound| *bound as f64 / self.scale);
        bounds
            .chain([f64::INFINITY])
            .zip(&self.buckets)
            .map(|(bound, bucket)| {
                below += bucket.load(Ordering::Relaxed);
                (bound, below)
            })
            .collect()
    }

    /// The sum of all values, as it is published.
    pub fn sum(&self) -> f64 {
        self.sum.load(Ordering::Relaxed) as f64 / self.scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_counts_in_every_bucket_that_it_does_not_exceed() {
        let sizes = Histogram::of_sizes();
        for value in [1, 2, 3, 512, 513] {
            sizes.observe(value);
        }
        let of = |bound: f64| {
            let found = sizes.cumulative().into_iter().find(|(it, _)| *it == bound);
            found.expect("it is a bound").1
        };
        assert_eq!((of(1.0), of(2.0), of(4.0)), (1, 2, 3));
        assert_eq!((of(256.0), of(512.0), of(f64::INFINITY)), (3, 4, 5));
        assert_eq!(sizes.sum(), 1031.0);
    }

    #[test]
    fn times_are_published_in_seconds() {
        let times = Histogram::of_times();
        times.observe_time(Duration::from_micros(500));
        times.observe_time(Duration::from_secs(3_600));
        assert_eq!(times.sum(), 3_600.000_5);
        let cumulative = times.cumulative();
        assert_eq!(
            (cumulative[1], cumulative[2]),
            ((0.000_25, 0), (0.000_5, 1))
        );
        assert_eq!(cumulative.last(), Some(&(f64::INFINITY, 2)));
    }
}
