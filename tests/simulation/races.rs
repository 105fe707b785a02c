//! The races of interaction-models section 7 (b), by their numbers there; every step is checked as in the simulation.

use baton::domain::{Event, RefusalKind, Whereabouts};
use baton::engine::{Body, Outcome};
use serde_json::{Value, json};

use super::setting::usual_timing;
use super::world::{World, interaction_id, queue, user};

pub(super) const DELIVERY_MS: u64 = 30_000;
pub(super) const HANDLING_MS: u64 = 600_000;

/// A centre in which these agents are ready for chats, two at a time.
pub(super) fn centre(agents: &[&str]) -> World {
    let mut world = World::new(&usual_timing(), 2);
    for client in ["M1", "M2", "R1"] {
        world.ask(client, "RegisterClient", json!({})).unwrap();
    }
    for agent in agents {
        let channels = json!({"channels": {"chat": 1}});
        world.ask(agent, "RequestAgentLogin", channels).unwrap();
    }
    world
}

/// A chat `I` arrives, and is offered to the agent who has been idle longest.
pub(super) fn offer(world: &mut World) {
    submit(world, "I").unwrap();
    world.settle();
}

fn submit(world: &mut World, id: &str) -> Result<(), RefusalKind> {
    let parameters = json!({"queue": "chat", "interactionId": id, "userData": {"k": 1}});
    kind(world.ask("M1", "RequestSubmit", parameters))
}

/// Somebody does something with the chat `I`.
pub(super) fn act(
    world: &mut World,
    who: &str,
    name: &str,
    mut parameters: Value,
) -> Result<(), RefusalKind> {
    parameters["interactionId"] = json!("I");
    kind(world.ask(who, name, parameters))
}

fn kind<T>(result: Result<T, baton::domain::Refusal>) -> Result<(), RefusalKind> {
    result.map(|_| ()).map_err(|refusal| refusal.kind)
}

pub(super) fn agent(world: &mut World, who: &str, name: &str) -> Result<(), RefusalKind> {
    act(world, who, name, json!({}))
}

/// How often a user heard an event.
pub(super) fn heard(world: &World, who: &str, event: Event) -> usize {
    let is_it = |body: &Body| matches!(body, Body::Event(message) if message.event == event);
    let of_user = world.said.iter().filter(|(_, said)| said.to == user(who));
    of_user.filter(|(_, said)| is_it(&said.body)).count()
}

fn ticket(world: &World) -> u64 {
    world.interaction("I").invitation().unwrap().ticket.0
}

pub(super) fn parties(world: &World) -> Vec<&str> {
    let parties = world.interaction("I").parties().iter();
    parties.map(|party| party.as_str()).collect()
}

#[test]
fn r1_accept_against_the_delivery_timer() {
    for accept_first in [true, false] {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        world.pass(DELIVERY_MS);
        if accept_first {
            assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
            world.settle();
            assert_eq!(parties(&world), ["A1"]);
        } else {
            world.settle();
            let late = agent(&mut world, "A1", "Accept");
            assert_eq!(late, Err(RefusalKind::InvitationEnded));
        }
        let revoked = usize::from(!accept_first);
        assert_eq!(heard(&world, "A1", Event::Revoked), revoked);
        assert_eq!(heard(&world, "RE", Event::Accepted), 1 - revoked);
    }
}

#[test]
fn r2_reject_against_the_delivery_timer() {
    for reject_first in [true, false] {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        world.pass(DELIVERY_MS);
        if reject_first {
            assert_eq!(agent(&mut world, "A1", "Reject"), Ok(()));
            world.settle();
        } else {
            world.settle();
            let late = agent(&mut world, "A1", "Reject");
            assert_eq!(late, Err(RefusalKind::InvitationEnded));
        }
        assert_eq!(
            heard(&world, "RE", Event::Rejected),
            usize::from(reject_first)
        );
        assert_eq!(
            heard(&world, "RE", Event::Revoked),
            usize::from(!reject_first)
        );
    }
}

#[test]
fn r3_the_same_agent_accepts_twice() {
    let mut world = centre(&["A1"]);
    offer(&mut world);
    assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
    let second = agent(&mut world, "A1", "Accept");
    assert_eq!(second, Err(RefusalKind::AlreadyAccepted));
    assert_eq!(heard(&world, "RE", Event::Accepted), 1);
}

