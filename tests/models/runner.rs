//! Runs a model document against the engine.
//!
//! - A block marked `given` is done silently before every diagram.
//! - `X->>Server:` is a request, as `POST /requests` takes it, with parameters as `key=value`; dots nest.
//! - `Note over Server: 30s pass` moves the clock.
//! - `Server-->>Y:` lines are exactly what parties hear, in order. `UPDATE_MODELS=1` rewrites these lines only.
//! - After every diagram the journal is folded into a fresh state, which must equal the live one.
//! - Every row of the document's tables of messages must be said somewhere in the document; what is said besides
//!   stands after `Beyond the reference:`.

use std::collections::BTreeSet;

use baton::centre::{Identity, event_json};
use baton::domain::{Actor, Event, Message, Party, ReferenceId, Refusal, Role, Timestamp, UserId};
use baton::engine::operations::Configure;
use baton::engine::{Body, Effect, Engine, Operation, Request, State, Step, fold};
use serde_json::{Map, Value, json};

use super::document::{Block, Document, Line};

const START_MS: u64 = 1_900_000_000_000;

/// Runs the document and compares, or rewrites it if `UPDATE_MODELS` is set.
pub(crate) fn check(path: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let document = Document::parse(&text);
    let mut rewritten = document.text.clone();
    let mut said = BTreeSet::new();
    let mut requested = BTreeSet::new();
    for block in document.blocks.iter().rev() {
        let mut world = World::new();
        for line in &document.given {
            world.play(line);
        }
        let lines = world.run(block);
        said.extend(world.said);
        requested.extend(world.requested);
        assert_eq!(
            world.journal.replay(),
            *world.engine.state(),
            "{path}: {}",
            block.heading
        );
        for (heading, attribute) in &document.mandatory {
            world
                .wire
                .iter()
                .filter(|event| event["event"] == **heading)
                .for_each(|event| {
                    assert!(
                        event.get(wire_name(attribute)).is_some(),
                        "{path}: {heading} lacks {attribute}: {event}"
                    );
                });
        }
        let (first, last) = (block.lines[0].0, block.lines[block.lines.len() - 1].0);
        rewritten.splice(first..=last, lines);
    }
    let rewritten = rewritten.join("\n") + "\n";
    if std::env::var_os("UPDATE_MODELS").is_some() {
        std::fs::write(path, rewritten).unwrap();
    } else {
        let differs = text
            .lines()
            .zip(rewritten.lines())
            .find(|(old, new)| old != new);
        assert!(
            text == rewritten,
            "{path}: UPDATE_MODELS=1 rewrites what the server says; first: {differs:?}"
        );
    }
    check_tables(path, &document, &said, &requested);
}

fn check_tables(
    path: &str,
    document: &Document,
    said: &BTreeSet<String>,
    requested: &BTreeSet<String>,
) {
    let unsaid: Vec<_> = document.rows.difference(said).collect();
    assert!(
        unsaid.is_empty(),
        "{path}: rows that nobody says: {unsaid:?}"
    );
    if !document.rows.is_empty() {
        let beyond: BTreeSet<String> = said.difference(&document.rows).cloned().collect();
        assert_eq!(beyond, document.beyond, "{path}: said, but in no table");
    }
    let missing: Vec<_> = document.operations.difference(requested).collect();
    assert!(
        missing.is_empty(),
        "{path}: operations that nobody asks for: {missing:?}"
    );
}

/// The name on the wire of an attribute of a T-Library event.
fn wire_name(attribute: &str) -> &str {
    match attribute {
        "AgentID" => "agentId",
        "Event" => "event",
        "Extensions" => "extensions",
        "InfoStatus" => "infoStatus",
        "InfoType" | "InfoType=AddressInfoAddressType" => "infoType",
        "ReferenceID" => "referenceId",
        "Server" => "server",
        "ThisDN" => "thisDN",
        other => other,
    }
}

#[derive(Default)]
struct Journal(Vec<String>);

impl Journal {
    fn replay(&self) -> State {
        let mut state = State::default();
        for row in &self.0 {
            let step: Step = serde_json::from_str(row).unwrap();
            fold(&mut state, &step);
        }
        state
    }
}

