//! How long a start takes, how fast a journal is folded, what a live interaction takes up, and who waits for a state
//! snapshot.
//!
//! One store of 1,000,000 journalled steps and 100,000 live interactions with 1 KiB of user data is built once; each
//! start is a process of its own, so that its memory is its own. `BATON_BENCH_STEPS` and `BATON_BENCH_LIVE` set the size.

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod server;
mod store;

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::Command;

use store::Store;

/// Names the data folder, in a process that starts on it.
const DATA: &str = "BATON_BENCH_DATA";
/// Steps after the state snapshot: as many as there may be before the next is due.
const TAIL_LEN: u64 = 50_000;
/// What a start may take, in seconds, and a live interaction, in bytes.
const START_S_MAX: f64 = 5.0;
const INTERACTION_BYTES_MAX: f64 = 4_096.0;

fn main() {
    if let Some(data) = env::var_os(DATA) {
        return server::measure(Path::new(&data));
    }
    let steps = setting("BATON_BENCH_STEPS", 1_000_000);
    let live = setting("BATON_BENCH_LIVE", 100_000);
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let data = folder.path().join("data");
    let mut store = Store::new(&data, live);
    let built_per_s = store.grow_to(steps - TAIL_LEN);
    println!("{steps} steps, {live} live interactions; built with {built_per_s:.0} steps/s\n");

    let from_journal = start(&data);
    store.grow_to(steps);
    let from_snapshot_and_tail = start(&data);
    let from_snapshot = start(&data);

    println!("| start from | s | ceiling s | steps folded/s |");
    println!("| --- | ---: | ---: | ---: |");
    let seconds = from_journal["start_s"];
    let speed = (steps - TAIL_LEN) as f64 / seconds;
    println!("| the journal alone | {seconds:.2} | | {speed:.0} |");
    let (seconds, alone) = (from_snapshot_and_tail["start_s"], from_snapshot["start_s"]);
    let speed = TAIL_LEN as f64 / (seconds - alone);
    println!("| state snapshot + {TAIL_LEN} steps | {seconds:.2} | {START_S_MAX} | {speed:.0} |");
    println!("| state snapshot | {alone:.2} | {START_S_MAX} | |");

    let per_interaction = from_snapshot["rss_bytes"] / live as f64;
    println!("\n| memory | bytes | ceiling |");
    println!("| --- | ---: | ---: |");
    println!("| a live interaction | {per_interaction:.0} | {INTERACTION_BYTES_MAX} |");
    println!(
        "| the state snapshot, on disk, an interaction | {:.0} | |",
        from_snapshot["file_bytes"] / live as f64
    );

    println!("\n| one request after the other | p50 ms | p99 ms | max ms |");
    println!("| --- | ---: | ---: | ---: |");
    for (what, name) in [
        ("with no state snapshot", "quiet"),
        ("while state snapshots are written", "busy"),
    ] {
        let of = |figure: &str| from_snapshot[&format!("{name}_{figure}_ms")];
        println!(
            "| {what} | {:.2} | {:.2} | {:.2} |",
            of("p50"),
            of("p99"),
            of("max")
        );
    }
    println!(
        "\nthe last state snapshot, at the stop: {:.2} s",
        from_snapshot["stop_s"]
    );
}

/// What a process of its own found out.
fn start(data: &Path) -> BTreeMap<String, f64> {
    let output = Command::new(env::current_exe().unwrap())
        .env(DATA, data)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let figures = text.lines().filter_map(|line| {
        let (name, figure) = line.split_once('=')?;
        Some((name.to_owned(), figure.parse().ok()?))
    });
    figures.collect()
}

fn setting(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}
