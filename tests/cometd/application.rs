use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use axum::http::HeaderMap;
use baton::bayeux::{ChannelId, Denied, Event, Kind};
use baton::hub::{Application, CurrentState, Hub, Principal};
use baton::transports::{Authenticator, Client, Unauthenticated};
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

/// Knows every user by a token that is his name: `alice`, or `alice:500` for one whose credentials end in 500 ms.
#[derive(Default)]
pub(super) struct Product {
    pub(super) hub: OnceLock<Hub>,
    pub(super) states: Mutex<BTreeMap<String, (u64, String)>>,
    pub(super) presence: Mutex<Vec<String>>,
}

impl Application for Product {
    fn may_subscribe(&self, _: &Principal, channel: &ChannelId) -> Result<(), Denied> {
        allowed(channel)
    }

    fn may_publish(&self, _: &Principal, channel: &ChannelId) -> Result<(), Denied> {
        allowed(channel)
    }

    fn publish(&self, who: &Principal, channel: &ChannelId, data: &RawValue) -> Vec<Event> {
        let event = Event::new(channel, None, data);
        if channel.kind() == Kind::Service {
            return vec![event];
        }
        self.hub
            .get()
            .unwrap()
            .deliver(vec![(who.key.clone(), event)]);
        Vec::new()
    }

    fn current_state(&self, _: &Principal, channel: &ChannelId) -> Option<CurrentState> {
        let states = self.states.lock().unwrap();
        let (valid_at, data) = states.get(channel.as_str())?;
        let data = RawValue::from_string(data.clone()).unwrap();
        Some(CurrentState {
            valid_at: *valid_at,
            events: vec![Event::new(channel, None, &data)],
        })
    }

    fn sessions_changed(&self, who: &Principal, open: usize) {
        self.presence
            .lock()
            .unwrap()
            .push(format!("{} {open}", who.key));
    }
}

fn allowed(channel: &ChannelId) -> Result<(), Denied> {
    if channel.as_str() == "/denied" {
        Err(Denied::new("not_yours"))
    } else {
        Ok(())
    }
}

impl Authenticator for Product {
    fn authenticate<'a>(
        &'a self,
        headers: &'a HeaderMap,
        token: Option<&'a str>,
        _: Option<Client>,
    ) -> BoxFuture<'a, Result<Principal, Unauthenticated>> {
        let header = headers
            .get("authorization")
            .map(|value| value.to_str().unwrap().trim_start_matches("Bearer "));
        let known = match token.or(header) {
            None => Err(Unauthenticated::Missing),
            Some("expired") => Err(Unauthenticated::Expired),
            Some("forged") => Err(Unauthenticated::Invalid),
            Some(token) => Ok(principal(self.hub.get().unwrap(), token)),
        };
        Box::pin(async move { known })
    }
}

fn principal(hub: &Hub, token: &str) -> Principal {
    let (user, lifetime) = token
        .split_once(':')
        .map_or((token, None), |(user, ms)| (user, Some(ms)));
    let expires_at_ms = lifetime.map(|ms| hub.now().wall_ms + ms.parse::<u64>().unwrap());
    Principal {
        expires_at_ms,
        ..Principal::new(Arc::from(user))
    }
}
