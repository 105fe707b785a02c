//! A disk that never says that it has written: nothing of what waits for it leaves by any door.

use std::sync::Arc;
use std::time::Duration;

use baton::api::{BodyLimits, Observer, Parts, routers};
use baton::centre::{Centres, Handle, Links, ReplayLimits, Start, wall_clock};
use baton::domain::CentreId;
use baton::hub::Hub;
use baton::identity::{Credentials, Revocations};
use baton::journal::{DataFolder, MemoryDisk};
use baton::options::{Flags, Keys, Options, demo};
use baton::server::{secret, tokens};
use baton::transports::serve;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::PATIENCE;
use crate::support::desktop::Desktop;
use crate::support::events::EventStream;
use crate::support::server::{Client, client_of};

/// How long to listen for what must not come.
const SILENCE: Duration = Duration::from_millis(300);
const CHANNELS: &str = "/v2/me/channels";

/// A server of the demo on a disk of memory.
pub(super) struct OnDisk {
    url: String,
    options: Options,
    pub(super) centre: Handle,
    _folder: tempfile::TempDir,
}

impl OnDisk {
    pub(super) async fn start(disk: &MemoryDisk) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut options, _) = Options::resolve(Flags::default(), Keys::default());
        options.jwt_secret_file = folder.path().join("secret");
        std::fs::write(
            &options.jwt_secret_file,
            "a secret of a test, long enough for all",
        )
        .unwrap();
        let centres = Centres::default();
        let hub = Hub::new(options.hub_settings(), Arc::new(centres.clone()));
        let id = CentreId::parse("demo").unwrap();
        let centre = Handle::start(Start {
            server: "baton".to_owned(),
            links: Links::new("http://baton.test"),
            hub: hub.clone(),
            media_channels: false,
            journal: Box::new(disk.open()),
            snapshots: None,
            configuration: demo("").unwrap().remove(&id).unwrap(),
            timing: options.timing(),
            archive_retention: None,
            replay: ReplayLimits::default(),
            id,
        });
        let centre = centre.await.unwrap();
        centres.insert(centre.clone());
        let key = secret(&options, None).unwrap();
        let data = DataFolder::open(folder.path().join("data")).unwrap();
        let revocations = Revocations::open(data).unwrap();
        let routers = routers(Parts {
            observer: Arc::<Observer>::default(),
            centres: centres.clone(),
            credentials: Credentials::new(
                centres,
                tokens(&options, &key),
                None,
                revocations,
                options.attempt_limits(),
                &key,
            ),
            hub,
            allowed_origins: Vec::new(),
            cookies_secure: false,
            requests_per_user: None,
            csrf_protection: false,
            cookie_max_age_ms: options.cookie_max_age_ms,
            body: BodyLimits {
                bytes_max: options.body_bytes_max,
                time_max: Duration::from_millis(options.body_timeout_ms),
            },
            static_dir: options.static_dir.clone(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let settings = options.connection_settings().unwrap();
        tokio::spawn(serve(
            listener,
            routers.interface.service(),
            settings,
            std::future::pending(),
        ));
        Self {
            url,
            options,
            centre,
            _folder: folder,
        }
    }

    pub(super) fn client(&self, user: &str) -> Client {
        client_of(&self.options, &self.url, user)
    }
}

#[tokio::test]
async fn nothing_leaves_by_any_door_and_the_next_group_is_ready() {
    let disk = MemoryDisk::new(1);
    let server = OnDisk::start(&disk).await;
    let agent = server.client("agent1");
    agent.ready("chat").await;
    let mut desktop = Desktop::open(&agent, &[CHANNELS]).await;
    desktop.hear(CHANNELS, |_| true).await;
    let now = server.centre.state().sequence.0.to_string();
    let mut events = EventStream::open(&agent, CHANNELS, &now).await.unwrap();
    let before = everything(&server).await;

    disk.hold();
    let not_ready = json!({"operationName": "NotReady"});
    let first = ask(&agent, "/api/v2/me/channels/chat", not_ready);
    let waiting = disk.clone();
    let held = tokio::task::spawn_blocking(move || waiting.wait_until_held());
    held.await.unwrap();
    // The next group: a change that follows from the first one, and a refusal that depends on it.
    let submit = json!({"request": "RequestSubmit", "interactionId": "I1", "mediaType": "email"});
    let second = ask(&agent, "/api/v2/requests", submit.clone());
    let refused = ask(&agent, "/api/v2/requests", submit);
    let none_heard = desktop.hear(CHANNELS, |_| true);
    timeout(SILENCE, none_heard)
        .await
        .expect_err("nobody is told");
    timeout(SILENCE, events.next()).await.expect_err("no event");
    assert!(!first.is_finished() && !second.is_finished() && !refused.is_finished());
    assert_eq!(
        everything(&server).await,
        before,
        "readers see what is durable"
    );
    let released_at = wall_clock();

    disk.release();
    let (status, reply) = timeout(PATIENCE, first).await.unwrap().unwrap();
    assert_eq!(status, 200, "{reply}");
    let mut statuses = [second.await.unwrap().0, refused.await.unwrap().0];
    statuses.sort();
    assert_eq!(statuses.map(|it| it.as_u16()), [200, 409]);
    let (_, told) = events.next().await.unwrap().unwrap();
    assert_eq!(told["sequence"], reply["sequence"], "{told}");
    assert_eq!(desktop.hear(CHANNELS, |_| true).await, told);
    // The second group was computed while the first was being written: it has the time of then.
    let state = server.centre.state();
    let (_, submitted) = state.interactions.iter().next().unwrap();
    assert!(submitted.submitted_at < released_at, "{submitted:?}");
}

type Asked = tokio::task::JoinHandle<(reqwest::StatusCode, Value)>;

fn ask(client: &Client, path: &'static str, body: Value) -> Asked {
    let client = client.clone();
    tokio::spawn(async move { client.post(path, body).await })
}

/// What an agent and an administrator can read.
async fn everything(server: &OnDisk) -> [Value; 3] {
    let (agent, admin) = (server.client("agent1"), server.client("admin"));
    [
        agent.get("/api/v2/me/channels").await.1,
        agent.get("/api/v2/me/interactions?fields=*").await.1,
        admin.get("/api/v2/interactions?fields=*").await.1,
    ]
}
