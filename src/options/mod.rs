//! The server's options: each is a flag, an environment variable and a key of `baton.toml`, in this order.

mod check;
mod demo;
mod file;
mod provider;

pub use check::check;
pub use demo::demo;
pub use file::{ConfigError, File};
pub use provider::InvalidProvider;

use std::collections::BTreeMap;
use std::net::{AddrParseError, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use crate::domain::{CentreId, Configuration, Timing};
use crate::hub::Settings;
use crate::identity::{AttemptLimits, InvalidOrigins, Origins};
use crate::transports::{ConnectionSettings, InvalidNetwork, Network};

macro_rules! options {
    (
        values { $($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $default:expr, $env:literal;)* }
        switches { $($(#[doc = $switch_doc:literal])+ $switch:ident, $switch_env:literal;)* }
    ) => {
        /// Options as given by flags and environment.
        #[derive(Clone, Debug, Default, clap::Args)]
        pub struct Flags {
            $($(#[doc = $doc])+ #[arg(long, env = $env)] $name: Option<$kind>,)*
            $($(#[doc = $switch_doc])+
            #[arg(long, env = $switch_env, num_args = 0..=1, default_missing_value = "true")]
            $switch: Option<bool>,)*
        }

        /// Options as given by the keys of `baton.toml`.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Keys {
            $($name: Option<$kind>,)*
            $($switch: Option<bool>,)*
            /// The contact centres that an empty store begins with, by identifier.
            centres: BTreeMap<CentreId, Configuration>,
        }

        /// Options as they hold.
        #[derive(Clone, Debug)]
        pub struct Options {
            $($(#[doc = $doc])+ pub $name: $kind,)*
            $($(#[doc = $switch_doc])+ pub $switch: bool,)*
        }

        impl Options {
            /// A flag or variable goes before a key of the file, and that before the default.
            pub fn resolve(flags: Flags, keys: Keys) -> (Self, BTreeMap<CentreId, Configuration>) {
                let options = Self {
                    $($name: flags.$name.or(keys.$name).unwrap_or_else(|| $default),)*
                    $($switch: flags.$switch.or(keys.$switch).unwrap_or(false),)*
                };
                (options, keys.centres)
            }
        }
    };
}

options! {
    values {
    /// Address and port to listen on; port 0 takes a free one
    listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 8080)), "BATON_LISTEN";
    /// File with the server's certificate, and those that vouch for it, in PEM: HTTPS instead of HTTP
    tls_cert: PathBuf = PathBuf::new(), "BATON_TLS_CERT";
    /// File with the certificate's private key, in PEM
    tls_key: PathBuf = PathBuf::new(), "BATON_TLS_KEY";
    /// Folder of the journals and the generated secret
    data: PathBuf = PathBuf::from("data"), "BATON_DATA";
    /// Folder of the built pages
    static_dir: PathBuf = PathBuf::from("static/dist"), "BATON_STATIC_DIR";
    /// URL under which clients reach the server, for absolute URIs [default: http:// and the address]
    external_url: String = String::new(), "BATON_EXTERNAL_URL";
    /// Name that events give as `server`
    server_name: String = "baton".to_owned(), "BATON_SERVER_NAME";
    /// File that holds the HS256 secret of tokens; the variable BATON_JWT_SECRET goes before it
    jwt_secret_file: PathBuf = PathBuf::new(), "BATON_JWT_SECRET_FILE";
    /// Issuer that tokens must name, if set
    jwt_issuer: String = String::new(), "BATON_JWT_ISSUER";
    /// Audience that tokens must name, if set
    jwt_audience: String = String::new(), "BATON_JWT_AUDIENCE";
    /// Seconds by which clocks may differ
    jwt_leeway_s: u64 = 30, "BATON_JWT_LEEWAY_S";
    /// File with the public keys (JWKS) of an identity provider whose tokens are taken: RS256, ES256, EdDSA
    jwks_file: PathBuf = PathBuf::new(), "BATON_JWKS_FILE";
    /// The same at an http or https address
    jwks_url: String = String::new(), "BATON_JWKS_URL";
    /// Milliseconds after which the provider's keys are read again; a token with an unknown key has it done earlier
    jwks_refresh_ms: u64 = 15 * 60_000, "BATON_JWKS_REFRESH_MS";
    /// Claim of the provider's tokens that names the user; dots lead into objects
    jwt_user_claim: String = "sub".to_owned(), "BATON_JWT_USER_CLAIM";
    /// Claim that names the contact centre
    jwt_centre_claim: String = "contactCenterId".to_owned(), "BATON_JWT_CENTRE_CLAIM";
    /// Claim that lists the roles
    jwt_roles_claim: String = "roles".to_owned(), "BATON_JWT_ROLES_CLAIM";
    /// The provider's names of roles, such as `cc-agents=agent,cc-leads=supervisor`; ours hold besides
    jwt_role_names: String = String::new(), "BATON_JWT_ROLE_NAMES";
    /// Contact centre of the provider's tokens that name none [default: they are refused]
    jwt_default_centre: String = String::new(), "BATON_JWT_DEFAULT_CENTRE";
    /// Milliseconds until the login of the page ends
    cookie_max_age_ms: u64 = 12 * 3_600_000, "BATON_COOKIE_MAX_AGE_MS";
    /// Milliseconds that an invitation stays open
    delivery_timeout_ms: u64 = 30_000, "BATON_DELIVERY_TIMEOUT_MS";
    /// Milliseconds that the owner of an interaction may stay silent
    handling_timeout_ms: u64 = 180 * 60_000, "BATON_HANDLING_TIMEOUT_MS";
    /// Milliseconds that a router may keep an interaction
    routing_timeout_ms: u64 = 720 * 60_000, "BATON_ROUTING_TIMEOUT_MS";
    /// Milliseconds before an agent who declined, or a router that took too long, is offered the same interaction again
    reoffer_delay_ms: u64 = 5_000, "BATON_REOFFER_DELAY_MS";
    /// Milliseconds that an agent who declined is passed over for one who did not
    pass_over_ms: u64 = 60_000, "BATON_PASS_OVER_MS";
    /// Milliseconds after the last push session ends until an agent's invitations are revoked
    invitation_grace_ms: u64 = 5_000, "BATON_INVITATION_GRACE_MS";
    /// Milliseconds after the last push session ends until an agent's interactions go back
    ownership_grace_ms: u64 = 30_000, "BATON_OWNERSHIP_GRACE_MS";
    /// Milliseconds that a snapshot of interactions lasts that nobody releases
    snapshot_timeout_ms: u64 = 10 * 60_000, "BATON_SNAPSHOT_TIMEOUT_MS";
    /// Milliseconds for which a request that comes again under its Idempotency-Key gets its first answer
    idempotency_key_ttl_ms: u64 = 24 * 3_600_000, "BATON_IDEMPOTENCY_KEY_TTL_MS";
    /// Milliseconds that a CometD connect is held
    cometd_timeout_ms: u64 = 30_000, "BATON_COMETD_TIMEOUT_MS";
    /// Milliseconds between CometD connects that clients are advised to wait
    cometd_interval_ms: u64 = 0, "BATON_COMETD_INTERVAL_MS";
    /// Milliseconds without a connect after which a CometD session ends
    cometd_max_interval_ms: u64 = 10_000, "BATON_COMETD_MAX_INTERVAL_MS";
    /// Messages that wait for a CometD session before it ends
    cometd_queue_len_max: usize = 1_000, "BATON_COMETD_QUEUE_LEN_MAX";
    /// Bytes that wait for a CometD session before it ends
    cometd_queue_bytes_max: usize = 1024 * 1024, "BATON_COMETD_QUEUE_BYTES_MAX";
    /// CometD sessions that there may be at once
    cometd_sessions_max: usize = 65_536, "BATON_COMETD_SESSIONS_MAX";
    /// CometD sessions that a user may have at once
    cometd_sessions_per_user_max: usize = 256, "BATON_COMETD_SESSIONS_PER_USER_MAX";
    /// Milliseconds for which subscribers can hear again what they missed: the journal before that goes; 0 keeps all of it
    replay_window_ms: u64 = 72 * 3_600_000, "BATON_REPLAY_WINDOW_MS";
    /// Messages that stay in memory for subscribers who come back; older ones are read from the journal
    replay_ring_len_max: usize = 50_000, "BATON_REPLAY_RING_LEN_MAX";
    /// Bytes, by estimate, that those messages may keep
    replay_ring_bytes_max: usize = 64 * 1024 * 1024, "BATON_REPLAY_RING_BYTES_MAX";
    /// Steps after the last state snapshot before the next is written; the interval and the growth have to have passed too
    state_snapshot_steps: u64 = 50_000, "BATON_STATE_SNAPSHOT_STEPS";
    /// Milliseconds after the last state snapshot before the next is written
    state_snapshot_interval_ms: u64 = 60_000, "BATON_STATE_SNAPSHOT_INTERVAL_MS";
    /// Bytes journalled after the last state snapshot before the next is written, in percent of its size
    state_snapshot_growth_percent: u64 = 100, "BATON_STATE_SNAPSHOT_GROWTH_PERCENT";
    /// State snapshots of a contact centre that are kept
    state_snapshots_kept: usize = 2, "BATON_STATE_SNAPSHOTS_KEPT";
    /// Milliseconds for which stopped interactions stay in the archive; 0 keeps them for ever
    archive_retention_ms: u64 = 0, "BATON_ARCHIVE_RETENTION_MS";
    /// CometD connects that may be held at once by long polling
    cometd_held_connects_max: usize = 65_536, "BATON_COMETD_HELD_CONNECTS_MAX";
    /// CometD connects that a browser may hold at once over HTTP/1.1
    cometd_held_connects_per_browser_max: usize = 6, "BATON_COMETD_HELD_CONNECTS_PER_BROWSER_MAX";
    /// WebSockets that may be open at once
    cometd_sockets_max: usize = 65_536, "BATON_COMETD_SOCKETS_MAX";
    /// Milliseconds of silence after which the peer of a WebSocket is pinged
    cometd_ping_interval_ms: u64 = 30_000, "BATON_COMETD_PING_INTERVAL_MS";
    /// Milliseconds that the peer of a WebSocket has to answer a ping
    cometd_pong_timeout_ms: u64 = 10_000, "BATON_COMETD_PONG_TIMEOUT_MS";
    /// Milliseconds after which a CometD session that does nothing but connect ends; 0 for never
    cometd_activity_timeout_ms: u64 = 0, "BATON_COMETD_ACTIVITY_TIMEOUT_MS";
    /// Origins beside the server's own whose pages may use the server, separated by commas; `centre=origin` for the pages of
    /// one contact centre alone
    allowed_origins: String = String::new(), "BATON_ALLOWED_ORIGINS";
    /// Bytes of a request's body
    body_bytes_max: usize = 1024 * 1024, "BATON_BODY_BYTES_MAX";
    /// Wrong passwords a minute for one user name before more are refused; 0 for no limit
    login_failures_per_user_max: u32 = 20, "BATON_LOGIN_FAILURES_PER_USER_MAX";
    /// Wrong passwords a minute from one address before more are refused; 0 for no limit
    login_failures_per_address_max: u32 = 200, "BATON_LOGIN_FAILURES_PER_ADDRESS_MAX";
    /// Requests a minute that a user may make to the REST interface; 0 for no limit
    requests_per_user_max: u32 = 0, "BATON_REQUESTS_PER_USER_MAX";
    /// Addresses and networks of proxies that are believed when they say whom they speak for, separated by commas
    trusted_proxies: String = String::new(), "BATON_TRUSTED_PROXIES";
    /// Milliseconds that a request's body may take
    body_timeout_ms: u64 = 30_000, "BATON_BODY_TIMEOUT_MS";
    /// Connections that may be open at once, WebSockets not among them
    connections_max: usize = 65_536, "BATON_CONNECTIONS_MAX";
    /// Milliseconds that the head of a request may take
    head_timeout_ms: u64 = 75_000, "BATON_HEAD_TIMEOUT_MS";
    /// Requests that one HTTP/2 connection may have open at once
    http2_streams_max: u32 = 10_000, "BATON_HTTP2_STREAMS_MAX";
    /// Address and port for who monitors the server, where /metrics and /health need no credentials [default: none]
    metrics_listen: String = String::new(), "BATON_METRICS_LISTEN";
    /// File that the audit trail is appended to as JSON lines, instead of the log
    audit_file: PathBuf = PathBuf::new(), "BATON_AUDIT_FILE";
    /// URL of a collector that takes the spans of requests by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces
    otlp_endpoint: String = String::new(), "BATON_OTLP_ENDPOINT";
    /// What is logged, such as `info` or `baton=debug`
    log: String = "info".to_owned(), "BATON_LOG";
    }
    switches {
    /// Start the demo contact centres, whatever the address
    demo, "BATON_DEMO";
    /// Offer CometD by callback-polling (JSON-P) too
    cometd_callback_polling, "BATON_COMETD_CALLBACK_POLLING";
    /// Refuse what pages ask for by the cookie without the header X-CSRF-TOKEN of an answer before
    csrf_protection, "BATON_CSRF_PROTECTION";
    /// Tell of interactions on the CometD channels of their media too: /v2/me/chats and the like
    cometd_media_channels, "BATON_COMETD_MEDIA_CHANNELS";
    /// Log as JSON lines
    log_json, "BATON_LOG_JSON";
    }
}

impl Options {
    /// The hub's bounds and times.
    pub fn hub_settings(&self) -> Settings {
        Settings {
            timeout_ms: self.cometd_timeout_ms,
            interval_ms: self.cometd_interval_ms,
            max_interval_ms: self.cometd_max_interval_ms,
            queue_len_max: self.cometd_queue_len_max,
            queue_bytes_max: self.cometd_queue_bytes_max,
            sessions_max: self.cometd_sessions_max,
            sessions_per_user_max: self.cometd_sessions_per_user_max,
            held_connects_max: self.cometd_held_connects_max,
            held_connects_per_browser_max: self.cometd_held_connects_per_browser_max,
            sockets_max: self.cometd_sockets_max,
            websocket_ping_interval_ms: self.cometd_ping_interval_ms,
            websocket_pong_timeout_ms: self.cometd_pong_timeout_ms,
            activity_timeout_ms: Some(self.cometd_activity_timeout_ms).filter(|ms| *ms > 0),
            callback_polling: self.cometd_callback_polling,
            cookies_secure: self.is_https(),
            body_timeout_ms: self.body_timeout_ms,
            allowed_origins: self.origins().unwrap_or_default().all(),
            ..Settings::default()
        }
    }

    /// The bounds and times of connections.
    ///
    /// # Errors
    /// A trusted proxy is neither an address nor a network.
    pub fn connection_settings(&self) -> Result<ConnectionSettings, InvalidNetwork> {
        let trusted_proxies: Result<Vec<Network>, InvalidNetwork> =
            listed(&self.trusted_proxies).map(str::parse).collect();
        Ok(ConnectionSettings {
            connections_max: self.connections_max,
            head_timeout_ms: self.head_timeout_ms,
            http2_streams_max: self.http2_streams_max,
            http2_ping_interval_ms: self.cometd_ping_interval_ms,
            http2_pong_timeout_ms: self.cometd_pong_timeout_ms,
            trusted_proxies: trusted_proxies?.into(),
            tls: None,
        })
    }

    /// The address for who monitors the server, if there is to be one.
    ///
    /// # Errors
    /// It is no address with a port.
    pub fn metrics_listen(&self) -> Result<Option<SocketAddr>, AddrParseError> {
        let given = Some(&self.metrics_listen).filter(|it| !it.is_empty());
        given.map(|it| it.parse()).transpose()
    }

    /// Origins beside the server's own.
    ///
    /// # Errors
    /// One is none.
    pub fn origins(&self) -> Result<Origins, InvalidOrigins> {
        self.allowed_origins.parse()
    }

    /// Whether clients reach the server by TLS.
    pub fn is_https(&self) -> bool {
        self.has_tls() || self.external_url.starts_with("https:")
    }

    /// Whether the server itself speaks TLS.
    pub fn has_tls(&self) -> bool {
        !self.tls_cert.as_os_str().is_empty() || !self.tls_key.as_os_str().is_empty()
    }

    /// How many wrong passwords are borne.
    pub fn attempt_limits(&self) -> AttemptLimits {
        AttemptLimits {
            per_user: self.login_failures_per_user_max,
            per_address: self.login_failures_per_address_max,
        }
    }

    /// The engine's times.
    pub fn timing(&self) -> Timing {
        Timing {
            delivery_timeout_ms: self.delivery_timeout_ms,
            handling_timeout_ms: self.handling_timeout_ms,
            routing_timeout_ms: self.routing_timeout_ms,
            reoffer_delay_ms: self.reoffer_delay_ms,
            pass_over_ms: self.pass_over_ms,
            invitation_grace_ms: self.invitation_grace_ms,
            ownership_grace_ms: self.ownership_grace_ms,
            snapshot_timeout_ms: self.snapshot_timeout_ms,
            idempotency_key_ttl_ms: self.idempotency_key_ttl_ms,
        }
    }
}

/// What a text lists, separated by commas.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|it| !it.is_empty())
}
