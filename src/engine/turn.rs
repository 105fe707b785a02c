//! What an operation may do: look at the state, and record changes.

use std::sync::Arc;

use super::announce::Announcer;
use super::{Change, Head, State};
use crate::domain::{
    Actor, Cause, Interaction, InteractionId, Invitation, Purpose, QueueName, Refusal, RefusalKind,
    Role, SnapshotId, Ticket, UserId, WorkbinRef,
};

/// Interactions that an agent can have at a time, whatever they are and however he came by them.
pub const AGENT_HOLD_LEN_MAX: usize = 500;

/// One request being carried out. Everything it records takes effect at once and together; who refuses records nothing.
pub struct Turn<'a> {
    state: &'a mut State,
    head: Head,
    entropy: [u8; 16],
    changes: Vec<Change>,
    announcer: Announcer,
}

impl<'a> Turn<'a> {
    pub(super) fn new(state: &'a mut State, head: Head, entropy: [u8; 16]) -> Self {
        Self {
            state,
            head,
            entropy,
            changes: Vec::new(),
            announcer: Announcer::new(),
        }
    }

    pub(super) fn end(mut self) -> (Head, Vec<Change>, Announcer) {
        self.begin_step();
        (self.head, self.changes, self.announcer)
    }

    /// Ends without a step.
    ///
    /// # Panics
    /// Something has been recorded. A copy of the state to go back to would make every change of every request copy its
    /// way down each map, so that operations look at everything before they record anything. One that does not must not
    /// go on: what it left would be neither refused nor journalled.
    pub(super) fn refuse(self) {
        assert!(
            self.changes.is_empty(),
            "{} refused after it had recorded a change",
            self.head.request
        );
    }

    /// The step is at its time from its first change on.
    fn begin_step(&mut self) {
        if self.changes.is_empty() {
            self.state.begin(&self.head);
        }
    }

    /// The state, changes recorded so far included.
    pub fn state(&self) -> &State {
        self.state
    }

    /// When and by whom.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Makes a change. Nothing may be refused after the first one.
    pub fn record(&mut self, change: Change) {
        self.begin_step();
        self.announcer.advance(self.state, &self.head, &change);
        self.changes.push(change);
    }

    /// The user who asks.
    ///
    /// # Errors
    /// The server itself asks.
    pub fn user(&self) -> Result<UserId, Refusal> {
        self.head
            .actor
            .user()
            .cloned()
            .ok_or_else(|| Refusal::forbidden("Only a user can ask for this"))
    }

    /// The agent who asks, who must be logged in.
    ///
    /// # Errors
    /// Not an agent, or not logged in.
    pub fn logged_in_agent(&self) -> Result<UserId, Refusal> {
        if self.head.actor.agent().is_none() {
            return Err(Refusal::forbidden("Only an agent can ask for this"));
        }
        self.logged_in_user()
    }

    /// The user who asks, in whatever role, who must be logged in as an agent.
    ///
    /// # Errors
    /// The server itself asks, or he is not logged in.
    pub fn logged_in_user(&self) -> Result<UserId, Refusal> {
        let user = self.user()?;
        if self.state.agents.contains_key(&user) {
            Ok(user)
        } else {
            Err(Refusal::invalid_state(
                "The agent is not logged in: start a contact-centre session first",
            ))
        }
    }

    /// The agent can have so many interactions more.
    ///
    /// # Errors
    /// He would have too many.
    pub fn check_hold(&self, agent: &UserId, more: usize) -> Result<(), Refusal> {
        if self.state.involved_len(agent) + more <= AGENT_HOLD_LEN_MAX {
            return Ok(());
        }
        Err(Refusal::new(
            RefusalKind::LimitReached,
            format!("An agent can have {AGENT_HOLD_LEN_MAX} interactions at a time"),
        ))
    }

    /// An interaction that the actor may know of, or may have known of a moment ago.
    ///
    /// # Errors
    /// Unknown interaction; the same for one that the actor may not know of.
    pub fn interaction(&self, id: &InteractionId) -> Result<Arc<Interaction>, Refusal> {
        let found = self.state.interaction(id);
        found
            .filter(|interaction| self.may_know(interaction))
            .cloned()
            .ok_or_else(Refusal::unknown_interaction)
    }

    fn may_know(&self, interaction: &Interaction) -> bool {
        match &self.head.actor {
            Actor::BuiltInRouter | Actor::Server => true,
            Actor::User { user, role } => {
                self.state.may_see(interaction, user, *role)
                    || (*role == Role::Agent && interaction.declined.contains_key(user))
                    || (*role == Role::Router && interaction.is_stopped())
            }
        }
    }

