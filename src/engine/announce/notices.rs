//! What desktops see: the difference that a step made to each agent's interactions and media.

use std::sync::Arc;

use super::{Announcer, Body, InteractionNotice, NoticeKind, Touched};
use crate::domain::{Cause, Interaction, InteractionId, UserId};
use crate::engine::index::involved_agents;
use crate::engine::{AgentState, Change, Head, State, agent_state, capabilities};

impl Announcer {
    /// Remembers what the end of the step must know of a change.
    pub(super) fn note(&mut self, head: &Head, before: Option<&Interaction>, change: &Change) {
        self.note_settled(before, change);
        match change {
            Change::InvitationRevoked {
                interaction,
                agent,
                cause,
                ..
            } => self.note_taken(interaction, agent, *cause),
            Change::Returned { interaction, cause } => {
                for agent in before.map_or(&[][..], Interaction::parties) {
                    self.note_taken(interaction, agent, *cause);
                }
            }
            Change::PartyLeft {
                interaction,
                agent,
                cause: Some(cause),
            } => self.note_taken(interaction, agent, *cause),
            Change::PlacedInQueue { interaction, .. }
            | Change::PlacedInWorkbin { interaction, .. } => {
                let parties = before.map_or(&[][..], Interaction::parties);
                self.note_taken_by_another(head, interaction, parties.iter(), Cause::Withdrawn);
            }
            Change::Stopped { interaction } => {
                let involved = before.into_iter().flat_map(involved_agents);
                self.note_taken_by_another(head, interaction, involved, Cause::Stopped);
            }
            Change::AgentLoggedIn { agent, .. } => {
                self.channels.insert(agent.clone());
                self.logged_in.insert(agent.clone());
            }
            Change::AgentLoggedOut { agent } | Change::MediaStateChanged { agent, .. } => {
                self.channels.insert(agent.clone());
            }
            Change::Accepted { .. }
            | Change::AddressRegistered { .. }
            | Change::AddressUnregistered { .. }
            | Change::AgentInvited { .. }
            | Change::CentreConfigured(_)
            | Change::ConfigurationApplied(_)
            | Change::ConfigurationChanged(_)
            | Change::ClientRegistered { .. }
            | Change::ClientUnregistered { .. }
            | Change::Declined { .. }
            | Change::Held { .. }
            | Change::InteractionSubmitted(_)
            | Change::Locked { .. }
            | Change::PartyJoined { .. }
            | Change::PartyLeft { cause: None, .. }
            | Change::PresenceChanged { .. }
            | Change::PropertiesChanged { .. }
            | Change::Pulled { .. }
            | Change::Resumed { .. }
            | Change::RouterPassedOver { .. }
            | Change::RouterTook { .. }
            | Change::RoutingEnded { .. }
            | Change::SnapshotReleased { .. }
            | Change::SnapshotTaken(_)
            | Change::Unlocked { .. }
            | Change::WorkbinRead(_) => {}
            Change::WorkbinSubscribed { .. } | Change::WorkbinUnsubscribed { .. } => {
                self.say_subscription(change);
            }
        }
    }

    fn say_subscription(&mut self, change: &Change) {
        if let Change::WorkbinSubscribed { agent, workbin }
        | Change::WorkbinUnsubscribed { agent, workbin } = change
        {
            let body = Body::WorkbinSubscription {
                workbin: workbin.clone(),
                subscribed: matches!(change, Change::WorkbinSubscribed { .. }),
            };
            self.said.push((agent.clone(), body));
        }
    }

    /// A change that ends the invitation of another agent answers who sent it.
    fn note_settled(&mut self, before: Option<&Interaction>, change: &Change) {
        let ends = matches!(
            change,
            Change::Accepted { .. }
                | Change::Declined { .. }
                | Change::InvitationRevoked { .. }
                | Change::Stopped { .. }
        );
        let Some(before) = before.filter(|_| ends) else {
            return;
        };
        if let Some((by, Some(reference))) =
            before.invitation().and_then(|open| open.purpose.sender())
        {
            self.settled
                .insert((before.id.clone(), by.clone()), reference);
        }
    }

