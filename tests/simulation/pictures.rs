//! What each party believes, by what reaches him and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baton::domain::{
    Agent, Event, Interaction, InteractionId, MediaState, MediaType, Message, Party, ReferenceId,
    Role, Sequence, UserId, WorkbinRef,
};
use baton::engine::{AgentState, Body, Channel, State, agent_state, neutral_state};

use super::archive::Archive;
use super::world::actor;

/// What one believes.
pub(super) enum Picture {
    Agent(Desktop),
    MediaServer(Submitted),
    Reporting(Counts),
    Router(Calls),
    Supervisor,
}

impl Picture {
    /// Of somebody who has heard nothing yet.
    pub(super) fn of(user: &UserId) -> Self {
        let baton::domain::Actor::User { role, .. } = actor(user.as_str()) else {
            panic!("{user} is a user");
        };
        match role {
            Role::Agent => Self::Agent(Desktop::default()),
            Role::MediaServer => Self::MediaServer(Submitted::default()),
            Role::Reporting => Self::Reporting(Counts::default()),
            Role::Router => Self::Router(Calls::default()),
            Role::Supervisor | Role::Admin => Self::Supervisor,
        }
    }

    pub(super) fn hear(&mut self, sequence: Sequence, body: &Body) {
        match (self, body) {
            (Self::Agent(desktop), _) => desktop.hear(sequence, body),
            (Self::MediaServer(submitted), Body::Event(message)) => submitted.hear(message),
            (Self::Reporting(counts), Body::Event(message)) => counts.hear(message),
            (Self::Router(calls), Body::Event(message)) => calls.hear(message),
            _ => {}
        }
    }

    /// What he missed on a channel is not kept: he reads what is.
    pub(super) fn read(&mut self, user: &UserId, channel: Channel, state: &State) {
        match self {
            Self::Agent(desktop) => desktop.read(user, channel, state),
            Self::MediaServer(submitted) if channel == Channel::Messages => {
                submitted.0 = Submitted::of(user, state).collect();
            }
            Self::Reporting(counts) if channel == Channel::Messages => *counts = Counts::Unknown,
            Self::Router(calls) if channel == Channel::Messages => {
                calls.0 = state.routed_by(user).map(|it| it.id.clone()).collect();
            }
            _ => {}
        }
    }

    /// Who has heard everything is right.
    pub(super) fn check(&self, user: &UserId, archive: &Archive) {
        let state = archive.state();
        match self {
            Self::Agent(desktop) => desktop.check(user, archive),
            Self::MediaServer(submitted) => {
                for id in Submitted::of(user, state) {
                    assert!(submitted.0.contains(&id), "{user} does not know of {id}");
                }
                for id in &submitted.0 {
                    let is = state.interaction(id).map(|it| &it.submitted_by);
                    assert_eq!(is, Some(user), "{id}");
                }
            }
            Self::Reporting(counts) => counts.check(state),
            Self::Router(calls) => calls.check(user, archive),
            Self::Supervisor => {}
        }
    }
}

/// An agent's desktop: his interactions, his media, the workbins that he subscribed to.
#[derive(Default)]
pub(super) struct Desktop {
    interactions: BTreeMap<InteractionId, (AgentState, Arc<Interaction>)>,
    media: Option<BTreeMap<MediaType, MediaState>>,
    bins: BTreeMap<WorkbinRef, (Sequence, BTreeSet<InteractionId>)>,
}

