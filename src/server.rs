//! The roof: wiring only. Options in, a running server out.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::api::{self, BodyLimits, Interface, Observer, Parts, Routers};
use crate::centre::{Centres, Handle, Links, ReplayLimits, SnapshotPolicy, Start, wall_clock};
use crate::domain::{CentreId, Configuration};
use crate::hub::Hub;
use crate::identity::{Buckets, Credentials, Provider, Revocations, Tokens};
use crate::journal::{DataFolder, SqliteJournal, StateSnapshots};
use crate::options::Options;
use crate::transports::{ConnectionSettings, Tls, serve};

/// The variable that holds the HS256 secret.
pub const SECRET_VARIABLE: &str = "BATON_JWT_SECRET";
/// Where a generated secret is kept, in the data folder.
pub const SECRET_FILE: &str = "jwt.secret";
/// Shortest secret that is taken where the demo does not run, in bytes (RFC 7518 3.2).
const SECRET_LEN_MIN: usize = 32;
/// Over how many seconds the requests of a user are counted.
const RATE_WINDOW_S: u32 = 60;
/// Connections of who monitors the server that are open at a time; more wait.
const MONITORING_CONNECTIONS_MAX: usize = 64;
/// How long a stopping server waits for its connections.
const DRAIN_MAX: Duration = Duration::from_secs(6);
/// How long a stopping server writes state snapshots after that: ten seconds are all that an operator gives it.
const SNAPSHOTS_MAX: Duration = Duration::from_secs(3);

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    monitoring: Option<(TcpListener, Router)>,
    interface: Interface,
    connections: ConnectionSettings,
    hub: Hub,
    centres: Centres,
}

