//! What one delivery over CometD costs the server, as a share of what a bare program needs for the same bytes.
//!
//! The figure is the server's CPU time over the messages that arrived, which stays true on a machine with other work; the
//! server has one core to itself and the load another. Each scenario measures Baton and its ceiling in turns, and the
//! lowest round of each counts, since whatever else the machine does can only make a round dearer.
//!
//! ```text
//! cargo bench --bench cometd                        # about three minutes
//! cargo bench --bench cometd -- --seconds 2 unicast # one scenario, shorter rounds
//! cargo bench --bench cometd -- --smoke             # a few seconds: does it still run?
//! ```

#![allow(clippy::unwrap_used)]
#![allow(clippy::print_stdout, reason = "the table is what a benchmark is for")]

mod load;
mod peers;
mod programs;
mod scenarios;
mod server;
mod table;
mod tally;
mod wire;

use clap::Parser;

use programs::Program;
use scenarios::Plan;

#[derive(Parser)]
struct Options {
    /// Scenarios to run, by a part of their name; all without one.
    scenarios: Vec<String>,
    /// How long a round is measured.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Rounds of each program, in turns.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Everything once, small and short: the figures mean nothing.
    #[arg(long)]
    smoke: bool,
    /// What this process is, when the benchmark starts itself as a server.
    #[arg(long, hide = true)]
    serve: Option<Program>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    if let Some(program) = options.serve {
        return programs::serve(program);
    }
    let plan = if options.smoke {
        Plan::smoke(options.scenarios)
    } else {
        Plan::full(options.scenarios, options.seconds, options.rounds)
    };
    server::pin_load();
    let rows = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(scenarios::run(&plan));
    table::print(&rows);
}
