//! One contact centre: the engine, its clock, its journal, and everybody who hears.

use std::collections::{BTreeSet, VecDeque};
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

use super::carriage::{Asked, Carriage};
use super::dice::Dice;
use super::disk::{Crash, Disk};
use super::invariants::Observer;
use super::pictures::Counts;
use super::setting::configuration;
use crate::contracts::notifications;
use crate::support::base::restored;

const START_MS: u64 = 1_900_000_000_000;
const HISTORY_LEN_MAX: usize = 20;
/// More steps than anything that is due at one time can take.
const DUE_LEN_MAX: usize = 10_000;

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Timestamp,
    /// Everything that was said, for tests that count.
    pub(crate) said: Vec<(Sequence, Announcement)>,
    pub(crate) steps: u64,
    /// How many requests got their first answer again.
    pub(crate) answered_again: u64,
    /// What changes of the configuration came upon.
    pub(super) befallen: BTreeSet<&'static str>,
    /// The last requests, which may arrive once more.
    pub(super) sent: VecDeque<Asked>,
    /// What is on its way to those who hear.
    pub(super) carriage: Carriage,
    requests: u64,
    disk: Disk,
    shadow: State,
    observer: Observer,
    /// What had been said when the group that is being written was complete, and when the last one was on the disk.
    written_observer: Observer,
    durable_observer: Observer,
    history: VecDeque<String>,
}

impl World {
    /// A centre in which nothing is lost on its way.
    pub(crate) fn new(timing: &Value, chats_max: u64) -> Self {
        Self::with(timing, chats_max, None)
    }

