//! What a request costs the engine alone: no journal, no HTTP, but everything that it changes, says and offers.
//!
//! The mix is Accept, UpdateUserData and Complete of one interaction after the other, from a copy of the state as the
//! server takes one for every group of requests. First a table of how the cost grows with what lives in the contact centre
//! and with its agents, and of allocations; then criterion's figures for one of the cells.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod centre;

use std::hint::black_box;
use std::time::Instant;

use centre::{Centre, perform};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const LIVE: [usize; 3] = [100, 10_000, 1_000_000];
const AGENTS: [usize; 3] = [10, 1_000, 20_000];
/// Rounds of a cell of the table, the best of which counts.
const ROUNDS: usize = 200;

fn growth(_: &mut Criterion) {
    println!("| live interactions | agents | ns a request | allocations a request |");
    println!("| ---: | ---: | ---: | ---: |");
    for live in LIVE {
        for agents in AGENTS {
            let centre = Centre::new(live, agents);
            let (best_ns, allocations) = cost(&centre);
            println!("| {live} | {agents} | {best_ns:.0} | {allocations:.1} |");
        }
    }
    println!();
}

/// Nanoseconds and allocations of one request.
fn cost(centre: &Centre) -> (f64, f64) {
    let len = centre.requests().len() as f64;
    let best = (0..ROUNDS).map(|_| {
        let (mut engine, requests) = (centre.engine.clone(), centre.requests());
        let mut effects = Vec::with_capacity(requests.len());
        let began = Instant::now();
        effects.extend(requests.into_iter().map(|it| perform(&mut engine, it)));
        began.elapsed().as_nanos() as f64 / len
    });
    let best_ns = best.fold(f64::INFINITY, f64::min);
    let (mut engine, requests) = (centre.engine.clone(), centre.requests());
    let counted = allocation_counter::measure(|| {
        for request in requests {
            black_box(perform(&mut engine, request));
        }
    });
    (best_ns, counted.count_total as f64 / len)
}

fn mix(criterion: &mut Criterion) {
    let centre = Centre::new(10_000, 1_000);
    let mut group = criterion.benchmark_group("engine");
    group.throughput(Throughput::Elements(centre.requests().len() as u64));
    group.bench_function("Accept, UpdateUserData, Complete", |bencher| {
        bencher.iter_batched(
            || (centre.engine.clone(), centre.requests()),
            |(mut engine, requests)| {
                let effects: Vec<_> = requests
                    .into_iter()
                    .map(|it| perform(&mut engine, it))
                    .collect();
                (engine, effects)
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(engine, growth, mix);
criterion_main!(engine);
