//! What must hold after every step, seen by those who hear (interaction-models section 7).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use baton::domain::{
    Agent, Event, IdempotencyKey, InteractionId, Message, Protocol, Purpose, ReferenceId, Sequence,
    Ticket, Timestamp, UserId, WorkbinRef,
};
use baton::engine::{
    AgentState, Announcement, Body, Change, Channel, Engine, InteractionNotice, Outcome, Request,
    State, Step, agent_state,
};

use super::records;
use super::reference::Reference;

type Bin = BTreeSet<InteractionId>;

/// Hears everything and remembers what the invariants need.
#[derive(Clone, Default)]
pub(super) struct Observer {
    reference: Reference,
    heard: BTreeMap<(UserId, Channel), Sequence>,
    /// Requests that are answered when an invitation ends, and who hears that.
    open: BTreeMap<ReferenceId, UserId>,
    ended_tickets: BTreeSet<(UserId, Ticket)>,
    last_ticket: Ticket,
    notices: BTreeMap<(UserId, InteractionId), InteractionNotice>,
    channels: BTreeMap<UserId, Option<Arc<Agent>>>,
    /// Workbins as a subscriber knows them, by CometD notification and by event.
    bins: BTreeMap<(UserId, WorkbinRef), (Bin, Bin)>,
    /// What was done under a key, last.
    done: BTreeMap<(UserId, IdempotencyKey), Step>,
}

impl Observer {
    /// Checks one step.
    pub(super) fn observe(
        &mut self,
        before: &State,
        step: &Step,
        said: &[Announcement],
        after: &State,
    ) {
        self.check_order(step, said);
        self.check_answers(step, said, after);
        self.check_once(step, after);
        for change in &step.changes {
            self.follow_subscription(change, before);
        }
        for announcement in said {
            match &announcement.body {
                Body::Event(message) => self.hear(&announcement.to, message),
                Body::Interaction(notice) => {
                    let key = (announcement.to.clone(), notice.interaction.id.clone());
                    self.notices.insert(key, notice.clone());
                }
                Body::Channels(agent) => {
                    self.channels.insert(announcement.to.clone(), agent.clone());
                }
                Body::WorkbinChanged {
                    workbin,
                    interaction,
                    added,
                } => {
                    let key = (announcement.to.clone(), workbin.clone());
                    let (bin, _) = self.bins.get_mut(&key).expect("only subscribers hear");
                    change_bin(bin, &interaction.id, *added);
                }
                Body::Failure { .. }
                | Body::WorkbinContent { .. }
                | Body::WorkbinSubscription { .. } => {}
            }
        }
        check_repetitions(said);
        self.reference.compare(after, &step.interaction_ids());
        self.check_desktops(step, after);
        self.check_bins(after);
        records::check_step(before, step, after);
        records::check_state(after);
    }

    /// Checks what must hold when nothing is due.
    pub(super) fn settled(&self, engine: &Engine, now: Timestamp) {
        records::check_timers(engine, now);
        records::check_nobody_waits_in_vain(engine, now);
        self.check_open(engine.state());
    }

    /// I8: what a user hears on a channel is in the order of the journal, and names what was before it.
    fn check_order(&mut self, step: &Step, said: &[Announcement]) {
        let sequence = step.head.sequence;
        for announcement in said {
            let key = (announcement.to.clone(), announcement.body.channel());
            let previous = self.heard.get(&key).copied();
            assert_eq!(announcement.previous, previous, "{key:?}: a gap");
            assert!(previous.is_none_or(|previous| previous < sequence));
        }
        for announcement in said.iter().filter(|said| !said.body.is_transient()) {
            let key = (announcement.to.clone(), announcement.body.channel());
            self.heard.insert(key, sequence);
        }
    }

    /// I4: one answer to every reference, now or when the invitation ends.
    fn check_answers(&mut self, step: &Step, said: &[Announcement], after: &State) {
        let own = step.head.reference_id;
        let mut answers: Vec<(&UserId, ReferenceId)> = Vec::new();
        for announcement in said {
            if let Body::Event(message) = &announcement.body
                && let Some(reference) = message.attributes.reference_id
            {
                answers.push((&announcement.to, reference));
            }
        }
        let actor = step.head.actor.user();
        let is_invited = matches!(step.outcome, Outcome::Invited(_));
        let mut owed = u64::from(actor.is_some() && !is_invited);
        for (user, reference) in answers {
            if Some(reference) == own && owed > 0 {
                assert_eq!(Some(user), actor);
                owed -= 1;
            } else {
                // Of an earlier request, which may have had the same reference.
                assert_eq!(self.open.remove(&reference).as_ref(), Some(user));
            }
        }
        assert_eq!(owed, 0, "{own:?} is not answered");
        if let (true, Some(user)) = (is_invited, actor) {
            self.open.insert(own.unwrap(), user.clone());
        }
        self.check_open(after);
    }

    /// What has a key is done once, as long as its first answer is kept. Who only reads may read again.
    fn check_once(&mut self, step: &Step, state: &State) {
        let reads = matches!(
            step.outcome,
            Outcome::AddressInfo { .. } | Outcome::WorkbinContent { .. }
        );
        let (Some(idempotency), Some(user)) = (&step.head.idempotency, step.head.actor.user())
        else {
            return;
        };
        if reads {
            return;
        }
        let name = (user.clone(), idempotency.key.clone());
        let earlier = self.done.insert(name, step.clone());
        let is_kept = |earlier: &Step| is_kept(earlier, state, step.head.at);
        assert!(!earlier.as_ref().is_some_and(is_kept), "twice: {earlier:?}");
    }

