//! A store of a contact centre that has been working for a while.

use std::path::{Path, PathBuf};
use std::time::Instant;

use baton::domain::{Actor, Configuration, Role, Timestamp, UserId};
use baton::engine::operations::Configure;
use baton::engine::{Engine, Operation, Request, Step};
use baton::journal::{Appended, DataFolder, Journal, Record, SqliteJournal};
use serde_json::{Value, json};

/// Steps in one append.
const GROUP_LEN: usize = 500;
const BEGAN_AT: u64 = 1_700_000_000_000;

pub(crate) struct Store {
    data: PathBuf,
    live: u64,
    engine: Engine,
}

impl Store {
    pub(crate) fn new(data: &Path, live: u64) -> Self {
        Self {
            data: data.to_owned(),
            live,
            engine: Engine::default(),
        }
    }

    /// Appends steps up to a sequence: first interactions are submitted, then their data change. How many a second.
    pub(crate) fn grow_to(&mut self, last: u64) -> f64 {
        let folder = DataFolder::open(&self.data).unwrap();
        let mut journal = SqliteJournal::open(&folder, "bench", BEGAN_AT).unwrap();
        self.catch_up(&journal);
        let (begun, first) = (Instant::now(), journal.head());
        while journal.head() < last {
            let head = journal.head();
            let left = usize::try_from(last - head).unwrap().min(GROUP_LEN);
            let records: Vec<Record> = (0..left)
                .map(|_| self.step())
                .map(|it| record(&it))
                .collect();
            assert!(matches!(journal.append(head, &records), Appended::Acked));
        }
        (last - first) as f64 / begun.elapsed().as_secs_f64()
    }

    /// What a server added on its own: that it was started again.
    fn catch_up(&mut self, journal: &SqliteJournal) {
        let mut state = self.engine.state().clone();
        for record in journal.read_after(state.sequence.0, usize::MAX).unwrap() {
            baton::engine::fold(&mut state, &serde_json::from_slice(&record.body).unwrap());
        }
        self.engine = Engine::new(state);
    }

    fn step(&mut self) -> Step {
        let number = self.engine.state().sequence.0;
        let request = match number {
            0 => Request::of_server(Operation::Configure(Configure(Box::new(configuration())))),
            _ if number <= self.live => ask("RequestSubmit", submission(number)),
            _ => ask("RequestChangeProperties", change(number, self.live)),
        };
        let now = Timestamp(BEGAN_AT + number);
        self.engine.handle_request(now, request).unwrap().step
    }
}

pub(crate) fn configuration() -> Configuration {
    serde_json::from_value(json!({"queues": {"workitem": {"media_type": "workitem"}}})).unwrap()
}

pub(crate) fn ask(name: &str, parameters: Value) -> Request {
    Request {
        actor: Actor::User {
            user: UserId::parse("mediaserver").unwrap(),
            role: Role::MediaServer,
        },
        reference_id: None,
        if_match: None,
        idempotency: None,
        entropy: [0; 16],
        operation: Operation::parse(name, None, parameters.as_object().unwrap()).unwrap(),
    }
}

/// An interaction with 1 KiB of user data: sixteen values of a line each.
fn submission(number: u64) -> Value {
    let mut data = serde_json::Map::new();
    for key in 0..16 {
        let text = format!("{number:012} what a form of a customer says in a line");
        data.insert(format!("field_{key:02}"), json!(text));
    }
    json!({"interactionId": format!("I{number:011}"), "queue": "workitem", "subject": "An order", "userData": data})
}

/// What one of them is changed by.
pub(crate) fn change(number: u64, live: u64) -> Value {
    let of = number.wrapping_mul(7_919) % live + 1;
    let key = format!("field_{:02}", number % 16);
    let text = format!("{number:012} what an agent has made of it, in a line");
    json!({"interactionId": format!("I{of:011}"), "changedProperties": {key: text}})
}

fn record(step: &Step) -> Record {
    Record {
        sequence: step.head.sequence.0,
        at_ms: step.head.at.0,
        body: serde_json::to_vec(step).unwrap(),
        keys: step.interaction_ids(),
        archived: Vec::new(),
    }
}
