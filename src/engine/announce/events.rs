//! The seeds' message tables as code: what each change says to which party.
//!
//! Row numbers are those of the state machine, interaction-models section 7 (a).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Announcer, Body};
use crate::domain::{
    Address, AddressAttributes, Agent, Answers, Attributes, Cause, Event, Interaction, Invitation,
    MediaType, Message, Origin, Party, PropertyChanges, Protocol, Purpose, ReferenceId, Refusal,
    RefusalKind, RouteResult, Router, UserId, Whereabouts, WorkbinRef, for_router,
};
use crate::engine::{Change, Head, Outcome, State};

impl Announcer {
    /// Notes what a change says to parties; `before` is the interaction before it.
    pub(super) fn say_events(
        &mut self,
        state: &State,
        head: &Head,
        before: Option<&Interaction>,
        change: &Change,
    ) {
        let after = change.interaction().and_then(|id| state.interaction(id));
        if let Some(after) = after {
            let mut scene = Scene {
                said: self,
                state,
                head,
                before,
                after: after.clone(),
            };
            scene.say(change);
        } else {
            self.say_of_agents(state, head, change);
        }
    }

    /// Says the answer to the requester, before everything else that the step says.
    pub(super) fn say_answer(&mut self, state: &State, head: &Head, outcome: &Outcome) {
        let Some(party) = head.actor.party() else {
            return;
        };
        let Some(user) = party.user().cloned() else {
            return;
        };
        if let Some(message) = answer(state, head, outcome) {
            self.said.insert(0, (user.clone(), Body::Event(message)));
        }
        if let Outcome::WorkbinContent {
            workbin,
            interactions,
        } = outcome
        {
            let interactions = interactions
                .iter()
                .filter_map(|id| state.interaction(id).cloned())
                .collect();
            let body = Body::WorkbinContent {
                workbin: workbin.clone(),
                interactions,
            };
            self.said.push((user, body));
        }
    }

    fn say_of_agents(&mut self, state: &State, head: &Head, change: &Change) {
        match change {
            Change::AgentLoggedIn { agent, place, .. } => {
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    place: Some(place.clone()),
                    ..acted(head)
                };
                self.report(state, Event::AgentLogin, &attributes);
                self.say_status(state, agent);
            }
            Change::AgentLoggedOut { agent } => {
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    ..acted(head)
                };
                self.report(state, Event::AgentLogout, &attributes);
            }
            Change::MediaStateChanged { agent, .. } => {
                let Some(found) = state.agents.get(agent) else {
                    return;
                };
                let ids = state.involved(agent).map(|it| it.id.clone()).collect();
                let attributes = Attributes {
                    agent: Some(agent.clone()),
                    place: Some(found.place.clone()),
                    media_states: Some(media_states(found)),
                    interaction_ids: Some(ids),
                    ..acted(head)
                };
                self.report(state, Event::PlaceAgentState, &attributes);
                self.say_status(state, agent);
            }
            Change::Accepted { .. }
            | Change::AddressRegistered { .. }
            | Change::AddressUnregistered { .. }
            | Change::AgentInvited { .. }
            | Change::CentreConfigured(_)
            | Change::ClientRegistered { .. }
            | Change::ClientUnregistered { .. }
            | Change::Declined { .. }
            | Change::InteractionSubmitted(_)
            | Change::InvitationRevoked { .. }
            | Change::PlacedInQueue { .. }
            | Change::PlacedInWorkbin { .. }
            | Change::PropertiesChanged { .. }
            | Change::Pulled { .. }
            | Change::Returned { .. }
            | Change::RouterTook { .. }
            | Change::RoutingEnded { .. }
            | Change::Stopped { .. }
            | Change::WorkbinRead(_)
            | Change::WorkbinSubscribed { .. }
            | Change::WorkbinUnsubscribed { .. } => {}
        }
    }

    fn say_status(&mut self, state: &State, agent: &UserId) {
        let Some(found) = state.agents.get(agent) else {
            return;
        };
        let free = |media| {
            state
                .capacity(media)
                .saturating_sub(state.load(agent, media))
        };
        let capacities = found
            .media
            .keys()
            .map(|media| (media.clone(), free(media)))
            .collect();
        let attributes = Attributes {
            agent: Some(agent.clone()),
            media_states: Some(media_states(found)),
            media_capacities: Some(capacities),
            ..Attributes::default()
        };
        let message = interaction_management(Event::CurrentAgentStatus, attributes);
        self.said.push((agent.clone(), Body::Event(message)));
    }

    fn report(&mut self, state: &State, event: Event, attributes: &Attributes) {
        for user in state.reporting_engines() {
            let message = Message {
                event,
                protocol: Protocol::Reporting,
                attributes: attributes.clone(),
            };
            self.said.push((user.clone(), Body::Event(message)));
        }
    }
}

