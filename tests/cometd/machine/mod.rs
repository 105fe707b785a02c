//! The session by chance: meta messages, deliveries, replays, time and failures in any order, against a dumb reference.
//!
//! `SEED=n cargo test --test it machine::` repeats one case; `CASES_TIMES=n` runs so many times as many.

mod carriage;
mod client;
mod found;
mod history;
mod moves;
mod pages;
mod reference;
mod requests;
mod slots;
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::simulation::dice::{self, Dice};
use moves::{Move, Terms};
use world::World;

const CASES: u64 = 4_000;
const MOVES: u64 = 80;

/// What the cases together must come to, so that nothing holds for want of a case.
const HAPPENS: [&str; 11] = [
    "acknowledged",
    "expired",
    "finished",
    "last page",
    "overflowed",
    "page",
    "page lost",
    "put back",
    "replaced",
    "resumed",
    "told again",
];

#[test]
fn nothing_is_lost_repeated_or_reordered() {
    let seeds = dice::seeds(CASES);
    let is_enough = seeds.start == 0;
    let mut seen = BTreeSet::new();
    for seed in seeds {
        let (terms, moves) = case(seed);
        match outcome(terms, &moves) {
            Ok(happened) => seen.extend(happened),
            Err(_) => {
                let (moves, why) = shortened(terms, moves);
                let moves: String = moves.iter().map(|it| format!("{it:?}\n")).collect();
                panic!("{why}\nSEED={seed} cargo test --test it machine::\n{terms:?}\n{moves}");
            }
        }
    }
    assert!(!is_enough || seen.iter().eq(&HAPPENS), "{seen:?}");
}

fn case(seed: u64) -> (Terms, Vec<Move>) {
    let mut dice = Dice::new(seed);
    let terms = Terms::random(&mut dice);
    let moves = 1 + dice.below(MOVES);
    let moves = (0..moves).map(|_| Move::random(&mut dice, terms));
    (terms, moves.collect())
}

/// What came about, or what was wrong.
fn outcome(terms: Terms, moves: &[Move]) -> Result<Vec<&'static str>, String> {
    let run = || {
        let mut world = World::new(terms);
        moves.iter().for_each(|it| world.apply(it));
        world.finish();
        world.seen
    };
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default()
    })
}

/// Leaves out every move, and every message of a request, without which it still fails.
fn shortened(terms: Terms, mut moves: Vec<Move>) -> (Vec<Move>, String) {
    let mut why = outcome(terms, &moves).unwrap_err();
    let shorter = |moves: &[Move]| {
        let all = (0..moves.len()).rev().flat_map(|at| without(moves, at));
        all.into_iter()
            .find_map(|fewer| Some((outcome(terms, &fewer).err()?, fewer)))
    };
    while let Some((reason, fewer)) = shorter(&moves) {
        (why, moves) = (reason, fewer);
    }
    (moves, why)
}

fn without(moves: &[Move], at: usize) -> Vec<Vec<Move>> {
    let mut fewer = moves.to_vec();
    let left_out = fewer.remove(at);
    let mut all = vec![fewer];
    if let Move::Request(over, messages) = left_out {
        for message in 0..messages.len() {
            let mut messages = messages.clone();
            messages.remove(message);
            let mut fewer = moves.to_vec();
            fewer[at] = Move::Request(over, messages);
            all.push(fewer);
        }
    }
    all
}
