//! The OpenAPI 3.1 document, generated from the lines that register the routes.

use std::fmt::Write as _;

use axum::Json;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::{operation_links, parameter_schemas, request_schemas, schemas, search};
use crate::engine::operations::{Gateway, SPECS, Spec};

/// How the paths end that are about one interaction.
const ABOUT_ONE: [&str; 5] = [
    "/interactions/{id}",
    "/chats/{id}",
    "/emails/{id}",
    "/workitems/{id}",
    "/openmedia/{mediaType}/{id}",
];

/// The lists of what an agent works on or is invited to.
const OWN_LISTS: [&str; 5] = [
    "/me/interactions",
    "/me/chats",
    "/me/emails",
    "/me/workitems",
    "/me/openmedia/{mediaType}",
];

/// What the document says before its paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Baton",
        description = "An open contact-centre interaction server. Every body has `statusCode`, 0 for success; else `statusMessage` says why.",
        license(name = "Apache-2.0")
    ),
    // In the order in which somebody new needs them.
    tags(
        (name = "Session", description = "Log in and out of the page; revoke tokens"),
        (name = "Me", description = "The caller: his contact-centre session, his channels, what he works on"),
        (name = "Interactions", description = "Submit, find and change interactions, one or many; what became of them"),
        (name = "Media", description = "What the caller works on, under the gateway's names for each medium"),
        (name = "Workbins", description = "What is parked"),
        (name = "Event models", description = "The requests of media servers, routers and reporting engines"),
        (name = "Directory", description = "Users, queues, skills, groups and settings, and who is ready for what"),
        (name = "Administration", description = "Change the contact centre while it runs"),
        (name = "Operation", description = "Health, metrics, statistics and these documents"),
    )
)]
struct Document;

/// The document's beginning, which the route table adds its paths to.
pub(super) fn beginning() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The whole document: the paths of the route table, the operations from their SPECs, errors and security.
pub fn document() -> Value {
    let mut document = serde_json::to_value(super::routes().1).expect("the document is plain data");
    document["servers"] = json!([
        {"url": "/api/v2", "description": "As the gateway's clients expect it"},
        {"url": "/", "description": "As the manual writes it"},
    ]);
    document["components"]["schemas"] = schemas::all();
    document["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "basic": {"type": "http", "scheme": "basic"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": crate::identity::COOKIE},
    });
    document["security"] = json!([{"bearer": []}, {"basic": []}, {"cookie": []}]);
    for path in [
        "/login",
        "/logout",
        "/health/live",
        "/health/ready",
        "/diagnostics/version",
        "/openapi.json",
        "/asyncapi.json",
    ] {
        let methods = document["paths"][path].as_object_mut();
        for operation in methods.into_iter().flat_map(|methods| methods.values_mut()) {
            operation["security"] = json!([]);
        }
    }
    add_views(&mut document);
    add_lists(&mut document);
    add_schemas(&mut document);
    add_conditions(&mut document);
    add_operations(&mut document);
    operation_links::add(&mut document);
    document
}

/// The document
#[utoipa::path(get, path = "/openapi.json", tag = "Operation", responses((status = 200, description = "This document")))]
pub(super) async fn read_document() -> Json<Value> {
    Json(document())
}

/// Writes the parameters that are the same everywhere into the routes that take them (gateway-api 1.7).
fn add_views(document: &mut Value) {
    for (path, filters, is_list, is_deep) in schemas::views() {
        let operation = &mut document["paths"][path]["get"];
        if !operation["parameters"].is_array() {
            operation["parameters"] = json!([]);
        }
        let Some(parameters) = operation["parameters"].as_array_mut() else {
            continue;
        };
        let shared = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
        parameters.push(shared("Fields"));
        if schemas::has_past(path) {
            parameters.push(shared("At"));
        }
        if is_deep {
            parameters.push(shared("Subresources"));
        }
        if is_list {
            parameters.extend([shared("Offset"), shared("Limit")]);
        }
        parameters.extend(filters.iter().map(|name| {
            json!({
                "name": name, "in": "query", "required": false, "schema": {"type": "string"},
                "description": "Only those whose attribute is or has this",
            })
        }));
        if schemas::has_past(path) {
            for status in ["403", "404", "503"] {
                let known = &mut operation["responses"][status];
                if known.is_null() {
                    *known = json!({});
                }
            }
        }
    }
}

/// Writes the parameters of the agent's own lists of interactions into them.
fn add_lists(document: &mut Value) {
    for path in OWN_LISTS {
        let operation = &mut document["paths"][path]["get"];
        let mut parameters = operation["parameters"].take();
        if !parameters.is_array() {
            parameters = json!([]);
        }
        let own = search::PARAMETERS.map(|(name, description)| {
            let kind = if name == "limit" { "integer" } else { "string" };
            json!({
                "name": name, "in": "query", "required": false, "schema": {"type": kind}, "description": description,
            })
        });
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.extend(own);
        }
        operation["parameters"] = parameters;
    }
}

/// Every operation of every path.
pub(super) fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut();
    paths
        .into_iter()
        .flat_map(|paths| paths.values_mut())
        .filter_map(Value::as_object_mut)
        .flat_map(|methods| methods.values_mut())
}

