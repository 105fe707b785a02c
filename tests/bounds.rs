//! What happens at the engine's named bounds.

use std::sync::Arc;

use baton::domain::{
    Actor, Configuration, IdempotencyKey, InteractionId, QueueName, Refusal, RefusalKind,
    RequestDigest, Role, Snapshot, Timestamp, UserId, Whereabouts,
};
use baton::engine::operations::{
    CHANNELS_LEN_MAX, Configure, MOVE_LEN_MAX, PARTIES_MAX, SNAPSHOT_INTERACTIONS_LEN_MAX,
    SNAPSHOTS_LEN_MAX, WORKBINS_LEN_MAX,
};
use baton::engine::routing::ROUTER_HOLD_LEN_MAX;
use baton::engine::{
    CALLER_ANSWERS_KIB_MAX, CENTRE_ANSWERS_KIB_MAX, Effect, Engine, Idempotency, Operation,
    Outcome, Request, STOPPED_KIB_MAX, STOPPED_LEN_MAX,
};
use serde_json::{Value, json};

use crate::support::base::restored;

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
fn what_is_remembered_of_the_stopped_is_bounded_in_bytes_too() {
    let mut engine = engine();
    const EACH_KIB: u64 = 255;
    let fits = usize::try_from(STOPPED_KIB_MAX / (EACH_KIB + 1)).unwrap();
    let text = "x".repeat(usize::try_from(EACH_KIB).unwrap() * 1024);
    for index in 0..=fits {
        let parameters = json!({"queue": "chat", "interactionId": format!("I{index}"), "userData": {"text": text}});
        ask(&mut engine, Role::MediaServer, "RequestSubmit", parameters).unwrap();
        stop(&mut engine, index).unwrap();
    }
    assert_eq!(engine.state().stopped.size(), fits);
    let kind = |refused: Result<Effect, Refusal>| refused.unwrap_err().kind;
    assert_eq!(kind(stop(&mut engine, 0)), RefusalKind::UnknownInteraction);
    assert_eq!(kind(stop(&mut engine, 1)), RefusalKind::AlreadyStopped);
    assert_eq!(&restored(engine.state()), engine.state());
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
fn however_much_waits_of_a_medium_hides_nothing_of_another() {
    let mut engine = engine();
    let email = |index| json!({"queue": "chat", "mediaType": "email", "interactionId": format!("E{index}")});
    for index in 0..300 {
        ask(
            &mut engine,
            Role::MediaServer,
            "RequestSubmit",
            email(index),
        )
        .unwrap();
    }
    submit(&mut engine, 0);
    let ready = json!({"mediaList": {"chat": 1}});
    ask(&mut engine, Role::Agent, "RequestAgentLogin", ready).unwrap();
    settle(&mut engine);
    let agent = UserId::parse(Role::Agent.as_str()).unwrap();
    let offered: Vec<_> = engine.state().involved(&agent).collect();
    assert_eq!(offered.len(), 1);
    assert_eq!(offered[0].id.as_str(), "I0");
    let queue = QueueName::parse("chat").unwrap();
    let waiting = engine.state().waiting(&queue);
    assert!(
        waiting.map(|it| it.changed_sequence).is_sorted(),
        "first come first"
    );
    assert_eq!(engine.state().waiting_len(&queue), 300);
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

#[test]
fn a_request_names_so_many_at_most() {
    let mut engine = engine();
    for (operation, parameter, name, len_max) in [
        ("RequestAgentLogin", "channels", "chat", CHANNELS_LEN_MAX),
        (
            "RequestWorkbinSubscribe",
            "workbinIds",
            "team",
            WORKBINS_LEN_MAX,
        ),
    ] {
        let mut names = |len| {
            let parameters = json!({parameter: vec![name; len]});
            ask(&mut engine, Role::Agent, operation, parameters)
        };
        let refused = names(len_max + 1).unwrap_err();
        assert_eq!(refused.kind, RefusalKind::InvalidValue, "{operation}");
        names(len_max).unwrap();
    }
}

#[test]
fn so_many_agents_work_on_one_interaction() {
    let mut engine = Engine::default();
    let name = |index: usize| format!("u{index}");
    let users: serde_json::Map<String, Value> = (0..=PARTIES_MAX)
        .map(|index| (name(index), json!({"roles": ["agent", "supervisor"]})))
        .collect();
    configure(
        &mut engine,
        json!({"users": users, "capacity": {"chat": 1}, "queues": {"chat": {"media_type": "chat"}}}),
    );
    let asks = |engine: &mut Engine, index: usize, role, operation: &str, parameters: Value| {
        let user = UserId::parse(&name(index)).unwrap();
        let operation = Operation::parse(operation, None, parameters.as_object().unwrap())?;
        engine.handle_request(NOW, request(Actor::User { user, role }, operation))
    };
    let interaction = json!({"interactionId": "I0"});
    let ready = json!({"mediaList": {"chat": 1}});
    let login = "RequestAgentLogin";
    asks(&mut engine, 0, Role::Agent, login, ready).unwrap();
    submit(&mut engine, 0);
    settle(&mut engine);
    asks(&mut engine, 0, Role::Agent, "Accept", interaction.clone()).unwrap();
    for index in 1..=PARTIES_MAX {
        asks(&mut engine, index, Role::Agent, login, json!({})).unwrap();
        let intrude = "RequestIntrude";
        let joined = asks(
            &mut engine,
            index,
            Role::Supervisor,
            intrude,
            interaction.clone(),
        );
        assert_eq!(joined.is_ok(), index < PARTIES_MAX, "{index}: {joined:?}");
    }
    let conference = json!({"interactionId": "I0", "userId": name(PARTIES_MAX)});
    let refused = asks(&mut engine, 0, Role::Agent, "Conference", conference).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::InvalidState);
    let id = InteractionId::parse("I0").unwrap();
    let found = engine.state().interaction(&id).unwrap();
    assert_eq!(found.parties().len(), PARTIES_MAX);
}

#[test]
fn a_snapshot_holds_so_many_and_there_are_so_many_of_them() {
    let mut engine = engine();
    for index in 0..=SNAPSHOT_INTERACTIONS_LEN_MAX {
        submit(&mut engine, index);
    }
    let view = json!({"viewId": "chat"});
    for _ in 0..SNAPSHOTS_LEN_MAX {
        ask(
            &mut engine,
            Role::MediaServer,
            "RequestTakeSnapshot",
            view.clone(),
        )
        .unwrap();
    }
    let snapshots = &engine.state().snapshots;
    let full = |it: &Snapshot| it.interactions.len() == SNAPSHOT_INTERACTIONS_LEN_MAX;
    assert!(snapshots.values().all(|it| full(it)));
    let id = snapshots.first().unwrap().0.0;
    let mut media_server = |name: &str, parameters: Value| {
        let asked = ask(&mut engine, Role::MediaServer, name, parameters);
        asked.map(|effect| effect.step.outcome)
    };
    let refused = media_server("RequestTakeSnapshot", view.clone()).unwrap_err();
    assert_eq!(refused.kind, RefusalKind::LimitReached);
    let condition: serde_json::Map<String, Value> =
        (0..17).map(|key| (key.to_string(), json!(1))).collect();
    let ids: Vec<String> = (0..=MOVE_LEN_MAX)
        .map(|index| format!("I{index}"))
        .collect();
    media_server("RequestReleaseSnapshot", json!({"snapshotId": id + 1})).unwrap();
    for (name, parameters) in [
        (
            "RequestTakeSnapshot",
            json!({"viewId": "chat", "condition": condition}),
        ),
        (
            "RequestMoveInteractions",
            json!({"snapshotId": id, "interactionIds": ids, "queue": "chat"}),
        ),
    ] {
        let refused = media_server(name, parameters).unwrap_err();
        assert_eq!(refused.kind, RefusalKind::InvalidValue, "{name}");
    }
    // A move without names takes the first that can be moved, and the next one those after them.
    let moved = json!({"snapshotId": id, "queue": "chat"});
    let mut lens = Vec::new();
    for _ in 0..=SNAPSHOT_INTERACTIONS_LEN_MAX / MOVE_LEN_MAX {
        let outcome = media_server("RequestMoveInteractions", moved.clone()).unwrap();
        let Outcome::Moved { interactions, .. } = outcome else {
            panic!("{outcome:?}");
        };
        lens.push(interactions.len());
    }
    assert_eq!(
        lens,
        [MOVE_LEN_MAX; 5]
            .iter()
            .chain(&[0])
            .copied()
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_key_is_kept_for_its_time() {
    let mut engine = engine();
    let ttl_ms = engine.state().configuration.timing.idempotency_key_ttl_ms;
    let first = keyed("ms", "key", "I1");
    engine.handle_request(NOW, first.clone()).unwrap();
    let after = |ms| engine.state().first_answer(NOW.plus_ms(ms), &first);
    assert!(after(ttl_ms - 1).unwrap().is_some());
    assert!(after(ttl_ms).unwrap().is_none());
    // A new request may have the key then, and what is old goes.
    let second = keyed("ms", "key", "I2");
    let now = NOW.plus_ms(ttl_ms);
    assert!(engine.state().first_answer(now, &second).unwrap().is_none());
    engine.handle_request(now, second.clone()).unwrap();
    let found = engine.state().first_answer(now, &second).unwrap();
    assert_eq!(found.unwrap().head.at, now);
    let refusal = engine.state().first_answer(now, &first).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::KeyReused);
}

#[test]
fn a_callers_oldest_key_makes_room() {
    let mut engine = engine();
    let request = |index: u64| keyed("ms", &format!("key-{index}"), &format!("I{index}"));
    let other = keyed("other", "key-0", "other");
    engine.handle_request(NOW, other.clone()).unwrap();
    for index in 0..=CALLER_ANSWERS_KIB_MAX {
        engine.handle_request(NOW, request(index)).unwrap();
        stop(&mut engine, usize::try_from(index).unwrap()).unwrap();
    }
    let known = |request: &Request| engine.state().first_answer(NOW, request).unwrap().is_some();
    let kept = (0..=CALLER_ANSWERS_KIB_MAX).filter(|index| known(&request(*index)));
    assert_eq!(kept.count() as u64, CALLER_ANSWERS_KIB_MAX);
    assert!(!known(&request(0)));
    assert!(known(&other), "one caller does not push another's out");
    assert!(
        restored(engine.state()) == *engine.state(),
        "a snapshot carries the keys"
    );
}

/// Long answers count for more.
#[test]
fn the_centres_oldest_key_makes_room() {
    let mut engine = engine();
    submit(&mut engine, 0);
    let names: serde_json::Map<String, Value> = (0..900)
        .map(|index| (format!("{index:0>250}"), Value::Null))
        .collect();
    let delete = json!({"interactionId": "I0", "deletedProperties": names});
    let request = |user: u64, index: u64| {
        let request = keyed(&format!("ms{user}"), &format!("key-{index}"), "I0");
        Request {
            operation: operation("RequestChangeProperties", &delete),
            ..request
        }
    };
    let effect = engine.handle_request(NOW, request(0, 0)).unwrap();
    let Outcome::PropertiesChanged { missing } = effect.step.outcome else {
        panic!("{:?}", effect.step.outcome);
    };
    let kib = 900 * (250 + size_of::<String>() as u64) / 1024 + 1;
    assert_eq!(missing.len(), 900);
    let of_caller = CALLER_ANSWERS_KIB_MAX / kib;
    let all = CENTRE_ANSWERS_KIB_MAX / kib;
    for index in 1..=all {
        let next = request(index / of_caller, index % of_caller);
        engine.handle_request(NOW, next).unwrap();
    }
    let known = |index: u64| {
        let request = request(index / of_caller, index % of_caller);
        engine
            .state()
            .first_answer(NOW, &request)
            .unwrap()
            .is_some()
    };
    assert!(!known(0), "the oldest is gone");
    assert!((1..=all).all(known), "and no other");
}

/// RequestSubmit under a key. What tells it from others is what it asks for.
fn keyed(user: &str, key: &str, id: &str) -> Request {
    let idempotency = Idempotency {
        key: IdempotencyKey::parse(key).unwrap(),
        digest: RequestDigest::parse(id).unwrap(),
    };
    let actor = Actor::User {
        user: UserId::parse(user).unwrap(),
        role: Role::MediaServer,
    };
    let submit = json!({"queue": "chat", "interactionId": id});
    Request {
        idempotency: Some(Arc::new(idempotency)),
        ..request(actor, operation("RequestSubmit", &submit))
    }
}

fn operation(name: &str, parameters: &Value) -> Operation {
    Operation::parse(name, None, parameters.as_object().unwrap()).unwrap()
}

fn engine() -> Engine {
    let mut engine = Engine::default();
    let configuration = json!({
        "users": {"agent": {"roles": ["agent"], "groups": ["team"]}},
        "queues": {"chat": {"media_type": "chat", "pull_groups": ["team"]}},
        "capacity": {"chat": 1, "email": 1},
        "workbins": {"team": {"display_name": "Team", "kind": {"AgentGroup": "team"}}},
    });
    configure(&mut engine, configuration);
    engine
}

fn configure(engine: &mut Engine, configuration: Value) {
    let configuration: Configuration = serde_json::from_value(configuration).unwrap();
    let configure = Operation::Configure(Configure(Box::new(configuration)));
    engine
        .handle_request(NOW, request(Actor::Server, configure))
        .unwrap();
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
        idempotency: None,
        entropy: [0; 16],
        operation,
    }
}

fn settle(engine: &mut Engine) {
    while engine.handle_timeout(NOW).is_some() {}
}
