//! `/users`, `/queues`, `/skills` and `/groups`: whom and what an interaction can be passed to, and by what they are told
//! apart.

use std::collections::BTreeSet;

use axum::Json;
use axum::response::Response;
use serde_json::{Value, json};

use super::administration::tagged;
use super::error::ApiError;
use super::history::Reading;
use super::url::Segment;
use super::view::Kind;
use crate::centre::{Links, skill_levels, user};
use crate::domain::{Configuration, GroupName, Queue, QueueName, Refusal, SkillName, UserId};
use crate::engine::State;

/// Users.
pub(super) const USER: Kind = Kind {
    one: "user",
    many: "users",
    filters: &[
        "id",
        "userName",
        "firstName",
        "lastName",
        "roles",
        "groups",
        "skills",
        "loggedIn",
        "place",
    ],
};
/// Queues.
pub(super) const QUEUE: Kind = Kind {
    one: "queue",
    many: "queues",
    filters: &["id", "name", "channel"],
};
/// Skills.
pub(super) const SKILL: Kind = Kind {
    one: "skill",
    many: "skills",
    filters: &["id", "name"],
};
/// Agent groups.
pub(super) const GROUP: Kind = Kind {
    one: "group",
    many: "groups",
    filters: &["id", "name", "type"],
};

/// The users of the contact centre
#[utoipa::path(get, path = "/users", tag = "Directory",
    responses((status = 200, description = "URIs or users"), (status = 400), (status = 401)))]
pub(super) async fn list_users(Reading(caller, state, view): Reading) -> Json<Value> {
    let links = caller.0.centre.links();
    let ids = state.configuration.users.keys();
    Json(view.list(&USER, state.sequence, ids, |id| user(&state, id, links)))
}

/// A user
#[utoipa::path(get, path = "/users/{id}", tag = "Directory",
    params(("id" = String, Path, description = "The user")),
    responses((status = 200, description = "The user"), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn read_user(
    Reading(caller, state, view): Reading,
    Segment(id): Segment,
) -> Result<Response, ApiError> {
    let id = find_user(&state, &id)?;
    let resource = user(&state, &id, caller.0.centre.links());
    let body = view.one(&USER, state.sequence, resource);
    Ok(tagged(&caller, &state, body))
}

/// The queues of the contact centre, each with how many interactions wait in it
#[utoipa::path(get, path = "/queues", tag = "Directory",
    responses((status = 200, description = "URIs or queues"), (status = 400), (status = 401)))]
pub(super) async fn list_queues(Reading(caller, state, view): Reading) -> Json<Value> {
    let links = caller.0.centre.links();
    let queues = state.configuration.queues.iter();
    Json(view.list(&QUEUE, state.sequence, queues, |it| {
        queue(&state, it, links)
    }))
}

/// A queue
#[utoipa::path(get, path = "/queues/{name}", tag = "Directory",
    params(("name" = String, Path, description = "The queue")),
    responses((status = 200, description = "The queue"), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn read_queue(
    Reading(caller, state, view): Reading,
    Segment(name): Segment,
) -> Result<Response, ApiError> {
    let parsed = QueueName::parse(&name).ok();
    let found = parsed.and_then(|name| state.configuration.queues.get_key_value(&name));
    let found = found.ok_or_else(|| Refusal::not_found("queue", &name))?;
    let resource = queue(&state, found, caller.0.centre.links());
    let body = view.one(&QUEUE, state.sequence, resource);
    Ok(tagged(&caller, &state, body))
}

/// The skills that agents have or queues ask for
#[utoipa::path(get, path = "/skills", tag = "Directory",
    responses((status = 200, description = "URIs or skills"), (status = 400), (status = 401)))]
pub(super) async fn list_skills(Reading(caller, state, view): Reading) -> Json<Value> {
    let links = caller.0.centre.links();
    let skills = skills(&state.configuration).into_iter();
    Json(view.list(&SKILL, state.sequence, skills, |it| skill(it, links)))
}

/// A skill; `/users?skills=` lists those who have it
#[utoipa::path(get, path = "/skills/{name}", tag = "Directory",
    params(("name" = String, Path, description = "The skill")),
    responses((status = 200, description = "The skill"), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn read_skill(
    Reading(caller, state, view): Reading,
    Segment(name): Segment,
) -> Result<Json<Value>, ApiError> {
    let mut all = skills(&state.configuration).into_iter();
    let found = all.find(|it| it.as_str() == name);
    let found = found.ok_or_else(|| Refusal::not_found("skill", &name))?;
    let resource = skill(found, caller.0.centre.links());
    Ok(Json(view.one(&SKILL, state.sequence, resource)))
}

/// The agent groups of the contact centre
#[utoipa::path(get, path = "/groups", tag = "Directory",
    responses((status = 200, description = "URIs or groups"), (status = 400), (status = 401)))]
pub(super) async fn list_groups(Reading(caller, state, view): Reading) -> Json<Value> {
    let links = caller.0.centre.links();
    let groups = state.configuration.groups().into_iter();
    Json(view.list(&GROUP, state.sequence, groups, |it| group(it, links)))
}

/// An agent group; `/users?groups=` lists its members
#[utoipa::path(get, path = "/groups/{name}", tag = "Directory",
    params(("name" = String, Path, description = "The group")),
    responses((status = 200, description = "The group"), (status = 400), (status = 401), (status = 404)))]
pub(super) async fn read_group(
    Reading(caller, state, view): Reading,
    Segment(name): Segment,
) -> Result<Json<Value>, ApiError> {
    let mut all = state.configuration.groups().into_iter();
    let found = all.find(|it| it.as_str() == name);
    let found = found.ok_or_else(|| Refusal::not_found("group", &name))?;
    let resource = group(found, caller.0.centre.links());
    Ok(Json(view.one(&GROUP, state.sequence, resource)))
}

/// A user of the contact centre.
///
/// # Errors
/// There is none of this name.
pub(super) fn find_user(state: &State, id: &str) -> Result<UserId, ApiError> {
    let parsed = UserId::parse(id).ok();
    let found = parsed.filter(|id| state.configuration.users.contains_key(id));
    found.ok_or_else(|| Refusal::not_found("user", id).into())
}

fn queue(state: &State, (name, queue): (&QueueName, &Queue), links: &Links) -> Value {
    let mut body = json!({
        "id": name,
        "name": name,
        "channel": queue.media_type,
        "skills": skill_levels(&queue.skills),
        "pullGroups": queue.pull_groups,
        "waiting": state.waiting_len(name),
    });
    links.locate(&mut body, &["queues", name.as_str()]);
    body
}

fn skills(configuration: &Configuration) -> BTreeSet<&SkillName> {
    let of_users = configuration.users.values().flat_map(|it| it.skills.keys());
    let of_queues = configuration
        .queues
        .values()
        .flat_map(|it| it.skills.keys());
    of_users.chain(of_queues).collect()
}

fn skill(name: &SkillName, links: &Links) -> Value {
    let mut body = json!({"id": name, "name": name});
    links.locate(&mut body, &["skills", name.as_str()]);
    body
}

fn group(name: &GroupName, links: &Links) -> Value {
    let mut body = json!({"id": name, "name": name, "type": "AgentGroup"});
    links.locate(&mut body, &["groups", name.as_str()]);
    body
}