/// One change to one interaction, being told.
struct Scene<'a> {
    said: &'a mut Announcer,
    state: &'a State,
    head: &'a Head,
    before: Option<&'a Interaction>,
    after: Arc<Interaction>,
}

impl Scene<'_> {
    fn say(&mut self, change: &Change) {
        match change {
            Change::InteractionSubmitted(_) => self.submitted(),
            Change::RouterTook { router, .. } => {
                self.report(Event::TakenFromQueue, |_| {});
                self.report_router(Event::PartyAdded, router);
                self.tell_router(router, Event::RouteRequest, |_| {});
            }
            Change::AgentInvited { invitation, .. } => self.invited(invitation),
            Change::Accepted { agent, .. } => self.accepted(agent),
            Change::Declined { agent, .. } => {
                let by = agent.clone();
                self.settle_invitation(RouteResult::Rejected, "The invited agent declined");
                self.report(Event::Rejected, |attributes| {
                    attributes.party = Some(Party::Agent(by));
                });
                self.back_from_router();
            }
            Change::InvitationRevoked { agent, cause, .. } => self.revoked(agent, *cause),
            Change::RoutingEnded { .. } => {
                if let Some(routing) = self.before.and_then(Interaction::routing) {
                    self.tell_router(&routing.router, Event::Abandoned, |_| {});
                }
                self.back_from_router();
            }
            Change::PlacedInQueue { .. } | Change::PlacedInWorkbin { .. } => {
                self.report_holders_removed();
                self.report_placed();
            }
            Change::Pulled { agent, .. } => {
                self.report_taken();
                self.report_party(Event::PartyAdded, agent);
            }
            Change::Returned { cause, .. } => {
                self.revoke_from_parties(*cause);
                self.report_holders_removed();
                self.report_placed();
            }
            Change::PropertiesChanged { changes, .. } => self.properties_changed(changes),
            Change::Stopped { .. } => self.stopped(),
            Change::AddressRegistered { .. }
            | Change::AddressUnregistered { .. }
            | Change::AgentLoggedIn { .. }
            | Change::AgentLoggedOut { .. }
            | Change::CentreConfigured(_)
            | Change::ClientRegistered { .. }
            | Change::ClientUnregistered { .. }
            | Change::MediaStateChanged { .. }
            | Change::WorkbinRead(_)
            | Change::WorkbinSubscribed { .. }
            | Change::WorkbinUnsubscribed { .. } => {}
        }
    }

    /// Rows 1 and 2.
    fn submitted(&mut self) {
        self.report(Event::InteractionSubmitted, |_| {});
        if self.after.parties().is_empty() {
            self.report_placed();
        }
        for agent in self.after.clone().parties() {
            self.report_party(Event::PartyAdded, agent);
        }
    }

    /// Rows 6 and 28.
    fn invited(&mut self, invitation: &Invitation) {
        let told = invitation.clone();
        self.tell_agent(&invitation.agent, Event::Invite, |attributes| {
            attributes.ticket = Some(told.ticket);
            attributes.deadline = Some(told.deadline);
        });
        let ticket = invitation.ticket;
        let party = Party::Agent(invitation.agent.clone());
        self.report(Event::AgentInvited, |attributes| {
            attributes.ticket = Some(ticket);
            attributes.party = Some(party);
        });
    }

    /// Rows 8 and 29.
    fn accepted(&mut self, agent: &UserId) {
        let by = agent.clone();
        let accepted = |attributes: &mut Attributes| attributes.party = Some(Party::Agent(by));
        match self.open_invitation().map(|invitation| invitation.purpose) {
            Some(Purpose::Delivery { reference_id }) => {
                self.settle_route(reference_id, RouteResult::Delivered);
                self.report(Event::Accepted, accepted);
                self.report_holders_removed();
                self.report_party(Event::PartyAdded, agent);
            }
            Some(Purpose::Transfer { by, reference_id }) => {
                self.tell_agent(&by, Event::Ack, |attributes| {
                    attributes.reference_id = reference_id;
                });
                self.report(Event::Accepted, accepted);
                self.report_party(Event::PartyAdded, agent);
                self.report_party(Event::PartyRemoved, &by);
            }
            None => {}
        }
    }

    /// Rows 10, 13, 32, and the withdrawal of a transfer.
    fn revoked(&mut self, agent: &UserId, cause: Cause) {
        let ticket = self.open_invitation().map(|invitation| invitation.ticket);
        if self.head.actor.agent() != Some(agent) {
            self.tell_agent(agent, Event::Revoked, |attributes| {
                attributes.cause = Some(cause);
                attributes.ticket = ticket;
            });
        }
        self.settle_invitation(RouteResult::Revoked, "The invitation ended unanswered");
        let party = Party::Agent(agent.clone());
        self.report(Event::Revoked, |attributes| {
            attributes.cause = Some(cause);
            attributes.party = Some(party);
            attributes.ticket = ticket;
        });
        self.back_from_router();
    }

    /// Rows 12, 18, 19, 22 and 23.
    fn properties_changed(&mut self, changes: &Arc<PropertyChanges>) {
        let set = |attributes: &mut Attributes| attributes.changes = Some(changes.clone());
        let after = self.after.clone();
        let invited = after.invitation().map(|invitation| &invitation.agent);
        for agent in after.parties().iter().chain(invited) {
            if self.head.actor.agent() != Some(agent) {
                self.tell_agent(agent, Event::PropertiesChanged, set);
            }
        }
        if let Some(routing) = after.routing()
            && self.head.actor.party() != Some(Party::Router(routing.router.clone()))
        {
            self.tell_router(&routing.router, Event::PropertiesChanged, set);
        }
        let submitter = &after.submitted_by;
        let wants = self
            .state
            .clients
            .get(submitter)
            .is_some_and(|client| client.properties_changed);
        if wants && self.head.actor.user() != Some(submitter) {
            self.tell_agent(submitter, Event::PropertiesChanged, set);
        }
        self.report(Event::PropertiesChanged, set);
    }

    /// Rows 11, 17, 20, 24, 25, 33 and 39.
    fn stopped(&mut self) {
        self.revoke_from_parties(Cause::Stopped);
        if let Some(invitation) = self.open_invitation() {
            self.tell_agent(&invitation.agent, Event::Revoked, |attributes| {
                attributes.cause = Some(Cause::Stopped);
                attributes.ticket = Some(invitation.ticket);
            });
            if let Purpose::Transfer { by, reference_id } = invitation.purpose {
                self.fail_transfer(&by, reference_id, "The interaction was stopped");
            }
        }
        if let Some(routing) = self.before.and_then(Interaction::routing)
            && self.head.actor.party() != Some(Party::Router(routing.router.clone()))
        {
            self.tell_router(&routing.router, Event::Revoked, |_| {});
        }
        self.report_taken();
        self.report_holders_removed();
        self.report(Event::ProcessingStopped, |_| {});
    }

    fn open_invitation(&self) -> Option<Invitation> {
        self.before.and_then(Interaction::invitation).cloned()
    }

    /// Tells who sent the open invitation that it came to nothing.
    fn settle_invitation(&mut self, result: RouteResult, why: &'static str) {
        match self.open_invitation().map(|invitation| invitation.purpose) {
            Some(Purpose::Delivery { reference_id }) => self.settle_route(reference_id, result),
            Some(Purpose::Transfer { by, reference_id }) => {
                self.fail_transfer(&by, reference_id, why);
            }
            None => {}
        }
    }

    fn settle_route(&mut self, reference_id: Option<ReferenceId>, result: RouteResult) {
        if let Some(routing) = self.before.and_then(Interaction::routing) {
            self.tell_router(&routing.router, Event::RouteUsed, |attributes| {
                attributes.reference_id = reference_id;
                attributes.route_result = Some(result);
            });
        }
    }

    fn fail_transfer(
        &mut self,
        by: &UserId,
        reference_id: Option<ReferenceId>,
        text: &'static str,
    ) {
        let refusal = Refusal::new(RefusalKind::AgentUnavailable, text);
        self.tell_agent(by, Event::Error, |attributes| {
            attributes.refusal = Some(refusal.answering(reference_id));
            attributes.reference_id = reference_id;
        });
        let body = Body::Failure {
            reference_id,
            interaction: self.after.clone(),
            text,
        };
        self.said.said.push((by.clone(), body));
    }

    fn revoke_from_parties(&mut self, cause: Cause) {
        for agent in self.before.map_or(&[][..], Interaction::parties) {
            if self.head.actor.agent() != Some(agent) {
                self.tell_agent(agent, Event::Revoked, |attributes| {
                    attributes.cause = Some(cause);
                });
            }
        }
    }

    /// After a delivery came to nothing: the router takes part no longer, and the interaction is in its queue.
    fn back_from_router(&mut self) {
        if self.before.is_some_and(|before| before.routing().is_some()) {
            self.report_holders_removed();
            self.report_placed();
        }
    }

    fn report_holders_removed(&mut self) {
        let Some(before) = self.before else { return };
        for agent in before.parties() {
            self.report_party(Event::PartyRemoved, agent);
        }
        if let Some(routing) = before.routing() {
            self.report_router(Event::PartyRemoved, &routing.router);
        }
    }

    fn report_placed(&mut self) {
        self.report(Event::PlacedInQueue, |_| {});
        if let Whereabouts::InWorkbin(workbin) = &self.after.clone().whereabouts {
            self.report_workbin(Event::PlacedInWorkbin, workbin, true);
        }
    }

    fn report_taken(&mut self) {
        let from = match self.before.map(|before| &before.whereabouts) {
            Some(Whereabouts::Queued(spot)) => Origin::Queue(spot.clone()),
            Some(Whereabouts::InWorkbin(workbin)) => Origin::Workbin(workbin.clone()),
            _ => return,
        };
        self.report(Event::TakenFromQueue, |_| {});
        if let Origin::Workbin(workbin) = &from {
            self.report_workbin(Event::TakenFromWorkbin, workbin, false);
        }
    }

    fn report_workbin(&mut self, event: Event, workbin: &WorkbinRef, added: bool) {
        let bin = workbin.clone();
        self.report(event, |attributes| attributes.workbin = Some(bin));
        let subscribers = self.state.subscriptions.get(workbin).cloned();
        for agent in subscribers.iter().flat_map(|agents| agents.iter()) {
            let bin = workbin.clone();
            self.tell_agent(agent, Event::WorkbinContentChanged, |attributes| {
                attributes.workbin = Some(bin);
                attributes.workbin_added = Some(added);
            });
            let body = Body::WorkbinChanged {
                workbin: workbin.clone(),
                interaction: self.after.clone(),
                added,
            };
            self.said.said.push((agent.clone(), body));
        }
    }

    fn report_party(&mut self, event: Event, agent: &UserId) {
        let party = Party::Agent(agent.clone());
        self.report(event, |attributes| attributes.party = Some(party));
    }

    fn report_router(&mut self, event: Event, router: &Router) {
        let party = Party::Router(router.clone());
        self.report(event, |attributes| attributes.party = Some(party));
    }

    fn report(&mut self, event: Event, set: impl FnOnce(&mut Attributes)) {
        if self.state.reporting_engines().next().is_some() {
            let attributes = self.attributes(set);
            self.said.report(self.state, event, &attributes);
        }
    }

    fn tell_agent(&mut self, to: &UserId, event: Event, set: impl FnOnce(&mut Attributes)) {
        let message = interaction_management(event, self.attributes(set));
        self.said.said.push((to.clone(), Body::Event(message)));
    }

    fn tell_router(&mut self, router: &Router, event: Event, set: impl FnOnce(&mut Attributes)) {
        let Router::External(user) = router else {
            return;
        };
        let (event, protocol) = for_router(event, Answers::Route);
        let message = Message {
            event,
            protocol,
            attributes: self.attributes(set),
        };
        self.said.said.push((user.clone(), Body::Event(message)));
    }

    fn attributes(&self, set: impl FnOnce(&mut Attributes)) -> Attributes {
        let mut attributes = Attributes {
            interaction: Some(self.after.clone()),
            queue: Some(self.after.queue.clone()),
            ..acted(self.head)
        };
        set(&mut attributes);
        attributes
    }
}

