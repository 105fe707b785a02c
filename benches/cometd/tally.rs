use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::Notify;

/// A byte that is nowhere on the wire but once in every message.
const MARK: u8 = b'^';

/// What was sent and what has arrived, over all clients.
pub(crate) struct Tally {
    began: Instant,
    due: AtomicU64,
    arrived: AtomicU64,
    /// Responses and frames that messages came in.
    writes: AtomicU64,
    /// Deliveries that may be on their way.
    window: u64,
    room: Notify,
    /// When each subscriber was last sent something, in nanoseconds since the beginning.
    sent_at: Vec<AtomicU64>,
    latencies_us: Mutex<Vec<f64>>,
}

impl Tally {
    pub(crate) fn new(subscribers: usize, window: u64) -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            due: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            writes: AtomicU64::new(0),
            window,
            room: Notify::new(),
            sent_at: (0..subscribers).map(|_| AtomicU64::new(0)).collect(),
            latencies_us: Mutex::default(),
        })
    }

    /// Waits until fewer deliveries than the window are on their way, then counts in as many more.
    pub(crate) async fn enter(&self, deliveries: u64) {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            room.as_mut().enable();
            if self.due() - self.arrived() < self.window {
                break;
            }
            room.await;
        }
        self.due.fetch_add(deliveries, Ordering::Relaxed);
    }

    /// Remembers when a message to one subscriber was sent.
    pub(crate) fn stamp(&self, subscriber: usize) {
        self.sent_at[subscriber].store(self.now(), Ordering::Relaxed);
    }

    /// Counts the messages in a response or frame.
    pub(crate) fn take(&self, text: &[u8]) -> u64 {
        let marks = text.iter().filter(|byte| **byte == MARK).count() as u64;
        if marks > 0 {
            self.writes.fetch_add(1, Ordering::Relaxed);
            let before = self.arrived.fetch_add(marks, Ordering::Relaxed);
            let on_way = self.due().saturating_sub(before);
            if on_way >= self.window && on_way - marks < self.window {
                self.room.notify_waiters();
            }
        }
        marks
    }

    /// Notes how long the last message to one subscriber took.
    pub(crate) fn time(&self, subscriber: usize) {
        let sent_at = self.sent_at[subscriber].load(Ordering::Relaxed);
        let latency = (self.now() - sent_at) as f64 / 1000.0;
        self.latencies_us.lock().unwrap().push(latency);
    }

    pub(crate) fn due(&self) -> u64 {
        self.due.load(Ordering::Relaxed)
    }

    pub(crate) fn arrived(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    pub(crate) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// The latencies since the last call, sorted.
    pub(crate) fn latencies_us(&self) -> Vec<f64> {
        let mut all = std::mem::take(&mut *self.latencies_us.lock().unwrap());
        all.sort_by(f64::total_cmp);
        all
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap()
    }
}