impl Desktop {
    fn hear(&mut self, sequence: Sequence, body: &Body) {
        match body {
            Body::Interaction(notice) => {
                let id = notice.interaction.id.clone();
                match notice.state {
                    AgentState::Completed | AgentState::Revoked => {
                        self.interactions.remove(&id);
                    }
                    state => {
                        let seen = (state, notice.interaction.clone());
                        self.interactions.insert(id, seen);
                    }
                }
            }
            Body::Channels(agent) => self.media = media_of(agent.as_ref()),
            Body::WorkbinContent {
                workbin,
                interactions,
            } => {
                let ids = interactions.iter().map(|it| it.id.clone()).collect();
                self.bins.insert(workbin.clone(), (sequence, ids));
            }
            Body::WorkbinChanged {
                workbin,
                interaction,
                added,
            } => {
                // What changed before the content was read is part of it.
                let known = self.bins.get_mut(workbin);
                if let Some((_, ids)) = known.filter(|(read_at, _)| *read_at < sequence) {
                    if *added {
                        ids.insert(interaction.id.clone());
                    } else {
                        ids.remove(&interaction.id);
                    }
                }
            }
            Body::Event(_) | Body::Failure { .. } | Body::WorkbinSubscription { .. } => {}
        }
    }

    fn read(&mut self, user: &UserId, channel: Channel, state: &State) {
        match channel {
            Channel::Channels => self.media = media_of(state.agents.get(user)),
            Channel::Interactions => {
                let own = state.involved(user).filter_map(|it| {
                    let seen = (agent_state(it, user)?, it.clone());
                    Some((it.id.clone(), seen))
                });
                self.interactions = own.collect();
            }
            Channel::Messages => {}
            Channel::Workbins => self.bins.clear(),
        }
    }

    fn check(&self, user: &UserId, archive: &Archive) {
        let state = archive.state();
        let mut is = Self::default();
        is.read(user, Channel::Interactions, state);
        is.read(user, Channel::Channels, state);
        assert_eq!(self.media, is.media, "{user} sees his media");
        let ids =
            |seen: &Self| -> Vec<InteractionId> { seen.interactions.keys().cloned().collect() };
        assert_eq!(ids(self), ids(&is), "{user} sees what is his");
        for (id, (state, interaction)) in &is.interactions {
            let (seen_state, seen) = &self.interactions[id];
            assert_eq!(seen_state, state, "{user} sees {id}");
            assert_eq!(seen.user_data, interaction.user_data, "{user} sees {id}");
            assert_eq!(seen.invitation(), interaction.invitation(), "{user}, {id}");
            assert_eq!(seen.parties(), interaction.parties(), "{user} sees {id}");
            assert_eq!(seen.subject, interaction.subject, "{user} sees {id}");
        }
        for (workbin, (read_at, ids)) in &self.bins {
            let subscribed_at = archive.subscribed_at(user, workbin);
            if subscribed_at.is_some_and(|at| at <= *read_at) {
                let content = state.workbin_content(workbin).map(|it| it.id.clone());
                let content: BTreeSet<InteractionId> = content.collect();
                assert_eq!(*ids, content, "{user} sees {workbin:?}");
            }
        }
    }
}

fn media_of(agent: Option<&Arc<Agent>>) -> Option<BTreeMap<MediaType, MediaState>> {
    agent.map(|agent| agent.media.as_ref().clone())
}

/// What a media server has submitted.
#[derive(Default)]
pub(super) struct Submitted(BTreeSet<InteractionId>);

impl Submitted {
    fn hear(&mut self, message: &Message) {
        let created = message.attributes.interaction.as_ref();
        if message.event == Event::Ack
            && let Some(created) = created
        {
            self.0.insert(created.id.clone());
        }
    }

    fn of<'a>(user: &'a UserId, state: &'a State) -> impl Iterator<Item = InteractionId> {
        let own = state
            .interactions
            .values()
            .filter(|it| it.submitted_by == *user);
        own.map(|it| it.id.clone())
    }
}

/// What a router holds, and what he hears of because he monitors its queue.
#[derive(Default)]
pub(super) struct Calls(BTreeSet<InteractionId>);

impl Calls {
    fn hear(&mut self, message: &Message) {
        let Some(interaction) = &message.attributes.interaction else {
            return;
        };
        match message.event {
            Event::RouteRequest => {
                self.0.insert(interaction.id.clone());
            }
            Event::RouteUsed | Event::Abandoned => {
                self.0.remove(&interaction.id);
            }
            _ => {}
        }
    }