    /// A fresh identifier of 16 letters and digits, 80 bits of them random.
    pub fn new_interaction_id(&self) -> InteractionId {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTUVWXY";
        let text: String = self
            .entropy
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
            .collect();
        InteractionId::parse(&text).expect("the alphabet is valid")
    }

    /// How long the owner of an interaction may stay silent from now on.
    pub fn handling_timeout_ms(&self) -> u64 {
        self.state.configuration.timing.handling_timeout_ms
    }

    /// Invites an agent.
    pub fn invite(&mut self, interaction: &InteractionId, agent: &UserId, purpose: Purpose) {
        let timeout_ms = self.state.configuration.timing.delivery_timeout_ms;
        let invitation = Invitation {
            ticket: Ticket(self.state.last_ticket + 1),
            agent: agent.clone(),
            invited_at: self.head.at,
            deadline: self.head.at.plus_ms(timeout_ms),
            purpose,
        };
        self.record(Change::AgentInvited {
            interaction: interaction.clone(),
            invitation,
        });
    }

    /// Takes the open invitation of an interaction back, if there is one.
    pub fn revoke_invitation(&mut self, interaction: &InteractionId, cause: Cause) {
        let open = self
            .state
            .interaction(interaction)
            .and_then(|found| found.invitation().cloned());
        if let Some(invitation) = open {
            self.record(Change::InvitationRevoked {
                interaction: interaction.clone(),
                agent: invitation.agent,
                ticket: invitation.ticket,
                cause,
            });
        }
    }

    /// Places an interaction in a queue; a pending transfer is withdrawn.
    ///
    /// # Errors
    /// No such queue.
    pub fn place_in_queue(
        &mut self,
        interaction: &InteractionId,
        queue: &QueueName,
    ) -> Result<(), Refusal> {
        if !self.state.configuration.queues.contains_key(queue) {
            return Err(Refusal::not_found("queue", queue.as_str()));
        }
        self.revoke_invitation(interaction, Cause::Withdrawn);
        self.record(Change::PlacedInQueue {
            interaction: interaction.clone(),
            queue: queue.clone(),
            order: self.head.sequence,
        });
        Ok(())
    }

    /// Places an interaction in a workbin; a pending transfer is withdrawn.
    pub fn place_in_workbin(&mut self, interaction: &InteractionId, workbin: WorkbinRef) {
        self.revoke_invitation(interaction, Cause::Withdrawn);
        self.record(Change::PlacedInWorkbin {
            interaction: interaction.clone(),
            workbin,
        });
    }

    /// Takes back the open invitation of an interaction if `agent` sent it.
    pub fn withdraw_invitation_of(&mut self, interaction: &Interaction, agent: &UserId) {
        let sender = interaction
            .invitation()
            .and_then(|open| open.purpose.sender());
        if sender.is_some_and(|(by, _)| by == agent) {
            self.revoke_invitation(&interaction.id, Cause::Withdrawn);
        }
    }

    /// Takes an interaction from an agent who works on it: it stays with the others, or goes back to where it came from.
    pub fn take_from(&mut self, interaction: &Interaction, agent: &UserId, cause: Cause) {
        let is_last = interaction.parties().len() == 1;
        if is_last {
            self.revoke_invitation(&interaction.id, Cause::Withdrawn);
            self.record(Change::Returned {
                interaction: interaction.id.clone(),
                cause,
            });
        } else {
            self.withdraw_invitation_of(interaction, agent);
            self.record(Change::PartyLeft {
                interaction: interaction.id.clone(),
                agent: agent.clone(),
                cause: Some(cause),
            });
        }
    }

    /// Takes everything from an agent: invitations are revoked, interactions stay with others or go back.
    pub fn take_all_from(&mut self, agent: &UserId, cause: Cause) {
        let involved: Vec<Arc<Interaction>> = self.state.involved(agent).cloned().collect();
        for interaction in involved {
            if interaction.invites(agent) {
                self.revoke_invitation(&interaction.id, cause);
            } else {
                self.take_from(&interaction, agent, cause);
            }
        }
    }

    /// Logs an agent out: his subscriptions to workbins end, and everything is taken from him.
    pub fn log_out(&mut self, agent: &UserId, cause: Cause) {
        let subscriptions = self.state.subscriptions.iter();
        let subscribed: Vec<WorkbinRef> = subscriptions
            .filter(|(_, agents)| agents.contains(agent))
            .map(|(workbin, _)| workbin.clone())
            .collect();
        for workbin in subscribed {
            self.record(Change::WorkbinUnsubscribed {
                agent: agent.clone(),
                workbin,
            });
        }
        self.take_all_from(agent, cause);
        self.record(Change::AgentLoggedOut {
            agent: agent.clone(),
        });
    }

