//! A CometD server and nothing else: hub and carriers, with everybody as one and the same user.
//!
//! Anybody may handshake, and subscribe and publish where it is not `/forbidden`; `/service/echo` echoes.
//!
//! ```text
//! cargo run --release --example bayeux -- --timeout-ms 4000 --max-interval-ms 2500
//! ```

use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use baton::bayeux::{ChannelId, Denied, Event, Kind};
use baton::hub::{Application, BrowserCookie, CurrentState, Hub, Principal, Settings, UserKey};
use baton::transports::{
    Authenticator, Carrier, Client, ConnectionSettings, Unauthenticated, routes, serve, with_cors,
};
use clap::Parser;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

#[derive(Parser)]
struct Options {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// How long a connect is held, in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    timeout_ms: u64,
    /// The advised pause between two connects, in milliseconds.
    #[arg(long, default_value_t = 0)]
    interval_ms: u64,
    /// How long a session lives without a connect, in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    max_interval_ms: u64,
    /// How often ended sessions are looked for, in milliseconds.
    #[arg(long, default_value_t = 500)]
    sweep_ms: u64,
    /// How long a session may do nothing but connect, in milliseconds; for ever unless it is given.
    #[arg(long)]
    activity_timeout_ms: Option<u64>,
    #[command(flatten)]
    bounds: Bounds,
    /// Another origin whose pages may use this server.
    #[arg(long)]
    allow_origin: Vec<String>,
    /// Accept sessions without their browser cookie: for clients that keep none for numeric hosts.
    #[arg(long)]
    trust_clients: bool,
    /// Offer callback-polling (JSON-P) too.
    #[arg(long)]
    callback_polling: bool,
    /// Credentials that a handshake has to bring, as a bearer token or in `ext.authentication.token`.
    #[arg(long)]
    token: Option<String>,
}

/// What is not given is as the product has it by default.
#[derive(clap::Args)]
struct Bounds {
    /// Sessions at a time.
    #[arg(long, default_value_t = 1_000_000)]
    sessions_max: usize,
    /// Connects held at a time by long polling.
    #[arg(long, default_value_t = 1_000_000)]
    held_connects_max: usize,
    /// Connections at a time, sockets not among them.
    #[arg(long, default_value_t = 1_000_000)]
    connections_max: usize,
    /// Requests that one HTTP/2 connection may have open at a time.
    #[arg(long, default_value_t = 10_000)]
    http2_streams_max: u32,
    /// Sockets at a time.
    #[arg(long, default_value_t = 1_000_000)]
    sockets_max: usize,
    /// Events that may wait for a session.
    #[arg(long)]
    queue_len_max: Option<usize>,
    /// Bytes that may wait for a session.
    #[arg(long)]
    queue_bytes_max: Option<usize>,
    /// Bytes of events in one response or frame.
    #[arg(long)]
    response_bytes_max: Option<usize>,
    /// Channels a session may be subscribed to.
    #[arg(long)]
    subscriptions_max: Option<usize>,
    /// Bytes of one request or frame.
    #[arg(long)]
    message_size_max: Option<usize>,
    /// Messages in one request or frame.
    #[arg(long)]
    batch_len_max: Option<usize>,
    /// Connects one browser may hold over HTTP/1.1.
    #[arg(long)]
    held_connects_per_browser_max: Option<usize>,
}

