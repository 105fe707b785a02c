//! The seeds' message tables as code: what each change to an interaction says to which party.
//!
//! Row numbers are those of the state machine, interaction-models section 7 (a).

use std::sync::Arc;

use super::monitors::delivered;
use super::saying::{acted, interaction_management};
use super::{Announcer, Body};
use crate::domain::{
    Answers, Attributes, Cause, Event, Interaction, Message, Origin, Party, PropertyChanges,
    Purpose, ReferenceId, RouteResult, Router, UserId, Whereabouts, WorkbinRef, for_router,
};
use crate::engine::{Change, Head, State};

/// One change to one interaction, being told.
pub(super) struct Scene<'a> {
    pub(super) said: &'a mut Announcer,
    pub(super) state: &'a State,
    pub(super) head: &'a Head,
    pub(super) before: Option<&'a Interaction>,
    pub(super) after: Arc<Interaction>,
}

impl Scene<'_> {
    /// Says what the change says.
    pub(super) fn say(&mut self, change: &Change) {
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
                self.settle_invitation(RouteResult::Rejected, "The invited agent declined");
                self.report_party(Event::Rejected, agent);
                self.back_from_router();
            }
            Change::InvitationRevoked { agent, cause, .. } => self.revoked(agent, *cause),
            Change::RoutingEnded { .. } => self.routing_ended(),
            // It is told when the interaction is back in its queue, which the same step says next.
            Change::RouterPassedOver { .. } => {}
            Change::PlacedInQueue { .. } | Change::PlacedInWorkbin { .. } => {
                // Those who worked on it together with whoever places it.
                self.revoke_from_parties(Cause::Withdrawn);
                self.tell_monitors_of_own(Event::RouteUsed, delivered);
                // A router that routes on what it has offered: the revocation put it back into its queue.
                self.report_taken();
                self.report_holders_removed();
                self.report_placed();
            }
            Change::PartyJoined { agent, .. } => {
                self.tell_parties(Event::PartyAdded, agent);
                self.report_party(Event::PartyAdded, agent);
            }
            Change::PartyLeft { agent, cause, .. } => self.left(agent, *cause),
            Change::Pulled { agent, .. } => {
                self.report_taken();
                self.report_party(Event::PartyAdded, agent);
            }
            Change::Returned { cause, .. } => {
                self.revoke_from_parties(*cause);
                self.report_holders_removed();
                self.report_placed();
            }
            // IsHeld, HeldAt and IsLocked are properties of the interaction.
            Change::Held { .. }
            | Change::Locked { .. }
            | Change::Resumed { .. }
            | Change::Unlocked { .. } => {
                self.report(Event::PropertiesChanged, |_| {});
            }
            Change::PropertiesChanged { changes, .. } => self.properties_changed(changes),
            Change::Stopped { .. } => self.stopped(),
            Change::AddressRegistered { .. }
            | Change::AddressUnregistered { .. }
            | Change::AgentLoggedIn { .. }
            | Change::AgentLoggedOut { .. }
            | Change::CentreConfigured(_)
            | Change::ConfigurationApplied(_)
            | Change::ConfigurationChanged(_)
            | Change::ClientRegistered { .. }
            | Change::ClientUnregistered { .. }
            | Change::MediaStateChanged { .. }
            | Change::PresenceChanged { .. }
            | Change::SnapshotReleased { .. }
            | Change::SnapshotTaken(_)
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

    /// Row 21.
    fn routing_ended(&mut self) {
        if let Some(routing) = self.before.and_then(Interaction::routing) {
            self.tell_router(&routing.router, Event::Abandoned, |_| {});
        }
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
        } else {
            self.tell_monitors_of_own(Event::AttachedDataChanged, set);
        }
        let submitter = &after.submitted_by;
        let client = self.state.clients.get(submitter);
        let wants = client.is_some_and(|client| client.properties_changed);
        let has_heard = after.has_party(submitter) || after.invites(submitter);
        if wants && !has_heard && self.head.actor.user() != Some(submitter) {
            self.tell_agent(submitter, Event::PropertiesChanged, set);
        }
        self.report(Event::PropertiesChanged, set);
    }

    /// Rows 11, 17, 20, 24, 25, 33 and 39.
    fn stopped(&mut self) {
        self.revoke_from_parties(Cause::Stopped);
        let mut offered = None;
        if let Some(invitation) = self.open_invitation() {
            self.tell_agent(&invitation.agent, Event::Revoked, |attributes| {
                attributes.cause = Some(Cause::Stopped);
                attributes.ticket = Some(invitation.ticket);
            });
            match invitation.purpose {
                Purpose::Delivery { reference_id } => offered = reference_id,
                Purpose::Transfer { by, reference_id }
                | Purpose::Conference { by, reference_id } => {
                    self.fail_sender(&by, reference_id, "The interaction was stopped");
                }
            }
        }
        self.abandon_routing(offered);
        self.report_taken();
        self.report_holders_removed();
        self.report(Event::ProcessingStopped, |_| {});
    }

    /// The router loses a stopped interaction; `offered` is its RequestRouteCall that waits for an answer.
    fn abandon_routing(&mut self, offered: Option<ReferenceId>) {
        let Some(routing) = self.before.and_then(Interaction::routing) else {
            return;
        };
        if self.head.actor.party() != Some(Party::Router(routing.router.clone())) {
            self.tell_router(&routing.router, Event::Revoked, |attributes| {
                attributes.reference_id = offered;
            });
        } else {
            self.tell_monitors_of_own(Event::RouteUsed, delivered);
            if offered.is_some() {
                self.settle_route(offered, RouteResult::Revoked);
            }
        }
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
    pub(super) fn back_from_router(&mut self) {
        if self.before.is_some_and(|before| before.routing().is_some()) {
            self.report_holders_removed();
            self.report_placed();
        }
    }

    pub(super) fn report_holders_removed(&mut self) {
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

    pub(super) fn report_party(&mut self, event: Event, agent: &UserId) {
        let party = Party::Agent(agent.clone());
        self.report(event, |attributes| attributes.party = Some(party));
    }

    fn report_router(&mut self, event: Event, router: &Router) {
        let party = Party::Router(router.clone());
        self.report(event, |attributes| attributes.party = Some(party));
    }

    pub(super) fn report(&mut self, event: Event, set: impl FnOnce(&mut Attributes)) {
        if self.state.reporting_engines().next().is_some() {
            let attributes = self.attributes(set);
            self.said.report(self.state, event, &attributes);
        }
    }

    pub(super) fn tell_agent(
        &mut self,
        to: &UserId,
        event: Event,
        set: impl FnOnce(&mut Attributes),
    ) {
        let message = interaction_management(event, self.attributes(set));
        self.said
            .said
            .push((to.clone(), Body::Event(Box::new(message))));
    }

    pub(super) fn tell_router(
        &mut self,
        router: &Router,
        event: Event,
        set: impl FnOnce(&mut Attributes),
    ) {
        let monitors = self.monitors();
        if monitors.is_empty() && *router == Router::BuiltIn {
            return;
        }
        let (event, protocol) = for_router(event, Answers::Route);
        let message = Message {
            event,
            protocol,
            attributes: self.attributes(set),
        };
        if let Router::External(user) = router {
            let body = Body::Event(Box::new(message.clone()));
            self.said.said.push((user.clone(), body));
        }
        self.tell(monitors, message);
    }

    pub(super) fn attributes(&self, set: impl FnOnce(&mut Attributes)) -> Attributes {
        let mut attributes = Attributes {
            interaction: Some(self.after.clone()),
            queue: Some(self.after.queue.clone()),
            ..acted(self.head)
        };
        set(&mut attributes);
        attributes
    }
}