#[test]
fn r4_an_old_ticket_loses_against_the_current_one() {
    let mut world = centre(&["A1", "A2"]);
    offer(&mut world);
    let old = ticket(&world);
    let first = world.interaction("I").invitation().unwrap().agent.clone();
    world.pass(DELIVERY_MS);
    world.settle();
    let second = world.interaction("I").invitation().unwrap().agent.clone();
    assert_ne!(first, second);
    let late = act(
        &mut world,
        first.as_str(),
        "Accept",
        json!({"ticketId": old}),
    );
    assert_eq!(late, Err(RefusalKind::InvitationEnded));
    let wrong = act(
        &mut world,
        second.as_str(),
        "Accept",
        json!({"ticketId": old}),
    );
    assert_eq!(wrong, Err(RefusalKind::InvitationEnded));
    let current = json!({"ticketId": old + 1});
    assert_eq!(act(&mut world, second.as_str(), "Accept", current), Ok(()));
}

#[test]
fn r5_accept_and_reject_at_once() {
    for (first, second, refusal) in [
        ("Accept", "Reject", RefusalKind::AlreadyAccepted),
        ("Reject", "Accept", RefusalKind::InvitationEnded),
    ] {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        assert_eq!(agent(&mut world, "A1", first), Ok(()));
        assert_eq!(agent(&mut world, "A1", second), Err(refusal), "{first}");
    }
}

#[test]
fn r6_the_media_server_stops_while_the_agent_accepts() {
    for accept_first in [true, false] {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        if accept_first {
            assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
        }
        assert_eq!(agent(&mut world, "M1", "RequestStopProcessing"), Ok(()));
        let late = agent(&mut world, "A1", "Accept");
        assert_eq!(late, Err(RefusalKind::UnknownInteraction));
        assert_eq!(heard(&world, "A1", Event::Revoked), 1);
        assert_eq!(heard(&world, "RE", Event::ProcessingStopped), 1);
    }
}

#[test]
fn r7_the_media_server_stops_when_the_delivery_timer_ends() {
    for stop_first in [true, false] {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        world.pass(DELIVERY_MS);
        if !stop_first {
            world.settle();
        }
        assert_eq!(agent(&mut world, "M1", "RequestStopProcessing"), Ok(()));
        world.settle();
        assert_eq!(heard(&world, "A1", Event::Revoked), 1);
    }
}

#[test]
fn r8_everybody_stops() {
    let stops = ["A1", "M1", "M2"];
    for first in stops {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        agent(&mut world, "A1", "Accept").unwrap();
        assert_eq!(agent(&mut world, first, "RequestStopProcessing"), Ok(()));
        for late in stops {
            let result = agent(&mut world, late, "RequestStopProcessing");
            assert_eq!(result, Err(RefusalKind::AlreadyStopped), "{first}, {late}");
        }
        assert_eq!(heard(&world, "RE", Event::ProcessingStopped), 1);
    }
    let mut world = routed();
    let stop = json!({"stop": true});
    assert_eq!(
        act(&mut world, "R1", "RequestRouteCall", stop.clone()),
        Ok(())
    );
    let late = act(&mut world, "R1", "RequestRouteCall", stop);
    assert_eq!(late, Err(RefusalKind::AlreadyStopped));
}

/// A centre in which the router R1 holds the chat `I`.
pub(super) fn routed() -> World {
    let mut world = centre(&["A1", "A2"]);
    let address = json!({"thisDN": "chat"});
    world.ask("R1", "RegisterAddress", address).unwrap();
    offer(&mut world);
    assert!(world.interaction("I").routing().is_some());
    world
}

#[test]
fn r9_properties_change_during_the_invitation() {
    let mut world = routed();
    act(
        &mut world,
        "R1",
        "RequestRouteCall",
        json!({"agentId": "A1"}),
    )
    .unwrap();
    let change = json!({"changedProperties": {"k": 2}});
    assert_eq!(
        act(&mut world, "M1", "RequestChangeProperties", change),
        Ok(())
    );
    assert_eq!(heard(&world, "A1", Event::PropertiesChanged), 1);
    assert_eq!(heard(&world, "R1", Event::AttachedDataChanged), 1);
    assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
    assert_eq!(world.interaction("I").user_data.to_map()["k"], 2);
}

