//! A dumb model of who owns what, fed with nothing but what a reporting engine hears.

use std::collections::{BTreeMap, BTreeSet};

use baton::domain::{
    Event, Interaction, InteractionId, Message, Party, QueueName, UserId, Whereabouts, WorkbinRef,
};
use baton::engine::State;
use serde_json::{Map, Value};

#[derive(Clone, Default)]
pub(super) struct Reference {
    known: BTreeMap<InteractionId, Seen>,
    submitted: usize,
    stopped: usize,
}

#[derive(Clone, Debug, Default)]
struct Seen {
    queue: Option<QueueName>,
    workbin: Option<WorkbinRef>,
    has_router: bool,
    parties: BTreeSet<UserId>,
    invited: Option<UserId>,
    stopped: bool,
    data: Map<String, Value>,
}

impl Reference {
    /// Hears one event of the Reporting protocol.
    pub(super) fn hear(&mut self, message: &Message) {
        let Some(interaction) = &message.attributes.interaction else {
            return;
        };
        let id = interaction.id.clone();
        if message.event == Event::InteractionSubmitted {
            self.submitted += 1;
            let seen = Seen {
                data: interaction.user_data.to_map(),
                ..Seen::default()
            };
            let known = self.known.insert(id, seen);
            assert!(known.is_none(), "{} twice", interaction.id);
            return;
        }
        self.stopped += usize::from(message.event == Event::ProcessingStopped);
        let seen = self.known.get_mut(&id).expect("submitted before");
        assert!(!seen.stopped, "{id}: an event after EventProcessingStopped");
        seen.hear(message, interaction);
    }

    /// Agrees with the state about these interactions, and about how many there are (I9).
    pub(super) fn compare(&self, state: &State, ids: &[String]) {
        assert_eq!(self.submitted - self.stopped, state.interactions.size());
        assert_eq!(self.stopped, state.stopped.size());
        for id in ids {
            let id = InteractionId::parse(id).unwrap();
            let interaction = state.interaction(&id).unwrap();
            let seen = &self.known[&id];
            assert!(
                seen.agrees(interaction),
                "{id}: reporting believes {seen:?}, it is {:?}",
                interaction.whereabouts
            );
        }
    }
}

impl Seen {
    fn hear(&mut self, message: &Message, interaction: &Interaction) {
        let attributes = &message.attributes;
        let agent = attributes.party.as_ref().and_then(Party::user);
        let is_router = matches!(attributes.party, Some(Party::Router(_)));
        let id = &interaction.id;
        match message.event {
            Event::PlacedInQueue => {
                assert_eq!(self.queue, None, "{id} is placed in a queue twice");
                self.queue.clone_from(&attributes.queue);
            }
            Event::TakenFromQueue => {
                assert!(self.queue.take().is_some(), "{id} is taken from no queue");
            }
            Event::PlacedInWorkbin => {
                assert_eq!(self.workbin, None, "{id} is placed in a workbin twice");
                self.workbin.clone_from(&attributes.workbin);
            }
            Event::TakenFromWorkbin => {
                assert_eq!(self.workbin.take(), attributes.workbin, "{id}");
            }
            Event::PartyAdded if is_router => {
                assert!(!self.has_router, "{id} has a router already");
                self.has_router = true;
            }
            Event::PartyRemoved if is_router => {
                assert!(self.has_router, "{id} has no router");
                self.has_router = false;
            }
            Event::PartyAdded => {
                let agent = agent.unwrap();
                assert!(self.parties.insert(agent.clone()), "{id}: {agent} twice");
                if let Some(invited) = self.invited.take() {
                    assert_eq!(invited, *agent, "{id}: another agent is invited");
                }
            }
            Event::PartyRemoved => {
                let agent = agent.unwrap();
                assert!(self.parties.remove(agent), "{id}: {agent} is no party");
            }
            Event::AgentInvited => {
                let open = self.invited.replace(agent.unwrap().clone());
                assert_eq!(open, None, "{id}: an invitation has not ended");
            }
            Event::Accepted => assert_eq!(self.invited.as_ref(), agent, "{id} is accepted"),
            Event::Rejected | Event::Revoked => {
                assert_eq!(self.invited.take().as_ref(), agent, "{id}");
            }
            Event::ProcessingStopped => {
                assert!(self.parties.is_empty() && !self.has_router, "{id}");
                assert!(self.queue.is_none() && self.workbin.is_none(), "{id}");
                self.invited = None;
                self.stopped = true;
            }
            Event::PropertiesChanged => self.change(message),
            other => panic!("reporting hears {} of {id}", other.as_str()),
        }
    }

    /// Flat keys only, which is what the workload uses.
    fn change(&mut self, message: &Message) {
        // None of them if it was held or resumed.
        let Some(changes) = message.attributes.changes.as_ref() else {
            return;
        };
        if let Some(replaced) = &changes.replaced {
            self.data = replaced.to_map();
        }
        for key in changes
            .deleted
            .iter()
            .flat_map(|names| names.to_map().into_iter())
            .map(|(key, _)| key)
        {
            self.data.remove(&key);
        }
        for (key, value) in changes.merged.iter().flat_map(|data| data.to_map()) {
            self.data.insert(key, value);
        }
    }

    fn agrees(&self, interaction: &Interaction) -> bool {
        let parties: BTreeSet<UserId> = interaction.parties().iter().cloned().collect();
        let invited = interaction.invitation().map(|open| open.agent.clone());
        let queue = match &interaction.whereabouts {
            Whereabouts::Queued(spot) => Some(&spot.queue),
            // A workbin is a queue with an owner.
            Whereabouts::InWorkbin(_) => self.queue.as_ref(),
            _ => None,
        };
        let workbin = match &interaction.whereabouts {
            Whereabouts::InWorkbin(workbin) => Some(workbin),
            _ => None,
        };
        let is_parked = workbin.is_none() || self.queue.is_some();
        self.queue.as_ref() == queue
            && self.workbin.as_ref() == workbin
            && is_parked
            && self.has_router == interaction.routing().is_some()
            && self.parties == parties
            && self.invited == invited
            && self.stopped == interaction.is_stopped()
            && self.data == interaction.user_data.to_map()
    }
}