/// Gives every reply its schema: success as `Success`, each 4xx and 5xx as `Error`.
fn add_schemas(document: &mut Value) {
    for operation in operations(document) {
        let takes_body = operation.get("requestBody").is_some();
        let operation_id = operation["operationId"].as_str().unwrap_or_default();
        let (success, request) = (
            schemas::of_reply(operation_id),
            request_schemas::of_request(operation_id),
        );
        if takes_body {
            operation["requestBody"]["content"]["application/json"]["schema"] = request;
        }
        for status in ["413", "415"].iter().filter(|_| takes_body) {
            operation["responses"][*status] = json!({});
        }
        if operation.get("security").is_none() {
            operation["responses"]["429"] = json!({});
        }
        let replies = operation["responses"].as_object_mut();
        for (status, reply) in replies.into_iter().flatten() {
            // What is no JSON says so where its route is.
            if reply.get("content").is_some() {
                continue;
            }
            if status == "304" {
                reply["description"] = json!(meaning(status));
                continue;
            }
            let is_success = status.starts_with('2');
            let name = if is_success { success } else { "Error" };
            if reply
                .get("description")
                .and_then(Value::as_str)
                .is_none_or(str::is_empty)
            {
                reply["description"] = json!(meaning(status));
            }
            let schema = json!({"$ref": format!("#/components/schemas/{name}")});
            reply["content"] = json!({"application/json": {"schema": schema}});
        }
    }
}

/// Writes the headers that make requests conditional, and the tags that they name, where they are looked at.
fn add_conditions(document: &mut Value) {
    document["components"]["parameters"] = schemas::parameters();
    document["components"]["headers"] = schemas::tag();
    let paths = document["paths"].as_object_mut();
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            let is_public = operation.get("security").is_some();
            let is_about_one = ABOUT_ONE.iter().any(|it| path.ends_with(it)) || path == "/requests";
            let is_administration = operation["tags"][0] == "Administration";
            // A token that is revoked twice is revoked: there the key would add nothing.
            let is_step = !is_public && operation["tags"][0] != "Session";
            let is_change = matches!(method.as_str(), "post" | "put" | "delete") && is_step;
            let names: &[&str] = match (is_change, is_about_one || is_administration) {
                (true, true) => &["IdempotencyKey", "IfMatch"],
                (true, false) => &["IdempotencyKey"],
                (false, true) => &["IfNoneMatch"],
                (false, false) => continue,
            };
            if !operation["parameters"].is_array() {
                operation["parameters"] = json!([]);
            }
            let parameters = operation["parameters"].as_array_mut();
            let refer = |name| json!({"$ref": format!("#/components/parameters/{name}")});
            let added = names.iter().map(refer);
            parameters
                .into_iter()
                .for_each(|it| it.extend(added.clone()));
            if is_change {
                operation["responses"]["422"] = error_reply("422");
            }
            if is_about_one || is_administration || operation["operationId"] == "submit_interaction"
            {
                operation["responses"]["200"]["headers"] =
                    json!({"ETag": {"$ref": "#/components/headers/ETag"}});
            }
        }
    }
}

fn error_reply(status: &str) -> Value {
    let schema = json!({"$ref": "#/components/schemas/Error"});
    json!({"description": meaning(status), "content": {"application/json": {"schema": schema}}})
}

fn meaning(status: &str) -> &'static str {
    match status {
        "400" => "A parameter is missing or invalid, or the operation does not fit the state",
        "401" => "No credentials, or none that hold",
        "403" => "The caller's roles do not permit this",
        "404" => "No such resource, or none that the caller may know of",
        "304" => "The caller has this version",
        "409" => "A lost race, or a stale If-Match; with the interaction as it is now",
        "413" => "The body is larger than the server takes",
        "415" => "The content type is not application/json",
        "422" => "Another request has been done under this Idempotency-Key; nothing was changed",
        "429" => {
            "Too many requests of the user, or wrong passwords; `Retry-After` says when to come again"
        }
        "503" => {
            "The journal cannot take changes, or be read, at this time; nothing was changed, unless the message says that this is not known"
        }
        _ => "An error",
    }
}

/// Writes the operations into the two routes that take them: one schema each, told apart by the name. The routes by medium,
/// which take the same as `/me/interactions/{id}`, refer to it: whoever tries all of it tries it once.
fn add_operations(document: &mut Value) {
    let of_interactions = |spec: &&Spec| spec.gateway == Gateway::Interaction;
    let operations: Vec<&Spec> = SPECS.iter().copied().filter(of_interactions).collect();
    let requests: Vec<&Spec> = SPECS.iter().copied().filter(|it| it.has_name()).collect();
    for (path, key, kind, specs) in [
        (
            "/me/interactions/{id}",
            "operationName",
            "Operation",
            operations,
        ),
        ("/requests", "request", "Request", requests),
    ] {
        let (mut schemas, mut mapping) = (Vec::new(), Map::new());
        for spec in &specs {
            let name = format!("{kind}.{}", spec.name);
            let reference = format!("#/components/schemas/{name}");
            for known_as in std::iter::once(&spec.name).chain(spec.aliases) {
                mapping.insert((*known_as).to_owned(), json!(reference));
            }
            schemas.push(json!({"$ref": reference}));
            document["components"]["schemas"][name] =
                parameter_schemas::of_body(spec, key, kind == "Operation");
        }
        let post = &mut document["paths"][path]["post"];
        post["description"] = json!(describe(&specs));
        post["requestBody"]["required"] = json!(true);
        post["requestBody"]["content"]["application/json"]["schema"] = json!({
            "oneOf": schemas, "discriminator": {"propertyName": key, "mapping": mapping},
        });
    }
}

fn describe(specs: &[&Spec]) -> String {
    let mut text = String::from("| name | also | roles | |\n| --- | --- | --- | --- |\n");
    for spec in specs {
        let roles: Vec<&str> = spec.roles.iter().map(|role| role.as_str()).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            spec.name,
            spec.aliases.join(", "),
            roles.join(", "),
            spec.summary
        );
    }
    text
}
