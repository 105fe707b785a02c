//! A contact centre in which so many interactions live and so many agents are ready.

use std::collections::BTreeMap;

use baton::domain::{
    Actor, Configuration, InteractionId, MediaType, Queue, QueueName, Role, Timestamp, User, UserId,
};
use baton::engine::operations::Configure;
use baton::engine::{Effect, Engine, Operation, Request};
use serde_json::{Value, json};

const BEGAN_AT: Timestamp = Timestamp(1_700_000_000_000);
/// Interactions that are offered to agents, one each.
pub(crate) const OFFERED: usize = 64;

/// The contact centre, and the interactions that agents are invited to.
#[derive(Clone)]
pub(crate) struct Centre {
    pub(crate) engine: Engine,
    offered: Vec<(UserId, InteractionId)>,
}

impl Centre {
    /// `live` interactions wait in a queue for whose medium nobody is ready, beside those that are offered to agents.
    pub(crate) fn new(live: usize, agents: usize) -> Self {
        let mut engine = Engine::default();
        let configure = Configure(Box::new(configuration(agents)));
        perform(
            &mut engine,
            Request::of_server(Operation::Configure(configure)),
        );
        for index in 0..agents {
            let agent = agent(index);
            let login = json!({"mediaList": {"chat": 1}});
            ask(&mut engine, &agent, Role::Agent, "RequestAgentLogin", login);
        }
        let media_server = user("mediaserver");
        let mut submit = |index: usize, queue: &str| {
            let parameters = submission(index, queue);
            let role = Role::MediaServer;
            ask(
                &mut engine,
                &media_server,
                role,
                "RequestSubmit",
                parameters,
            );
        };
        (0..live).for_each(|index| submit(index, "letter"));
        (live..live + OFFERED.min(agents)).for_each(|index| submit(index, "chat"));
        let mut offered = Vec::new();
        for index in live..live + OFFERED.min(agents) {
            let found = engine.state().interaction(&id(index));
            let invitation = found.and_then(|it| it.invitation());
            offered.push((invitation.unwrap().agent.clone(), id(index)));
        }
        Self { engine, offered }
    }

    /// Every offered interaction is accepted, changed and completed: so many requests, ready to be handled.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let mut requests = Vec::new();
        let note = "x".repeat(320);
        for (name, parameters) in [
            ("Accept", json!({})),
            (
                "UpdateUserData",
                json!({"userData": {"number": 7, "note": note}}),
            ),
            ("Complete", json!({})),
        ] {
            for (agent, interaction) in &self.offered {
                requests.push(request(
                    agent,
                    Role::Agent,
                    name,
                    Some(interaction),
                    &parameters,
                ));
            }
        }
        requests
    }
}

/// Carries a request out, and what it sets off.
pub(crate) fn perform(engine: &mut Engine, request: Request) -> Effect {
    let effect = engine.handle_request(BEGAN_AT, request).unwrap();
    while engine.handle_timeout(BEGAN_AT).is_some() {}
    effect
}

fn ask(engine: &mut Engine, user: &UserId, role: Role, name: &str, parameters: Value) {
    perform(engine, request(user, role, name, None, &parameters));
}

fn request(
    user: &UserId,
    role: Role,
    name: &str,
    interaction: Option<&InteractionId>,
    parameters: &Value,
) -> Request {
    let interaction = interaction.map(InteractionId::as_str);
    let operation = Operation::parse(name, interaction, parameters.as_object().unwrap());
    Request {
        actor: Actor::User {
            user: user.clone(),
            role,
        },
        reference_id: None,
        if_match: None,
        idempotency: None,
        entropy: [0; 16],
        operation: operation.unwrap(),
    }
}

fn submission(index: usize, queue: &str) -> Value {
    let data = json!({"number": index, "name": "Ann"});
    json!({"interactionId": id(index), "queue": queue, "userData": data})
}

fn configuration(agents: usize) -> Configuration {
    let media = ["chat", "letter"].map(|name| MediaType::parse(name).unwrap());
    let queue = |media_type: &MediaType| Queue {
        media_type: media_type.clone(),
        skills: BTreeMap::new(),
        pull_groups: [].into(),
    };
    let user = |index| {
        let user = User {
            roles: [Role::Agent].into(),
            ..User::default()
        };
        (agent(index), user)
    };
    Configuration {
        users: (0..agents).map(user).collect(),
        queues: media
            .iter()
            .map(|it| (QueueName::parse(it.as_str()).unwrap(), queue(it)))
            .collect(),
        capacity: media.into_iter().map(|it| (it, 1_000)).collect(),
        ..Configuration::default()
    }
}

fn agent(index: usize) -> UserId {
    user(&format!("agent{index:05}"))
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn id(index: usize) -> InteractionId {
    InteractionId::parse(&format!("I{index:011}")).unwrap()
}