#[test]
fn r10_properties_change_after_the_stop() {
    let mut world = centre(&["A1"]);
    offer(&mut world);
    agent(&mut world, "M1", "RequestStopProcessing").unwrap();
    let change = json!({"changedProperties": {"k": 2}});
    let late = act(&mut world, "M2", "RequestChangeProperties", change);
    assert_eq!(late, Err(RefusalKind::AlreadyStopped));
    assert_eq!(heard(&world, "RE", Event::PropertiesChanged), 0);
}

#[test]
fn r11_two_change_properties_at_once() {
    let add = |key: &str, value: u64| json!({"changedProperties": {key: value}});
    let delete = json!({"deletedProperties": {"k": ""}});
    for (first, second, left) in [
        (add("a", 1), add("b", 2), json!({"k": 1, "a": 1, "b": 2})),
        (add("k", 2), add("k", 3), json!({"k": 3})),
        (add("k", 2), delete.clone(), json!({})),
        (delete, add("k", 2), json!({"k": 2})),
    ] {
        let mut world = centre(&["A1"]);
        offer(&mut world);
        act(&mut world, "M1", "RequestChangeProperties", first).unwrap();
        act(&mut world, "M2", "RequestChangeProperties", second).unwrap();
        assert_eq!(
            Value::Object(world.interaction("I").user_data.to_map()),
            left
        );
        assert_eq!(heard(&world, "A1", Event::PropertiesChanged), 2);
    }
}

#[test]
fn r13_two_agents_pull_and_a_router_takes() {
    let mut world = centre(&[]);
    let all_away = json!({"channels": {"chat": 0}});
    for agent in ["A1", "A2"] {
        world
            .ask(agent, "RequestAgentLogin", all_away.clone())
            .unwrap();
    }
    let parameters = json!({"queue": "second", "interactionId": "I"});
    world.ask("M1", "RequestSubmit", parameters).unwrap();
    world.settle();
    assert_eq!(agent(&mut world, "A1", "RequestPull"), Ok(()));
    let late = agent(&mut world, "A2", "RequestPull");
    assert_eq!(late, Err(RefusalKind::UnknownInteraction));
    let none = world
        .ask("A2", "RequestPull", json!({"queue": "second"}))
        .unwrap();
    assert_eq!(none.outcome, Outcome::Pulled(Vec::new()));
    world.ask("A2", "Ready", json!({})).unwrap();
    world.settle();
    assert_eq!(parties(&world), ["A1"]);
}

#[test]
fn r16_the_sender_acts_while_his_transfer_is_pending() {
    let bin = json!({"workbin": "drafts"});
    for (name, parameters) in [
        ("RequestStopProcessing", json!({})),
        ("Complete", json!({})),
        ("PlaceInQueue", json!({"queueName": "email"})),
        ("PlaceInWorkbin", bin),
        ("RequestAgentLogout", json!({})),
    ] {
        let mut world = transferring();
        assert_eq!(act(&mut world, "A1", name, parameters), Ok(()), "{name}");
        assert_eq!(heard(&world, "A2", Event::Revoked), 1, "{name}");
        assert_eq!(heard(&world, "A1", Event::Error), 1, "{name}");
        assert!(agent(&mut world, "A2", "Accept").is_err(), "{name}");
        assert!(parties(&world).is_empty(), "{name}");
    }
    let mut world = transferring();
    world.presence("A1", true).unwrap();
    world.presence("A1", false).unwrap();
    world.pass(DELIVERY_MS - 1);
    world.settle();
    assert_eq!(agent(&mut world, "A2", "Accept"), Ok(()));
    assert_eq!(parties(&world), ["A2"]);
}

/// A centre in which A1 has the chat `I`, and A2 is invited to take it over.
fn transferring() -> World {
    let mut world = centre(&["A1"]);
    offer(&mut world);
    agent(&mut world, "A1", "Accept").unwrap();
    world.ask("A2", "RequestAgentLogin", json!({})).unwrap();
    act(
        &mut world,
        "A1",
        "RequestTransfer",
        json!({"agentId": "A2"}),
    )
    .unwrap();
    world
}

#[test]
fn r17_one_pending_transfer_at_most() {
    let mut world = transferring();
    world.ask("A3", "RequestAgentLogin", json!({})).unwrap();
    for (who, to) in [("A1", "A3"), ("A1", "A2"), ("A2", "A1")] {
        let again = act(&mut world, who, "RequestTransfer", json!({"agentId": to}));
        assert_eq!(again, Err(RefusalKind::InvalidState), "{who} to {to}");
    }
    assert_eq!(agent(&mut world, "A2", "Accept"), Ok(()));
    let back = act(
        &mut world,
        "A2",
        "RequestTransfer",
        json!({"agentId": "A1"}),
    );
    assert_eq!(back, Ok(()));
}

