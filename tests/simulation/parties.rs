//! What becomes of logins and registrations: the races of interaction-models section 7 (b) that are about who is there,
//! and what a journal and a snapshot of before say.

use baton::domain::{
    Actor, Address, Event, Refusal, RefusalKind, RegisterMode, Timestamp, Whereabouts,
};
use baton::engine::operations::Configure;
use baton::engine::{ADDRESS_CALLS_LEN_MAX, Announcement, Body, Change, Engine, Operation};
use baton::engine::{Request, STATE_IDS_LEN_MAX, Step};
use serde_json::{Value, json};

use super::setting::{configuration, usual_timing};
use super::world::{World, queue, user};
use crate::support::base::{of_parts, restored};

fn centre() -> World {
    let mut world = World::new(&usual_timing(), 2);
    for client in ["M1", "R1"] {
        world
            .ask(client, "RequestRegisterClient", json!({}))
            .unwrap();
    }
    log_in(&mut world, "A1").unwrap();
    world
}

fn log_in(world: &mut World, who: &str) -> Result<(), RefusalKind> {
    let channels = json!({"channels": {"chat": 1}});
    let result = world.ask(who, "RequestAgentLogin", channels);
    result.map(|_| ()).map_err(|refusal| refusal.kind)
}

fn submit(world: &mut World) {
    let parameters = json!({"queue": "chat", "interactionId": "I"});
    world.ask("M1", "RequestSubmit", parameters).unwrap();
    world.settle();
}

fn accept(world: &mut World) {
    let parameters = json!({"interactionId": "I"});
    world.ask("A1", "RequestAccept", parameters).unwrap();
}

/// How often a user heard an event.
fn heard(world: &World, who: &str, event: Event) -> usize {
    let of_user = world.said.iter().filter(|(_, said)| said.to == user(who));
    of_user
        .filter(|(_, said)| matches!(&said.body, Body::Event(it) if it.event == event))
        .count()
}

