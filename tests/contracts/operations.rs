//! What the OpenAPI document says of operations: their parameters, against how they are read, and the links between them.

use baton::engine::Operation;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::support::server::{Client, start};

/// Parameters that are read as whatever they are, and looked at when the operation is carried out.
const LOOKED_AT_LATER: [&str; 6] = [
    "channels",
    "controlMode",
    "infoType",
    "isOnline",
    "mode",
    "visibilityMode",
];

/// A body's schema with the name of what asks for it.
struct Body {
    key: &'static str,
    schema: Value,
}

impl Body {
    fn all() -> Vec<Self> {
        let document = baton::api::document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let bodies = schemas.iter().filter_map(|(name, schema)| {
            let key = match name.split_once('.')?.0 {
                "Request" => "request",
                "Operation" => "operationName",
                _ => return None,
            };
            let schema = schema.clone();
            Some(Self { key, schema })
        });
        bodies.collect()
    }

    fn example(&self) -> Map<String, Value> {
        self.schema["examples"][0].as_object().unwrap().clone()
    }

    /// Whether the engine takes this for the operation of the example; the path names an interaction where it does.
    fn is_read(&self, body: &Map<String, Value>) -> bool {
        let name = self.schema["properties"][self.key]["enum"][0]
            .as_str()
            .unwrap();
        let of_path = (self.key == "operationName").then_some("I1");
        Operation::parse(name, of_path, body).is_ok()
    }

    /// What it must name beside what it is.
    fn required(&self) -> Vec<String> {
        let required = self.schema["required"].as_array().unwrap().iter();
        let names = required.map(|name| name.as_str().unwrap().to_owned());
        names.filter(|name| name != self.key).collect()
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).unwrap()
}

#[test]
fn an_operation_needs_what_its_schema_requires_and_no_more() {
    let bodies = Body::all();
    assert!(bodies.len() > 40, "{}", bodies.len());
    for body in &bodies {
        let example = body.example();
        assert!(body.is_read(&example), "{example:?}");
        let mut least = example.clone();
        least.retain(|name, _| name == body.key || body.required().contains(name));
        assert!(body.is_read(&least), "{least:?} is all that is required");
        for name in body.required() {
            let mut without = example.clone();
            without.remove(&name);
            assert!(!body.is_read(&without), "{without:?} lacks {name}");
        }
    }
}

#[test]
fn a_parameter_is_of_the_type_that_its_schema_says() {
    let values = [
        json!(true),
        json!(-1),
        json!(7),
        json!(1.5),
        json!("text"),
        json!([7]),
        json!({"a": 1}),
        json!(null),
    ];
    for body in Body::all() {
        let properties = body.schema["properties"].as_object().unwrap();
        let own = properties.iter().filter(|(name, _)| {
            let is_own = *name != body.key && *name != "referenceId";
            is_own && !LOOKED_AT_LATER.contains(&name.as_str())
        });
        for (name, schema) in own {
            let validator = validator(schema);
            for value in &values {
                let mut changed = body.example();
                changed.insert(name.clone(), value.clone());
                // A name that is text may still be no good name.
                let may_differ = value.is_string() && validator.is_valid(value);
                let is_taken = body.is_read(&changed);
                assert!(
                    may_differ || is_taken == validator.is_valid(value),
                    "{name}: {value} of {changed:?}, taken: {is_taken}"
                );
            }
        }
    }
}

#[test]
fn a_body_is_told_by_its_name() {
    let document = baton::api::document();
    for (path, key) in [
        ("/requests", "request"),
        ("/me/interactions/{id}", "operationName"),
    ] {
        let post = &document["paths"][path]["post"];
        let mut schema = post["requestBody"]["content"]["application/json"]["schema"].clone();
        schema["components"] = document["components"].clone();
        let whole = validator(&schema);
        let mapping = schema["discriminator"]["mapping"].as_object().unwrap();
        assert_eq!(schema["discriminator"]["propertyName"], key);
        for (name, reference) in mapping {
            let pointer = reference.as_str().unwrap().strip_prefix('#').unwrap();
            let own = document.pointer(pointer).unwrap();
            let mut example = own["examples"][0].clone();
            example[key] = json!(name);
            assert!(whole.is_valid(&example), "{path}: {example}");
            example[key] = json!("Fly");
            assert!(!whole.is_valid(&example), "{path}: {example}");
        }
    }
}

