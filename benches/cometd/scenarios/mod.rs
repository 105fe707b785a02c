//! What is measured, and against what.

mod sessions;
mod traffic;

pub(crate) use traffic::Traffic;

use crate::load::{Load, Measured};
use crate::peers::Carrier;
use crate::programs::Program;
use crate::server::Server;
use crate::table::{Aim, Row};

/// What every message carries: 100 bytes of JSON, one of them the mark that is counted.
pub(crate) const DATA: &str = r#""^-------------------------------------------------------------------------------------------------""#;
/// The most subscribers that any scenario has.
pub(crate) const SESSIONS_MAX: usize = 10_000;

/// How much is measured.
pub(crate) struct Plan {
    filters: Vec<String>,
    seconds: f64,
    rounds: usize,
    subscribers: usize,
    idle_sessions: usize,
    setups: usize,
}

impl Plan {
    pub(crate) fn full(filters: Vec<String>, seconds: f64, rounds: usize) -> Self {
        Self {
            filters,
            seconds,
            rounds,
            subscribers: 1_000,
            idle_sessions: SESSIONS_MAX,
            setups: 5_000,
        }
    }

    pub(crate) fn smoke(filters: Vec<String>) -> Self {
        Self {
            filters,
            seconds: 0.2,
            rounds: 1,
            subscribers: 100,
            idle_sessions: 200,
            setups: 100,
        }
    }

    fn has(&self, scenario: &str) -> bool {
        self.filters.is_empty() || self.filters.iter().any(|filter| scenario.contains(filter))
    }
}

/// Runs what the plan names and returns the table's rows.
pub(crate) async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for carrier in Carrier::BOTH {
        if plan.has("fan-out") {
            rows.push(fan_out(plan, carrier).await);
        }
        if plan.has("unicast") {
            rows.push(unicast(plan, carrier).await);
        }
        if plan.has("rooms") {
            rows.push(rooms(plan, carrier).await);
        }
        if plan.has("paced") {
            rows.extend(paced(plan, carrier).await);
        }
        if plan.has("idle") {
            rows.push(sessions::idle(carrier, plan.idle_sessions).await);
        }
        if plan.has("set-up") {
            rows.push(sessions::set_up(carrier, plan.setups, plan.rounds).await);
        }
    }
    rows
}

async fn fan_out(plan: &Plan, carrier: Carrier) -> Row {
    let aim = match carrier {
        Carrier::WebSocket => Aim::Ratio(0.6),
        Carrier::LongPolling => Aim::Ratio(1.3),
    };
    let traffic = Traffic::fan_out(plan.subscribers);
    let (baton, bare) = compare(plan, carrier, traffic.clone(), traffic).await;
    Row::deliveries("fan-out", carrier, baton, bare, aim)
}

async fn unicast(plan: &Plan, carrier: Carrier) -> Row {
    let traffic = Traffic::unicast(plan.subscribers);
    let (baton, bare) = compare(plan, carrier, traffic.clone(), traffic).await;
    Row::deliveries("unicast by POST", carrier, baton, bare, Aim::Ratio(1.5))
}

/// Its ceiling is the fan-out's: what one delivery costs that shares nothing with the next.
async fn rooms(plan: &Plan, carrier: Carrier) -> Row {
    let (rooms, all) = (
        Traffic::rooms(plan.subscribers),
        Traffic::fan_out(plan.subscribers),
    );
    let (baton, bare) = compare(plan, carrier, rooms, all).await;
    Row::deliveries(
        "rooms, batches of 10",
        carrier,
        baton,
        bare,
        Aim::Value(2.0),
    )
}

async fn paced(plan: &Plan, carrier: Carrier) -> [Row; 2] {
    let traffic = Traffic::paced(plan.subscribers);
    let (baton, bare) = compare(plan, carrier, traffic.clone(), traffic).await;
    [
        Row::latency("paced, p50", carrier, (baton, baton.p50_us), bare.p50_us),
        Row::latency("paced, p99", carrier, (baton, baton.p99_us), bare.p99_us),
    ]
}

/// The best rounds of Baton and of the ceiling, measured in turns.
async fn compare(
    plan: &Plan,
    carrier: Carrier,
    of_baton: Traffic,
    of_bare: Traffic,
) -> (Measured, Measured) {
    let mut baton = Load::start(Server::start(Program::Baton), carrier, of_baton).await;
    let mut bare = Load::start(Server::start(Program::Bare), carrier, of_bare).await;
    let mut best: Option<(Measured, Measured)> = None;
    for _ in 0..plan.rounds {
        let measured = (
            baton.round(plan.seconds).await,
            bare.round(plan.seconds).await,
        );
        best = Some(match best {
            None => measured,
            Some(best) => (lower(best.0, measured.0), lower(best.1, measured.1)),
        });
    }
    best.expect("at least one round")
}

/// The cheaper round, with the shorter latencies of either.
fn lower(one: Measured, other: Measured) -> Measured {
    let cheaper = if one.cpu_us <= other.cpu_us {
        one
    } else {
        other
    };
    Measured {
        p50_us: one.p50_us.min(other.p50_us),
        p99_us: one.p99_us.min(other.p99_us),
        ..cheaper
    }
}
