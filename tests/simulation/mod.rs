//! A seeded simulation of the engine: everybody does things by chance, and the invariants of interaction-models
//! section 7 are checked after every step.
//!
//! `SEED=n cargo test --test it simulation::` repeats one seed; `SEEDS=n` sets how many there are.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a check looks at what it checks and at nothing else"
)]

mod administration;
mod archive;
mod capabilities;
mod carriage;
pub(crate) mod dice;
mod disk;
mod invariants;
mod listeners;
mod more_races;
mod parties;
mod pictures;
mod races;
mod records;
mod reference;
mod removed_queue;
mod setting;
mod snapshots;
mod workload;
mod world;

use std::collections::BTreeSet;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use baton::engine::Body;
use serde_json::json;

use dice::Dice;
use setting::{AGENTS, QUEUES, configuration_of, usual_timing};
use world::World;

const SEEDS: u64 = 300;
const ACTIONS: u64 = 90;

/// A request that came again under its key.
const ANSWERED_AGAIN: &str = "answered again";

/// What the seeds together must come to, so that no invariant holds for want of a case.
const HAPPENS: [&str; 38] = [
    ANSWERED_AGAIN,
    administration::APPLIED,
    administration::BELOW_LOAD,
    administration::QUEUE_REMOVED,
    administration::REFUSED,
    administration::REMOVED_AT_WORK,
    administration::ROLE_LOST_AT_WORK,
    administration::ROUTER_REMOVED,
    administration::WORKBIN_REMOVED,
    "EventAbandoned",
    "EventAccepted",
    "EventAgentLogout",
    "EventAttachedDataChanged",
    "EventError",
    "EventInteractionMoved",
    "EventPlacedInWorkbin",
    "EventPropertiesChanged",
    "EventPulledInteractions",
    "EventRejected",
    "EventRevoked Disconnected",
    "EventRevoked Expired",
    "EventRevoked HandlingExpired",
    "EventRevoked LoggedOut",
    "EventRevoked RouterGone",
    "EventRevoked Stopped",
    "EventRevoked Withdrawn",
    "EventRouteUsed",
    "EventSnapshotReleased",
    "EventSnapshotTaken",
    "EventTakenFromWorkbin",
    "EventUnregistered",
    "EventWorkbinContentChanged",
    "heard twice",
    "heard what he had missed",
    "learnt that it did not happen",
    "learnt that it happened",
    "saw a gap",
    "told to read the state",
];

#[test]
fn every_seed_keeps_the_invariants() {
    let number = |name: &str| -> Option<u64> { std::env::var(name).ok()?.parse().ok() };
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SEEDS").unwrap_or(SEEDS),
    };
    // Each seed is one thread's; many seeds are shared among the cores.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut steps = 0;
    let mut seen = BTreeSet::new();
    std::thread::scope(|scope| {
        let shares: Vec<_> = (0..cores)
            .map(|share| {
                let seeds = seeds.clone().skip(share).step_by(cores);
                scope.spawn(move || seeds.map(simulate_or_say).collect::<Vec<_>>())
            })
            .collect();
        for (taken, heard) in shares.into_iter().flat_map(|share| share.join().unwrap()) {
            steps += taken;
            seen.extend(heard);
        }
    });
    writeln!(std::io::stdout(), "{steps} steps").unwrap();
    if seeds.end - seeds.start >= SEEDS {
        let missing: Vec<_> = HAPPENS.iter().filter(|it| !seen.contains(**it)).collect();
        assert!(missing.is_empty(), "never happens: {missing:?} of {seen:?}");
    }
}

fn simulate_or_say(seed: u64) -> (u64, BTreeSet<String>) {
    let result = catch_unwind(AssertUnwindSafe(|| simulate(seed)));
    result.unwrap_or_else(|_| panic!("SEED={seed} cargo test --test it simulation::"))
}

fn simulate(seed: u64) -> (u64, BTreeSet<String>) {
    let mut dice = Dice::new(seed);
    let (timing, chats_max) = configuration_of(&mut dice);
    let chance = Dice::new(!seed);
    let mut world = World::with(&timing, chats_max, Some(chance));
    for _ in 0..ACTIONS {
        workload::pass_time(&mut world, &mut dice);
        // A request may come before the clock has woken the engine.
        if dice.percent(80) {
            world.settle();
        }
        workload::act(&mut world, &mut dice);
        if dice.percent(20) {
            capabilities::check(&world, &mut dice);
        }
        workload::carry(&mut world, &mut dice);
        if dice.percent(4) {
            workload::rest(&mut world, &mut dice);
        }
    }
    drain(&mut world);
    world.come_to_rest();
    let said = world.said.iter().filter_map(|(_, said)| match &said.body {
        Body::Event(message) => Some(match message.attributes.cause {
            Some(cause) => format!("{} {}", message.event.as_str(), cause.as_str()),
            None => message.event.as_str().to_owned(),
        }),
        _ => None,
    });
    let answered_again = (world.answered_again > 0).then(|| ANSWERED_AGAIN.to_owned());
    let befallen = world.carriage.seen().into_iter();
    let befallen = befallen.chain(std::mem::take(&mut world.befallen));
    let befallen = befallen.map(str::to_owned);
    (
        world.steps,
        said.chain(answered_again).chain(befallen).collect(),
    )
}

/// At last every queue without a router of its own becomes empty, if agents accept and complete what they get.
fn drain(world: &mut World) {
    // A queue that was configured away comes back.
    world.configure(&usual_timing(), 3);
    for router in ["R1", "R2"] {
        let _ = world.ask(router, "RequestUnregisterClient", json!({}));
    }
    let all_ready = json!({"channels": {"chat": 1, "email": 1}});
    for agent in AGENTS {
        // A second login may be refused.
        let _ = world.ask(agent, "RequestAgentLogout", json!({}));
        let _ = world.ask(agent, "RequestAgentLogin", all_ready.clone());
        // Who is lost stays so until his application is there again, whatever he asks for.
        let _ = world.presence(agent, true);
    }
    world.settle();
    // Each round ends something, or lets the time pass that a declined interaction must wait.
    for _ in 0..2_000 {
        let waiting = |world: &World| {
            let mut queues = QUEUES.iter();
            queues.any(|queue| world.state().waiting(&world::queue(queue)).next().is_some())
        };
        if !waiting(world) {
            world.compare_replay();
            return;
        }
        for agent in AGENTS {
            let mine: Vec<String> = world
                .state()
                .involved(&world::user(agent))
                .map(|it| it.id.to_string())
                .collect();
            for id in mine {
                let _ = world.ask(agent, "Accept", json!({"interactionId": id}));
                let _ = world.ask(agent, "RequestStopProcessing", json!({"interactionId": id}));
            }
        }
        world.pass(1_000);
        world.settle();
    }
    let state = world.state();
    panic!(
        "some wait for ever: {:?}, agents {:?}",
        state.interactions, state.agents
    );
}