    /// The agent who did it himself knows.
    fn note_taken_by_another<'a>(
        &mut self,
        head: &Head,
        interaction: &InteractionId,
        agents: impl Iterator<Item = &'a UserId>,
        cause: Cause,
    ) {
        for agent in agents.filter(|agent| head.actor.agent() != Some(agent)) {
            self.note_taken(interaction, agent, cause);
        }
    }

    fn note_taken(&mut self, interaction: &InteractionId, agent: &UserId, cause: Cause) {
        self.taken
            .insert((interaction.clone(), agent.clone()), cause);
    }

    /// Says what desktops see, at the end of the step.
    pub(super) fn say_notices(&mut self, state: &State) {
        for agent in std::mem::take(&mut self.channels) {
            let body = Body::Channels(state.agents.get(&agent).cloned());
            self.said.push((agent, body));
        }
        let touched = std::mem::take(&mut self.touched);
        for agent in std::mem::take(&mut self.logged_in) {
            self.say_what_he_has(state, &agent, &touched);
        }
        for (id, before) in touched {
            if let Some(after) = state.interaction(&id) {
                self.say_difference(before.as_deref(), after);
            }
        }
    }

    /// A returning agent is told what is his (race r21), as far as the step does not tell it anyway.
    fn say_what_he_has(&mut self, state: &State, agent: &UserId, touched: &Touched) {
        let involved = state.involved(agent);
        for interaction in involved.filter(|it| !touched.contains_key(&it.id)) {
            if let Some(state) = agent_state(interaction, agent) {
                let notice = InteractionNotice {
                    kind: NoticeKind::StatusChange,
                    interaction: interaction.clone(),
                    state,
                    cause: None,
                    settles: None,
                };
                self.said.push((agent.clone(), Body::Interaction(notice)));
            }
        }
    }

    fn say_difference(&mut self, before: Option<&Interaction>, after: &Arc<Interaction>) {
        let mut agents: Vec<&UserId> = before.into_iter().flat_map(involved_agents).collect();
        agents.extend(involved_agents(after));
        agents.sort();
        agents.dedup();
        for agent in agents {
            let was = before.and_then(|before| agent_state(before, agent));
            let is = agent_state(after, agent);
            let key = (after.id.clone(), agent.clone());
            let cause = self.taken.get(&key).copied();
            let (state, cause) = match (is, cause) {
                (Some(state), _) => (state, None),
                (None, Some(cause)) => (AgentState::Revoked, Some(cause)),
                (None, None) => (AgentState::Completed, None),
            };
            if let Some(kind) = difference(before, was, after, is, agent) {
                let notice = InteractionNotice {
                    kind,
                    interaction: after.clone(),
                    state,
                    cause,
                    settles: self.settled.get(&key).copied(),
                };
                self.said.push((agent.clone(), Body::Interaction(notice)));
            }
        }
    }
}

fn difference(
    before: Option<&Interaction>,
    was: Option<AgentState>,
    after: &Interaction,
    is: Option<AgentState>,
    agent: &UserId,
) -> Option<NoticeKind> {
    let Some(before) = before else {
        return is.map(|_| NoticeKind::StatusChange);
    };
    let ticket = |it: &Interaction| {
        let invitation = it.invitation().filter(|open| open.agent == *agent);
        invitation.map(|open| open.ticket)
    };
    if was != is || ticket(before) != ticket(after) || offers_differ(before, after, agent) {
        Some(NoticeKind::StatusChange)
    } else if before.user_data != after.user_data
        || before.subject != after.subject
        || before.is_online != after.is_online
        || before.external_id != after.external_id
        || before.parent_id != after.parent_id
    {
        Some(NoticeKind::PropertiesUpdated)
    } else if before.parties() != after.parties() {
        Some(NoticeKind::ParticipantsUpdated)
    } else {
        None
    }
}

/// Guards look at where an interaction is and whether it is a draft, at nothing else that changes.
fn offers_differ(before: &Interaction, after: &Interaction, agent: &UserId) -> bool {
    before.whereabouts != after.whereabouts
        && capabilities(before, agent) != capabilities(after, agent)
}
