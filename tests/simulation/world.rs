//! One contact centre: the engine, its clock, its journal, and everybody who hears.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::Arc;

use baton::domain::{
    Actor, ClientType, IdempotencyKey, Interaction, InteractionId, QueueName, ReferenceId, Refusal,
    RequestDigest, Role, Sequence, Timestamp, UserId,
};
use baton::engine::operations::{Configure, Presence, Restart};
use baton::engine::{
    Announcement, Body, Effect, Engine, Idempotency, Operation, Outcome, Request, State, Step,
};
use baton::engine::{fold, operations};
use serde_json::{Value, json};

use super::dice::Dice;
use super::invariants::Observer;

const START_MS: u64 = 1_900_000_000_000;
const HISTORY_LEN_MAX: usize = 20;
/// The same for all seeds, and shorter than a day, so that keys end too.
const KEY_TTL_MS: u64 = 120_000;
/// More steps than anything that is due at one time can take.
const DUE_LEN_MAX: usize = 10_000;

pub(crate) const AGENTS: [&str; 4] = ["A1", "A2", "A3", "A4"];
pub(crate) const QUEUES: [&str; 4] = ["chat", "second", "email", "french"];
pub(crate) const MEDIA: [&str; 2] = ["chat", "email"];

/// The times that the races count on; a seed has its own.
pub(crate) fn usual_timing() -> Value {
    json!({
        "delivery_timeout_ms": 30_000, "handling_timeout_ms": 600_000, "routing_timeout_ms": 900_000,
        "reoffer_delay_ms": 5_000, "pass_over_ms": 60_000,
        "invitation_grace_ms": 5_000, "ownership_grace_ms": 30_000, "snapshot_timeout_ms": 600_000,
    })
}

pub(crate) fn configuration(timing: &Value, chats_max: u64) -> Value {
    json!({
        "users": {
            "A1": {"roles": ["agent"], "groups": ["team"], "skills": {"french": 3}},
            "A2": {"roles": ["agent"], "groups": ["team"]},
            "A3": {"roles": ["agent"], "groups": ["team"], "skills": {"french": 1}},
            "A4": {"roles": ["agent"], "skills": {"french": 2}},
            "M1": {"roles": ["media_server"]}, "M2": {"roles": ["media_server"]},
            "R1": {"roles": ["router"]}, "R2": {"roles": ["router"]},
            "RE": {"roles": ["reporting"]}, "S1": {"roles": ["supervisor"]},
        },
        "queues": {
            "chat": {"media_type": "chat"},
            "second": {"media_type": "chat", "pull_groups": ["team"]},
            "email": {"media_type": "email"},
            "french": {"media_type": "chat", "skills": {"french": 2}},
        },
        "workbins": {
            "drafts": {"display_name": "Drafts", "kind": "Agent"},
            "team": {"display_name": "Team", "kind": {"AgentGroup": "team"}},
        },
        "capacity": {"chat": chats_max, "email": 1},
        "timing": timing,
    })
}

/// A request as it was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) who: String,
    pub(crate) name: String,
    pub(crate) parameters: Value,
    /// Its `Idempotency-Key`, if it has one.
    pub(crate) key: Option<String>,
}

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Timestamp,
    /// Everything that was said, for tests that count.
    pub(crate) said: Vec<(Sequence, Announcement)>,
    pub(crate) steps: u64,
    /// How many requests were sent by chance.
    pub(crate) requests: u64,
    /// How many of them got their first answer again.
    pub(crate) answered_again: u64,
    /// The last requests, which may arrive once more.
    pub(crate) sent: VecDeque<Sent>,
    reference: u64,
    journal: Vec<String>,
    durable: usize,
    shadow: State,
    observer: Observer,
    /// What had been heard when the last step became durable.
    durable_observer: Observer,
    history: VecDeque<String>,
}

impl World {
    pub(crate) fn new(timing: &Value, chats_max: u64) -> Self {
        let mut world = Self {
            engine: Engine::default(),
            now: Timestamp(START_MS),
            said: Vec::new(),
            steps: 0,
            requests: 0,
            answered_again: 0,
            sent: VecDeque::new(),
            reference: 0,
            journal: Vec::new(),
            durable: 0,
            shadow: State::default(),
            observer: Observer::default(),
            durable_observer: Observer::default(),
            history: VecDeque::new(),
        };
        world.configure(timing, chats_max);
        world.ask("RE", "RequestRegisterClient", json!({})).unwrap();
        world.commit();
        world
    }

    pub(crate) fn configure(&mut self, timing: &Value, chats_max: u64) {
        self.configure_as(configuration(timing, chats_max));
    }

    pub(crate) fn configure_as(&mut self, wanted: Value) {
        let configuration = serde_json::from_value(wanted).unwrap();
        let operation = Operation::Configure(Configure(Box::new(configuration)));
        self.request(Actor::Server, operation).unwrap();
    }