/// What a user is told of the interaction `I`, by the last step.
fn last_notices(world: &World, who: &str) -> Vec<&'static str> {
    let last = world.said.last().unwrap().0;
    let said = world.said.iter().filter(|(at, _)| *at == last);
    let of_user = said.filter(|(_, said)| said.to == user(who));
    of_user
        .filter_map(|(_, said)| match &said.body {
            Body::Interaction(notice) => Some(notice.state.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn r21_a_returning_agent_is_told_what_is_his() {
    let mut world = centre();
    submit(&mut world);
    log_in(&mut world, "A1").unwrap();
    assert_eq!(last_notices(&world, "A1"), ["Invited"]);
    accept(&mut world);
    let _ = world.presence("A1", true);
    let _ = world.presence("A1", false);
    world.pass(10_000);
    log_in(&mut world, "A1").unwrap();
    assert_eq!(last_notices(&world, "A1"), ["Processing"]);
    let (_, last) = world
        .said
        .iter()
        .rfind(|(_, said)| {
            matches!(&said.body, Body::Event(it) if it.event == Event::CurrentAgentStatus)
        })
        .unwrap();
    let Body::Event(status) = &last.body else {
        panic!("an event")
    };
    let ids = status.attributes.interaction_ids.as_ref().unwrap();
    assert_eq!(ids.len(), 1, "the event says it as well");
    world.pass(60_000);
    world.settle();
    assert!(world.interaction("I").has_party(&user("A1")), "he kept it");
    log_in(&mut world, "A2").unwrap();
    assert!(last_notices(&world, "A2").is_empty(), "nothing is his");
}

#[test]
fn r23_a_second_login_adds_to_the_first() {
    let mut world = centre();
    assert_eq!(heard(&world, "RE", Event::AgentLogin), 1);
    let more = json!({"channels": {"email": 1}});
    world.ask("A1", "RequestAgentLogin", more.clone()).unwrap();
    assert_eq!(
        heard(&world, "RE", Event::AgentLogin),
        1,
        "at the same place"
    );
    assert_eq!(world.state().agents[&user("A1")].media.len(), 2);
    let again = json!({"channels": {"chat": 1, "email": 1}});
    world.ask("A1", "RequestAgentLogin", again).unwrap();
    assert_eq!(heard(&world, "RE", Event::MediaAdded), 1, "of e-mail, once");
    let elsewhere = json!({"channels": {"email": 1}, "placeId": "desk-2"});
    world.ask("A1", "RequestAgentLogin", elsewhere).unwrap();
    assert_eq!(
        heard(&world, "RE", Event::AgentLogin),
        2,
        "at another place"
    );
    assert_eq!(heard(&world, "A1", Event::AgentConnectionClosed), 0);
}

/// Over HTTP there is no connection that could be closed after a while: every request has its token, and what is
/// refused leaves nothing behind that could time out.
#[test]
fn r27_what_comes_before_the_registration_is_refused() {
    let mut world = World::new(&usual_timing(), 2);
    let kind = |result: Result<_, Refusal>| result.map(|_: Step| ()).map_err(|it| it.kind);
    let wrong = json!({"clientType": "ReportingEngine"});
    let dn = json!({"thisDN": "chat"});
    for _ in 0..2 {
        let early = world.ask("R2", "RegisterAddress", dn.clone());
        assert_eq!(kind(early), Err(RefusalKind::NotRegistered));
        let wrong = world.ask("R2", "RequestRegisterClient", wrong.clone());
        assert_eq!(kind(wrong), Err(RefusalKind::Forbidden));
    }
    assert!(!world.state().clients.contains_key(&user("R2")));
    assert_eq!(
        world.engine.poll_timeout(world.now),
        None,
        "nothing to wait for"
    );
    let late = world.ask("R2", "RequestRegisterClient", json!({}));
    assert_eq!(kind(late), Ok(()));
    assert_eq!(kind(world.ask("R2", "RegisterAddress", dn)), Ok(()));
    world
        .ask("R2", "RequestUnregisterClient", json!({}))
        .unwrap();
    let again = world.ask("R2", "RequestUnregisterClient", json!({}));
    assert_eq!(kind(again), Err(RefusalKind::NotRegistered));
}

/// A centre whose configuration says what a second login does.
fn centre_with(connections: &str) -> World {
    let mut world = centre();
    let mut wanted = configuration(&usual_timing(), 2);
    wanted["allow_multiple_agent_connections"] = json!(connections);
    world.configure_as(wanted);
    submit(&mut world);
    accept(&mut world);
    world
}

#[test]
fn r23_a_second_login_is_refused() {
    let mut world = centre_with("false");
    assert_eq!(log_in(&mut world, "A1"), Err(RefusalKind::InvalidState));
    world.presence("A1", true).unwrap();
    assert_eq!(log_in(&mut world, "A1"), Err(RefusalKind::InvalidState));
    world.presence("A1", false).unwrap();
    assert_eq!(log_in(&mut world, "A1"), Ok(()), "the first one was lost");
    assert!(world.interaction("I").has_party(&user("A1")));
    world.ask("A1", "RequestAgentLogout", json!({})).unwrap();
    assert_eq!(log_in(&mut world, "A1"), Ok(()));
}

#[test]
fn r23_a_second_login_logs_the_first_out() {
    let mut world = centre_with("force-logout");
    log_in(&mut world, "A1").unwrap();
    assert_eq!(heard(&world, "A1", Event::AgentConnectionClosed), 1);
    assert_eq!(heard(&world, "RE", Event::AgentLogout), 1);
    assert_eq!(heard(&world, "RE", Event::AgentLogin), 2);
    assert!(
        !world.interaction("I").has_party(&user("A1")),
        "it went back"
    );
    world.settle();
    world.ask("A1", "RequestAgentLogout", json!({})).unwrap();
    let closed = heard(&world, "A1", Event::AgentConnectionClosed);
    assert_eq!(closed, 1, "a logout of his own closes nothing else");
}

#[test]
fn a_logout_ends_subscriptions_to_workbins() {
    let mut world = centre();
    for bin in ["team", "drafts"] {
        let bin = json!({"workbin": bin});
        world.ask("A1", "RequestSubscribeWorkbin", bin).unwrap();
    }
    assert_eq!(world.state().subscriptions.size(), 2);
    world.ask("A1", "RequestAgentLogout", json!({})).unwrap();
    assert_eq!(world.state().subscriptions.size(), 0);
    log_in(&mut world, "A1").unwrap();
    let bin = json!({"workbin": "team"});
    world.ask("A1", "RequestSubscribeWorkbin", bin).unwrap();
    world.presence("A1", true).unwrap();
    world.presence("A1", false).unwrap();
    world.pass(60_000);
    world.settle();
    assert_eq!(world.state().subscriptions.size(), 0, "lost is logged out");
}

#[test]
fn r31_the_configuration_takes_an_address_away() {
    let mut world = centre();
    let ready = json!({"media": "chat"});
    world.ask("A1", "RequestNotReadyForMedia", ready).unwrap();
    for dn in ["chat", "second", "A4"] {
        world
            .ask("R1", "RegisterAddress", json!({"thisDN": dn}))
            .unwrap();
    }
    let mut wanted = configuration(&usual_timing(), 2);
    wanted["queues"].as_object_mut().unwrap().remove("second");
    wanted["users"].as_object_mut().unwrap().remove("A4");
    world.configure_as(wanted);
    let unregistered = world.said.iter().filter_map(|(_, said)| match &said.body {
        Body::Event(it) if it.event == Event::Unregistered => Some((&said.to, it)),
        _ => None,
    });
    let mut gone = Vec::new();
    for (to, message) in unregistered {
        assert_eq!(*to, user("R1"));
        let attributes = &message.attributes;
        assert_eq!(attributes.reference_id, None, "nobody asked for it");
        let refusal = attributes.refusal.as_ref().unwrap();
        assert_eq!(refusal.kind, RefusalKind::NotFound);
        gone.push(attributes.address.as_ref().unwrap().this_dn.as_str());
    }
    assert_eq!(gone, ["second", "A4"]);
    let addresses: Vec<&Address> = world.state().addresses.keys().collect();
    assert_eq!(addresses, [&Address::Queue(queue("chat"))]);
}

#[test]
fn a_routing_timeout_during_an_offer_passes_the_router_over() {
    let mut world = centre();
    let mut timing = usual_timing();
    timing["routing_timeout_ms"] = json!(20_000);
    world.configure(&timing, 2);
    let address = json!({"thisDN": "chat"});
    world.ask("R1", "RegisterAddress", address).unwrap();
    submit(&mut world);
    let route = json!({"interactionId": "I", "agentId": "A1"});
    world.ask("R1", "RequestRouteCall", route).unwrap();
    for (ms, waits) in [(20_000, true), (4_999, true), (1, false)] {
        world.pass(ms);
        world.settle();
        let is_waiting = matches!(world.interaction("I").whereabouts, Whereabouts::Queued(_));
        assert_eq!(is_waiting, waits, "after {ms} ms");
    }
    assert_eq!(heard(&world, "R1", Event::RouteRequest), 2);
}

#[test]
fn old_journals_and_snapshots_have_no_modes() {
    let step = json!({"AddressRegistered": {"user": "R1", "address": {"Queue": "chat"}}});
    let change: Change = serde_json::from_value(step).unwrap();
    assert!(matches!(
        change,
        Change::AddressRegistered {
            mode: RegisterMode::Share,
            ..
        }
    ));
    let mut world = centre();
    let private = json!({"thisDN": "chat", "mode": 1});
    world.ask("R1", "RegisterAddress", private).unwrap();
    let mut parts: Vec<_> = world.state().snapshot_parts().collect();
    let mut records: Value = serde_json::from_slice(&parts[0]).unwrap();
    assert_eq!(restored(world.state()), *world.state());
    records["addresses"][0][1] = json!(["R1"]);
    parts[0] = records.to_string().into_bytes();
    let old = of_parts(parts);
    let address = Address::Queue(queue("chat"));
    let registration = old.registration(&user("R1"), &address).unwrap();
    assert_eq!(registration.mode, RegisterMode::Share);
}

/// What is said of many interactions lists some, and counts all.
#[test]
fn lists_of_interactions_are_bounded() {
    let now = Timestamp(1_900_000_000_000);
    let mut engine = Engine::default();
    let wanted = configuration(&usual_timing(), 2);
    let wanted = serde_json::from_value(wanted).unwrap();
    let configure = Operation::Configure(Configure(Box::new(wanted)));
    let request = Request::of_server(configure);
    engine.handle_request(now, request).unwrap();
    let mut ask = |who: &str, name: &str, parameters: Value| -> Vec<Announcement> {
        let parameters = parameters.as_object().unwrap();
        let operation = Operation::parse(name, None, parameters).unwrap();
        let actor: Actor = super::world::actor(who);
        let request = Request {
            actor,
            ..Request::of_server(operation)
        };
        engine.handle_request(now, request).unwrap().announcements
    };
    for client in ["M1", "R1", "RE"] {
        ask(client, "RequestRegisterClient", json!({}));
    }
    for index in 0..=STATE_IDS_LEN_MAX {
        let parameters = json!({"queue": "chat", "interactionId": format!("I{index}")});
        ask("M1", "RequestSubmit", parameters);
    }
    let event = |said: Vec<Announcement>, event: Event| {
        let mut events = said.into_iter().filter_map(|said| match said.body {
            Body::Event(message) => Some(message),
            _ => None,
        });
        events.find(|it| it.event == event).unwrap().attributes
    };
    let all = json!({"interactions": true});
    let said = ask("RE", "RequestStartPlaceAgentReportingAll", all);
    let told = event(said, Event::InteractionsInState);
    assert_eq!(told.state, Some("Queued"));
    assert_eq!(told.count, Some(STATE_IDS_LEN_MAX + 1));
    assert_eq!(told.interaction_ids.unwrap().len(), STATE_IDS_LEN_MAX);
    let said = ask("R1", "RegisterAddress", json!({"thisDN": "chat"}));
    let address = event(said, Event::Registered).address.unwrap();
    assert_eq!(address.held_len, STATE_IDS_LEN_MAX + 1);
    assert_eq!(address.holds.len(), ADDRESS_CALLS_LEN_MAX);
}
