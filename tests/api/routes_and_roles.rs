//! Every route for every role, on an object of one's own and on another's.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::server::{Client, start};

/// Those who ask: the agent whose object it is, another agent, then the other roles, and an administrator of another
/// contact centre.
const USERS: [&str; 8] = [
    "agent1",
    "agent2",
    "supervisor",
    "admin",
    "mediaserver",
    "router",
    "reporting",
    "other-admin",
];

/// Method, route and the HTTP status for each of them. `{id}` and the like are an object of agent1's: an e-mail that he works
/// on, his channel, his workbin. What asks for nothing in particular hears 400 from who is let through.
const TABLE: &str = "
GET  /me                              200 200 200 200 200 200 200 200
POST /me                              400 400 403 403 403 403 403 403
GET  /me/channels                     200 200 403 403 403 403 403 403
GET  /me/channels/{channel}           200 200 403 403 403 403 403 403
POST /me/channels/{channel}           200 200 403 403 403 403 403 403
GET  /me/interactions                 200 200 403 403 403 403 403 403
GET  /me/interactions/{id}            200 404 403 403 403 403 403 403
POST /me/interactions/{id}            200 404 403 403 403 403 403 403
GET  /me/workbins                     200 200 403 403 403 403 403 403
GET  /me/workbins/{id}                200 404 403 403 403 403 403 403
POST /me/workbins/{id}                200 404 403 403 403 403 403 403
GET  /me/chats                        200 200 403 403 403 403 403 403
GET  /me/emails                       200 200 403 403 403 403 403 403
GET  /me/workitems                    200 200 403 403 403 403 403 403
GET  /me/openmedia/{mediaType}        200 200 403 403 403 403 403 403
GET  /me/chats/{id}                   404 404 403 403 403 403 403 403
POST /me/chats/{id}                   404 404 403 403 403 403 403 403
GET  /me/emails/{id}                  200 404 403 403 403 403 403 403
POST /me/emails/{id}                  200 404 403 403 403 403 403 403
GET  /me/workitems/{id}               404 404 403 403 403 403 403 403
POST /me/workitems/{id}               404 404 403 403 403 403 403 403
GET  /me/openmedia/{mediaType}/{id}   200 404 403 403 403 403 403 403
POST /me/openmedia/{mediaType}/{id}   200 404 403 403 403 403 403 403
GET  /interactions                    200 200 200 200 403 403 403 200
POST /interactions                    400 400 400 400 400 403 403 400
POST /bulk/interactions               403 403 200 200 403 403 403 404
GET  /interactions/{id}               200 404 200 200 200 404 404 404
PUT  /interactions/{id}               200 404 200 200 404 403 403 404
GET  /interactions/{id}/history       403 403 200 200 403 403 403 404
GET  /workbins                        200 200 200 200 403 403 403 200
POST /workbins                        200 404 403 403 403 403 403 403
GET  /workbins/{id}                   200 404 200 200 403 403 403 404
POST /workbins/{id}                   200 404 403 403 403 403 403 403
GET  /users                           200 200 200 200 200 200 200 200
GET  /users/{id}                      200 200 200 200 200 200 200 404
GET  /users/{id}/channels             200 403 200 200 403 403 403 404
POST /users/{id}/channels             403 403 200 200 403 403 403 404
POST /users/{id}/channels/{channel}   403 403 200 200 403 403 403 404
GET  /users/{id}/workbins             200 403 200 200 403 403 403 404
POST /users/{id}/workbins             403 403 400 400 403 403 403 404
GET  /users/{id}/workbins/{workbin}   200 403 200 200 403 403 403 404
POST /users/{id}/workbins/{workbin}   403 403 400 400 403 403 403 404
GET  /queues                          200 200 200 200 200 200 200 200
GET  /queues/{name}                   200 200 200 200 200 200 200 200
GET  /skills                          200 200 200 200 200 200 200 200
GET  /skills/{name}                   200 200 200 200 200 200 200 200
GET  /groups                          200 200 200 200 200 200 200 200
GET  /groups/{name}                   200 200 200 200 200 200 200 200
GET  /settings/agent-states           200 200 200 200 200 200 200 200
GET  /settings/workbins               200 200 200 200 200 200 200 200
GET  /settings/capacity               200 200 200 200 200 200 200 200
GET  /features                        200 200 200 200 200 200 200 200
GET  /features/{id}                   200 200 404 404 404 404 404 404
GET  /services                        200 200 200 200 200 200 200 200
GET  /services/{id}                   200 200 200 200 200 200 200 200
GET  /statistics                      403 403 200 200 403 403 403 200
POST /requests                        400 400 400 400 400 400 400 400
POST /tokens/revoke                   403 403 403 400 403 403 403 400
GET  /metrics                         403 403 403 200 403 403 403 200
GET  /diagnostics/storage             403 403 403 200 403 403 403 200
GET  /metrics                         403 403 403 200 403 403 403 200
POST /tokens/revoke                   403 403 403 400 403 403 403 400
PUT  /configuration                   403 403 403 200 403 403 403 400
PUT  /users/{id}                      403 403 403 200 403 403 403 200
DELETE /users/{id}                    403 403 403 200 403 403 403 200
PUT  /queues/{name}                   403 403 403 200 403 403 403 200
DELETE /queues/{name}                 403 403 403 200 403 403 403 200
PUT  /settings/workbins/{name}        403 403 403 200 403 403 403 200
DELETE /settings/workbins/{name}      403 403 403 200 403 403 403 200
PUT  /settings/capacity/{name}        403 403 403 200 403 403 403 200
DELETE /settings/capacity/{name}      403 403 403 200 403 403 403 200
PUT  /settings/agent-states/{name}    403 403 403 200 403 403 403 200
DELETE /settings/agent-states/{name}  403 403 403 200 403 403 403 200
";
/// Routes that ask nobody who he is.
const PUBLIC: [&str; 7] = [
    "GET /asyncapi.json",
    "GET /diagnostics/version",
    "GET /health/live",
    "GET /health/ready",
    "GET /openapi.json",
    "POST /login",
    "POST /logout",
];