    /// Asks for something in the role of a user, as `POST /requests` does.
    pub(crate) fn ask(
        &mut self,
        who: &str,
        name: &str,
        parameters: Value,
    ) -> Result<Step, Refusal> {
        let Value::Object(parameters) = parameters else {
            panic!("parameters are a map");
        };
        let operation = Operation::parse(name, None, &parameters)?;
        self.note(format!("{who}: {name} {}", Value::Object(parameters)));
        self.request(actor(who), operation)
    }

    /// The push sessions of an agent begin or end.
    pub(crate) fn presence(&mut self, agent: &str, present: bool) -> Result<Step, Refusal> {
        self.note(format!("{agent}: present={present}"));
        let user_id = user(agent);
        let operation = Operation::Presence(Presence { user_id, present });
        self.request(Actor::Server, operation)
    }

    /// The server has started.
    pub(crate) fn restart(&mut self) -> Result<Step, Refusal> {
        self.request(Actor::Server, Operation::Restart(Restart {}))
    }

    /// Sends a request, for the first time or once more. What comes again under its key is answered as it was first.
    pub(crate) fn send(&mut self, sent: &Sent) {
        let Sent {
            who,
            name,
            parameters,
            key,
        } = sent;
        let Some(key) = key else {
            let _ = self.ask(who, name, parameters.clone());
            return;
        };
        let Ok(operation) = Operation::parse(name, None, parameters.as_object().unwrap()) else {
            return;
        };
        let request = Request {
            idempotency: Some(Arc::new(Idempotency {
                key: IdempotencyKey::parse(key).unwrap(),
                digest: RequestDigest::parse("digest").unwrap(),
            })),
            ..self.sealed(actor(who), operation)
        };
        let first = self.state().first_answer(self.now, &request).unwrap();
        let expected = self.observer.done_under(self.state(), self.now, &request);
        assert_eq!(
            first.map(|first| (&first.head, &first.outcome)),
            expected.map(|step| (&step.head, &step.outcome)),
            "{who}, {key}"
        );
        let is_known = first.is_some();
        self.note(format!(
            "{who}: {name} {parameters} under {key}, {is_known}"
        ));
        if is_known {
            self.answered_again += 1;
        } else {
            let _ = self.carry_out(request);
        }
    }

    fn request(&mut self, actor: Actor, operation: Operation) -> Result<Step, Refusal> {
        let request = self.sealed(actor, operation);
        self.carry_out(request)
    }

    fn carry_out(&mut self, request: Request) -> Result<Step, Refusal> {
        let reference = request.reference_id;
        let about = request.operation.interaction().cloned();
        let before = self.engine.state().clone();
        match self.engine.handle_request(self.now, request) {
            Ok(effect) => {
                let step = self.keep(&before, effect);
                // The tag in the reply is that of the interaction that the request was about, or has made.
                let changed = match &step.outcome {
                    Outcome::Created(id) => Some(id.clone()),
                    _ => about,
                };
                if let Some(id) = changed {
                    let found = self.state().interaction(&id).unwrap();
                    assert_eq!(found.changed_sequence, step.head.sequence, "{id}");
                }
                Ok(step)
            }
            Err(refusal) => {
                // A refusal changes nothing, says nothing, and is the answer (invariants I4 and I5).
                self.note(format!("  refused: {}", refusal.text));
                assert!(
                    before == *self.engine.state(),
                    "a refusal changed something"
                );
                assert_eq!(refusal.reference_id, reference);
                Err(refusal)
            }
        }
    }

    /// A request with a reference and entropy of its own.
    fn sealed(&mut self, actor: Actor, operation: Operation) -> Request {
        self.reference += 1;
        let mut entropy = [0; 16];
        for (index, byte) in entropy.iter_mut().rev().enumerate().take(12) {
            *byte = u8::try_from((self.reference >> (5 * index)) & 31).unwrap();
        }
        Request {
            actor,
            reference_id: Some(ReferenceId(self.reference)),
            if_match: None,
            idempotency: None,
            entropy,
            operation,
        }
    }

    /// Whether somebody could do this now; nothing comes of it.
    pub(crate) fn would(&self, who: &str, name: &str, parameters: Value) -> Result<(), Refusal> {
        let Value::Object(parameters) = parameters else {
            panic!("parameters are a map");
        };
        let request = Request {
            actor: actor(who),
            reference_id: None,
            if_match: None,
            idempotency: None,
            entropy: [31; 16],
            operation: Operation::parse(name, None, &parameters)?,
        };
        let mut engine = self.engine.clone();
        engine.handle_request(self.now, request).map(|_| ())
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
        self.note(format!("{ms} ms pass"));
    }

    /// Lets everything happen that is due.
    pub(crate) fn settle(&mut self) {
        for _ in 0..DUE_LEN_MAX {
            let before = self.engine.state().clone();
            let Some(effect) = self.engine.handle_timeout(self.now) else {
                self.observer.settled(&self.engine, self.now);
                return;
            };
            self.note("  by itself:".to_owned());
            self.keep(&before, effect);
        }
        panic!("something is due for ever");
    }

