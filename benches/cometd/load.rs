//! Subscribers and publishers around one server, and what a round of them comes to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use crate::peers::{Carrier, Publisher, Subscriber};
use crate::scenarios::{DATA, Traffic};
use crate::server::Server;
use crate::tally::Tally;

/// Connections that are opened at the same time.
const OPENED_TOGETHER: usize = 50;
/// How long the last messages of a round may take; what has not come by then is lost.
const ARRIVAL_MAX: Duration = Duration::from_secs(10);

/// What one round came to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) messages: u64,
    pub(crate) per_second: f64,
    /// Server CPU time for one delivery, in microseconds.
    pub(crate) cpu_us: f64,
    /// Messages in a frame or response.
    pub(crate) per_write: f64,
    /// The server's share of its core.
    pub(crate) busy: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// A server with subscribers that hear everything, and publishers that speak when a round is measured.
pub(crate) struct Load {
    server: Server,
    traffic: Arc<Traffic>,
    tally: Arc<Tally>,
    publishers: Vec<Publisher>,
    published: Arc<AtomicU64>,
    _hearing: JoinSet<()>,
}

impl Load {
    pub(crate) async fn start(server: Server, carrier: Carrier, traffic: Traffic) -> Self {
        let traffic = Arc::new(traffic);
        let tally = Tally::new(traffic.subscribers, traffic.window());
        let mut hearing = JoinSet::new();
        let numbers: Vec<usize> = (0..traffic.subscribers).collect();
        for some in numbers.chunks(OPENED_TOGETHER) {
            let opened = join_all(some.iter().map(|number| {
                let (server, traffic) = (&server, &traffic);
                async move {
                    let (user, channels) = (traffic.user(*number), traffic.channels(*number));
                    Subscriber::open(server, carrier, *number, &user, &channels).await
                }
            }));
            for (number, subscriber) in some.iter().zip(opened.await) {
                let times = traffic.paced_per_second.is_some().then_some(*number);
                hearing.spawn(hear(subscriber, carrier, tally.clone(), times));
            }
        }
        let publishers = (0..traffic.publishers()).map(|_| Publisher::open(&server));
        let publishers = join_all(publishers).await;
        Self {
            server,
            traffic,
            tally,
            publishers,
            published: Arc::default(),
            _hearing: hearing,
        }
    }

    /// Measures for so many seconds, after a fifth of that to warm up; then everything that was sent has to have arrived.
    pub(crate) async fn round(&mut self, seconds: f64) -> Measured {
        let stopped = Arc::new(AtomicBool::new(false));
        let mut speaking = JoinSet::new();
        for (number, publisher) in std::mem::take(&mut self.publishers).into_iter().enumerate() {
            let speaker = Speaker {
                publisher,
                traffic: self.traffic.clone(),
                tally: self.tally.clone(),
                published: self.published.clone(),
                stopped: stopped.clone(),
            };
            if let Some(per_second) = self.traffic.paced_per_second {
                speaking.spawn(speaker.speak_in_time(number, per_second));
            } else {
                speaking.spawn(speaker.speak());
            }
        }
        sleep(Duration::from_secs_f64(seconds / 5.0)).await;
        self.tally.latencies_us();
        let (began, cpu) = (Instant::now(), self.server.cpu());
        let (arrived, writes) = (self.tally.arrived(), self.tally.writes());
        sleep(Duration::from_secs_f64(seconds)).await;
        let (elapsed, cpu) = (began.elapsed(), self.server.cpu() - cpu);
        let (arrived, writes) = (self.tally.arrived() - arrived, self.tally.writes() - writes);
        let latencies_us = self.tally.latencies_us();
        stopped.store(true, Ordering::Relaxed);
        self.publishers = speaking.join_all().await;
        self.settle().await;
        let percentile = |percent: usize| {
            let at = latencies_us.len().saturating_sub(1) * percent / 100;
            latencies_us.get(at).copied().unwrap_or_default()
        };
        Measured {
            messages: arrived,
            per_second: arrived as f64 / elapsed.as_secs_f64(),
            cpu_us: cpu.as_secs_f64() * 1e6 / arrived as f64,
            per_write: arrived as f64 / writes as f64,
            busy: cpu.as_secs_f64() / elapsed.as_secs_f64(),
            p50_us: percentile(50),
            p99_us: percentile(99),
        }
    }

    async fn settle(&self) {
        let settled = async {
            while self.tally.arrived() < self.tally.due() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let in_time = timeout(ARRIVAL_MAX, settled).await.is_ok();
        let (due, arrived) = (self.tally.due(), self.tally.arrived());
        assert!(in_time && arrived == due, "{due} were due, {arrived} came");
    }
}

async fn hear(
    mut subscriber: Subscriber,
    carrier: Carrier,
    tally: Arc<Tally>,
    times: Option<usize>,
) {
    subscriber.connect().await;
    loop {
        let mut heard = 0;
        subscriber
            .line
            .receive(|text| heard += tally.take(text))
            .await;
        if let (Some(number), true) = (times, heard > 0) {
            tally.time(number);
        }
        if carrier == Carrier::LongPolling {
            subscriber.connect().await;
        }
    }
}

struct Speaker {
    publisher: Publisher,
    traffic: Arc<Traffic>,
    tally: Arc<Tally>,
    published: Arc<AtomicU64>,
    stopped: Arc<AtomicBool>,
}

impl Speaker {
    /// As fast as the window lets it.
    async fn speak(mut self) -> Publisher {
        while !self.stopped.load(Ordering::Relaxed) {
            let (channels, deliveries) = self.next();
            self.tally.enter(deliveries).await;
            self.publisher.publish(&channels, DATA).await;
        }
        self.publisher
    }

    /// One message at its time, whatever became of the one before.
    async fn speak_in_time(mut self, number: usize, per_second: usize) -> Publisher {
        let share = Duration::from_secs(1) / u32::try_from(per_second).unwrap();
        sleep(share * u32::try_from(number).unwrap()).await;
        let mut ticks = interval(share * u32::try_from(self.traffic.publishers()).unwrap());
        while !self.stopped.load(Ordering::Relaxed) {
            ticks.tick().await;
            let subscriber = self.subscriber();
            let (channels, deliveries) = self.next();
            self.tally.enter(deliveries).await;
            self.tally.stamp(subscriber);
            self.publisher.publish(&channels, DATA).await;
        }
        self.publisher
    }

    fn subscriber(&self) -> usize {
        usize::try_from(self.published.load(Ordering::Relaxed)).unwrap() % self.traffic.subscribers
    }

    fn next(&self) -> (Vec<String>, u64) {
        self.traffic
            .message(self.published.fetch_add(1, Ordering::Relaxed))
    }
}
