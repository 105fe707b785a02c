//! What the journal costs beside the least that makes bytes durable: 256 callers at a time append records of a usual step's
//! length, and everybody who waits shares a commit.
//!
//! The ceiling writes the same bytes to the end of a file and calls `fdatasync`. Both are measured in the same run, in
//! turns, and the best round counts. `BATON_BENCH_APPENDS` sets the appends of a round, `BATON_BENCH_ROUNDS` the rounds.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

use std::env;
use std::fs::File;
use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use baton::journal::{Appended, DataFolder, Journal, Record, SqliteJournal};
use tempfile::TempDir;

/// As in the server, and for all that it is measured against.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Callers at a time, each of whom waits until his record is durable.
const CALLERS: usize = 256;
/// Bytes of a record: an update of 400 bytes of user data.
const RECORD_BYTES: usize = 800;
/// Interactions that the records are about.
const INTERACTIONS: usize = 10_000;

/// How often the journal does its housekeeping.
const SWEEP_PERIOD: Duration = Duration::from_millis(100);

/// Makes a group of records durable.
type Commit = Box<dyn FnMut(Vec<Record>) + Send>;
/// Something to measure: a name, and what it begins with in an empty folder.
type Contender = (&'static str, fn(&TempDir) -> Commit);

struct Waiting {
    number: usize,
    done: SyncSender<()>,
}

fn main() {
    let appends = setting("BATON_BENCH_APPENDS", 100_000);
    let rounds = setting("BATON_BENCH_ROUNDS", 5);
    let contenders: [Contender; 2] = [
        ("ceiling: file + fdatasync", file),
        ("Baton's journal", journal),
    ];
    let mut best = [0.0_f64; 2];
    for _ in 0..rounds {
        for ((_, commit), best) in contenders.iter().zip(&mut best) {
            // Beside the build output and not in /tmp, which is memory on some machines.
            let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
            *best = best.max(per_second(appends, commit(&folder)));
        }
    }
    println!("{appends} appends a round, best of {rounds} rounds, {CALLERS} callers\n");
    println!("| what | appends/s | share of the ceiling |");
    println!("| --- | ---: | ---: |");
    for ((name, _), per_second) in contenders.iter().zip(best) {
        println!("| {name} | {per_second:.0} | {:.2} |", per_second / best[0]);
    }
}

fn setting(name: &str, default: usize) -> usize {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// The callers are in one thread that keeps so many appends waiting: threads of their own would measure the scheduler.
fn per_second(appends: usize, commit: Commit) -> f64 {
    let (sender, receiver) = channel();
    let writer = thread::spawn(move || write(&receiver, commit));
    let began = Instant::now();
    let (done, durable) = sync_channel(CALLERS);
    for number in 0..appends {
        if number >= CALLERS {
            durable.recv().unwrap();
        }
        let done = done.clone();
        sender.send(Waiting { number, done }).unwrap();
    }
    (0..CALLERS.min(appends)).for_each(|_| durable.recv().unwrap());
    let elapsed = began.elapsed().as_secs_f64();
    drop(sender);
    writer.join().unwrap();
    appends as f64 / elapsed
}

fn write(receiver: &Receiver<Waiting>, mut commit: Commit) {
    while let Ok(first) = receiver.recv() {
        let mut group = vec![first];
        group.extend(receiver.try_iter().take(CALLERS - 1));
        commit(group.iter().map(|waiting| record(waiting.number)).collect());
        group.into_iter().for_each(|it| it.done.send(()).unwrap());
    }
}

fn record(number: usize) -> Record {
    let interaction = number.wrapping_mul(7_919) % INTERACTIONS;
    Record {
        sequence: number as u64 + 1,
        at_ms: 1_700_000_000_000 + number as u64,
        body: vec![b'x'; RECORD_BYTES],
        keys: vec![format!("I{interaction:011}")],
        archived: Vec::new(),
    }
}

fn file(folder: &TempDir) -> Commit {
    let mut file = File::create(folder.path().join("bodies")).unwrap();
    Box::new(move |records| {
        let bodies: Vec<u8> = records.into_iter().flat_map(|it| it.body).collect();
        file.write_all(&bodies).unwrap();
        file.sync_data().unwrap();
    })
}

fn journal(folder: &TempDir) -> Commit {
    let folder = DataFolder::open(folder.path().join("data")).unwrap();
    let mut journal = SqliteJournal::open(&folder, "bench", 1).unwrap();
    let mut swept_at = Instant::now();
    Box::new(move |records| {
        let head = journal.head();
        assert!(matches!(journal.append(head, &records), Appended::Acked));
        // As the server's writer does.
        if swept_at.elapsed() >= SWEEP_PERIOD {
            journal.sweep();
            swept_at = Instant::now();
        }
    })
}