    fn keep(&mut self, before: &State, effect: Effect) -> Step {
        let row = serde_json::to_string(&effect.step).unwrap();
        let step: Step = serde_json::from_str(&row).unwrap();
        assert_eq!(step, effect.step, "a step survives the journal");
        let said = fold(&mut self.shadow, &step);
        assert_eq!(said, effect.announcements, "a replay says the same");
        self.note(format!("  {}: {}", step.head.sequence, told(&step, &said)));
        self.journal.push(row);
        self.steps += 1;
        let after = self.engine.state();
        self.observer.observe(before, &step, &said, after);
        if self.steps.is_multiple_of(16) {
            self.compare_replay();
        }
        let sequence = step.head.sequence;
        self.said
            .extend(said.into_iter().map(|said| (sequence, said)));
        step
    }

    pub(crate) fn compare_replay(&self) {
        assert!(
            self.shadow == *self.engine.state(),
            "replay and live state differ"
        );
    }

    /// Everything so far is on disk.
    pub(crate) fn commit(&mut self) {
        self.durable = self.journal.len();
        self.durable_observer = self.observer.clone();
    }

    /// The process ends and begins anew from the journal, without what was not durable if `loses_tail`.
    pub(crate) fn crash(&mut self, loses_tail: bool) {
        if loses_tail {
            self.journal.truncate(self.durable);
            self.observer = self.durable_observer.clone();
        }
        self.note(format!("crash, {} steps are left", self.journal.len()));
        let mut state = State::default();
        for row in &self.journal {
            let step: Step = serde_json::from_str(row).unwrap();
            fold(&mut state, &step);
        }
        if !loses_tail {
            assert!(state == *self.state(), "the journal gives another state");
        }
        let last = state.sequence;
        self.said.retain(|(sequence, _)| *sequence <= last);
        self.commit();
        let restored = State::from_snapshot(&state.to_snapshot()).unwrap();
        assert!(restored == state, "a snapshot and its state differ");
        self.shadow = state;
        self.engine = Engine::new(restored);
    }

    pub(crate) fn state(&self) -> &State {
        self.engine.state()
    }

    /// An interaction that is known to exist.
    pub(crate) fn interaction(&self, id: &str) -> &Interaction {
        self.state().interaction(&interaction_id(id)).unwrap()
    }

    fn note(&mut self, line: String) {
        if self.history.len() == HISTORY_LEN_MAX * 3 {
            self.history.pop_front();
        }
        self.history.push_back(line);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let lines: Vec<&str> = self.history.iter().map(String::as_str).collect();
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "the last steps:\n{}", lines.join("\n"));
        }
    }
}

fn told(step: &Step, said: &[Announcement]) -> String {
    let events: Vec<String> = said
        .iter()
        .filter_map(|said| match &said.body {
            Body::Event(message) => Some(format!("{}→{}", message.event.as_str(), said.to)),
            _ => None,
        })
        .collect();
    let what = match &step.outcome {
        Outcome::Created(id) => format!("{} {id}", step.head.request),
        _ => format!("{} {}", step.head.request, step.interaction_ids().join(",")),
    };
    format!("{what} [{}]", events.join(" "))
}

/// A user in the role that his name tells.
pub(crate) fn actor(name: &str) -> Actor {
    let role = match name.as_bytes()[0] {
        b'M' => Role::MediaServer,
        b'S' => Role::Supervisor,
        b'R' if name == "RE" => Role::Reporting,
        b'R' => Role::Router,
        _ => Role::Agent,
    };
    let user = user(name);
    Actor::User { user, role }
}

pub(crate) fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

pub(crate) fn interaction_id(text: &str) -> InteractionId {
    InteractionId::parse(text).unwrap()
}

/// Whether a user is registered as a router.
pub(crate) fn is_router(state: &State, user: &UserId) -> bool {
    let client = state.clients.get(user);
    client.is_some_and(|client| client.client_type == ClientType::Router)
}

/// Every capability that there is.
pub(crate) fn all_capabilities() -> Vec<&'static str> {
    operations::capabilities().map(|(name, _)| name).collect()
}

pub(crate) fn queue(name: &str) -> QueueName {
    QueueName::parse(name).unwrap()
}

/// The times and the capacity of a seed.
pub(crate) fn configuration_of(dice: &mut Dice) -> (Value, u64) {
    let mut ms = |choices: &[u64]| dice.one_of(choices).copied().unwrap();
    let timing = json!({
        "delivery_timeout_ms": ms(&[3_000, 30_000]),
        "handling_timeout_ms": ms(&[20_000, 60_000, 600_000]),
        "routing_timeout_ms": ms(&[10_000, 60_000, 900_000]),
        "reoffer_delay_ms": ms(&[0, 1_000, 5_000]),
        "pass_over_ms": ms(&[0, 10_000, 60_000]),
        "invitation_grace_ms": ms(&[0, 1_000, 5_000]),
        "idempotency_key_ttl_ms": KEY_TTL_MS,
        "ownership_grace_ms": ms(&[2_000, 30_000]),
        "snapshot_timeout_ms": ms(&[5_000, 600_000]),
    });
    (timing, ms(&[1, 2, 3]))
}
