//! A whole server in this process: port 0, a temporary data folder, the demo contact centres.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use argon2::{Argon2, PasswordHasher};
use baton::domain::{CentreId, Configuration, Role, UserId};
use baton::options::{File, Flags, Keys, Options, demo};
use baton::server::{Server, secret, tokens};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A server that runs until it is stopped or dropped.
pub(crate) struct Running {
    pub(crate) url: String,
    /// Where it tells who monitors it, if anywhere.
    pub(crate) monitoring_url: Option<String>,
    pub(crate) options: Options,
    folder: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

/// Starts a server with `baton.toml` keys, written as TOML.
pub(crate) async fn start(keys: &str) -> Running {
    start_in(Arc::new(tempfile::tempdir().unwrap()), keys, |_| {}).await
}

/// Starts a server whose contact centre `demo` is configured otherwise.
pub(crate) async fn start_configured(change: impl FnOnce(&mut Configuration)) -> Running {
    start_in(Arc::new(tempfile::tempdir().unwrap()), "", change).await
}

async fn start_in(
    folder: Arc<TempDir>,
    keys: &str,
    change: impl FnOnce(&mut Configuration),
) -> Running {
    let file = folder.path().join("baton.toml");
    std::fs::write(&file, keys).unwrap();
    let keys: Keys = File::read(Some(&file)).unwrap();
    let (mut options, _) = Options::resolve(Flags::default(), keys);
    options.listen = "127.0.0.1:0".parse().unwrap();
    options.data = folder.path().join("data");
    let hash = Argon2::default().hash_password(b"demo").unwrap();
    let mut centres: BTreeMap<_, _> = demo(&hash.to_string()).unwrap();
    change(centres.values_mut().next().expect("demo is the first"));
    let server = Server::start(&options, centres).await.unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let monitoring = server.monitoring_address().unwrap();
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let stopping = async move { stopped.await.unwrap_or(()) };
        server.run(stopping).await;
    });
    Running {
        url,
        monitoring_url: monitoring.map(|address| format!("http://{address}")),
        options,
        folder,
        stop: Some(stop),
        task,
    }
}

impl Running {
    /// Stops the server and starts another one on its data folder.
    pub(crate) async fn restart(self, keys: &str) -> Self {
        self.restart_on(keys, |_| {}).await
    }

    /// The same, with something done to the data folder in between.
    pub(crate) async fn restart_on(mut self, keys: &str, change: impl FnOnce(&Path)) -> Self {
        self.stop.take().unwrap().send(()).unwrap();
        self.task.await.unwrap();
        change(&self.options.data);
        start_in(self.folder, keys, |_| {}).await
    }

    /// A client of a demo user, with a token of his role.
    pub(crate) fn client(&self, user: &str) -> Client {
        client_of(&self.options, &self.url, user)
    }

    /// A client of a user of contact centre `demo`, with a token of these roles.
    pub(crate) fn client_with(&self, user: &str, roles: &[Role]) -> Client {
        client_in(&self.options, &self.url, ("demo", user), roles, TOKEN_MS)
    }
}

/// How long a token holds, in milliseconds: no torture takes longer.
const TOKEN_MS: u64 = 24 * 60 * 60 * 1_000;

/// A client of a demo user of the server at `url`, with a token of his role.
pub(crate) fn client_of(options: &Options, url: &str, user: &str) -> Client {
    client_for(options, url, user, TOKEN_MS)
}

/// The same with a token that holds for so long, in milliseconds.
pub(crate) fn client_for(options: &Options, url: &str, user: &str, valid_ms: u64) -> Client {
    let (centre, role) = match user {
        "other-agent" => ("other", Role::Agent),
        "other-admin" => ("other", Role::Admin),
        "supervisor" => ("demo", Role::Supervisor),
        "admin" => ("demo", Role::Admin),
        "mediaserver" => ("demo", Role::MediaServer),
        "router" => ("demo", Role::Router),
        "reporting" => ("demo", Role::Reporting),
        _ => ("demo", Role::Agent),
    };
    client_in(options, url, (centre, user), &[role], valid_ms)
}

