//! What a contact centre counts of its work while it is done: by atomic additions only.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::engine::operations::SPECS;
use crate::metrics::Histogram;

/// More than any `statusCode` (gateway-api 1.5).
const STATUS_CODES_LEN: usize = 32;

/// The running totals of a contact centre since the server was started.
pub struct Meters {
    /// In the order of [`SPECS`].
    operations: Box<[OperationMeter]>,
    /// How long the journal took for each group of steps, made durable or not.
    pub commits: Histogram,
    /// Steps in each of these groups.
    pub groups: Histogram,
    /// Groups that did not become durable.
    pub(super) groups_refused: AtomicU64,
    /// Bytes of the steps that were handed to the journal.
    pub(super) journalled_bytes: Arc<AtomicU64>,
}

struct OperationMeter {
    outcomes: [AtomicU64; STATUS_CODES_LEN],
    times: Histogram,
}

/// What became of one operation so far.
pub struct OperationReading<'a> {
    /// The operation's name.
    pub name: &'static str,
    /// How often it had each `statusCode` that it ever had.
    pub outcomes: Vec<(usize, u64)>,
    /// How long it took until its outcome was durable.
    pub times: &'a Histogram,
}

impl Default for Meters {
    fn default() -> Self {
        let operation = || OperationMeter {
            outcomes: std::array::from_fn(|_| AtomicU64::new(0)),
            times: Histogram::of_times(),
        };
        Self {
            operations: SPECS.iter().map(|_| operation()).collect(),
            commits: Histogram::of_times(),
            groups: Histogram::of_sizes(),
            groups_refused: AtomicU64::new(0),
            journalled_bytes: Arc::default(),
        }
    }
}

impl Meters {
    /// Counts an operation, by its [place](crate::engine::Operation::place), that had this `statusCode` after this time.
    pub fn operation(&self, place: usize, status_code: u8, took: Duration) {
        let meter = &self.operations[place];
        let last = STATUS_CODES_LEN - 1;
        meter.outcomes[usize::from(status_code).min(last)].fetch_add(1, Ordering::Relaxed);
        meter.times.observe_time(took);
    }

    /// Counts a group of steps that the journal was given.
    pub(super) fn group(&self, len: usize, is_durable: bool, took: Duration) {
        self.commits.observe_time(took);
        self.groups.observe(len as u64);
        let refused = u64::from(!is_durable);
        self.groups_refused.fetch_add(refused, Ordering::Relaxed);
    }

    /// The operations that anybody has asked for.
    pub fn operations(&self) -> impl Iterator<Item = OperationReading<'_>> {
        SPECS.iter().zip(&self.operations).filter_map(|(spec, it)| {
            let counts = it.outcomes.iter().map(|it| it.load(Ordering::Relaxed));
            let outcomes: Vec<_> = counts.enumerate().filter(|(_, count)| *count > 0).collect();
            (!outcomes.is_empty()).then_some(OperationReading {
                name: spec.name,
                outcomes,
                times: &it.times,
            })
        })
    }

    /// Groups of steps that did not become durable.
    pub fn groups_refused(&self) -> u64 {
        self.groups_refused.load(Ordering::Relaxed)
    }

    /// Bytes of the steps that were handed to the journal.
    pub fn journalled_bytes(&self) -> u64 {
        self.journalled_bytes.load(Ordering::Relaxed)
    }
}