fn acted(head: &Head) -> Attributes {
    Attributes {
        actor: Some(head.actor.clone()),
        ..Attributes::default()
    }
}

fn interaction_management(event: Event, attributes: Attributes) -> Message {
    Message {
        event,
        protocol: Protocol::InteractionManagement,
        attributes,
    }
}

fn media_states(agent: &Agent) -> BTreeMap<MediaType, bool> {
    let states = agent.media.iter();
    states
        .map(|(media, state)| (media.clone(), state.is_ready))
        .collect()
}

/// The answer that the requester hears now; none where it follows later.
pub fn answer(state: &State, head: &Head, outcome: &Outcome) -> Option<Message> {
    let one = |id| state.interaction(id).cloned();
    let mut attributes = Attributes {
        reference_id: head.reference_id,
        ..Attributes::default()
    };
    let (event, answers) = match outcome {
        Outcome::Invited(_) | Outcome::Unasked => return None,
        Outcome::Acknowledged => (Event::Ack, Answers::Route),
        Outcome::Created(id) => {
            attributes.interaction = one(id);
            (Event::Ack, Answers::Route)
        }
        Outcome::PropertiesChanged { .. } => (Event::Ack, Answers::Properties),
        Outcome::Routed(id) => {
            attributes.interaction = one(id);
            attributes.route_result = Some(RouteResult::Delivered);
            (Event::Ack, Answers::Route)
        }
        Outcome::Pulled(ids) => {
            attributes.interactions = Some(ids.iter().filter_map(one).collect());
            (Event::PulledInteractions, Answers::Route)
        }
        Outcome::WorkbinContent {
            workbin,
            interactions,
        } => {
            attributes.workbin = Some(workbin.clone());
            attributes.interactions = Some(interactions.iter().filter_map(one).collect());
            (Event::WorkbinContent, Answers::Route)
        }
        Outcome::Registered(address) | Outcome::Unregistered(address) => {
            attributes.address = Some(describe(state, address));
            let event = match outcome {
                Outcome::Registered(_) => Event::Registered,
                _ => Event::Unregistered,
            };
            return Some(Message {
                event,
                protocol: Protocol::TLibrary,
                attributes,
            });
        }
    };
    let is_about_routing = matches!(
        outcome,
        Outcome::Routed(_) | Outcome::PropertiesChanged { .. }
    );
    let (event, protocol) = match &head.actor.party() {
        Some(Party::Router(_)) if is_about_routing => for_router(event, answers),
        _ => (event, Protocol::InteractionManagement),
    };
    Some(Message {
        event,
        protocol,
        attributes,
    })
}

fn describe(state: &State, address: &Address) -> AddressAttributes {
    let (agent, holds) = match address {
        Address::Queue(queue) => (
            None,
            state
                .waiting(queue)
                .map(|it| it.id.clone())
                .take(100)
                .collect(),
        ),
        Address::Agent(agent) => (
            state.agents.get(agent).map(|_| agent.clone()),
            state.involved(agent).map(|it| it.id.clone()).collect(),
        ),
    };
    AddressAttributes {
        this_dn: address.to_string(),
        is_queue: matches!(address, Address::Queue(_)),
        agent,
        holds,
    }
}
