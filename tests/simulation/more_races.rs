//! More of the races of interaction-models section 7 (b): of routers, workbins, crashes and options.

use baton::domain::{Event, RefusalKind, Whereabouts};
use baton::engine::Body;
use serde_json::{Value, json};

use super::disk::Crash;
use super::races::{DELIVERY_MS, HANDLING_MS, act, agent, centre, heard, offer, parties, routed};
use super::setting::usual_timing;
use super::world::{World, user};

#[test]
fn r12_a_router_changes_data_before_and_after_its_route_call() {
    let mut world = routed();
    let change = |world: &mut World, value: u64| {
        let data = json!({"userData": {"k": value}});
        act(world, "R1", "RequestUpdateUserData", data)
    };
    assert_eq!(change(&mut world, 2), Ok(()));
    let route = json!({"agentId": "A1"});
    assert_eq!(act(&mut world, "R1", "RequestRouteCall", route), Ok(()));
    assert_eq!(
        change(&mut world, 3),
        Ok(()),
        "as long as it has the router"
    );
    assert_eq!(heard(&world, "A1", Event::PropertiesChanged), 1);
    assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
    assert!(change(&mut world, 4).is_err(), "loudly, and without effect");
    assert_eq!(world.interaction("I").user_data.to_map()["k"], 3);
}

#[test]
fn r24_content_and_changes_of_a_workbin_leave_no_gap() {
    let bin = json!({"workbin": "team"});
    let mut world = centre(&["A1", "A2"]);
    let place = |world: &mut World, id: &str| {
        let parameters = json!({"mediaType": "chat", "interactionId": id, "workbin": "team"});
        world.ask("A2", "RequestSubmit", parameters).unwrap();
    };
    place(&mut world, "I1");
    world
        .ask("A1", "RequestSubscribeWorkbin", bin.clone())
        .unwrap();
    place(&mut world, "I2");
    world.ask("A1", "RequestGetWorkbinContent", bin).unwrap();
    let pull = json!({"workbin": "team", "interactionId": "I1"});
    world.ask("A2", "RequestPull", pull).unwrap();
    place(&mut world, "I3");
    // The content, and what changed after it, come to what is there; what changed before it is part of it.
    let (mut known, mut valid_at) = (Vec::new(), None);
    for (sequence, said) in world.said.iter().filter(|(_, said)| said.to == user("A1")) {
        match &said.body {
            Body::WorkbinContent { interactions, .. } => {
                known = interactions.iter().map(|it| it.id.to_string()).collect();
                valid_at = Some(*sequence);
            }
            Body::WorkbinChanged {
                interaction, added, ..
            } if valid_at.is_some_and(|at| *sequence > at) => {
                known.retain(|id| *id != interaction.id.as_str());
                known.extend(added.then(|| interaction.id.to_string()));
            }
            _ => {}
        }
    }
    assert_eq!(known, ["I2", "I3"]);
}

