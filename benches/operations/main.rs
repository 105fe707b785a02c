//! Durable operations per second through HTTP, as a share of the most that this machine allows.
//!
//! The ceiling is a bare axum handler that parses the same JSON and answers as much, with no storage at all; between the
//! two is the least that any durable server must do, a handler that appends the request to SQLite and answers when it is on
//! disk. Absolute figures say something about the machine only, so everything is measured in the same run, in turns, and
//! the best round counts, since whatever else the machine does can only make a round slower.
//! Then, at a pace that leaves the server room, how long an agent waits for the acknowledgement, and his page for the
//! notification. `BATON_BENCH_OPERATIONS` sets the operations of a round, `BATON_BENCH_ROUNDS` the rounds.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod appender;
mod bare;
mod baton;
mod latency;
mod load;

use std::env;

use latency::{Latencies, PACE};
use load::Measured;

/// As in the server, and for all that it is measured against.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clients at the same time, each with a connection that it keeps.
const CLIENTS: usize = 64;

/// One round of so many operations for each client.
type Round = Box<dyn Fn(u64) -> Measured>;

fn main() {
    let operations = setting("BATON_BENCH_OPERATIONS", 20_000);
    let rounds = setting("BATON_BENCH_ROUNDS", 5);
    let each = operations / CLIENTS as u64;
    let in_all_rounds = each * rounds + warming(each);
    let contenders: [(&str, Round); 5] = [
        ("ceiling: axum handler alone", bare::http()),
        ("axum handler + SQLite append", bare::http_and_append()),
        ("SQLite append alone", bare::append()),
        (
            "Baton: Accept, UpdateUserData, Complete",
            baton::mix(in_all_rounds),
        ),
        ("Baton: UpdateUserData", baton::updates()),
    ];
    println!("{operations} operations a round, best of {rounds} rounds, {CLIENTS} clients\n");
    print_table(&best_of(rounds, each, &contenders));
    drop(contenders);
    print_latencies(&latency::of_updates(each));
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// Operations before the first round: for connections, caches, the pages of the file.
fn warming(each: u64) -> u64 {
    each / 10
}

fn best_of(
    rounds: u64,
    each: u64,
    contenders: &[(&'static str, Round)],
) -> Vec<(&'static str, Measured)> {
    let mut best: Vec<_> = contenders
        .iter()
        .map(|(name, round)| {
            round(warming(each));
            (*name, round(each))
        })
        .collect();
    for _ in 1..rounds {
        for ((_, best), (_, round)) in best.iter_mut().zip(contenders) {
            let measured = round(each);
            if measured.per_second > best.per_second {
                *best = measured;
            }
        }
    }
    best
}

fn print_latencies(latencies: &Latencies) {
    println!("\n| UpdateUserData, {PACE} a second | p50 ms | p99 ms |");
    println!("| --- | ---: | ---: |");
    let rows = [
        ("sent to acknowledged, on disk", latencies.acknowledged),
        ("acknowledged to heard by WebSocket", latencies.heard),
    ];
    for (name, [p50, p99]) in rows {
        println!("| {name} | {p50:.2} | {p99:.2} |");
    }
}

fn print_table(best: &[(&str, Measured)]) {
    let ceiling = best[0].1.per_second;
    println!("| what | operations/s | share of the ceiling | p50 ms | p99 ms |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, measured) in best {
        println!(
            "| {name} | {:.0} | {:.2} | {:.2} | {:.2} |",
            measured.per_second,
            measured.per_second / ceiling,
            measured.p50_ms,
            measured.p99_ms
        );
    }
}