struct World {
    engine: Engine,
    now: Timestamp,
    reference: u64,
    journal: Journal,
    said: BTreeSet<String>,
    requested: BTreeSet<String>,
    wire: Vec<Value>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            engine: Engine::default(),
            now: Timestamp(START_MS),
            reference: 0,
            journal: Journal::default(),
            said: BTreeSet::new(),
            requested: BTreeSet::new(),
            wire: Vec::new(),
        };
        let configuration = json!({
            "users": {
                "A1": {"roles": ["agent"], "groups": ["team"]},
                "A2": {"roles": ["agent"], "groups": ["team"]},
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
        let configuration = serde_json::from_value(configuration).unwrap();
        let operation = Operation::Configure(Configure(Box::new(configuration)));
        let effect = world.request(Actor::Server, operation).unwrap();
        world.keep(effect);
        world
    }

    /// Plays a block and gives its lines anew.
    fn run(&mut self, block: &Block) -> Vec<String> {
        let mut lines = Vec::new();
        self.said.clear();
        self.wire.clear();
        for (_, text, line) in &block.lines {
            match line {
                Line::Said => {}
                Line::Other => lines.push(text.clone()),
                Line::Stimulus { .. } | Line::Pass { .. } => {
                    lines.push(text.clone());
                    let heard = self.play(line);
                    lines.extend(heard.into_iter().map(|said| format!("    {said}")));
                }
            }
        }
        lines
    }

    /// Plays one line, lets everything happen that is due, and gives what parties hear.
    fn play(&mut self, line: &Line) -> Vec<String> {
        let mut heard = Vec::new();
        match line {
            Line::Stimulus { from, request } => {
                let actor = actor(from);
                match self.stimulate(&actor, request) {
                    Ok(effect) => heard.extend(self.keep(effect)),
                    Err(refusal) => heard.push(self.refused(&actor, &refusal)),
                }
            }
            Line::Pass { ms } => self.now = self.now.plus_ms(*ms),
            Line::Said | Line::Other => {}
        }
        while let Some(effect) = self.engine.handle_timeout(self.now) {
            heard.extend(self.keep(effect));
        }
        heard
    }

    fn stimulate(&mut self, actor: &Actor, request: &str) -> Result<Effect, Refusal> {
        let mut words = request.split_whitespace();
        let name = words.next().unwrap();
        self.requested.insert(name.to_owned());
        let mut parameters = Map::new();
        for word in words {
            let (key, value) = word.split_once('=').expect("key=value");
            insert(&mut parameters, key, value);
        }
        let operation = Operation::parse(name, None, &parameters)?;
        self.request(actor.clone(), operation)
    }

    fn request(&mut self, actor: Actor, operation: Operation) -> Result<Effect, Refusal> {
        self.reference += 1;
        let mut entropy = [0; 16];
        entropy[15] = u8::try_from(self.reference % 32).unwrap();
        let request = Request {
            actor,
            reference_id: Some(ReferenceId(self.reference)),
            if_match: None,
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

    fn keep(&mut self, effect: Effect) -> Vec<String> {
        let sequence = effect.step.head.sequence;
        self.journal
            .0
            .push(serde_json::to_string(&effect.step).unwrap());
        let mut heard = Vec::new();
        for announcement in &effect.announcements {
            if let Body::Event(message) = &announcement.body {
                self.said.insert(format!(
                    "{} ({})",
                    message.event.as_str(),
                    message.protocol.as_str()
                ));
                let identity = Identity {
                    server: "baton",
                    at: self.now,
                };
                self.wire.push(event_json(
                    message,
                    sequence,
                    announcement.previous,
                    &identity,
                ));
                heard.push(format!(
                    "Server-->>{}: {}",
                    name_of(announcement.to.as_str()),
                    describe(message)
                ));
            }
        }
        heard
    }

    fn refused(&mut self, actor: &Actor, refusal: &Refusal) -> String {
        let protocol = match actor.party() {
            Some(Party::Router(_)) => "T-Library",
            _ => "Interaction Management",
        };
        self.said.insert(format!("EventError ({protocol})"));
        let to = name_of(actor.user().unwrap().as_str());
        let code = refusal.kind.codes().error_code;
        format!("Server-->>{to}: EventError ({protocol}) code={code}")
    }
}

fn actor(from: &str) -> Actor {
    let role = match from {
        "URS" | "URS2" => Role::Router,
        "MediaServer" => Role::MediaServer,
        "Reporting" => Role::Reporting,
        _ => Role::Agent,
    };
    let user = UserId::parse(from).unwrap();
    Actor::User { user, role }
}

fn name_of(user: &str) -> &str {
    user
}

/// The message in one line, with the attributes that tell one case from another.
fn describe(message: &Message) -> String {
    let mut text = format!("{} ({})", message.event.as_str(), message.protocol.as_str());
    let attributes = &message.attributes;
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!(" {key}={value}"));
        }
    };
    add("ticket", attributes.ticket.map(|ticket| ticket.to_string()));
    add("party", attributes.party.as_ref().map(party));
    add(
        "reason",
        attributes.cause.map(|cause| cause.as_str().to_owned()),
    );
    add(
        "result",
        attributes
            .route_result
            .map(|result| result.as_str().to_owned()),
    );
    add(
        "code",
        attributes
            .refusal
            .as_ref()
            .map(|refusal| refusal.kind.codes().error_code.to_string()),
    );
    add(
        "workbin",
        attributes
            .workbin
            .as_ref()
            .map(|bin| format!("{}.{}", bin.name, bin.owner)),
    );
    add(
        "added",
        attributes.workbin_added.map(|added| added.to_string()),
    );
    if message.event == Event::AddressInfo {
        let address = attributes.address.as_ref();
        add("info", address.map(|it| it.info.as_str().to_owned()));
        add("held", address.map(|it| it.held_len.to_string()));
    }
    add("state", attributes.state.map(str::to_owned));
    add("count", attributes.count.map(|count| count.to_string()));
    text
}

fn party(party: &Party) -> String {
    let user = party.user();
    user.map_or_else(|| "router".to_owned(), ToString::to_string)
}

/// Sets a parameter; dots in the key nest.
fn insert(map: &mut Map<String, Value>, key: &str, value: &str) {
    match key.split_once('.') {
        Some((outer, inner)) => {
            let nested = map.entry(outer).or_insert_with(|| json!({}));
            insert(nested.as_object_mut().unwrap(), inner, value);
        }
        None => {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            map.insert(key.to_owned(), value);
        }
    }
}