#[test]
fn r18_the_last_two_leave_at_once() {
    for order in [["A1", "A2"], ["A2", "A1"]] {
        let mut world = conferring();
        // Nobody is offered it meanwhile.
        for who in order {
            world.ask(who, "NotReady", json!({})).unwrap();
        }
        for who in order {
            assert_eq!(agent(&mut world, who, "Leave"), Ok(()));
        }
        assert!(parties(&world).is_empty());
        let whereabouts = &world.interaction("I").whereabouts;
        assert!(matches!(whereabouts, Whereabouts::Queued(spot) if spot.queue.as_str() == "chat"));
        for who in order {
            assert!(agent(&mut world, who, "Leave").is_err(), "{who} once more");
        }
        // Once when it was submitted, and once when the last one left.
        assert_eq!(heard(&world, "RE", Event::PlacedInQueue), 2);
    }
}

#[test]
fn a_conference_ends_when_the_grace_time_or_the_handling_time_of_one_does() {
    let mut world = conferring();
    world.presence("A1", true).unwrap();
    world.presence("A1", false).unwrap();
    world.pass(24 * 3_600_000);
    world.settle();
    assert!(parties(&world).is_empty(), "nobody was heard of for a day");
    assert_eq!(heard(&world, "A1", Event::Revoked), 1);
    assert_eq!(
        heard(&world, "A2", Event::PartyRemoved),
        1,
        "A1 was lost first"
    );
    assert_eq!(
        heard(&world, "A2", Event::Revoked),
        1,
        "then he was silent too long"
    );
}

/// A centre in which A1 and A2 work on the chat `I` together.
fn conferring() -> World {
    let mut world = centre(&["A1"]);
    offer(&mut world);
    agent(&mut world, "A1", "Accept").unwrap();
    world.ask("A2", "RequestAgentLogin", json!({})).unwrap();
    act(&mut world, "A1", "Conference", json!({"userId": "A2"})).unwrap();
    agent(&mut world, "A2", "Accept").unwrap();
    assert_eq!(parties(&world), ["A1", "A2"]);
    world
}

#[test]
fn r19_a_request_before_the_handling_timeout_wins() {
    let mut world = centre(&["A1"]);
    offer(&mut world);
    agent(&mut world, "A1", "Accept").unwrap();
    for _ in 0..2 {
        world.pass(HANDLING_MS - 1);
        world
            .ask("A1", "GetWorkbinContent", json!({"workbin": "drafts"}))
            .unwrap();
        world.settle();
        assert_eq!(parties(&world), ["A1"]);
    }
    world.ask("A1", "NotReady", json!({})).unwrap();
    world.pass(HANDLING_MS);
    world.settle();
    assert!(parties(&world).is_empty());
    assert_eq!(heard(&world, "A1", Event::Revoked), 1);
}

#[test]
fn r20_no_invitation_survives_the_logout() {
    let mut world = centre(&["A1"]);
    offer(&mut world);
    world.ask("A1", "RequestAgentLogout", json!({})).unwrap();
    world.settle();
    let whereabouts = &world.interaction("I").whereabouts;
    assert!(
        matches!(whereabouts, Whereabouts::Queued(_)),
        "{whereabouts:?}"
    );
    assert!(agent(&mut world, "A1", "Accept").is_err());
}

#[test]
fn r22_not_ready_against_the_route_call() {
    for is_ready in [true, false] {
        let mut world = routed();
        if !is_ready {
            world
                .ask("A1", "NotReady", json!({"media": "chat"}))
                .unwrap();
        }
        let result = act(
            &mut world,
            "R1",
            "RequestRouteCall",
            json!({"agentId": "A1"}),
        );
        let expected = if is_ready {
            Ok(())
        } else {
            Err(RefusalKind::AgentUnavailable)
        };
        assert_eq!(result, expected);
        if is_ready {
            world
                .ask("A1", "NotReady", json!({"media": "chat"}))
                .unwrap();
            assert_eq!(
                agent(&mut world, "A1", "Accept"),
                Ok(()),
                "what is open stays open"
            );
        }
    }
    // Invitations count: the third chat does not fit.
    let mut world = routed();
    for id in ["J", "K"] {
        submit(&mut world, id).unwrap();
    }
    world.settle();
    let mut route = |id: &str| {
        let parameters = json!({"interactionId": id, "agentId": "A1"});
        kind(world.ask("R1", "RequestRouteCall", parameters))
    };
    assert_eq!([route("I"), route("J")], [Ok(()), Ok(())]);
    assert_eq!(route("K"), Err(RefusalKind::AgentUnavailable));
}

