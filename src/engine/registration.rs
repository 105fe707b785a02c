//! Who is registered for an address, and so who routes a queue and who hears of it (seed 003, interaction-models
//! section 4).

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::index::Timer;
use super::schedule::Line;
use super::{Client, State};
use crate::domain::{
    Address, ClientType, Interaction, Presence, QueueName, RegisterMode, Router, Timestamp, UserId,
};

/// A client's registration for an address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Registration {
    /// Whose.
    pub user: UserId,
    /// How.
    pub mode: RegisterMode,
}

/// A registration as a snapshot has it; the first ones had no mode.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Shared(UserId),
    Whole { user: UserId, mode: RegisterMode },
}

impl From<Written> for Registration {
    fn from(written: Written) -> Self {
        match written {
            Written::Shared(user) => Self {
                user,
                mode: RegisterMode::Share,
            },
            Written::Whole { user, mode } => Self { user, mode },
        }
    }
}

impl State {
    /// A client's request takes effect: if its push session was lost, its grace time begins anew.
    pub(super) fn renew_client(&mut self, user: &UserId) {
        if let Some(client) = self.clients.get(user)
            && let Presence::LostAt(_) = client.presence
        {
            let mut client = client.clone();
            client.presence = Presence::LostAt(self.at);
            self.set_client(user, Some(client));
        }
    }

    /// Replaces the record of a client. A lost router leaves by itself, others only hear nothing.
    pub(super) fn set_client(&mut self, user: &UserId, client: Option<Client>) {
        let is_router = |it: &Client| it.client_type == ClientType::Router;
        let was_router = self.clients.get(user).is_some_and(is_router);
        if was_router || client.as_ref().is_some_and(is_router) {
            self.news.of_routers();
        }
        let timer = |at| Line::Timer(at, Timer::Router(user.clone()));
        if let Some(at) = self.clients.get(user).and_then(|old| old.leaves_at) {
            self.news.of_line(timer(at), false);
        }
        let Some(mut client) = client else {
            self.clients.remove_mut(user);
            return;
        };
        client.leaves_at = match client.presence {
            Presence::LostAt(lost_at) if client.client_type == ClientType::Router => {
                Some(lost_at.plus_ms(self.configuration.timing.ownership_grace_ms))
            }
            Presence::Unknown | Presence::Present | Presence::LostAt(_) => None,
        };
        if let Some(at) = client.leaves_at {
            self.news.of_line(timer(at), true);
        }
        self.clients.insert_mut(user.clone(), client);
    }

    /// Who is registered for an address, first come first.
    pub fn registrations(&self, address: &Address) -> impl Iterator<Item = &Registration> {
        let found = self.addresses.get(address).into_iter();
        found.flat_map(|registered| registered.iter())
    }

    /// Whether there is such an address: a configured one, or a queue that is configured no longer but not empty yet. Who
    /// routes it goes on, or another router may take it over, until all that waited there is gone.
    pub(super) fn has_address(&self, address: &Address) -> bool {
        let is_left = |queue: &QueueName| {
            let is_waiting = self.waiting.contains_key(queue) || self.held.contains_key(queue);
            is_waiting || self.calls_len_at(queue) > 0
        };
        self.configuration.has_address(address)
            || matches!(address, Address::Queue(queue) if is_left(queue))
    }

    /// A client's registration for an address.
    pub fn registration(&self, user: &UserId, address: &Address) -> Option<&Registration> {
        self.registrations(address).find(|it| it.user == *user)
    }

    /// The external routers of a queue, first come first. One that only monitors is none.
    pub(super) fn routers_of(&self, queue: &QueueName) -> impl Iterator<Item = &UserId> {
        let found = self.addresses.get(&Address::Queue(queue.clone()));
        found
            .into_iter()
            .flat_map(|registered| registered.iter())
            .filter(|it| it.mode != RegisterMode::Monitor)
            .map(|it| &it.user)
            .filter(|user| {
                let client = self.clients.get(user);
                client.is_some_and(|client| client.client_type == ClientType::Router)
            })
    }

    /// Who routes a queue: the first external router registered for it, else the built-in one.
    pub fn router_of(&self, queue: &QueueName) -> Router {
        let first = self.routers_of(queue).next();
        first.map_or(Router::BuiltIn, |user| Router::External(user.clone()))
    }

    /// Who is given an interaction of a queue with external routers at this time: the first who has not just kept it
    /// too long. Nobody is, for a while, if all have.
    pub fn router_for(&self, interaction: &Interaction, now: Timestamp) -> Option<&UserId> {
        let delay_ms = self.configuration.timing.reoffer_delay_ms;
        self.routers_of(&interaction.queue).find(|router| {
            let kept_at = interaction.declined.get(*router);
            kept_at.is_none_or(|at| at.plus_ms(delay_ms) <= now)
        })
    }

    /// Who hears of a queue without having to do with it.
    pub(super) fn monitors_of(&self, queue: &QueueName) -> impl Iterator<Item = &UserId> {
        let found = self.addresses.get(&Address::Queue(queue.clone()));
        found
            .into_iter()
            .flat_map(|registered| registered.iter())
            .filter(|it| it.mode == RegisterMode::Monitor)
            .map(|it| &it.user)
    }

    /// What is at a queue for T-Library: what waits in it, and then what external routers hold of it.
    pub(super) fn calls_at<'a>(
        &'a self,
        queue: &'a QueueName,
    ) -> impl Iterator<Item = &'a Arc<Interaction>> {
        let routed = self.routers_of(queue).flat_map(|user| self.routed_by(user));
        let held = routed.filter(move |it| {
            let routing = it.routing();
            routing.is_some_and(|routing| routing.from.queue == *queue)
        });
        self.waiting(queue).chain(held)
    }

    /// How many that are.
    pub(super) fn calls_len_at(&self, queue: &QueueName) -> usize {
        let waiting = self.waiting_len(queue);
        waiting + self.calls_at(queue).skip(waiting).count()
    }
}
