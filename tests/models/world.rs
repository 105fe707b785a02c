//! The engine of a model, with a journal that must replay to the same state.

use std::collections::{BTreeMap, BTreeSet};

use baton::centre::{Identity, event_json};
use baton::domain::{Actor, Message, Party, ReferenceId, Refusal, Sequence, Timestamp, UserId};
use baton::engine::operations::{Configure, Presence, Restart};
use baton::engine::{Announcement, Body, Channel, Effect, Engine, Operation, Request, State};
use serde_json::{Map, Value, json};

use super::classify::{self, Taken};
use super::describe::{describe, describe_desktop};
use super::document::{Block, Line};
use super::journal::Journal;
use super::rows::{Rows, receiver};
use super::stimulus::{actor, administration, insert};
use crate::contracts::notifications;

/// Engine time when a model begins.
pub(crate) const START_MS: u64 = 1_900_000_000_000;

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) journal: Journal,
    /// `Event (Protocol)`, and the same with ` to ` and the kind of receiver.
    pub(crate) said: BTreeSet<String>,
    pub(crate) requested: BTreeSet<String>,
    pub(crate) wire: Vec<Value>,
    /// The names of the messages that went over the wire, desktops' included.
    pub(crate) told: BTreeSet<String>,
    now: Timestamp,
    reference: u64,
    /// The names of the requests by reference.
    asked: BTreeMap<ReferenceId, String>,
    configuration: Value,
    /// Whose desktop the diagram shows.
    desktops: BTreeSet<String>,
    rows: Rows,
    /// What each user heard last on each channel.
    last: BTreeMap<(UserId, Channel), Sequence>,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut world = Self {
            engine: Engine::default(),
            now: Timestamp(START_MS),
            reference: 0,
            asked: BTreeMap::new(),
            configuration: Value::Null,
            desktops: BTreeSet::new(),
            journal: Journal::default(),
            said: BTreeSet::new(),
            requested: BTreeSet::new(),
            wire: Vec::new(),
            told: BTreeSet::new(),
            rows: Rows::read(),
            last: BTreeMap::new(),
        };
        world.configuration = json!({
            "users": {
                "A1": {"roles": ["agent"], "groups": ["team"]},
                "A2": {"roles": ["agent"], "groups": ["team"]},
                "A3": {"roles": ["agent"]},
                "Supervisor": {"roles": ["agent", "supervisor"]},
            },
            "queues": {
                "chat": {"media_type": "chat"},
                "second": {"media_type": "chat", "pull_groups": ["team"]},
                "email": {"media_type": "email"},
            },
            "workbins": {
                "drafts": {"display_name": "Drafts", "kind": "Agent"},
                "team": {"display_name": "Team", "kind": {"AgentGroup": "team"}},
            },
            "capacity": {"chat": 2, "email": 2},
        });
        let effect = world.configure();
        world.journal.keep(&effect.step);
        world
    }

    fn configure(&mut self) -> Effect {
        let configuration = serde_json::from_value(self.configuration.clone()).unwrap();
        let operation = Operation::Configure(Configure(Box::new(configuration)));
        self.request(Actor::Server, operation).unwrap()
    }

    /// Plays a block and gives its lines anew.
    pub(crate) fn run(&mut self, block: &Block) -> Vec<String> {
        let mut lines = Vec::new();
        self.said.clear();
        self.wire.clear();
        for (_, text, line) in &block.lines {
            match line {
                Line::Said => {}
                Line::Other => lines.push(text.clone()),
                Line::Stimulus { .. }
                | Line::Pass { .. }
                | Line::Presence { .. }
                | Line::Configuration { .. }
                | Line::Desktop { .. }
                | Line::Restart => {
                    lines.push(text.clone());
                    let heard = self.play(line);
                    lines.extend(heard.into_iter().map(|said| format!("    {said}")));
                }
            }
        }
        lines
    }

    /// Plays one line, lets everything happen that is due, and gives what parties hear.
    pub(crate) fn play(&mut self, line: &Line) -> Vec<String> {
        let mut heard = Vec::new();
        let mut before = self.engine.state().clone();
        match line {
            Line::Stimulus { from, request } => {
                let actor = actor(from, request);
                match self.stimulate(&actor, request) {
                    (_, Ok(effect)) => heard.extend(self.keep(&before, &effect)),
                    (operation, Err(refusal)) => {
                        let cited = classify::of_refusal(&before, operation.as_ref(), refusal.kind);
                        heard.push(self.refused(&actor, &refusal, cited));
                    }
                }
            }
            Line::Presence { user, present } => {
                let user_id = UserId::parse(user).unwrap();
                let present = *present;
                let operation = Operation::Presence(Presence { user_id, present });
                let effect = self.request(Actor::Server, operation).unwrap();
                heard.extend(self.keep(&before, &effect));
            }
            Line::Restart => {
                self.engine = Engine::new(self.journal.replay());
                let operation = Operation::Restart(Restart {});
                let effect = self.request(Actor::Server, operation).unwrap();
                heard.extend(self.keep(&before, &effect));
            }
            Line::Configuration { change } => {
                let (key, value) = change.split_once('=').expect("key=value");
                insert(self.configuration.as_object_mut().unwrap(), key, value);
                let effect = self.configure();
                heard.extend(self.keep(&before, &effect));
            }
            Line::Desktop { user } => {
                self.desktops.insert(user.clone());
            }
            Line::Pass { ms } => self.now = self.now.plus_ms(*ms),
            Line::Said | Line::Other => {}
        }
        before = self.engine.state().clone();
        while let Some(effect) = self.engine.handle_timeout(self.now) {
            heard.extend(self.keep(&before, &effect));
            before = self.engine.state().clone();
        }
        heard
    }

    /// An interaction as the last event that carried it said of it.
    pub(crate) fn record(&self, id: &str) -> &Value {
        let mut events = self.wire.iter().rev();
        let found = events.find(|event| event["interactionId"] == id);
        &found.expect("somebody heard of it")["interaction"]
    }

    fn stimulate(
        &mut self,
        actor: &Actor,
        request: &str,
    ) -> (Option<Operation>, Result<Effect, Refusal>) {
        let mut words = request.split_whitespace();
        let name = words.next().unwrap();
        self.requested.insert(name.to_owned());
        if let Some(operation) = administration(request) {
            let result = self.request(actor.clone(), operation.clone());
            return (Some(operation), result);
        }
        let mut parameters = Map::new();
        for word in words {
            let (key, value) = word.split_once('=').expect("key=value");
            insert(&mut parameters, key, value);
        }
        match Operation::parse(name, None, &parameters) {
            Ok(operation) => {
                let reference = ReferenceId(self.reference + 1);
                self.asked.insert(reference, name.to_owned());
                let result = self.request(actor.clone(), operation.clone());
                (Some(operation), result)
            }
            Err(refusal) => (None, Err(refusal)),
        }
    }

    fn request(&mut self, actor: Actor, operation: Operation) -> Result<Effect, Refusal> {
        self.reference += 1;
        let mut entropy = [0; 16];
        entropy[15] = u8::try_from(self.reference % 32).unwrap();
        let request = Request {
            actor,
            reference_id: Some(ReferenceId(self.reference)),
            if_match: None,
            idempotency: None,
            entropy,
            operation,
        };
        let before = self.engine.state().clone();
        let result = self.engine.handle_request(self.now, request);
        if result.is_err() {
            assert_eq!(before, *self.engine.state(), "a refusal changes nothing");
        }
        result
    }

    fn keep(&mut self, before: &State, effect: &Effect) -> Vec<String> {
        self.journal.keep(&effect.step);
        let taken = classify::of_step(before, &effect.step);
        let sequence = effect.step.head.sequence;
        let identity = Identity {
            server: "baton",
            at: self.now,
        };
        let head = &effect.step.head;
        self.check_chain(effect);
        for said in &effect.announcements {
            self.told.insert(notifications::check_said(said, head));
        }
        let mut heard = Vec::new();
        for Announcement { to, previous, body } in &effect.announcements {
            // Who asked knows what is being answered now.
            let now = head.reference_id.filter(|_| head.actor.user() == Some(to));
            let to = to.as_str();
            if let Body::Event(message) = body {
                self.wire
                    .push(event_json(message, sequence, *previous, &identity));
                let said = self.note_said(message.event.as_str(), message.protocol.as_str(), to);
                let cited = self.citation(&taken, message, &said);
                let described = describe(message, |reference| self.earlier(reference, now));
                heard.push(format!("Server-->>{to}: {described} # {cited}"));
            } else if self.desktops.contains(to) {
                let described = describe_desktop(body, |reference| self.earlier(reference, now));
                heard.extend(described.map(|said| format!("Server--){to}: {said}")));
            }
        }
        heard
    }

    /// Every announcement names the one before it, what is transient aside, which is never replayed (design D10).
    fn check_chain(&mut self, effect: &Effect) {
        for said in &effect.announcements {
            let key = (said.to.clone(), said.body.channel());
            assert_eq!(said.previous, self.last.get(&key).copied(), "{said:?}");
        }
        for said in &effect.announcements {
            if !said.body.is_transient() {
                let key = (said.to.clone(), said.body.channel());
                self.last.insert(key, effect.step.head.sequence);
            }
        }
    }

    /// The name of the request that a reference is of, unless it is the one that is being answered.
    fn earlier(&self, reference: Option<ReferenceId>, now: Option<ReferenceId>) -> Option<String> {
        let reference = reference.filter(|_| reference != now)?;
        self.asked.get(&reference).cloned()
    }

    fn note_said(&mut self, event: &str, protocol: &str, to: &str) -> String {
        let said = format!("{event} ({protocol})");
        let to_whom = format!("{said} to {}", receiver(to));
        self.said.insert(said);
        self.said.insert(to_whom.clone());
        to_whom
    }

    /// The first thing that became of the message's interaction and lets it be said; else the first at all, which the
    /// check of citations finds.
    fn citation(&self, taken: &[Taken], message: &Message, said: &str) -> &'static str {
        let about = message.attributes.interaction.as_ref().map(|it| &it.id);
        let (own, others): (Vec<&Taken>, Vec<&Taken>) = taken
            .iter()
            .partition(|taken| about.is_none() || taken.interaction.as_ref() == about);
        let mut candidates = own.iter().chain(&others);
        candidates
            .find(|taken| self.rows.allow(taken.citation, said))
            .map_or(taken[0].citation, |taken| taken.citation)
    }

    fn refused(&mut self, actor: &Actor, refusal: &Refusal, cited: &str) -> String {
        let protocol = match actor.party() {
            Some(Party::Router(_)) => "T-Library",
            _ => "Interaction Management",
        };
        let to = actor.user().unwrap().as_str().to_owned();
        self.note_said("EventError", protocol, &to);
        let code = refusal.kind.codes().error_code;
        format!("Server-->>{to}: EventError ({protocol}) code={code} # {cited}")
    }
}
