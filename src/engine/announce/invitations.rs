//! What invitations and those who come and go say: the parts of a scene that concern who works together.

use super::Body;
use super::scene::Scene;
use crate::domain::{
    Attributes, Cause, Event, Interaction, Invitation, Party, Purpose, ReferenceId, Refusal,
    RefusalKind, RouteResult, UserId,
};

impl Scene<'_> {
    /// Rows 6 and 28.
    pub(super) fn invited(&mut self, invitation: &Invitation) {
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

    /// Rows 8, 29 and 30.
    pub(super) fn accepted(&mut self, agent: &UserId) {
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
                self.acknowledge_sender(&by, reference_id);
                self.tell_others(Event::PartyAdded, agent, agent);
                self.tell_others(Event::PartyRemoved, &by, agent);
                self.report(Event::Accepted, accepted);
                self.report_party(Event::PartyAdded, agent);
                self.report_party(Event::PartyRemoved, &by);
            }
            Some(Purpose::Conference { by, reference_id }) => {
                self.acknowledge_sender(&by, reference_id);
                self.tell_parties(Event::PartyAdded, agent);
                self.report(Event::Accepted, accepted);
                self.report_party(Event::PartyAdded, agent);
            }
            None => {}
        }
    }

    /// Whoever invited another agent hears that he accepted.
    fn acknowledge_sender(&mut self, by: &UserId, reference_id: Option<ReferenceId>) {
        self.tell_agent(by, Event::Ack, |attributes| {
            attributes.reference_id = reference_id;
        });
    }

    /// Row 34, and the same of one from whom it is taken.
    pub(super) fn left(&mut self, agent: &UserId, cause: Option<Cause>) {
        if let Some(cause) = cause.filter(|_| self.head.actor.agent() != Some(agent)) {
            self.tell_agent(agent, Event::Revoked, |attributes| {
                attributes.cause = Some(cause);
            });
        }
        self.tell_parties(Event::PartyRemoved, agent);
        self.report_party(Event::PartyRemoved, agent);
    }

    /// Tells all who work on it about one who joined them or left.
    pub(super) fn tell_parties(&mut self, event: Event, about: &UserId) {
        for agent in self.after.clone().parties() {
            self.tell_of_party(agent, event, about);
        }
    }

    /// The same to all but one, who knows.
    fn tell_others(&mut self, event: Event, about: &UserId, but: &UserId) {
        for agent in self.after.clone().parties() {
            if agent != but {
                self.tell_of_party(agent, event, about);
            }
        }
    }

    fn tell_of_party(&mut self, to: &UserId, event: Event, about: &UserId) {
        self.tell_agent(to, event, |attributes| {
            attributes.party = Some(Party::Agent(about.clone()));
        });
    }

    /// Rows 10, 13, 32, and the withdrawal of an invitation by an agent.
    pub(super) fn revoked(&mut self, agent: &UserId, cause: Cause) {
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

    pub(super) fn open_invitation(&self) -> Option<Invitation> {
        self.before.and_then(Interaction::invitation).cloned()
    }

    /// Tells who sent the open invitation that it came to nothing.
    pub(super) fn settle_invitation(&mut self, result: RouteResult, why: &'static str) {
        match self.open_invitation().map(|invitation| invitation.purpose) {
            Some(Purpose::Delivery { reference_id }) => self.settle_route(reference_id, result),
            Some(
                Purpose::Transfer { by, reference_id } | Purpose::Conference { by, reference_id },
            ) => self.fail_sender(&by, reference_id, why),
            None => {}
        }
    }

    pub(super) fn settle_route(&mut self, reference_id: Option<ReferenceId>, result: RouteResult) {
        if let Some(routing) = self.before.and_then(Interaction::routing) {
            self.tell_router(&routing.router, Event::RouteUsed, |attributes| {
                attributes.reference_id = reference_id;
                attributes.route_result = Some(result);
            });
        }
    }

    pub(super) fn fail_sender(
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
}
