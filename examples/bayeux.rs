//! A CometD server and nothing else: hub and carriers, with everybody as one and the same user.
//!
//! Anybody may handshake, and subscribe and publish where it is not `/forbidden`; `/service/echo` echoes.
//!
//! ```text
//! cargo run --release --example bayeux -- --timeout 4000 --max-interval 2500
//! ```

use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use baton::bayeux::{ChannelId, Denied, Event, Kind};
use baton::hub::{Application, BrowserCookie, CurrentState, Hub, Principal, Settings, UserKey};
use baton::transports::{Authenticator, Carrier, Unauthenticated, routes};
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
    timeout: u64,
    /// How long a session lives without a connect, in milliseconds.
    #[arg(long, default_value_t = 10_000)]
    max_interval: u64,
    /// Another origin that may open sockets.
    #[arg(long)]
    allow_origin: Vec<String>,
    /// Accept sessions without their browser cookie: for clients that keep none for numeric hosts.
    #[arg(long)]
    trust_clients: bool,
    /// Credentials that a handshake has to bring, as a bearer token or in `ext.authentication.token`.
    #[arg(long)]
    token: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let settings = Settings {
        timeout_ms: options.timeout,
        max_interval_ms: options.max_interval,
        sessions_per_user_max: usize::MAX,
        browser_cookie: if options.trust_clients {
            BrowserCookie::Optional
        } else {
            BrowserCookie::Required
        },
        allowed_origins: options.allow_origin,
        ..Settings::default()
    };
    let everybody = Arc::new(Everybody {
        key: "everybody".into(),
        hub: OnceLock::new(),
        token: options.token,
    });
    let hub = Hub::new(settings, everybody.clone());
    everybody.hub.get_or_init(|| hub.clone());
    let carrier = Carrier {
        hub: hub.clone(),
        authenticator: everybody,
    };
    let listener = tokio::net::TcpListener::bind(&options.listen).await?;
    let stop = async move {
        tokio::signal::ctrl_c().await.ok();
        hub.shut_down();
    };
    axum::serve(listener, routes("/cometd", carrier))
        .with_graceful_shutdown(stop)
        .await?;
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
