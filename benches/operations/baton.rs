//! Baton itself: an agent's UpdateUserData, with token, guard, step, journal and announcement.

use std::net::SocketAddr;
use std::sync::Arc;

use baton::domain::{CentreId, Role, UserId};
use baton::options::{Flags, Keys, Options, demo};
use baton::server::{Server, secret, tokens};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::CLIENTS;
use crate::bare::client_runtime;
use crate::load::{Measured, Target, measure};

/// Updates of interactions that one agent works on, one for each client.
pub(crate) fn update() -> Box<dyn Fn(u64) -> Measured> {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (runtime, address, token) = serve(&folder);
    let ids = Arc::new(runtime.block_on(interactions(address, &token)));
    Box::new(move |operations| {
        let _alive = (&folder, &runtime);
        let ids = ids.clone();
        let target = Target {
            address,
            token: token.clone(),
            next: move |number: u64| {
                let index = usize::try_from(number).unwrap() % ids.len();
                let path = format!("/api/v2/me/interactions/{}", ids[index]);
                (path, crate::bare::body(number))
            },
        };
        client_runtime()
            .block_on(async { measure(target.connect(CLIENTS).await, operations).await })
    })
}

fn serve(folder: &TempDir) -> (Runtime, SocketAddr, String) {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let (mut options, _) = Options::resolve(Flags::default(), Keys::default());
    options.listen = "127.0.0.1:0".parse().unwrap();
    options.data = folder.path().join("data");
    let centres = demo("").unwrap();
    let server = runtime.block_on(Server::start(&options, centres)).unwrap();
    let address = server.address().unwrap();
    runtime.spawn(async { server.run(std::future::pending()).await });
    let signing = tokens(&options, &secret(&options, None).unwrap());
    let agent = UserId::parse("agent1").unwrap();
    let centre = CentreId::parse("demo").unwrap();
    let token = signing.issue(agent, centre, &[Role::Agent].into(), 3_600_000);
    (runtime, address, token.unwrap())
}

/// Interactions that the agent has submitted to himself.
async fn interactions(address: SocketAddr, token: &str) -> Vec<String> {
    let http = reqwest::Client::new();
    let post = |path: &str, body: Value| {
        let request = http.post(format!("http://{address}/api/v2{path}"));
        let request = request.bearer_auth(token).json(&body);
        async { request.send().await.unwrap().json::<Value>().await.unwrap() }
    };
    post("/me", json!({"operationName": "StartContactCenterSession"})).await;
    let mut ids = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let submitted = post("/interactions", json!({"mediaType": "workitem"})).await;
        ids.push(submitted["id"].as_str().unwrap().to_owned());
    }
    ids
}
