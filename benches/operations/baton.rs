//! Baton itself: what agents do, each with his token, with guard, step, journal and announcement.

use std::cell::Cell;
use std::collections::BTreeMap;

use baton::domain::{CentreId, Configuration, Role, UserId};
use baton::options::{Flags, Keys, Options};
use baton::server::{Server, secret, tokens};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::bare::{client_runtime, update};
use crate::load::{Measured, Target, measure};
use crate::{CLIENTS, Round};

/// Beyond any run: an invitation that is waiting for its turn must not end.
const DELIVERY_TIMEOUT_MS: u64 = 3_600_000;

/// Every agent accepts an interaction, changes its data, completes it, and goes on to the next: `each` has so many
/// operations in all rounds.
pub(crate) fn mix(each: u64) -> Round {
    let centre = Running::start();
    centre.submit(each / 3 + 1);
    let done = Cell::new(0);
    Box::new(move |each| {
        let before = done.replace(done.get() + each);
        let next = |agent: usize| {
            move |number| {
                let turn = before + number;
                let body = match turn % 3 {
                    0 => operation("Accept"),
                    1 => update(number),
                    _ => operation("Complete"),
                };
                (path(agent, turn / 3), body)
            }
        };
        centre.perform(each, next)
    })
}

/// Every agent changes the data of the one interaction that he works on.
pub(crate) fn updates() -> Round {
    let centre = Running::with_one_interaction_each();
    Box::new(move |each| {
        centre.perform(each, |agent| move |number| (path(agent, 0), update(number)))
    })
}

fn operation(name: &str) -> String {
    json!({"operationName": name}).to_string()
}

pub(crate) fn path(agent: usize, number: u64) -> String {
    format!("/api/v2/me/interactions/{}", id(agent, number))
}

fn id(agent: usize, number: u64) -> String {
    format!("A{agent}-{number}")
}

/// A server with an agent for every client, each of whom has a queue of his own.
pub(crate) struct Running {
    _folder: TempDir,
    _runtime: Runtime,
    pub(crate) agents: Target,
    media_server: Target,
}

impl Running {
    fn start() -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let (mut options, _) = Options::resolve(Flags::default(), Keys::default());
        options.listen = "127.0.0.1:0".parse().unwrap();
        options.data = folder.path().join("data");
        options.delivery_timeout_ms = DELIVERY_TIMEOUT_MS;
        let centre = CentreId::parse("bench").unwrap();
        let centres = BTreeMap::from([(centre.clone(), configuration())]);
        let server = runtime.block_on(Server::start(&options, centres)).unwrap();
        let address = server.address().unwrap();
        runtime.spawn(async { server.run(std::future::pending()).await });
        let signing = tokens(&options, &secret(&options, None).unwrap());
        let token = |user: &str, role: Role| {
            let user = UserId::parse(user).unwrap();
            let token = signing.issue(user, centre.clone(), &[role].into(), 3_600_000);
            token.unwrap()
        };
        let agents = (0..CLIENTS).map(|agent| token(&name(agent), Role::Agent));
        let media_server = Target {
            address,
            tokens: vec![token("mediaserver", Role::MediaServer); CLIENTS],
        };
        let agents = Target {
            address,
            tokens: agents.collect(),
        };
        let running = Self {
            _folder: folder,
            _runtime: runtime,
            agents,
            media_server,
        };
        running.perform(1, |_| {
            |_| {
                let start =
                    json!({"operationName": "StartContactCenterSession", "channels": ["chat"]});
                ("/api/v2/me".into(), start.to_string())
            }
        });
        running.perform(1, |_| {
            |_| ("/api/v2/me/channels/chat".into(), operation("Ready"))
        });
        running
    }

    /// Every agent works on one.
    pub(crate) fn with_one_interaction_each() -> Self {
        let centre = Self::start();
        centre.submit(1);
        centre.perform(1, |agent| move |_| (path(agent, 0), operation("Accept")));
        centre
    }

    /// So many requests of every agent.
    fn perform<Next: FnMut(u64) -> (String, String)>(
        &self,
        each: u64,
        next: impl Fn(usize) -> Next,
    ) -> Measured {
        perform(&self.agents, each, next)
    }

    /// So many interactions for every agent, which he will be invited to one after the other.
    fn submit(&self, each: u64) {
        perform(&self.media_server, each, |agent| {
            move |number| {
                let body = json!({"interactionId": id(agent, number), "queue": name(agent)});
                ("/api/v2/interactions".into(), body.to_string())
            }
        });
    }
}

fn perform<Next: FnMut(u64) -> (String, String)>(
    target: &Target,
    each: u64,
    next: impl Fn(usize) -> Next,
) -> Measured {
    client_runtime().block_on(async { measure(target.connect(next).await, each).await })
}

fn name(agent: usize) -> String {
    format!("agent{agent}")
}

/// An agent takes what only he has the skill for.
fn configuration() -> Configuration {
    let mut users = json!({"mediaserver": {"roles": ["media_server"]}});
    let mut queues = json!({});
    for agent in 0..CLIENTS {
        let name = name(agent);
        users[&name] = json!({"roles": ["agent"], "skills": {&name: 1}});
        queues[&name] = json!({"media_type": "chat", "skills": {&name: 1}});
    }
    let capacity = json!({"chat": 1});
    let configuration: Value = json!({"users": users, "queues": queues, "capacity": capacity});
    serde_json::from_value(configuration).unwrap()
}
