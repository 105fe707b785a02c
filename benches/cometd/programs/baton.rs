//! Hub and carriers as a product has them: users by their tokens, channels that are somebody's own or everybody's.

use std::sync::{Arc, OnceLock};

use axum::http::{HeaderMap, header};
use baton::bayeux::{ChannelId, Denied, Event};
use baton::hub::{Application, CurrentState, Hub, Principal, Settings, UserKey};
use baton::transports::{self, Authenticator, Carrier, Client, Unauthenticated, routes};
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::listen;

/// As the product runs it; with one core it has one worker.
pub(super) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let settings = Settings {
            // Longer than a run: what is measured are deliveries.
            timeout_ms: 600_000,
            max_interval_ms: 600_000,
            websocket_ping_interval_ms: 600_000,
            sessions_per_user_max: usize::MAX,
            ..Settings::default()
        };
        let users = Arc::new(Users {
            everybody: "everybody".into(),
            hub: OnceLock::new(),
        });
        let hub = Hub::new(settings, users.clone());
        users.hub.get_or_init(|| hub.clone());
        let carrier = Carrier {
            hub,
            authenticator: users,
        };
        let listener = listen().await;
        let routes = routes("/cometd", carrier);
        tokio::spawn(transports::serve(
            listener,
            routes,
            transports::ConnectionSettings::default(),
            std::future::pending(),
        ))
        .await
        .unwrap();
    });
}

/// What is published to `/one/<user>` is for that user, everything else for everybody.
struct Users {
    everybody: UserKey,
    hub: OnceLock<Hub>,
}

impl Application for Users {
    fn may_subscribe(&self, _: &Principal, _: &ChannelId) -> Result<(), Denied> {
        Ok(())
    }

    fn may_publish(&self, _: &Principal, _: &ChannelId) -> Result<(), Denied> {
        Ok(())
    }

    fn publish(&self, _: &Principal, channel: &ChannelId, data: &RawValue) -> Vec<Event> {
        let user = match channel.as_str().strip_prefix("/one/") {
            Some(user) => user.into(),
            None => self.everybody.clone(),
        };
        let hub = self.hub.get().expect("set before the server listens");
        hub.deliver(vec![(user, Event::new(channel, None, data))]);
        Vec::new()
    }

    fn current_state(&self, _: &Principal, _: &ChannelId) -> Option<CurrentState> {
        None
    }

    fn sessions_changed(&self, _: &Principal, _: usize) {}
}

impl Authenticator for Users {
    fn authenticate<'a>(
        &'a self,
        headers: &'a HeaderMap,
        _: Option<&'a str>,
        _: Option<Client>,
    ) -> BoxFuture<'a, Result<Principal, Unauthenticated>> {
        let user = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let known = user.map(|user| Principal::new(user.into()));
        Box::pin(async move { known.ok_or(Unauthenticated::Missing) })
    }
}