#[tokio::test]
async fn each_role_reaches_what_is_meant_for_it() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    server.client("agent2").ready("chat").await;
    let mail = json!({"mediaType": "email"});
    let mail = agent.done("/api/v2/interactions", mail).await;
    let mail = mail["id"].as_str().unwrap();
    for user in USERS {
        let client = server.client(user);
        check(&client, user, mail).await;
    }
    let mut nobody = server.client("agent1");
    nobody.token = "none".to_owned();
    for row in rows() {
        let (status, body) = ask(&nobody, row[0], row[1], mail).await;
        assert_eq!((status, &body["statusCode"]), (401, &json!(20)), "{row:?}");
    }
}

/// One rule everywhere: what a route does not know, of the body and of the query, it passes over.
#[tokio::test]
async fn what_is_not_known_is_passed_over_everywhere() {
    let server = start("").await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let mail = json!({"mediaType": "email"});
    let mail = agent.done("/api/v2/interactions", mail).await;
    let mail = mail["id"].as_str().unwrap();
    for user in ["agent1", "supervisor", "admin", "mediaserver"] {
        let client = server.client(user);
        // Nothing is asked of what is removed.
        for row in rows().filter(|row| row[0] != "DELETE") {
            let (status, plain) = ask(&client, row[0], row[1], mail).await;
            let mut body = asked(row[0], row[1]);
            body["unknownKey"] = json!({"operationName": "Fly", "id": [null]});
            let more = ask_with(&client, row[0], row[1], mail, &body).await;
            let same = (more.0, &more.1["statusCode"]);
            assert_eq!(
                same,
                (status, &plain["statusCode"]),
                "{user} {row:?}: {}",
                more.1
            );
            let asks = format!("{}?unknownKey=%5B%5D&unknown=", row[1]);
            let (with_query, _) = ask(&client, row[0], &asks, mail).await;
            assert!(
                row[0] != "GET" || with_query == status,
                "{user} {row:?}: {with_query}"
            );
        }
    }
}

async fn check(client: &Client, user: &str, mail: &str) {
    let at = USERS.iter().position(|it| *it == user).unwrap();
    for row in rows() {
        let (status, body) = ask(client, row[0], row[1], mail).await;
        assert_eq!(
            status.to_string(),
            row[at + 2],
            "{user} {} {}: {body}",
            row[0],
            row[1]
        );
        let code = body["statusCode"].as_u64().unwrap();
        let is_fitting = match status {
            200 => code == 0,
            400 => matches!(code, 1 | 2 | 10 | 11),
            403 => matches!(code, 3 | 5),
            404 => code == 6,
            _ => false,
        };
        assert!(is_fitting, "{user} {} {}: {body}", row[0], row[1]);
    }
}

