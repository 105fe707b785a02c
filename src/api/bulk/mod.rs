//! `/bulk/interactions`: one operation on many interactions at once, for supervisors and administrators.
//!
//! The gateway has bulk requests for workbins only, by `POST` of an operation with identifiers; this is the same for
//! interactions. It has a path of its own since `POST /interactions` submits, and `/interactions/bulk` may be an interaction.
//! Every item is a request of its own to the contact centre, which is done or refused as if it had come alone.

mod request;
mod schemas;

pub(super) use schemas::{of_reply, of_request};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value, json};

use super::App;
use super::body::JsonObject;
use super::caller::{Caller, Overseer, reference_id};
use super::conditions::Conditions;
use super::error::ApiError;
use super::observer::{self, Items};
use super::operate::{PARTIAL_SUCCESS, perform, reply_body};
use crate::centre::Rehearsal;
use crate::domain::{InteractionId, Refusal};
use crate::engine::Request;
use crate::engine::operations::Reply;
use request::{Bulk, Chosen};

/// Items of one request that wait for the contact centre at a time, so that others find room beside them.
const IN_FLIGHT_LEN_MAX: usize = 32;

/// Performs an operation on many interactions: on those that are listed, or on those that a query finds
#[utoipa::path(post, path = "/bulk/interactions", tag = "Interactions",
    request_body(content = Value, description = "`operationName` and its parameters as for `/me/interactions/{id}`, and `interactionIds` (500 at most) or `query`, with the filters of `GET /interactions`. `dryRun` tells what would become of each, and does nothing.",
        example = json!({"operationName": "PlaceInQueue", "queueName": "sales", "query": {"queue": "chat", "state": "Queued"}, "dryRun": true})),
    responses((status = 200, description = "Done, with the result of each; `statusCode` 7 if some were refused. `after` of the query goes on, where it finds more"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 503)))]
pub(super) async fn operate_on_interactions(
    State(app): State<App>,
    Overseer(caller): Overseer,
    conditions: Conditions,
    body: JsonObject,
) -> Result<Response, ApiError> {
    let bulk = Bulk::read(body)?;
    observer::seen_operation(bulk.spec.name);
    // The items take the reference that is given, and else one each.
    reference_id(&app, &bulk.parameters)?;
    let chosen = bulk.choose(&caller, &conditions)?;
    let results = if bulk.is_dry_run {
        rehearse(&app, &caller, &bulk, &chosen.ids).await?
    } else {
        let items = chosen.ids.iter();
        let items = items.map(|id| operate_on_one(&app, &caller, &bulk, &conditions, id));
        // Each asks the contact centre when its turn comes, so that they are done in this order.
        stream::iter(items.collect::<Vec<_>>())
            .buffered(IN_FLIGHT_LEN_MAX)
            .collect()
            .await
    };
    reply(&bulk, &chosen, results)
}

async fn operate_on_one(
    app: &App,
    caller: &Caller,
    bulk: &Bulk,
    conditions: &Conditions,
    id: &str,
) -> Result<Value, ApiError> {
    let id = InteractionId::parse(id).map_err(|_| Refusal::unknown_interaction())?;
    let (operation, conditions) = (bulk.operation(&id)?, conditions.of_part(&id));
    let done = perform(app, caller, operation, &bulk.parameters, conditions).await?;
    Ok(reply_body(caller, Reply::StatusCode, &done.done))
}

/// What would become of each, found out by the very same operations.
async fn rehearse(
    app: &App,
    caller: &Caller,
    bulk: &Bulk,
    ids: &[String],
) -> Result<Vec<Result<Value, ApiError>>, ApiError> {
    let mut rehearsal = caller.0.centre.rehearsal().await?;
    let mut results = Vec::with_capacity(ids.len());
    for id in ids {
        results.push(rehearse_one(&mut rehearsal, app, caller, bulk, id));
        // Others have their turn in between.
        tokio::task::yield_now().await;
    }
    Ok(results)
}

fn rehearse_one(
    rehearsal: &mut Rehearsal,
    app: &App,
    caller: &Caller,
    bulk: &Bulk,
    id: &str,
) -> Result<Value, ApiError> {
    let id = InteractionId::parse(id).map_err(|_| Refusal::unknown_interaction())?;
    rehearsal.perform(Request {
        actor: caller.actor(bulk.spec)?,
        reference_id: None,
        if_match: None,
        idempotency: None,
        entropy: app.entropy()?,
        operation: bulk.operation(&id)?,
    })?;
    Ok(json!({"statusCode": 0}))
}

/// The result of each, and of all: where every one is refused, the error is that of the first (gateway-api 1.5).
fn reply(
    bulk: &Bulk,
    chosen: &Chosen,
    results: Vec<Result<Value, ApiError>>,
) -> Result<Response, ApiError> {
    let refused = results.iter().filter(|it| it.is_err()).count();
    let done = results.len() - refused;
    observer::seen_items(Items {
        done,
        refused,
        is_dry_run: bulk.is_dry_run,
    });
    let (mut items, mut first) = (Vec::with_capacity(results.len()), None);
    for (id, result) in chosen.ids.iter().zip(results) {
        let mut item = match result {
            Ok(body) => body,
            Err(error) => {
                let item = error.item();
                first.get_or_insert(error);
                item
            }
        };
        item["id"] = json!(id);
        items.push(item);
    }
    let mut body = Map::from_iter([
        ("dryRun".to_owned(), json!(bulk.is_dry_run)),
        ("done".to_owned(), json!(done)),
        ("refused".to_owned(), json!(refused)),
        ("results".to_owned(), json!(items)),
    ]);
    let rest = [
        ("after", chosen.after.as_ref().map(|it| json!(it))),
        ("remaining", chosen.remaining.map(|it| json!(it))),
    ];
    body.extend(
        rest.map(|(key, value)| Some((key.to_owned(), value?)))
            .into_iter()
            .flatten(),
    );
    if let Some(error) = first.filter(|_| done == 0) {
        return Err(body
            .into_iter()
            .fold(error, |error, (key, value)| error.with(&key, value)));
    }
    let code = if refused == 0 { 0 } else { PARTIAL_SUCCESS };
    body.insert("statusCode".to_owned(), json!(code));
    if refused > 0 {
        let text = format!("{refused} of {} were refused", done + refused);
        body.insert("statusMessage".to_owned(), json!(text));
    }
    Ok(Json(Value::Object(body)).into_response())
}
