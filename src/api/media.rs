//! `/me/chats`, `/me/chats/{id}` and the like: interactions of the agent's under the gateway's name for its medium (gateway-api 2.6). What
//! they do is what `/me/interactions/{id}` does; an interaction of another medium is not found there.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Agent, Caller};
use super::conditions::Conditions;
use super::error::ApiError;
use super::interactions::{own_state, unless_known};
use super::operate::{operate, read_operation};
use super::search::{ListQuery, Search};
use super::url::{Parameters, Segment, Segments};
use super::view::{View, refuse_past};
use crate::centre::{MediaWords, interaction_for, select};
use crate::domain::{Interaction, InteractionId, MediaType, Refusal};
use crate::engine::agent_state;
use crate::engine::operations::Gateway;

/// Which interactions are found at a route.
enum Found {
    /// Those that these words are for.
    Words(MediaWords),
    /// Those of this medium.
    Medium(String),
}

impl Found {
    fn has(&self, medium: &MediaType) -> bool {
        match self {
            Self::Words(words) => MediaWords::of(medium) == *words,
            Self::Medium(name) => medium.as_str() == name,
        }
    }

    fn words(&self) -> MediaWords {
        match self {
            Self::Words(words) => *words,
            Self::Medium(_) => MediaWords::OPENMEDIA,
        }
    }
}

/// The routes of a medium that has words of its own.
macro_rules! medium {
    ($words:expr, $all:literal, $list:ident, $lists:literal, $path:literal, $read:ident, $reads:literal, $operate:ident, $operates:literal) => {
        #[doc = $lists]
        #[utoipa::path(get, path = $all, tag = "Media",
            responses((status = 200, description = "URIs or resources in the words of the medium"), (status = 400), (status = 401), (status = 403)))]
        pub(super) async fn $list(
            Agent(caller): Agent,
            Parameters(query): Parameters<ListQuery>,
        ) -> Result<Json<Value>, ApiError> {
            Ok(Json(list(&caller, &Found::Words($words), query)?))
        }

        #[doc = $reads]
        #[utoipa::path(get, path = $path, tag = "Media",
            params(("id" = String, Path, description = "The interaction")),
            responses((status = 200, description = "It, in the words of its medium, with an ETag"), (status = 304), (status = 400), (status = 401), (status = 403), (status = 404)))]
        pub(super) async fn $read(
            Agent(caller): Agent,
            Segment(id): Segment,
            view: View,
            headers: HeaderMap,
        ) -> Result<Response, ApiError> {
            show(&caller, &Found::Words($words), &id, &view, &headers)
        }

        #[doc = $operates]
        #[utoipa::path(post, path = $path, tag = "Media",
            params(("id" = String, Path, description = "The interaction")),
            request_body(content = Value, description = "As for `/me/interactions/{id}`"),
            responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
        pub(super) async fn $operate(
            State(app): State<App>,
            Agent(caller): Agent,
            Segment(id): Segment,
            conditions: Conditions,
            body: JsonObject,
        ) -> Result<Response, ApiError> {
            perform(&app, &caller, &Found::Words($words), &id, conditions, &body).await
        }
    };
}

medium!(
    MediaWords::CHAT,
    "/me/chats",
    list_my_chats,
    "The chats that the agent works on or is invited to",
    "/me/chats/{id}",
    read_my_chat,
    "A chat that the agent works on or is invited to",
    operate_on_chat,
    "Performs an operation on a chat of the agent"
);
medium!(
    MediaWords::EMAIL,
    "/me/emails",
    list_my_emails,
    "The e-mails that the agent works on or is invited to",
    "/me/emails/{id}",
    read_my_email,
    "An e-mail that the agent works on or is invited to",
    operate_on_email,
    "Performs an operation on an e-mail of the agent"
);
medium!(
    MediaWords::WORKITEM,
    "/me/workitems",
    list_my_workitems,
    "The work items that the agent works on or is invited to",
    "/me/workitems/{id}",
    read_my_workitem,
    "A work item that the agent works on or is invited to",
    operate_on_workitem,
    "Performs an operation on a work item of the agent"
);

/// The interactions of any one medium that the agent works on or is invited to
#[utoipa::path(get, path = "/me/openmedia/{mediaType}", tag = "Media",
    params(("mediaType" = String, Path, description = "Their medium")),
    responses((status = 200, description = "URIs or resources; none of a medium that there is not"), (status = 400), (status = 401), (status = 403)))]