async fn ask(client: &Client, method: &str, route: &str, mail: &str) -> (u16, Value) {
    let body = asked(method, route);
    ask_with(client, method, route, mail, &body).await
}

/// The same with a body of the caller's, where the method has one.
async fn ask_with(
    client: &Client,
    method: &str,
    route: &str,
    mail: &str,
    body: &Value,
) -> (u16, Value) {
    let administers = method == "DELETE" || (method == "PUT" && route != "/interactions/{id}");
    let object = match administers {
        true => "spare".to_owned(),
        false => object_of(route).replace("{mail}", mail),
    };
    let name = match route.split('/').nth(1) {
        _ if administers => "spare",
        Some("skills") => "english",
        Some("groups") => "team",
        _ => "chat",
    };
    let path = route
        .replace("{id}", &object)
        .replace("{mediaType}", "email")
        .replace("{channel}", "chat")
        .replace("{workbin}", "drafts.agent1")
        .replace("{name}", name);
    let method: Method = method.parse().unwrap();
    let body = (method != Method::GET).then(|| body.to_string().replace("{mail}", mail));
    let reply = client
        .exchange(method, &format!("/api/v2{path}"), &[], body)
        .await;
    // Prometheus reads no JSON.
    let is_text = route.starts_with("/metrics") && reply.status == 200;
    let body = if is_text {
        json!({"statusCode": 0})
    } else {
        reply.json()
    };
    (reply.status.as_u16(), body)
}

/// What `{id}` is on a route.
fn object_of(route: &str) -> &'static str {
    let kinds = [
        "interactions/",
        "chats/",
        "emails/",
        "workitems/",
        "openmedia/",
    ];
    match route {
        _ if route.starts_with("/users/") => "agent1",
        _ if kinds.iter().any(|kind| route.contains(kind)) => "{mail}",
        _ if route.contains("workbins/") => "drafts.agent1",
        _ if route.contains("features/") => "api-agent-control",
        _ if route.contains("services/") => "MultiMediaState",
        _ => "agent1",
    }
}

/// What a route is asked for: something that takes effect, where that leaves everything as it is for the next row.
fn asked(method: &str, route: &str) -> Value {
    match (method, route) {
        ("PUT", "/configuration") => json!({"contactCenterId": "demo", "configuration": {}}),
        ("PUT", "/users/{id}") => json!({"roles": ["agent"]}),
        ("PUT", "/queues/{name}") => json!({"channel": "chat"}),
        ("PUT", "/settings/workbins/{name}") => json!({"displayName": "Spare", "type": "Agent"}),
        ("PUT", "/settings/capacity/{name}") => json!({"capacity": 1}),
        ("PUT", "/settings/agent-states/{name}") => json!({"displayName": "Spare"}),
        ("PUT", _) => json!({"subject": "A subject"}),
        (_, "/bulk/interactions") => {
            let user_data = json!({"a": 1});
            json!({"operationName": "UpdateUserData", "userData": user_data, "interactionIds": ["{mail}"]})
        }
        (_, path) if path.starts_with("/me/") && object_of(path) == "{mail}" => {
            json!({"operationName": "UpdateUserData", "userData": {"a": 1}})
        }
        (_, "/workbins" | "/users/{id}/workbins") => {
            json!({"operationName": "Subscribe", "workbinIds": ["drafts.agent1"]})
        }
        (_, "/workbins/{id}" | "/me/workbins/{id}" | "/users/{id}/workbins/{workbin}") => {
            json!({"operationName": "Subscribe"})
        }
        (_, path) if path.contains("/channels") => json!({"operationName": "NotReady"}),
        _ => json!({}),
    }
}

#[test]
fn every_route_is_in_the_table() {
    let document = baton::api::document();
    let paths = document["paths"].as_object().unwrap();
    let routes = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    let listed = rows().map(|row| format!("{} {}", row[0], row[1]));
    let listed: BTreeSet<String> = listed.chain(PUBLIC.map(str::to_owned)).collect();
    assert_eq!(routes.collect::<BTreeSet<String>>(), listed);
}

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE
        .trim()
        .lines()
        .map(|row| row.split_whitespace().collect())
}
