//! `/metrics`: everything that is counted, as Prometheus reads it. `docs/operations.md` lists it.

mod centres;
mod server;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::App;
use super::caller::Caller;
use super::error::ApiError;
use crate::centre::{Census, Handle, Storage};
use crate::domain::Role;
use crate::metrics::{CONTENT_TYPE, Text};

/// What is counted, in Prometheus' text format; for administrators, of their contact centre and of the server
#[utoipa::path(get, path = "/metrics", tag = "Operation",
    responses((status = 200, description = "The metrics", content_type = "text/plain", body = String),
              (status = 401), (status = 403)))]
pub(super) async fn read_own(State(app): State<App>, caller: Caller) -> Result<Response, ApiError> {
    if !caller.0.roles.contains(&Role::Admin) {
        return Err(ApiError::forbidden("This is for administrators"));
    }
    Ok(render(app, vec![caller.0.centre.clone()]).await)
}

/// The same of every contact centre, where only who monitors the server can ask.
pub(super) async fn read_all(State(app): State<App>) -> Response {
    let centres = app.centres.all();
    render(app, centres).await
}

/// A contact centre as it is read.
struct Reading {
    centre: Handle,
    census: Census,
    /// None while the archive is read by too many.
    storage: Option<Storage>,
}

async fn render(app: App, centres: Vec<Handle>) -> Response {
    let mut storages = Vec::new();
    for centre in centres {
        let storage = centre.storage().await.ok();
        storages.push((centre, storage));
    }
    // Counting what is active takes time in proportion to it: not on the threads that serve.
    let text = tokio::task::spawn_blocking(move || {
        let readings: Vec<Reading> = storages
            .into_iter()
            .map(|(centre, storage)| Reading {
                census: centre.census(),
                centre,
                storage,
            })
            .collect();
        let mut text = Text::default();
        server::write(&mut text, &app);
        centres::write(&mut text, &readings);
        text.into_string()
    });
    match text.await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => ApiError::internal().into_response(),
    }
}