impl Options {
    fn settings(&self) -> Settings {
        let (bounds, default) = (&self.bounds, Settings::default());
        let or = Option::<usize>::unwrap_or;
        Settings {
            timeout_ms: self.timeout_ms,
            interval_ms: self.interval_ms,
            max_interval_ms: self.max_interval_ms,
            sweep_period_ms: self.sweep_ms,
            activity_timeout_ms: self.activity_timeout_ms,
            sessions_max: bounds.sessions_max,
            // There is one user.
            sessions_per_user_max: bounds.sessions_max,
            held_connects_max: bounds.held_connects_max,
            sockets_max: bounds.sockets_max,
            queue_len_max: or(bounds.queue_len_max, default.queue_len_max),
            queue_bytes_max: or(bounds.queue_bytes_max, default.queue_bytes_max),
            response_bytes_max: or(bounds.response_bytes_max, default.response_bytes_max),
            subscriptions_per_session_max: or(
                bounds.subscriptions_max,
                default.subscriptions_per_session_max,
            ),
            message_size_max: or(bounds.message_size_max, default.message_size_max),
            batch_len_max: or(bounds.batch_len_max, default.batch_len_max),
            held_connects_per_browser_max: or(
                bounds.held_connects_per_browser_max,
                default.held_connects_per_browser_max,
            ),
            browser_cookie: if self.trust_clients {
                BrowserCookie::Optional
            } else {
                BrowserCookie::Required
            },
            callback_polling: self.callback_polling,
            allowed_origins: self.allow_origin.clone(),
            ..default
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let settings = options.settings();
    let everybody = Arc::new(Everybody {
        key: "everybody".into(),
        hub: OnceLock::new(),
        token: options.token.clone(),
    });
    let hub = Hub::new(settings, everybody.clone());
    everybody.hub.get_or_init(|| hub.clone());
    let carrier = Carrier {
        hub: hub.clone(),
        authenticator: everybody,
    };
    let listener = tokio::net::TcpListener::bind(&options.listen).await?;
    let stop = async {
        tokio::signal::ctrl_c().await.ok();
        hub.shut_down();
    };
    let router = with_cors(routes("/cometd", carrier), &options.allow_origin);
    let connections = ConnectionSettings {
        connections_max: options.bounds.connections_max,
        http2_streams_max: options.bounds.http2_streams_max,
        ..ConnectionSettings::default()
    };
    serve(listener, router, connections, stop).await;
    hub.sockets_closed().await;
    Ok(())
}

struct Everybody {
    key: UserKey,
    hub: OnceLock<Hub>,
    token: Option<String>,
}

impl Application for Everybody {
    fn may_subscribe(&self, _: &Principal, channel: &ChannelId) -> Result<(), Denied> {
        allowed(channel)
    }

    fn may_publish(&self, _: &Principal, channel: &ChannelId) -> Result<(), Denied> {
        allowed(channel)
    }

    fn publish(&self, who: &Principal, channel: &ChannelId, data: &RawValue) -> Vec<Event> {
        let event = Event::new(channel, None, data);
        match channel.kind() {
            Kind::Service if channel.as_str() == "/service/echo" => vec![event],
            Kind::Service | Kind::Meta => Vec::new(),
            Kind::Broadcast => {
                let hub = self.hub.get().expect("set before the server listens");
                hub.deliver(vec![(who.key.clone(), event)]);
                Vec::new()
            }
        }
    }

    fn current_state(&self, _: &Principal, _: &ChannelId) -> Option<CurrentState> {
        None
    }

    fn sessions_changed(&self, _: &Principal, _: usize) {}
}

fn allowed(channel: &ChannelId) -> Result<(), Denied> {
    if channel.as_str() == "/forbidden" {
        Err(Denied::default())
    } else {
        Ok(())
    }
}

impl Authenticator for Everybody {
    fn authenticate<'a>(
        &'a self,
        headers: &'a HeaderMap,
        token: Option<&'a str>,
        _: Option<Client>,
    ) -> BoxFuture<'a, Result<Principal, Unauthenticated>> {
        let header = headers
            .get("authorization")
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let known = match (&self.token, token.or(header)) {
            (None, _) => Ok(()),
            (Some(expected), Some(sent)) if expected == sent => Ok(()),
            (Some(_), Some(_)) => Err(Unauthenticated::Invalid),
            (Some(_), None) => Err(Unauthenticated::Missing),
        };
        let principal = Principal::new(self.key.clone());
        Box::pin(async move { known.map(|()| principal) })
    }
}