    /// Ends a snapshot of interactions, and its locks.
    pub fn release_snapshot(&mut self, id: SnapshotId) {
        let Some(snapshot) = self.state.snapshots.get(&id).cloned() else {
            return;
        };
        for interaction in snapshot.ids() {
            let found = self.state.interactions.get(interaction);
            if found.is_some_and(|found| found.locked_by == Some(id)) {
                self.record(Change::Unlocked {
                    interaction: interaction.clone(),
                });
            }
        }
        self.record(Change::SnapshotReleased {
            snapshot: id,
            owner: snapshot.owner.clone(),
        });
    }

    /// The workbin that an agent means by a name, an id, or the base64 of `<name>/PrivateView`.
    ///
    /// # Errors
    /// No such workbin, or none of the agent's.
    pub fn workbin(&self, named: &str, agent: &UserId) -> Result<WorkbinRef, Refusal> {
        let configuration = &self.state.configuration;
        let decoded = decode_view(named);
        let wanted = decoded.as_deref().unwrap_or(named);
        let wanted = wanted.strip_suffix("/PrivateView").unwrap_or(wanted);
        let mut own = configuration.workbins_of(agent);
        own.find(|(name, workbin, owner)| {
            name.as_str() == wanted
                || workbin.display_name == wanted
                || format!("{name}.{owner}") == wanted
        })
        .map(|(name, _, owner)| WorkbinRef {
            name: name.clone(),
            owner,
        })
        .ok_or_else(|| Refusal::not_found("workbin", named))
    }

    /// The workbin that the user who asks means: an agent one of his own, by any of its names; a supervisor or an
    /// administrator anybody's, by its identifier.
    ///
    /// # Errors
    /// No such workbin, or none within his reach.
    pub fn workbin_in_reach(&self, named: &str, user: &UserId) -> Result<WorkbinRef, Refusal> {
        if self.head.actor.agent().is_some() {
            return self.workbin(named, user);
        }
        let found = self.state.configuration.workbin(named);
        found.ok_or_else(|| Refusal::not_found("workbin", named))
    }
}

fn decode_view(text: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    String::from_utf8(bytes)
        .ok()
        .filter(|decoded| decoded.ends_with("/PrivateView"))
}

/// The agent works on the interaction.
///
/// # Errors
/// It was stopped, the agent is only invited, or has no part in it.
pub(super) fn owns(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    let owner = actor
        .agent()
        .is_some_and(|agent| interaction.has_party(agent));
    if owner {
        Ok(())
    } else if interaction.is_stopped() {
        Err(Refusal::unknown_interaction())
    } else {
        Err(Refusal::invalid_state(
            "The agent does not work on this interaction",
        ))
    }
}

/// The agent is invited to the interaction.
///
/// # Errors
/// It was stopped, he has accepted already, or the invitation has ended.
pub(super) fn invited(interaction: &Interaction, actor: &Actor) -> Result<(), Refusal> {
    match actor.agent() {
        Some(agent) if interaction.invites(agent) => Ok(()),
        _ if interaction.is_stopped() => Err(Refusal::unknown_interaction()),
        Some(agent) if interaction.has_party(agent) => Err(Refusal::new(
            RefusalKind::AlreadyAccepted,
            "The agent has accepted this interaction already",
        )),
        _ => Err(Refusal::new(
            RefusalKind::InvitationEnded,
            "The invitation has ended",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ReferenceId, Sequence, Timestamp};

    fn refuse_after(changes: usize) {
        let mut state = State::default();
        let head = Head {
            sequence: Sequence(1),
            at: Timestamp(1),
            actor: Actor::Server,
            reference_id: None::<ReferenceId>,
            request: "Test".into(),
            idempotency: None,
        };
        let mut turn = Turn::new(&mut state, head, [0; 16]);
        for _ in 0..changes {
            turn.record(Change::SnapshotReleased {
                snapshot: SnapshotId(1),
                owner: UserId::parse("owner").expect("valid"),
            });
        }
        turn.refuse();
        assert_eq!(state, State::default());
    }

    #[test]
    fn who_refuses_leaves_the_state_as_it_was() {
        refuse_after(0);
    }

    #[test]
    #[should_panic(expected = "Test refused after it had recorded a change")]
    fn nobody_refuses_after_a_change() {
        refuse_after(1);
    }
}