#[test]
fn r25_a_second_unsubscription_is_refused() {
    let mut world = centre(&["A1"]);
    let bin = json!({"workbin": "team"});
    world
        .ask("A1", "RequestSubscribeWorkbin", bin.clone())
        .unwrap();
    let mut leave = || kind(world.ask("A1", "RequestUnsubscribeWorkbin", bin.clone()));
    assert_eq!(leave(), Ok(()));
    assert_eq!(leave(), Err(RefusalKind::InvalidState));
}

#[test]
fn r26_a_second_submission_of_an_identifier_is_a_conflict() {
    let mut world = centre(&[]);
    submit(&mut world, "I").unwrap();
    assert_eq!(submit(&mut world, "I"), Err(RefusalKind::AlreadyExists));
    agent(&mut world, "M1", "RequestStopProcessing").unwrap();
    assert_eq!(submit(&mut world, "I"), Err(RefusalKind::AlreadyExists));
    assert_eq!(heard(&world, "RE", Event::InteractionSubmitted), 1);
    assert_eq!(world.state().waiting(&queue("chat")).count(), 0);
}

#[test]
fn r29_the_media_server_hears_of_changes_while_its_flag_is_set() {
    let mut world = routed();
    let mut expected = 0;
    for flag in [1, 0, 1] {
        let extension = json!({"extension": {"event_properties_changed": flag}});
        world.ask("M1", "RequestRegisterClient", extension).unwrap();
        let data = json!({"userData": {"k": expected}});
        act(&mut world, "R1", "RequestUpdateUserData", data).unwrap();
        expected += flag;
        let times = usize::try_from(expected).unwrap();
        assert_eq!(heard(&world, "M1", Event::PropertiesChanged), times);
    }
}

#[test]
fn r32_attached_data_cannot_shadow_an_attribute() {
    for name in ["Queue", "InteractionId", "InteractionState"] {
        let mut world = centre(&["A1"]);
        let shadow = json!({"queue": "chat", "userData": {name: "x"}});
        let result = kind(world.ask("M1", "RequestSubmit", shadow));
        assert_eq!(result, Err(RefusalKind::ReadOnly), "{name}");
        offer(&mut world);
        agent(&mut world, "A1", "Accept").unwrap();
        let changes = [
            (
                "M1",
                "RequestChangeProperties",
                json!({"addedProperties": {name: "x"}}),
            ),
            (
                "M1",
                "RequestChangeProperties",
                json!({"userData": {name: "x"}}),
            ),
            ("A1", "AttachUserData", json!({"userData": {name: "x"}})),
            ("A1", "UpdateUserData", json!({"userData": {name: "x"}})),
        ];
        for (who, request, parameters) in changes {
            let result = act(&mut world, who, request, parameters);
            assert_eq!(result, Err(RefusalKind::ReadOnly), "{request} {name}");
        }
    }
}

#[test]
fn a_route_call_is_answered_when_its_offer_is_stopped() {
    for who in ["R1", "M1"] {
        let mut world = routed();
        act(
            &mut world,
            "R1",
            "RequestRouteCall",
            json!({"agentId": "A1"}),
        )
        .unwrap();
        let name = if who == "R1" {
            "RequestRouteCall"
        } else {
            "RequestStopProcessing"
        };
        assert_eq!(act(&mut world, who, name, json!({"stop": true})), Ok(()));
        let own = usize::from(who == "R1");
        assert_eq!(heard(&world, "R1", Event::RouteUsed), 2 * own);
        assert_eq!(heard(&world, "R1", Event::Abandoned), 1 - own);
    }
}

#[test]
fn limits_are_of_what_the_data_becomes() {
    let mut world = centre(&[]);
    submit(&mut world, "I").unwrap();
    let half = "x".repeat(150 * 1024);
    let both = json!({"userData": {"a": half}, "addedProperties": {"b": half}});
    let result = act(&mut world, "M1", "RequestChangeProperties", both);
    assert_eq!(result, Err(RefusalKind::InvalidValue));
    assert!(
        world
            .state()
            .interactions
            .contains_key(&interaction_id("I"))
    );
}