    /// A centre with what chance does to what is on its way.
    pub(super) fn with(timing: &Value, chats_max: u64, chance: Option<Dice>) -> Self {
        let mut world = Self {
            engine: Engine::default(),
            now: Timestamp(START_MS),
            said: Vec::new(),
            steps: 0,
            answered_again: 0,
            befallen: BTreeSet::new(),
            sent: VecDeque::new(),
            carriage: Carriage::new(chance),
            requests: 0,
            disk: Disk::default(),
            shadow: State::default(),
            observer: Observer::default(),
            written_observer: Observer::default(),
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
        self.request(Actor::Server, None, operation).unwrap();
    }

    /// Asks for something in the role of a user, as `POST /requests` does.
    pub(crate) fn ask(
        &mut self,
        who: &str,
        name: &str,
        parameters: Value,
    ) -> Result<Step, Refusal> {
        let reference = self.next_reference();
        self.ask_by(reference, who, name, parameters)
    }

    /// The reference of the next request.
    pub(super) fn next_reference(&self) -> ReferenceId {
        ReferenceId(self.requests + 1)
    }

    /// Asks by a reference, which is that of an earlier request if it is asked again.
    pub(super) fn ask_by(
        &mut self,
        reference: ReferenceId,
        who: &str,
        name: &str,
        parameters: Value,
    ) -> Result<Step, Refusal> {
        let operation = Operation::parse(name, None, parameters.as_object().unwrap())?;
        self.note(format!("{who}: {name} {parameters} by {reference}"));
        let result = self.request(actor(who), Some(reference), operation);
        self.carriage.hold_reply(Asked {
            who: who.to_owned(),
            name: name.to_owned(),
            parameters,
            reference,
            key: None,
            depends_on: self.state().sequence,
        });
        result
    }

    /// Sends a request, for the first time or once more. What comes again under its key is answered as it was first.
    pub(super) fn send(&mut self, asked: &Asked) {
        let (who, name, parameters) = (&asked.who, &asked.name, &asked.parameters);
        let Some(key) = &asked.key else {
            let _ = self.ask_by(asked.reference, who, name, parameters.clone());
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
            ..self.sealed(actor(who), Some(asked.reference), operation)
        };
        let first = self.state().first_answer(self.now, &request).unwrap();
        let expected = self.observer.done_under(self.state(), self.now, &request);
        assert_eq!(
            first.map(|first| (&first.head, &first.outcome)),
            expected.map(|step| (&step.head, &step.outcome)),
            "{who}, {key}"
        );
        let is_known = first.is_some();
        let known = if is_known { ", answered before" } else { "" };
        self.note(format!("{who}: {name} {parameters} under {key}{known}"));
        if is_known {
            self.answered_again += 1;
        } else {
            let _ = self.carry_out(request);
        }
        self.carriage.hold_reply(Asked {
            depends_on: self.state().sequence,
            ..asked.clone()
        });
    }

    /// An administrator changes the configuration.
    pub(super) fn administer(&mut self, who: &str, operation: Operation) -> Result<Step, Refusal> {
        let reference = self.next_reference();
        self.note(format!("{who}: {operation:?} by {reference}"));
        self.request(actor(who), Some(reference), operation)
    }

    /// The push sessions of an agent begin or end.
    pub(crate) fn presence(&mut self, agent: &str, present: bool) -> Result<Step, Refusal> {
        self.note(format!("{agent}: present={present}"));
        let user_id = user(agent);
        let operation = Operation::Presence(Presence { user_id, present });
        self.request(Actor::Server, None, operation)
    }

    /// The server has started.
    pub(crate) fn restart(&mut self) -> Result<Step, Refusal> {
        let operation = Operation::Restart(Restart {});
        self.request(Actor::Server, None, operation)
    }

    fn request(
        &mut self,
        actor: Actor,
        reference_id: Option<ReferenceId>,
        operation: Operation,
    ) -> Result<Step, Refusal> {
        let request = self.sealed(actor, reference_id, operation);
        self.carry_out(request)
    }

    /// A request with bytes that no other one has.
    fn sealed(
        &mut self,
        actor: Actor,
        reference_id: Option<ReferenceId>,
        operation: Operation,
    ) -> Request {
        self.requests += 1;
        Request {
            actor,
            reference_id,
            if_match: None,
            idempotency: None,
            entropy: self.entropy(),
            operation,
        }
    }

    fn carry_out(&mut self, request: Request) -> Result<Step, Refusal> {
        let reference_id = request.reference_id;
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
                assert_eq!(refusal.reference_id, reference_id);
                Err(refusal)
            }
        }
    }

    /// Bytes that no other request has.
    fn entropy(&self) -> [u8; 16] {
        let mut entropy = [0; 16];
        for (index, byte) in entropy.iter_mut().rev().enumerate().take(12) {
            *byte = u8::try_from((self.requests >> (5 * index)) & 31).unwrap();
        }
        entropy
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
        self.disk.append(row);
        self.steps += 1;
        let after = self.engine.state();
        self.observer.observe(before, &step, &said, after);
        if self.steps.is_multiple_of(16) {
            self.compare_replay();
            for said in &said {
                notifications::check_said(said, &step.head);
            }
        }
        let sequence = step.head.sequence;
        self.carriage.hold(sequence, effect.announcements);
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

    /// Everything so far goes to the disk, unless it is still writing what went there before.
    pub(super) fn write(&mut self) {
        if !self.disk.is_writing() {
            self.disk.write();
            self.written_observer = self.observer.clone();
        }
    }

    /// What went to the disk is there, and what depends on nothing else leaves.
    pub(crate) fn commit(&mut self) {
        self.write();
        self.disk.acknowledge();
        self.durable_observer = self.written_observer.clone();
        self.carriage.release(&self.disk);
    }

    /// The process ends, and begins anew from what is on the disk.
    pub(crate) fn crash(&mut self, moment: Crash) {
        let before = self.state().clone();
        match moment {
            Crash::Unwritten => self.observer = self.durable_observer.clone(),
            Crash::Written if self.disk.is_writing() => {
                self.observer = self.written_observer.clone();
            }
            Crash::Written => {}
            Crash::Acknowledged => {
                self.commit();
                self.observer = self.durable_observer.clone();
            }
        }
        let state = self.disk.crash(moment);
        let last = state.sequence;
        self.note(format!("crash {moment:?}, {last} steps are left"));
        if last == before.sequence {
            assert!(state == before, "the journal gives another state");
        }
        self.carriage.crash(&self.disk);
        self.said.retain(|(sequence, _)| *sequence <= last);
        let restored = restored(&state);
        assert!(restored == state, "a snapshot and its state differ");
        self.shadow = state;
        self.engine = Engine::new(restored);
        self.commit();
    }

    /// Everything is durable and arrives; then everybody knows all that he is to know, and what became of what he asked.
    pub(super) fn come_to_rest(&mut self) {
        self.deliver_all();
        if !self.carriage.counts().is_known() {
            self.ask_for_counts();
            self.deliver_all();
        }
        self.carriage.check();
    }

    fn deliver_all(&mut self) {
        while !self.disk.is_all_acknowledged() {
            self.commit();
        }
        self.carriage.release(&self.disk);
        self.carriage.deliver_all();
    }

    /// The reporting engine has been told that it missed something, and asks for the state.
    pub(super) fn ask_for_counts(&mut self) {
        let reference = self.next_reference();
        let name = "RequestStartPlaceAgentReportingAll";
        let all = json!({"interactions": true});
        if self.ask("RE", name, all).is_ok() {
            *self.carriage.counts() = Counts::Asked(reference);
        }
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
        b'X' => Role::Admin,
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