impl Server {
    /// Opens the data folder, restores every contact centre and begins to listen.
    ///
    /// # Errors
    /// The address or the folder is taken, a journal is damaged, the secret is too weak.
    pub async fn start(
        options: &Options,
        configured: BTreeMap<CentreId, Configuration>,
    ) -> Result<Self> {
        let folder = DataFolder::open(&options.data).context("cannot open the data folder")?;
        let secret = secret(options, Some(&folder))?;
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("cannot listen on {}", options.listen))?;
        let address = listener.local_addr()?;
        let monitored_at = monitoring_listener(options).await?;
        let centres = Centres::default();
        let hub = Hub::new(options.hub_settings(), Arc::new(centres.clone()));
        let links = Links::new(&external_url(options, address));
        for (id, configuration) in configured {
            let start = starting(options, &folder, id, &hub, &links, configuration)?;
            let id = start.id.clone();
            let handle = Handle::start(start)
                .await
                .with_context(|| format!("cannot start contact centre {id}"))?;
            info!(centre = %id, sequence = handle.state().sequence.0, "restored");
            centres.insert(handle);
        }
        let mut connections = options
            .connection_settings()
            .context("option trusted_proxies")?;
        connections.tls = tls(options)?;
        let credentials = credentials(options, &centres, &folder, &secret).await?;
        let Routers {
            interface,
            monitoring,
        } = api::routers(Parts {
            centres: centres.clone(),
            credentials,
            hub: hub.clone(),
            observer: Arc::<Observer>::default(),
            allowed_origins: options.origins().context("option allowed_origins")?.all(),
            cookies_secure: options.is_https(),
            requests_per_user: Buckets::new(options.requests_per_user_max, RATE_WINDOW_S),
            csrf_protection: options.csrf_protection,
            cookie_max_age_ms: options.cookie_max_age_ms,
            body: BodyLimits {
                bytes_max: options.body_bytes_max,
                time_max: Duration::from_millis(options.body_timeout_ms),
            },
            static_dir: options.static_dir.clone(),
        });
        Ok(Self {
            listener,
            monitoring: monitored_at.map(|listener| (listener, monitoring)),
            interface,
            connections,
            hub,
            centres,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The socket has gone.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Where it tells who monitors it, if anywhere.
    ///
    /// # Errors
    /// The socket has gone.
    pub fn monitoring_address(&self) -> Result<Option<SocketAddr>> {
        let listener = self.monitoring.as_ref().map(|(listener, _)| listener);
        Ok(listener.map(TcpListener::local_addr).transpose()?)
    }

    /// Serves until `stop` is ready; then held connects are answered, what was begun is finished, and the journals closed.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) {
        let (draining, mut drain) = tokio::sync::watch::channel(false);
        let hub = self.hub.clone();
        let stopping = async move {
            stop.await;
            info!("stopping");
            hub.shut_down();
            draining.send_replace(true);
        };
        let hub = self.hub;
        // Until the end: who monitors the server sees it stop.
        let monitoring = self.monitoring.map(|(listener, router)| {
            let settings = ConnectionSettings {
                connections_max: MONITORING_CONNECTIONS_MAX,
                tls: None,
                ..self.connections.clone()
            };
            tokio::spawn(serve(listener, router, settings, std::future::pending()))
        });
        let service = self.interface.service();
        let serve = async {
            serve(self.listener, service, self.connections, stopping).await;
            hub.sockets_closed().await;
        };
        let limit = async move {
            let stopped = drain.wait_for(|draining| *draining).await.is_ok();
            if stopped {
                tokio::time::sleep(DRAIN_MAX).await;
            } else {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = serve => {}
            () = limit => warn!("some connections did not end in time"),
        }
        // Those who are told to stop and do not are killed: a state snapshot is given up before.
        let by = Instant::now() + SNAPSHOTS_MAX;
        let centres = self.centres.all();
        let stopped = centres.iter().map(|handle| handle.stop_by(by));
        futures_util::future::join_all(stopped).await;
        if let Some(monitoring) = monitoring {
            monitoring.abort();
        }
    }
}

/// What a contact centre is started with.
fn starting(
    options: &Options,
    folder: &DataFolder,
    id: CentreId,
    hub: &Hub,
    links: &Links,
    configuration: Configuration,
) -> Result<Start> {
    let journal = SqliteJournal::open(folder, id.as_str(), wall_clock().0)
        .with_context(|| format!("cannot open the journal of contact centre {id}"))?;
    let snapshots = StateSnapshots::new(folder, id.as_str());
    Ok(Start {
        id,
        server: options.server_name.clone(),
        links: links.clone(),
        hub: hub.clone(),
        media_channels: options.cometd_media_channels,
        journal: Box::new(journal),
        snapshots: Some((snapshots, snapshot_policy(options))),
        configuration,
        timing: options.timing(),
        replay: replay_limits(options),
        archive_retention: archive_retention(options),
    })
}

/// Who is who.
async fn credentials(
    options: &Options,
    centres: &Centres,
    folder: &DataFolder,
    secret: &[u8],
) -> Result<Credentials> {
    let credentials = Credentials::new(
        centres.clone(),
        tokens(options, secret),
        provider(options).await?,
        Revocations::open(folder.clone())?,
        options.attempt_limits(),
        secret,
    );
    let origins = options.origins().context("option allowed_origins")?;
    for centre in origins.centres() {
        let is_here = centres.find(centre).is_some();
        ensure!(
            is_here,
            "option allowed_origins: there is no contact centre {centre}"
        );
    }
    Ok(credentials.with_origins(origins))
}

/// The identity provider, if there is one.
async fn provider(options: &Options) -> Result<Option<Arc<Provider>>> {
    let settings = options
        .provider_settings()
        .context("options jwt_…, jwks_…")?;
    let Some(settings) = settings else {
        return Ok(None);
    };
    let provider = Provider::open(settings).await;
    Ok(Some(provider.context("option jwks_file or jwks_url")?))
}

/// TLS, if there is a certificate: its files are read again at every SIGHUP.
fn tls(options: &Options) -> Result<Option<Tls>> {
    use tokio::signal::unix::{SignalKind, signal};
    if !options.has_tls() {
        return Ok(None);
    }
    let tls = Tls::open(options.tls_cert.clone(), options.tls_key.clone());
    let tls = tls.context("options tls_cert and tls_key")?;
    let mut told = signal(SignalKind::hangup())?;
    let reloaded = tls.clone();
    tokio::spawn(async move {
        while told.recv().await.is_some() {
            match reloaded.reload() {
                Ok(()) => info!("the certificate is read again"),
                Err(error) => warn!(%error, "the certificate of before stays"),
            }
        }
    });
    Ok(Some(tls))
}

async fn monitoring_listener(options: &Options) -> Result<Option<TcpListener>> {
    let Some(address) = options.metrics_listen().context("option metrics_listen")? else {
        return Ok(None);
    };
    let listener = TcpListener::bind(address).await;
    let listener = listener.with_context(|| format!("cannot listen on {address}"))?;
    info!(address = %listener.local_addr()?, "metrics are at");
    Ok(Some(listener))
}

/// Tokens by the options.
pub fn tokens(options: &Options, secret: &[u8]) -> Tokens {
    Tokens::new(
        secret,
        &options.jwt_issuer,
        &options.jwt_audience,
        options.jwt_leeway_s,
    )
}

/// The HS256 secret: of the environment, else of the named file, else the generated one of the data folder. With a
/// folder that is open, one is generated if there is none.
///
/// # Errors
/// None to be had, empty, or too short where the demo does not run.
pub fn secret(options: &Options, folder: Option<&DataFolder>) -> Result<Vec<u8>> {
    if let Some(value) = std::env::var_os(SECRET_VARIABLE) {
        let secret = value.into_encoded_bytes();
        return checked(secret, options).with_context(|| SECRET_VARIABLE);
    }
    if !options.jwt_secret_file.as_os_str().is_empty() {
        return read_secret(&options.jwt_secret_file, options);
    }
    let file = options.data.join(SECRET_FILE);
    if let Some(folder) = folder
        && !file.is_file()
    {
        let mut bytes = [0; 48];
        getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        folder.write_private_file(SECRET_FILE, text.as_bytes())?;
    }
    read_secret(&file, options)
}

fn read_secret(file: &Path, options: &Options) -> Result<Vec<u8>> {
    let text = std::fs::read(file).with_context(|| {
        format!(
            "cannot read the secret {}: start the server first, or set {SECRET_VARIABLE}",
            file.display()
        )
    })?;
    let trimmed = text.trim_ascii().to_vec();
    checked(trimmed, options).with_context(|| file.display().to_string())
}

fn checked(secret: Vec<u8>, options: &Options) -> Result<Vec<u8>> {
    let is_development = options.demo || options.listen.ip().is_loopback();
    if secret.is_empty() {
        bail!("the secret is empty");
    }
    if secret.len() < SECRET_LEN_MIN && !is_development {
        bail!("the secret is shorter than {SECRET_LEN_MIN} bytes");
    }
    Ok(secret)
}

fn replay_limits(options: &Options) -> ReplayLimits {
    let window_ms = Some(options.replay_window_ms).filter(|ms| *ms > 0);
    ReplayLimits {
        window: window_ms.map(Duration::from_millis),
        ring_len_max: options.replay_ring_len_max,
        ring_bytes_max: options.replay_ring_bytes_max,
    }
}

fn archive_retention(options: &Options) -> Option<Duration> {
    let kept_ms = Some(options.archive_retention_ms).filter(|ms| *ms > 0);
    kept_ms.map(Duration::from_millis)
}

fn snapshot_policy(options: &Options) -> SnapshotPolicy {
    SnapshotPolicy {
        steps_min: options.state_snapshot_steps,
        interval_min: Duration::from_millis(options.state_snapshot_interval_ms),
        growth_percent_min: options.state_snapshot_growth_percent,
        kept: options.state_snapshots_kept,
    }
}

fn external_url(options: &Options, address: SocketAddr) -> String {
    if options.external_url.is_empty() {
        let scheme = if options.has_tls() { "https" } else { "http" };
        format!("{scheme}://{address}")
    } else {
        options.external_url.clone()
    }
}