/// Who asks, the method and the path with `{id}`, the operation's identifier, the body, and the medium of an interaction that
/// has been submitted to the agent before, whose identifier goes into the path.
type Linked = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<&'static str>,
);

const LINKED: [Linked; 7] = [
    (
        "agent1",
        "POST",
        "/interactions",
        "submit_interaction",
        r#"{"mediaType":"chat"}"#,
        None,
    ),
    (
        "mediaserver",
        "POST",
        "/requests",
        "take_request",
        r#"{"request":"RequestSubmit","mediaType":"workitem","queue":"workitem"}"#,
        None,
    ),
    (
        "agent1",
        "PUT",
        "/interactions/{id}",
        "update_interaction",
        r#"{"subject":"Another"}"#,
        Some("chat"),
    ),
    (
        "agent1",
        "POST",
        "/me/interactions/{id}",
        "operate_on_interaction",
        r#"{"operationName":"Accept"}"#,
        Some("email"),
    ),
    (
        "agent1",
        "POST",
        "/me/chats/{id}",
        "operate_on_chat",
        r#"{"operationName":"Accept"}"#,
        Some("chat"),
    ),
    (
        "agent1",
        "POST",
        "/me/emails/{id}",
        "operate_on_email",
        r#"{"operationName":"Accept"}"#,
        Some("email"),
    ),
    (
        "agent1",
        "POST",
        "/me/workitems/{id}",
        "operate_on_workitem",
        r#"{"operationName":"Accept"}"#,
        Some("workitem"),
    ),
];

#[tokio::test]
async fn links_lead_on() {
    let server = start("").await;
    let (agent, media_server) = (server.client("agent1"), server.client("mediaserver"));
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    for medium in ["chat", "email", "workitem"] {
        agent.ready(medium).await;
    }
    let document = baton::api::document();
    let mut followed = 0;
    for (user, method, path, operation, body, medium) in LINKED {
        let id = match medium {
            Some(medium) => media_server.submit(medium).await,
            None => String::new(),
        };
        if operation == "update_interaction" {
            agent.operate(&id, "Accept", json!({})).await;
        }
        let client = server.client(user);
        let at = format!("/api/v2{}", path.replace("{id}", &id));
        let (status, reply) = client
            .send(method.parse().unwrap(), &at, Some(body.to_owned()))
            .await;
        assert_eq!(status, 200, "{method} {at}: {reply}");
        let links = &find(&document, operation).2["responses"]["200"]["links"];
        let mut links: Vec<&Value> = links.as_object().unwrap().values().collect();
        // What ends it comes last.
        links.sort_by_key(|link| link.get("requestBody").is_some());
        for link in links {
            follow(&client, &document, link, &id, &reply).await;
            followed += 1;
        }
    }
    assert_eq!(
        followed,
        document.to_string().matches("\"operationId\":\"").count() - operations(&document)
    );
}

async fn follow(client: &Client, document: &Value, link: &Value, id: &str, reply: &Value) {
    let to = link["operationId"].as_str().unwrap();
    let (path, method, operation) = find(document, to);
    let parameters = operation["parameters"].as_array().unwrap();
    assert!(
        parameters.iter().any(|it| it["name"] == "id"),
        "{to} takes no id"
    );
    let id = match link["parameters"]["id"].as_str().unwrap() {
        "$request.path.id" => id,
        expression => {
            let pointer = expression.strip_prefix("$response.body#").unwrap();
            reply.pointer(pointer).unwrap().as_str().unwrap()
        }
    };
    let at = format!("/api/v2{}", path.replace("{id}", id));
    let body = link.get("requestBody").map(Value::to_string);
    let (status, reply) = client
        .send(method.to_uppercase().parse().unwrap(), &at, body)
        .await;
    assert_eq!(
        (status.as_u16(), &reply["statusCode"]),
        (200, &json!(0)),
        "{link}: {reply}"
    );
}

/// Path, method and description of an operation.
fn find<'a>(document: &'a Value, id: &str) -> (&'a str, &'a str, &'a Value) {
    let paths = document["paths"].as_object().unwrap().iter();
    let mut all = paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.find(|(_, _, operation)| operation["operationId"] == id)
        .unwrap()
}

fn operations(document: &Value) -> usize {
    let paths = document["paths"].as_object().unwrap().values();
    paths
        .map(|methods| methods.as_object().unwrap().len())
        .sum()
}
