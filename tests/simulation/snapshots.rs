//! Snapshots of interactions: what is done with them by chance, what must hold of them, and their races.

use baton::domain::{Event, RefusalKind, Whereabouts};
use baton::engine::State;
use baton::engine::operations::SNAPSHOTS_LEN_MAX;
use serde_json::{Value, json};

use super::dice::Dice;
use super::races::{act, agent, centre, heard};
use super::setting::{AGENTS, QUEUES};
use super::world::{World, queue};

/// Takes a snapshot, or does something with one that there is.
pub(super) fn request(world: &World, dice: &mut Dice) -> (&'static str, Value) {
    let known: Vec<(u64, Vec<String>)> = world
        .state()
        .snapshots
        .iter()
        .map(|(id, it)| (id.0, it.ids().map(ToString::to_string).collect()))
        .collect();
    let Some((id, ids)) = dice.one_of(&known).filter(|_| dice.percent(75)) else {
        let bin = format!("drafts.{}", dice.pick(&AGENTS));
        let view = match dice.below(6) {
            0 => bin,
            1 => "team.team".to_owned(),
            _ => dice.pick(&QUEUES).to_owned(),
        };
        let order = dice.pick(&["asc", "desc"]);
        let most = 1 + dice.below(5);
        let lock = dice.below(2);
        let parameters =
            json!({"viewId": view, "order": order, "snapshotMaxInteractions": most, "lock": lock});
        return ("RequestTakeSnapshot", parameters);
    };
    let mut parameters = json!({"snapshotId": id});
    let name = match dice.below(4) {
        0 => "RequestReleaseSnapshot",
        1 => {
            parameters["interactionId"] = json!(dice.one_of(ids));
            "RequestLockInteraction"
        }
        _ => {
            if dice.percent(50) {
                parameters["interactionIds"] = json!(ids);
            }
            if dice.percent(70) {
                parameters["queue"] = json!(dice.pick(&QUEUES));
            } else {
                parameters["workbin"] = json!("team.team");
            }
            "RequestMoveInteractions"
        }
    };
    (name, parameters)
}

/// What is locked is where the snapshot that locks it found it.
pub(super) fn check(state: &State) {
    assert!(state.snapshots.size() <= SNAPSHOTS_LEN_MAX);
    for (id, interaction) in state.interactions.iter() {
        let Some(by) = interaction.locked_by else {
            continue;
        };
        let snapshot = state.snapshots.get(&by).expect("what locks it is there");
        let mut entries = snapshot.interactions.iter();
        let found = entries.find(|(found, _)| found == id);
        let placed = found.expect("of the snapshot that locks it").1;
        assert!(interaction.is_placed(), "{id} is locked and moves");
        assert_eq!(interaction.place_in_queue_sequence, placed, "{id}");
    }
}

fn take(world: &mut World, view: &str, lock: u8) -> u64 {
    let parameters = json!({"viewId": view, "lock": lock});
    world.ask("M1", "RequestTakeSnapshot", parameters).unwrap();
    world.state().snapshots.last().unwrap().0.0
}

fn move_it(world: &mut World, snapshot: u64) -> Result<(), RefusalKind> {
    let named = json!({"snapshotId": snapshot, "interactionIds": ["I"], "queue": "second"});
    let result = world.ask("M1", "RequestMoveInteractions", named);
    result.map(|_| ()).map_err(|refusal| refusal.kind)
}

/// The chat `I` in the workbin of a team.
fn parked() -> World {
    let mut world = centre(&["A1", "A2"]);
    let parameters = json!({"mediaType": "chat", "interactionId": "I", "workbin": "team"});
    world.ask("A1", "RequestSubmit", parameters).unwrap();
    world
}

#[test]
fn r14_pull_from_a_workbin_against_stop_and_move_by_a_snapshot() {
    let pull = |world: &mut World| act(world, "A2", "RequestPull", json!({"workbin": "team"}));
    for first in ["pull", "stop", "move"] {
        let mut world = parked();
        let snapshot = take(&mut world, "team.team", 0);
        match first {
            "pull" => assert_eq!(pull(&mut world), Ok(())),
            "stop" => assert_eq!(agent(&mut world, "M1", "RequestStopProcessing"), Ok(())),
            _ => assert_eq!(move_it(&mut world, snapshot), Ok(())),
        }
        if first != "pull" {
            let late = Err(RefusalKind::UnknownInteraction);
            assert_eq!(pull(&mut world), late, "after {first}");
        }
        let late = Err(RefusalKind::Stale);
        assert_eq!(move_it(&mut world, snapshot), late, "after {first}");
        assert_eq!(
            heard(&world, "RE", Event::TakenFromWorkbin),
            1,
            "after {first}"
        );
    }
}

#[test]
fn r14_what_came_back_is_not_what_the_snapshot_saw() {
    let mut world = parked();
    let snapshot = take(&mut world, "team.team", 0);
    let bin = json!({"workbin": "team"});
    assert_eq!(act(&mut world, "A2", "RequestPull", bin.clone()), Ok(()));
    assert_eq!(act(&mut world, "A2", "PlaceInWorkbin", bin), Ok(()));
    let late = Err(RefusalKind::Stale);
    assert_eq!(move_it(&mut world, snapshot), late);
}

#[test]
fn r15_lock_against_the_view_and_the_pull() {
    // Nobody is ready, so that the chat waits.
    let mut world = centre(&[]);
    let login = json!({"channels": ["chat"]});
    world.ask("A1", "RequestAgentLogin", login).unwrap();
    let parameters = json!({"queue": "second", "interactionId": "I"});
    world.ask("M1", "RequestSubmit", parameters).unwrap();
    let pull = |world: &mut World| act(world, "A1", "RequestPull", json!({"queue": "second"}));
    let snapshot = take(&mut world, "second", 1);
    assert_eq!(world.state().waiting(&queue("second")).count(), 0);
    assert_eq!(pull(&mut world), Err(RefusalKind::UnknownInteraction));
    let release = json!({"snapshotId": snapshot});
    world.ask("M1", "RequestReleaseSnapshot", release).unwrap();
    let other = take(&mut world, "second", 0);
    assert_eq!(pull(&mut world), Ok(()));
    let lock = json!({"snapshotId": other});
    let late = act(&mut world, "M1", "RequestLockInteraction", lock);
    assert_eq!(late, Err(RefusalKind::Stale), "it was pulled before");
}

#[test]
fn r15_no_router_takes_what_is_locked_until_it_is_released() {
    let mut world = centre(&[]);
    let parameters = json!({"queue": "chat", "interactionId": "I"});
    world.ask("M1", "RequestSubmit", parameters).unwrap();
    let snapshot = take(&mut world, "chat", 1);
    let ready = json!({"mediaList": {"chat": 1}});
    world.ask("A1", "RequestAgentLogin", ready).unwrap();
    world.settle();
    let waits = matches!(world.interaction("I").whereabouts, Whereabouts::Queued(_));
    assert!(waits, "it is locked");
    let release = json!({"snapshotId": snapshot});
    world.ask("M1", "RequestReleaseSnapshot", release).unwrap();
    world.settle();
    assert_eq!(heard(&world, "A1", Event::Invite), 1);
}