    fn check(&self, user: &UserId, archive: &Archive) {
        let state = archive.state();
        let held: BTreeSet<InteractionId> = state.routed_by(user).map(|it| it.id.clone()).collect();
        let unknown: Vec<_> = held.difference(&self.0).collect();
        assert!(
            unknown.is_empty(),
            "{user} holds {unknown:?} and does not know"
        );
        for id in self.0.difference(&held) {
            let interaction = state.interaction(id).unwrap();
            let mut queues = interaction.moved_to_queue_at.keys();
            let has_monitored = queues.any(|queue| archive.has_monitored(user, queue));
            assert!(has_monitored, "{user} believes that he holds {id}");
        }
    }
}

/// What a reporting engine counts: who is there with which media, and where every interaction is.
pub(super) enum Counts {
    /// He has to ask for all of it.
    Unknown,
    /// He has asked for it by this reference.
    Asked(ReferenceId),
    /// As he has been told.
    Known {
        media: BTreeMap<UserId, BTreeMap<MediaType, bool>>,
        places: BTreeMap<InteractionId, &'static str>,
    },
}

impl Default for Counts {
    fn default() -> Self {
        Self::Known {
            media: BTreeMap::new(),
            places: BTreeMap::new(),
        }
    }
}

impl Counts {
    pub(super) fn is_known(&self) -> bool {
        matches!(self, Self::Known { .. })
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    fn hear(&mut self, message: &Message) {
        let attributes = &message.attributes;
        if let Self::Asked(reference) = self
            && attributes.reference_id == Some(*reference)
        {
            *self = Self::default();
        }
        let Self::Known { media, places } = self else {
            return;
        };
        match (message.event, attributes.agent.as_ref()) {
            (Event::AgentLogin | Event::PlaceAgentState, Some(agent)) => {
                let states = attributes.media_states.clone();
                media.insert(agent.clone(), states.unwrap());
            }
            (Event::AgentLogout, Some(agent)) => {
                media.remove(agent);
            }
            (Event::InteractionsInState, _) => {
                let ids = attributes.interaction_ids.iter().flatten();
                let place = place(attributes.state.unwrap());
                places.extend(ids.map(|id| (id.clone(), place)));
            }
            _ => {}
        }
        let Some(interaction) = &attributes.interaction else {
            return;
        };
        let is_router = matches!(attributes.party, Some(Party::Router(_)));
        let id = interaction.id.clone();
        let now = match message.event {
            Event::PlacedInQueue => "Queued",
            Event::PlacedInWorkbin => "InWorkbin",
            Event::PartyAdded if is_router => "Routing",
            Event::PartyAdded => "Handled",
            // An agent may invite another one to what he works on.
            Event::AgentInvited if places[&id] == "Routing" => "Invited",
            Event::ProcessingStopped => {
                places.remove(&id);
                return;
            }
            _ => return,
        };
        places.insert(id, now);
    }

    fn check(&self, state: &State) {
        let Self::Known { media, places } = self else {
            panic!("the reporting engine has not been told");
        };
        let is = state.agents.iter().map(|(user, agent)| {
            let states = agent.media.iter();
            let states = states.map(|(media, state)| (media.clone(), state.is_ready));
            (user.clone(), states.collect())
        });
        assert_eq!(*media, is.collect(), "agents, as reporting knows them");
        let is = state.interactions.values();
        let is = is.map(|it| (it.id.clone(), place(neutral_state(it))));
        assert_eq!(
            *places,
            is.collect(),
            "interactions, as reporting knows them"
        );
    }
}

/// Where an interaction is in that state. What agents do with what they have, they do not report.
fn place(state: &'static str) -> &'static str {
    match state {
        "Composing" | "Processing" | "Transferring" => "Handled",
        elsewhere => elsewhere,
    }
}