fn client_in(
    options: &Options,
    url: &str,
    (centre, user): (&str, &str),
    roles: &[Role],
    valid_ms: u64,
) -> Client {
    let secret = secret(options, None).unwrap();
    let token = tokens(options, &secret).issue(
        UserId::parse(user).unwrap(),
        CentreId::parse(centre).unwrap(),
        &roles.iter().copied().collect(),
        valid_ms,
    );
    Client {
        url: url.to_owned(),
        token: token.unwrap(),
        http: without_tls(),
    }
}

/// A client that does not read the certificates of the system, which takes longer than all that it is asked to do.
fn without_tls() -> reqwest::Client {
    let client = reqwest::Client::builder().tls_certs_only([]);
    client.build().unwrap()
}

/// What the server answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) etag: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        let body = serde_json::from_str(&self.text);
        body.unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A user with a token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) url: String,
    pub(crate) token: String,
    http: reqwest::Client,
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, Some(body.to_string())).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> (StatusCode, Value) {
        let reply = self.exchange(method, path, &[], body).await;
        (reply.status, reply.json())
    }

    /// The same with further headers, and everything of the reply.
    pub(crate) async fn exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let reply = self.try_exchange(method, path, headers, body).await;
        reply.unwrap()
    }

    /// The same where the server may be gone before it has answered.
    pub(crate) async fn try_exchange(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> reqwest::Result<Reply> {
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let reply = request.send().await?;
        let header = |name| {
            let value = reply.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        Ok(Reply {
            status: reply.status(),
            etag: header("etag"),
            retry_after: header("retry-after"),
            text: reply.text().await?,
        })
    }

    /// A POST that must succeed.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let (status, reply) = self.post(path, body.clone()).await;
        assert_eq!(status, StatusCode::OK, "{path} {body}: {reply}");
        assert_eq!(reply["statusCode"], 0, "{path} {body}: {reply}");
        reply
    }

    /// The reply to a POST; none if the server is gone.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Option<Value> {
        let url = format!("{}{path}", self.url);
        let request = self.http.post(url).bearer_auth(&self.token);
        request.json(body).send().await.ok()?.json().await.ok()
    }

    /// A request of the reference that must succeed.
    pub(crate) async fn request(&self, name: &str, mut parameters: Value) -> Value {
        parameters["request"] = json!(name);
        self.done("/api/v2/requests", parameters).await
    }

    /// An operation on an interaction that must succeed.
    pub(crate) async fn operate(&self, id: &str, name: &str, mut parameters: Value) -> Value {
        parameters["operationName"] = json!(name);
        self.done(&format!("/api/v2/me/interactions/{id}"), parameters)
            .await
    }

    /// Logs an agent in and makes him ready for a medium.
    pub(crate) async fn ready(&self, media: &str) {
        self.done(
            "/api/v2/me",
            json!({"operationName": "StartContactCenterSession", "channels": [media]}),
        )
        .await;
        self.done(
            &format!("/api/v2/me/channels/{media}"),
            json!({"operationName": "Ready"}),
        )
        .await;
    }

    /// Submits an interaction to the queue of its medium, and gives its identifier.
    pub(crate) async fn submit(&self, media: &str) -> String {
        let reply = self
            .done(
                "/api/v2/interactions",
                json!({"mediaType": media, "queue": media, "subject": "A subject", "userData": {"Priority": 5}}),
            )
            .await;
        reply["id"].as_str().unwrap().to_owned()
    }

    /// The interaction as this user sees it.
    pub(crate) async fn interaction(&self, id: &str) -> Value {
        let (status, body) = self.get(&format!("/api/v2/interactions/{id}")).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["interaction"].clone()
    }
}