    /// What was done before under the key of a request, if its answer must still be known.
    pub(super) fn done_under(
        &self,
        state: &State,
        now: Timestamp,
        request: &Request,
    ) -> Option<&Step> {
        let key = request.idempotency.as_ref()?.key.clone();
        let done = self.done.get(&(request.actor.user()?.clone(), key));
        done.filter(|step| is_kept(step, state, now))
    }

    /// Exactly the senders of open invitations wait for an answer.
    fn check_open(&self, state: &State) {
        let senders = state.interactions.values().filter_map(|interaction| {
            let (Purpose::Delivery { reference_id }
            | Purpose::Transfer { reference_id, .. }
            | Purpose::Conference { reference_id, .. }) = &interaction.invitation()?.purpose;
            *reference_id
        });
        let senders: BTreeSet<ReferenceId> = senders.collect();
        let waiting: BTreeSet<ReferenceId> = self.open.keys().copied().collect();
        assert_eq!(waiting, senders, "requests that wait for an answer");
    }

    fn hear(&mut self, to: &UserId, message: &Message) {
        if message.protocol == Protocol::Reporting {
            self.reference.hear(message);
            return;
        }
        let attributes = &message.attributes;
        if let Some(ticket) = attributes.ticket {
            let key = (to.clone(), ticket);
            // I6: nothing of a ticket after its EventRevoked.
            assert!(!self.ended_tickets.contains(&key), "{to}: ticket {ticket}");
            match message.event {
                Event::Invite => {
                    assert!(ticket > self.last_ticket, "ticket {ticket} is no new one");
                    self.last_ticket = ticket;
                }
                Event::Revoked => {
                    self.ended_tickets.insert(key);
                }
                _ => {}
            }
        }
        if message.event == Event::WorkbinContentChanged {
            let key = (to.clone(), attributes.workbin.clone().unwrap());
            let (_, bin) = self.bins.get_mut(&key).expect("only subscribers hear");
            let interaction = attributes.interaction.as_ref().unwrap();
            change_bin(bin, &interaction.id, attributes.workbin_added.unwrap());
        }
    }

    fn follow_subscription(&mut self, change: &Change, before: &State) {
        match change {
            Change::WorkbinSubscribed { agent, workbin } => {
                let content: Bin = before
                    .workbin_content(workbin)
                    .map(|it| it.id.clone())
                    .collect();
                self.bins
                    .entry((agent.clone(), workbin.clone()))
                    .or_insert_with(|| (content.clone(), content));
            }
            Change::WorkbinUnsubscribed { agent, workbin } => {
                self.bins.remove(&(agent.clone(), workbin.clone()));
            }
            _ => {}
        }
    }

    /// I10: a workbin is what its subscribers heard.
    fn check_bins(&self, state: &State) {
        for ((agent, workbin), (noticed, heard)) in &self.bins {
            let content: Bin = state
                .workbin_content(workbin)
                .map(|it| it.id.clone())
                .collect();
            assert_eq!(*noticed, content, "{agent}, {workbin:?}: notifications");
            assert_eq!(*heard, content, "{agent}, {workbin:?}: events");
        }
    }

    /// A desktop that believes its notifications is right about every interaction and medium of its agent.
    fn check_desktops(&self, step: &Step, state: &State) {
        for id in step.interaction_ids() {
            let id = InteractionId::parse(&id).unwrap();
            let interaction = state.interaction(&id).unwrap();
            for agent in state.configuration.users.keys() {
                let told = self.notices.get(&(agent.clone(), id.clone()));
                let Some(is) = agent_state(interaction, agent) else {
                    let is_over = told.is_none_or(|told| {
                        matches!(told.state, AgentState::Completed | AgentState::Revoked)
                    });
                    assert!(is_over, "{agent} was not told that {id} left him");
                    continue;
                };
                let told = told.unwrap_or_else(|| panic!("{agent} was not told of {id}"));
                assert_eq!(told.state, is, "{agent} sees {id}");
                let seen = &told.interaction;
                assert_eq!(seen.user_data, interaction.user_data, "{agent} sees {id}");
                assert_eq!(seen.invitation(), interaction.invitation(), "{agent}, {id}");
                assert_eq!(seen.parties(), interaction.parties(), "{agent} sees {id}");
                assert_eq!(seen.subject, interaction.subject, "{agent} sees {id}");
            }
        }
        for (user, told) in &self.channels {
            let is = state.agents.get(user).map(|agent| &agent.media);
            assert_eq!(told.as_ref().map(|agent| &agent.media), is, "{user}");
        }
    }
}

fn is_kept(done: &Step, state: &State, now: Timestamp) -> bool {
    let ttl_ms = state.configuration.timing.idempotency_key_ttl_ms;
    now < done.head.at.plus_ms(ttl_ms)
}

fn change_bin(bin: &mut Bin, id: &InteractionId, added: bool) {
    let is_news = if added {
        bin.insert(id.clone())
    } else {
        bin.remove(id)
    };
    assert!(is_news, "{id}: added={added} twice");
}

/// Nobody hears the same thing of an interaction twice in one step.
fn check_repetitions(said: &[Announcement]) {
    let of_interaction = |said: &&Announcement| match &said.body {
        Body::Event(message) => message.attributes.interaction.is_some(),
        _ => true,
    };
    let said: Vec<&Announcement> = said.iter().filter(of_interaction).collect();
    for (index, one) in said.iter().enumerate() {
        assert!(!said[..index].contains(one), "said twice: {one:?}");
    }
}
