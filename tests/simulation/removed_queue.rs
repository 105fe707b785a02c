//! A queue is configured away while interactions wait in it: they are kept, seen by those who see all, and leave it by a
//! router that has registered for it or by a supervisor's hand.

use baton::domain::{Address, Event, RefusalKind, Role, Whereabouts};
use serde_json::json;

use super::disk::Crash;
use super::races::{act, agent, centre, heard, parties};
use super::setting::{configuration, usual_timing};
use super::world::{World, queue, user};

/// A centre in which nobody is ready, and the interaction `I` waits in a queue.
fn waiting() -> World {
    let mut world = centre(&[]);
    let away = json!({"channels": {"chat": 0}});
    world.ask("A1", "RequestAgentLogin", away).unwrap();
    let second = json!({"queue": "second"});
    act(&mut world, "M1", "RequestSubmit", second).unwrap();
    world.settle();
    world
}

fn configure_it_away(world: &mut World) {
    let mut wanted = configuration(&usual_timing(), 2);
    wanted["queues"].as_object_mut().unwrap().remove("second");
    world.configure_as(wanted);
    world.settle();
}

fn ready(world: &mut World) {
    world.ask("A1", "Ready", json!({"media": "chat"})).unwrap();
    world.settle();
}

fn is_waiting_there(world: &World) -> bool {
    let second = queue("second");
    let mut waiting = world.state().waiting(&second);
    waiting.any(|it| it.id.as_str() == "I")
}

#[test]
fn what_waits_there_is_kept_and_seen() {
    let mut world = waiting();
    configure_it_away(&mut world);
    ready(&mut world);
    world.crash(Crash::Written);
    let _ = world.restart();
    for _ in 0..3 {
        world.pass(24 * 3_600_000);
        world.settle();
    }
    assert!(is_waiting_there(&world));
    let interaction = world.interaction("I");
    assert_eq!(interaction.queue, queue("second"), "its name is still told");
    let sees = |who, role| world.state().may_see(interaction, &user(who), role);
    assert!(sees("S1", Role::Supervisor) && sees("S1", Role::Admin));
    assert!(!sees("A1", Role::Agent), "nobody may pull from it");
    let pulled = agent(&mut world, "A1", "RequestPull");
    assert_eq!(pulled, Err(RefusalKind::UnknownInteraction));
    let more = json!({"queue": "second", "interactionId": "J"});
    let refused = world.ask("M1", "RequestSubmit", more).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::NotFound, "nothing more comes");
    // It comes back, and so does what is done with it.
    world.configure(&usual_timing(), 2);
    world.settle();
    assert!(world.interaction("I").invites(&user("A1")));
    world.come_to_rest();
}

#[test]
fn its_router_goes_on_until_it_is_empty() {
    let mut world = waiting();
    let second = json!({"thisDN": "second"});
    world.ask("R1", "RegisterAddress", second.clone()).unwrap();
    world.settle();
    configure_it_away(&mut world);
    assert_eq!(heard(&world, "R1", Event::Unregistered), 0, "not empty");
    ready(&mut world);
    let route = json!({"agentId": "A1"});
    act(&mut world, "R1", "RequestRouteCall", route.clone()).unwrap();
    agent(&mut world, "A1", "Reject").unwrap();
    world.settle();
    assert_eq!(heard(&world, "R1", Event::RouteRequest), 2, "it came back");
    // Another router may take over, as long as there is something to route.
    world
        .ask("R1", "RequestUnregisterClient", json!({}))
        .unwrap();
    world.settle();
    assert!(is_waiting_there(&world));
    world.ask("R2", "RequestRegisterClient", json!({})).unwrap();
    world.ask("R2", "RegisterAddress", second.clone()).unwrap();
    world.settle();
    act(&mut world, "R2", "RequestRouteCall", route).unwrap();
    agent(&mut world, "A1", "Accept").unwrap();
    assert_eq!(parties(&world), ["A1"]);
    let late = world.ask("R1", "RequestRegisterClient", json!({}));
    late.unwrap();
    let late = world.ask("R1", "RegisterAddress", second.clone());
    assert!(late.is_ok(), "as long as somebody is registered");
    // The next configuration that has no such queue ends what is left of it.
    configure_it_away(&mut world);
    for router in ["R1", "R2"] {
        assert_eq!(heard(&world, router, Event::Unregistered), 1, "{router}");
    }
    let address = Address::Queue(queue("second"));
    assert_eq!(world.state().registrations(&address).count(), 0);
    let gone = world.ask("R2", "RegisterAddress", second).unwrap_err();
    assert_eq!(gone.kind, RefusalKind::NotFound);
    world.come_to_rest();
}

#[test]
fn who_drained_it_leaves_it_with_one_answer() {
    let mut world = waiting();
    let second = json!({"thisDN": "second"});
    world.ask("R1", "RegisterAddress", second.clone()).unwrap();
    world.settle();
    configure_it_away(&mut world);
    let stop = json!({"stop": true});
    act(&mut world, "R1", "RequestRouteCall", stop).unwrap();
    world.ask("R1", "UnregisterAddress", second).unwrap();
    assert_eq!(heard(&world, "R1", Event::Unregistered), 1);
    world.come_to_rest();
}

#[test]
fn a_supervisor_moves_what_waits_there() {
    let mut world = waiting();
    configure_it_away(&mut world);
    ready(&mut world);
    let chat = json!({"queueName": "chat"});
    let agents = act(&mut world, "A1", "PlaceInQueue", chat.clone());
    assert_eq!(agents, Err(RefusalKind::UnknownInteraction));
    let back = json!({"queueName": "second"});
    let nowhere = act(&mut world, "S1", "PlaceInQueue", back);
    assert_eq!(nowhere, Err(RefusalKind::NotFound));
    let moved = act(&mut world, "S1", "PlaceInQueue", chat.clone());
    assert_eq!(moved, Ok(()));
    world.settle();
    assert_eq!(
        heard(&world, "RE", Event::TakenFromQueue),
        2,
        "moved, routed"
    );
    assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
    let taken = act(&mut world, "S1", "PlaceInQueue", chat);
    assert_eq!(taken, Err(RefusalKind::InvalidState), "A1 has it");
    world.come_to_rest();
}

#[test]
fn what_agents_lose_goes_back_there() {
    let mut world = waiting();
    agent(&mut world, "A1", "RequestPull").unwrap();
    configure_it_away(&mut world);
    world.ask("A1", "RequestAgentLogout", json!({})).unwrap();
    world.settle();
    let whereabouts = &world.interaction("I").whereabouts;
    assert!(matches!(whereabouts, Whereabouts::Queued(spot) if spot.queue == queue("second")));
    let moved = act(&mut world, "S1", "PlaceInQueue", json!({"queue": "chat"}));
    assert_eq!(moved, Ok(()));
    world.come_to_rest();
}