/// What happens to the chat `I` from its submission to its end.
const STORY: [(&str, &str, &str); 10] = [
    ("M1", "RequestSubmit", r#"{"queue": "chat"}"#),
    ("R1", "RequestRouteCall", r#"{"agentId": "A1"}"#),
    ("A1", "Reject", "{}"),
    ("R1", "RequestRouteCall", r#"{"agentId": "A2"}"#),
    ("A2", "Accept", "{}"),
    ("A2", "Conference", r#"{"userId": "A1"}"#),
    ("A1", "Accept", "{}"),
    ("A2", "Leave", "{}"),
    ("A1", "PlaceInWorkbin", r#"{"workbin": "drafts"}"#),
    ("M1", "RequestStopProcessing", "{}"),
];

#[test]
fn r28_a_crash_at_any_moment_loses_nothing_and_sticks_nowhere() {
    for crash_after in 1..=STORY.len() {
        let mut world = centre(&["A1", "A2"]);
        let queue = json!({"thisDN": "chat"});
        world.ask("R1", "RegisterAddress", queue).unwrap();
        for (who, name, parameters) in &STORY[..crash_after] {
            let parameters = serde_json::from_str(parameters).unwrap();
            assert_eq!(act(&mut world, who, name, parameters), Ok(()), "{name}");
            world.settle();
        }
        let before = world.interaction("I").whereabouts.clone();
        world.crash(Crash::Written);
        assert!(
            world.restart().is_err(),
            "nobody's application was there to be lost"
        );
        assert_eq!(world.interaction("I").whereabouts, before, "{crash_after}");
        // Nobody does anything more: offers and holds end by themselves.
        for _ in 0..3 {
            world.pass(24 * 3_600_000);
            world.settle();
        }
        let after = &world.interaction("I").whereabouts;
        let is_at_rest = matches!(
            after,
            Whereabouts::Queued(_)
                | Whereabouts::InWorkbin(_)
                | Whereabouts::Stopped(_)
                | Whereabouts::Routing(_)
        );
        assert!(is_at_rest, "{crash_after}: {after:?}");
    }
}

#[test]
fn r28_a_crash_at_each_point_of_a_commit_leaves_nobody_in_doubt() {
    let moments = [Crash::Unwritten, Crash::Written, Crash::Acknowledged];
    for (index, (who, name, parameters)) in STORY.iter().enumerate() {
        for moment in moments {
            let mut world = centre(&["A1", "A2"]);
            let queue = json!({"thisDN": "chat"});
            world.ask("R1", "RegisterAddress", queue).unwrap();
            for (who, name, parameters) in &STORY[..index] {
                let parameters = serde_json::from_str(parameters).unwrap();
                assert_eq!(act(&mut world, who, name, parameters), Ok(()), "{name}");
                world.settle();
            }
            world.come_to_rest();
            let before = world.state().sequence;
            let reference = world.next_reference();
            let mut parameters: Value = serde_json::from_str(parameters).unwrap();
            parameters["interactionId"] = json!("I");
            let asked = world.ask_by(reference, who, name, parameters.clone());
            let sequence = asked.unwrap().head.sequence;
            world.write();
            // What is computed while the disk writes is never there.
            world.ask("A3", "RequestAgentLogin", json!({})).unwrap();
            world.crash(moment);
            let has_happened = moment != Crash::Unwritten;
            let last = if has_happened { sequence } else { before };
            assert_eq!(world.state().sequence, last, "{name}, {moment:?}");
            // Whoever heard nothing comes back, hears it, and knows what became of the request.
            world.come_to_rest();
            let again = world.ask_by(reference, who, name, parameters);
            assert_eq!(
                again.is_ok(),
                !has_happened,
                "{name}, {moment:?}: {again:?}"
            );
            world.settle();
            world.come_to_rest();
        }
    }
}

#[test]
fn r30_a_changed_option_holds_for_what_begins_after_it() {
    let mut timing = usual_timing();
    let mut world = centre(&["A1"]);
    offer(&mut world);
    timing["delivery_timeout_ms"] = json!(DELIVERY_MS / 10);
    timing["handling_timeout_ms"] = json!(HANDLING_MS / 10);
    world.configure(&timing, 2);
    world.pass(DELIVERY_MS - 1);
    world.settle();
    assert_eq!(
        heard(&world, "A1", Event::Revoked),
        0,
        "the open invitation"
    );
    assert_eq!(agent(&mut world, "A1", "Accept"), Ok(()));
    timing["handling_timeout_ms"] = json!(HANDLING_MS * 10);
    world.configure(&timing, 2);
    world.pass(HANDLING_MS / 10);
    world.settle();
    assert!(parties(&world).is_empty(), "the timeout it was taken with");
    // It is offered again at once, by the new options.
    assert!(world.interaction("I").invites(&user("A1")));
    world.pass(DELIVERY_MS / 10);
    world.settle();
    assert_eq!(
        agent(&mut world, "A1", "Accept"),
        Err(RefusalKind::InvitationEnded)
    );
}
