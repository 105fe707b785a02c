//! What Baton is measured against: HTTP alone, the disk alone, and both together.

use std::net::SocketAddr;
use std::path::PathBuf;

use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::appender::Appender;
use crate::load::{Client, Target, measure};
use crate::{CLIENTS, Round};

/// An axum handler that parses JSON and answers with JSON.
pub(crate) fn http() -> Round {
    through_http(Router::new().route("/operations", post(answer)))
}

/// The same, answering when the request is on disk.
pub(crate) fn http_and_append() -> Round {
    let (folder, file) = on_disk();
    let router = Router::new()
        .route("/operations", post(append_and_answer))
        .with_state(Appender::start(&file));
    let round = through_http(router);
    Box::new(move |each| {
        let _alive = &folder;
        round(each)
    })
}

/// Appends without HTTP.
pub(crate) fn append() -> Round {
    let (folder, file) = on_disk();
    let appender = Appender::start(&file);
    Box::new(move |each| {
        let _alive = &folder;
        let clients = vec![AppendClient(appender.clone()); CLIENTS];
        client_runtime().block_on(measure(clients, each))
    })
}

async fn answer(Json(_request): Json<Value>) -> Json<Value> {
    reply()
}

async fn append_and_answer(State(appender): State<Appender>, body: Bytes) -> Json<Value> {
    let _request: Value = serde_json::from_slice(&body).unwrap();
    appender.append(body.to_vec()).await;
    reply()
}

/// As long as Baton's.
fn reply() -> Json<Value> {
    Json(json!({"statusCode": 0, "referenceId": 100_000, "sequence": 100_000, "status": "ok"}))
}

fn through_http(router: Router) -> Round {
    let (server, address) = serve(router);
    Box::new(move |each| {
        let _alive = &server;
        let target = Target {
            address,
            tokens: vec!["not looked at".into(); CLIENTS],
        };
        client_runtime().block_on(async {
            let next = |_| |number: u64| ("/operations".into(), update(number));
            measure(target.connect(next).await, each).await
        })
    })
}

fn serve(router: Router) -> (Runtime, SocketAddr) {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async { axum::serve(listener, router).await });
    (runtime, address)
}

/// The clients share one thread, so that they leave the other cores to what is measured.
pub(crate) fn client_runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// An update of user data, of about 400 bytes.
pub(crate) fn update(number: u64) -> String {
    let padding = "x".repeat(320);
    json!({"operationName": "UpdateUserData", "userData": {"number": number, "note": padding}})
        .to_string()
}

/// Beside the build output and not in /tmp, which is memory on some machines.
fn on_disk() -> (TempDir, PathBuf) {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("bodies.sqlite");
    (folder, file)
}

#[derive(Clone)]
struct AppendClient(Appender);

impl Client for AppendClient {
    async fn perform(&mut self, number: u64) {
        self.0.append(update(number).into_bytes()).await;
    }
}
