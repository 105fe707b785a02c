//! What happens at the engine's named bounds.

use baton::domain::{
    Actor, Configuration, Refusal, RefusalKind, Role, Timestamp, UserId, Whereabouts,
};
use baton::engine::operations::Configure;
use baton::engine::routing::ROUTER_HOLD_LEN_MAX;
use baton::engine::{Effect, Engine, Operation, Outcome, Request, STOPPED_LEN_MAX};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp(1_900_000_000_000);

#[test]
fn the_oldest_stopped_interaction_is_forgotten() {
    let mut engine = engine();
    for index in 0..=STOPPED_LEN_MAX {
        submit(&mut engine, index);
        stop(&mut engine, index).unwrap();
    }
    assert_eq!(engine.state().stopped.size(), STOPPED_LEN_MAX);
    let kind = |refused: Result<Effect, Refusal>| refused.unwrap_err().kind;
    assert_eq!(kind(stop(&mut engine, 0)), RefusalKind::UnknownInteraction);
    assert_eq!(kind(stop(&mut engine, 1)), RefusalKind::AlreadyStopped);
}

#[test]
fn a_router_is_given_so_many_at_a_time() {
    let mut engine = engine();
    ask(
        &mut engine,
        Role::Router,
        "RequestRegisterClient",
        json!({}),
    )
    .unwrap();
    ask(
        &mut engine,
        Role::Router,
        "RegisterAddress",
        json!({"thisDN": "chat"}),
    )
    .unwrap();
    for index in 0..=ROUTER_HOLD_LEN_MAX {
        submit(&mut engine, index);
    }
    settle(&mut engine);
    let held = |engine: &Engine| {
        let all = engine.state().interactions.values();
        all.filter(|it| matches!(it.whereabouts, Whereabouts::Routing(_)))
            .count()
    };
    let waiting = |engine: &Engine| engine.state().interactions.size() - held(engine);
    assert_eq!((held(&engine), waiting(&engine)), (ROUTER_HOLD_LEN_MAX, 1));
    let route = json!({"interactionId": "I0", "stop": true});
    ask(&mut engine, Role::Router, "RequestRouteCall", route).unwrap();
    settle(&mut engine);
    assert_eq!((held(&engine), waiting(&engine)), (ROUTER_HOLD_LEN_MAX, 0));
}

#[test]
fn a_pull_takes_so_many_at_most() {
    let mut engine = engine();
    let session = json!({"channels": ["chat"]});
    ask(
        &mut engine,
        Role::Agent,
        "StartContactCenterSession",
        session,
    )
    .unwrap();
    for index in 0..150 {
        submit(&mut engine, index);
    }
    let ids: Vec<String> = (0..101).map(|index| format!("I{index}")).collect();
    let named = json!({"queue": "chat", "interactionIds": ids});
    let refusal = ask(&mut engine, Role::Agent, "RequestPull", named).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::InvalidValue);
    let named = json!({"queue": "chat", "interactionIds": vec!["I149"; 100]});
    ask(&mut engine, Role::Agent, "RequestPull", named).unwrap();
    let counted = json!({"queue": "chat", "count": 1_000});
    let effect = ask(&mut engine, Role::Agent, "RequestPull", counted).unwrap();
    let Outcome::Pulled(pulled) = effect.step.outcome else {
        panic!("{:?}", effect.step.outcome);
    };
    assert_eq!(pulled.len(), 100);
}

fn engine() -> Engine {
    let mut engine = Engine::default();
    let configuration: Configuration = serde_json::from_value(json!({
        "users": {"agent": {"roles": ["agent"], "groups": ["team"]}},
        "queues": {"chat": {"media_type": "chat", "pull_groups": ["team"]}},
        "capacity": {"chat": 1},
    }))
    .unwrap();
    let configure = Operation::Configure(Configure(Box::new(configuration)));
    engine
        .handle_request(NOW, request(Actor::Server, configure))
        .unwrap();
    engine
}

fn submit(engine: &mut Engine, index: usize) {
    let parameters = json!({"queue": "chat", "interactionId": format!("I{index}")});
    ask(engine, Role::MediaServer, "RequestSubmit", parameters).unwrap();
}

fn stop(engine: &mut Engine, index: usize) -> Result<Effect, Refusal> {
    let parameters = json!({"interactionId": format!("I{index}")});
    ask(
        engine,
        Role::MediaServer,
        "RequestStopProcessing",
        parameters,
    )
}

#[test]
fn a_text_has_so_many_characters_at_most() {
    let mut engine = engine();
    submit(&mut engine, 0);
    for name in ["Subject", "ExternalId"] {
        let mut change = |len: usize| {
            let changed = json!({name: "x".repeat(len)});
            let parameters = json!({"interactionId": "I0", "changedProperties": changed});
            ask(
                &mut engine,
                Role::MediaServer,
                "RequestChangeProperties",
                parameters,
            )
        };
        change(1_000).unwrap();
        assert_eq!(change(1_001).unwrap_err().kind, RefusalKind::InvalidValue);
    }
}

fn ask(engine: &mut Engine, role: Role, name: &str, parameters: Value) -> Result<Effect, Refusal> {
    let user = UserId::parse(role.as_str()).unwrap();
    let operation = Operation::parse(name, None, parameters.as_object().unwrap())?;
    engine.handle_request(NOW, request(Actor::User { user, role }, operation))
}

fn request(actor: Actor, operation: Operation) -> Request {
    Request {
        actor,
        reference_id: None,
        if_match: None,
        entropy: [0; 16],
        operation,
    }
}

fn settle(engine: &mut Engine) {
    while engine.handle_timeout(NOW).is_some() {}
}
