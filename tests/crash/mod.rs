//! What was acknowledged is there after every crash, once and whole, and whoever listens hears every step once.
//!
//! Agents work over HTTP while their server is killed at random moments, in the middle of a write, and stopped as an
//! operator does. `CRASH_SECONDS=n cargo test --test it crash:: -- --nocapture` goes on for so long and prints what
//! was done.

mod checker;
mod clock;
mod disk;
mod ending;
mod faults;
mod fsync;
mod listener;
mod power;
mod worker;

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::simulation::dice::Dice;
use crate::support::folded::URL;
use crate::support::process::{Process, serve};
use crate::support::server::Client;
use checker::Account;
use ending::{Ending, Endings};
use listener::{Heard, listen};
use worker::Worker;

/// How long a run of all tests goes on.
const USUAL_SECONDS: u64 = 25;
/// What even a busy machine gets done in that time.
const ROUNDS_MIN: u64 = 3;
/// After so many rounds whoever watches is told how far it is.
const ROUNDS_TOLD: u64 = 50;
/// How long the listeners may take for the rest when nothing happens any more.
const PATIENCE: Duration = Duration::from_secs(300);
const AGENTS: [&str; 4] = ["agent1", "agent2", "agent3", "agent4"];
/// State snapshots all the time, so that crashes meet them too, and little of the history in memory.
const VARIABLES: [(&str, &str); 5] = [
    ("BATON_EXTERNAL_URL", URL),
    ("BATON_STATE_SNAPSHOT_STEPS", "100"),
    ("BATON_STATE_SNAPSHOT_INTERVAL_MS", "200"),
    ("BATON_STATE_SNAPSHOT_GROWTH_PERCENT", "1"),
    ("BATON_REPLAY_RING_LEN_MAX", "50"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_and_everything_is_heard_once() {
    let seconds = std::env::var("CRASH_SECONDS").ok();
    let seconds = seconds.map_or(USUAL_SECONDS, |text| text.parse().unwrap());
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let mut staff = Staff::begin(Process::start(data, &VARIABLES), seconds);
    let mut endings = Endings::default();
    let mut dice = Dice::new(seconds);
    let begun = Instant::now();
    while begun.elapsed().as_secs() < seconds {
        let ending = Ending::by_chance(&mut dice);
        endings.count(ending.bring(&mut staff, data).await);
        staff.nobody_gave_up();
        if endings.rounds() % ROUNDS_TOLD == 0 {
            tell(&format!("so far {endings}"));
        }
    }
    staff.replace_server(Process::start(data, &VARIABLES));
    let account = staff.finish(data).await;
    account.check();
    tell(&format!("{endings}; {account}"));
    assert!(endings.rounds() >= ROUNDS_MIN, "{endings}");
}

#[expect(
    clippy::print_stdout,
    reason = "whoever lets it run for long wants to know what was done"
)]
fn tell(what_was_done: &str) {
    println!("{what_was_done}");
}

/// Agents at work, their listeners, and the server that there is.
struct Staff {
    server: Option<Process>,
    /// One who is not at work.
    observer: Client,
    urls: watch::Sender<String>,
    stop: watch::Sender<bool>,
    workers: JoinSet<Worker>,
    listeners: Vec<(watch::Receiver<u64>, tokio::task::JoinHandle<Heard>)>,
}

impl Staff {
    /// Sets them to work on an empty data folder.
    fn begin(server: Process, seed: u64) -> Self {
        let (urls, url) = watch::channel(server.url.clone());
        let (stop, stopped) = watch::channel(false);
        let (mut workers, mut listeners) = (JoinSet::new(), Vec::new());
        for name in AGENTS {
            let clients = (server.client(name), server.client("mediaserver"));
            let worker = Worker::new(name, clients, url.clone(), seed);
            workers.spawn(worker.work(stopped.clone()));
            let (heard_up_to, up_to) = watch::channel(0);
            let listening = listen(server.client(name), url.clone(), heard_up_to);
            listeners.push((up_to, tokio::spawn(listening)));
        }
        Self {
            observer: server.client("admin"),
            server: Some(server),
            urls,
            stop,
            workers,
            listeners,
        }
    }

    fn replace_server(&mut self, server: Process) {
        self.urls.send_replace(server.url.clone());
        self.observer.url.clone_from(&server.url);
        self.server = Some(server);
    }

    fn nobody_gave_up(&mut self) {
        assert!(self.workers.try_join_next().is_none(), "a worker gave up");
    }

    /// Lets the workers end what they have begun and the listeners hear of it, kills the server, and gives account.
    async fn finish(mut self, data: &Path) -> Account {
        self.stop.send_replace(true);
        let mut workers = self.workers.join_all().await;
        workers.sort_by_key(Worker::name);
        let mut heard = Vec::new();
        for (worker, (up_to, _)) in workers.iter().zip(&mut self.listeners) {
            let last = worker.last_of_his_own();
            let all = up_to.wait_for(|up_to| *up_to >= last);
            let all = tokio::time::timeout(PATIENCE, all).await;
            all.expect("the rest was never heard").unwrap();
        }
        drop(self.urls);
        for (_, listener) in self.listeners {
            heard.push(listener.await.unwrap());
        }
        self.server.expect("there is one").kill();
        Account::new(data.to_owned(), workers, heard)
    }
}