pub(super) async fn list_my_openmedia(
    Agent(caller): Agent,
    Segment(medium): Segment,
    Parameters(query): Parameters<ListQuery>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(list(&caller, &Found::Medium(medium), query)?))
}

/// An interaction of any medium that the agent works on or is invited to
#[utoipa::path(get, path = "/me/openmedia/{mediaType}/{id}", tag = "Media",
    params(("mediaType" = String, Path, description = "Its medium"), ("id" = String, Path, description = "The interaction")),
    responses((status = 200, description = "It, with an ETag"), (status = 304), (status = 400), (status = 401), (status = 403), (status = 404)))]
pub(super) async fn read_my_openmedia(
    Agent(caller): Agent,
    Segments([medium, id]): Segments<2>,
    view: View,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    show(&caller, &Found::Medium(medium), &id, &view, &headers)
}

/// Performs an operation on an interaction of any medium of the agent
#[utoipa::path(post, path = "/me/openmedia/{mediaType}/{id}", tag = "Media",
    params(("mediaType" = String, Path, description = "Its medium"), ("id" = String, Path, description = "The interaction")),
    request_body(content = Value, description = "As for `/me/interactions/{id}`"),
    responses((status = 200, description = "Done"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_openmedia(
    State(app): State<App>,
    Agent(caller): Agent,
    Segments([medium, id]): Segments<2>,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    perform(
        &app,
        &caller,
        &Found::Medium(medium),
        &id,
        conditions,
        &body,
    )
    .await
}

/// A page of `/me/interactions` with those that are found here alone.
fn list(caller: &Caller, found: &Found, query: ListQuery) -> Result<Value, ApiError> {
    let (state, links) = (caller.0.centre.state(), caller.0.centre.links());
    refuse_past(query.at.as_deref())?;
    let words = found.words();
    let query = query.in_words(words);
    let mine = state.involved(caller.user());
    let mine = mine.filter(|it| found.has(&it.media_type));
    let (page, next) = Search::parse(&query)?.active(mine, own_state(caller.user()));
    let resources = page.iter().map(|it| {
        let resource = interaction_for(it, caller.user(), links);
        words.translate(it, resource, links)
    });
    let (name, shown): (_, Vec<Value>) = match &query.fields {
        None => ("uris", resources.map(|mut it| it["uri"].take()).collect()),
        Some(fields) => (words.many, resources.map(|it| select(it, fields)).collect()),
    };
    let mut body = json!({"statusCode": 0, name: shown, "sequence": state.sequence});
    if let Some(next) = next {
        body["after"] = json!(next);
    }
    Ok(body)
}

fn show(
    caller: &Caller,
    found: &Found,
    id: &str,
    view: &View,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let (state, links) = (caller.0.centre.state(), caller.0.centre.links());
    let parsed = InteractionId::parse(id).ok();
    let interaction = parsed.and_then(|id| state.interaction(&id).cloned());
    let is_his = |it: &Interaction| agent_state(it, caller.user()).is_some();
    let interaction = interaction
        .filter(|it| found.has(&it.media_type) && is_his(it))
        .ok_or_else(Refusal::unknown_interaction)?;
    let words = found.words();
    unless_known(caller, &interaction, headers, || {
        let resource = interaction_for(&interaction, caller.user(), links);
        let resource = view.select(words.translate(&interaction, resource, links));
        json!({"statusCode": 0, words.one: resource})
    })
}

/// One of another medium is as one that there is not, except for who asks the same again.
async fn perform(
    app: &App,
    caller: &Caller,
    found: &Found,
    id: &str,
    conditions: Conditions,
    body: &JsonObject,
) -> Result<Response, ApiError> {
    let operation = read_operation(Gateway::Interaction, Some(id), body)?;
    let reply = operation.spec().reply;
    let state = caller.0.centre.state();
    let interaction = operation.interaction().and_then(|id| state.interaction(id));
    let permitted = match interaction {
        Some(it) if !found.has(&it.media_type) => {
            Err(ApiError::from(Refusal::unknown_interaction()).for_operation(reply))
        }
        Some(_) | None => Ok(()),
    };
    let conditions = conditions.permitted(permitted);
    operate(app, caller, operation, &body.0, conditions).await
}
