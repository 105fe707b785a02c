//! Who hears what: a pure function of the state before a step and the step (design D4).
//!
//! `events` says the reference's messages to parties; `notices` says to desktops what became of their
//! interactions and media. The order in which one receiver hears things is the order in which they are pushed.

mod answer;
mod events;
mod heard;
mod invitations;
mod monitors;
mod notices;
mod reporting;
mod saying;
mod scene;

pub use answer::{ADDRESS_CALLS_LEN_MAX, answer};
pub use heard::Heard;
pub use reporting::STATE_IDS_LEN_MAX;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::Altered;
use super::{Change, Head, Outcome, State};
use crate::domain::{
    Agent, Cause, Interaction, InteractionId, Message, ReferenceId, Sequence, UserId, WorkbinRef,
};
use scene::Scene;

/// Where a user hears something; each is one CometD channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Channel {
    /// `/v2/me/channels`
    Channels,
    /// `/v2/me/interactions`
    Interactions,
    /// `/v2/me/messages`
    Messages,
    /// `/v2/me/workbins`
    Workbins,
}

impl Channel {
    const ALL: [Self; 4] = [
        Self::Channels,
        Self::Interactions,
        Self::Messages,
        Self::Workbins,
    ];
}

/// One thing said to one user.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// Who hears it.
    pub to: UserId,
    /// The sequence of what this user heard before on this channel.
    pub previous: Option<Sequence>,
    /// What is said.
    pub body: Body,
}

/// What is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// An event of the reference.
    Event(Box<Message>),
    /// What became of an interaction of an agent.
    Interaction(InteractionNotice),
    /// A request of the agent's that had been accepted came to nothing after all.
    Failure {
        /// Which request.
        reference_id: Option<ReferenceId>,
        /// Which interaction.
        interaction: Arc<Interaction>,
        /// Why.
        text: &'static str,
    },
    /// The media of an agent, as they are now; none when he has logged out.
    Channels(Option<Arc<Agent>>),
    /// The content of a workbin, as the agent asked; transient.
    WorkbinContent {
        /// Which workbin.
        workbin: WorkbinRef,
        /// What is in it.
        interactions: Vec<Arc<Interaction>>,
    },
    /// Something came into or left a workbin that the agent subscribed to.
    WorkbinChanged {
        /// Which workbin.
        workbin: WorkbinRef,
        /// What.
        interaction: Arc<Interaction>,
        /// Whether it came.
        added: bool,
    },
    /// The agent's subscription to a workbin began or ended; transient.
    WorkbinSubscription {
        /// Which workbin.
        workbin: WorkbinRef,
        /// Whether it began.
        subscribed: bool,
    },
}

/// What became of an interaction of an agent.
#[derive(Clone, Debug, PartialEq)]
pub struct InteractionNotice {
    /// What kind of difference it is.
    pub kind: NoticeKind,
    /// The interaction after the step.
    pub interaction: Arc<Interaction>,
    /// The state in which this agent sees it.
    pub state: super::AgentState,
    /// Why it was taken away, if it was.
    pub cause: Option<Cause>,
    /// The transfer of this agent's that it settles (design D11).
    pub settles: Option<ReferenceId>,
}

/// `notificationType` on `/v2/me/interactions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// The state, or what may be done, is different.
    StatusChange,
    /// Attached data or another property is different.
    PropertiesUpdated,
    /// Who works on it is different.
    ParticipantsUpdated,
}

impl NoticeKind {
    /// The kind on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatusChange => "StatusChange",
            Self::PropertiesUpdated => "PropertiesUpdated",
            Self::ParticipantsUpdated => "ParticipantsUpdated",
        }
    }
}

impl Body {
    /// Where it is heard.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Event(_) => Channel::Messages,
            Self::Interaction(_) | Self::Failure { .. } => Channel::Interactions,
            Self::Channels(_) => Channel::Channels,
            Self::WorkbinContent { .. }
            | Self::WorkbinChanged { .. }
            | Self::WorkbinSubscription { .. } => Channel::Workbins,
        }
    }

    /// Whether it is only valid at its time, and so is never replayed (design D10).
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::WorkbinContent { .. } | Self::WorkbinSubscription { .. }
        )
    }
}

/// Collects what a step says while its changes are made.
pub(super) struct Announcer {
    said: Vec<(UserId, Body)>,
    touched: Touched,
    taken: BTreeMap<(InteractionId, UserId), Cause>,
    settled: BTreeMap<(InteractionId, UserId), ReferenceId>,
    channels: BTreeSet<UserId>,
    logged_in: BTreeSet<UserId>,
}

/// The interactions that a step changes, as they were before it.
type Touched = BTreeMap<InteractionId, Option<Arc<Interaction>>>;

impl Announcer {
    pub(super) fn new() -> Self {
        Self {
            said: Vec::new(),
            touched: BTreeMap::new(),
            taken: BTreeMap::new(),
            settled: BTreeMap::new(),
            channels: BTreeSet::new(),
            logged_in: BTreeSet::new(),
        }
    }

    /// Makes a change and notes what it says.
    pub(super) fn advance(&mut self, state: &mut State, head: &Head, change: &Change) {
        let Some(Altered { before, after }) = state.apply(change) else {
            self.say_of_agents(state, head, change);
            self.note(head, None, change);
            return;
        };
        self.touched
            .entry(after.id.clone())
            .or_insert_with(|| before.clone());
        let before = before.as_deref();
        let mut scene = Scene {
            said: self,
            state,
            head,
            before,
            after,
        };
        scene.say(change);
        self.note(head, before, change);
    }

    /// Adds the answer to the requester and what desktops see, and closes the step.
    pub(super) fn finish(
        mut self,
        state: &mut State,
        head: &Head,
        outcome: &Outcome,
    ) -> Vec<Announcement> {
        state.keep_first_answer(head, outcome);
        self.say_answer(state, head, outcome);
        self.say_notices(state);
        let mut announcements: Vec<Announcement> = Vec::with_capacity(self.said.len());
        for (to, body) in self.said {
            let heard = state.heard.get(&to);
            announcements.push(Announcement {
                previous: heard.and_then(|heard| heard.last(body.channel())),
                to,
                body,
            });
        }
        for said in announcements.iter().filter(|it| !it.body.is_transient()) {
            state.hear(&said.to, said.body.channel(), head.sequence);
        }
        announcements
    }
}

/// Makes the changes of a journalled step, and gives what it says. The same for live work, restart and replay.
pub fn fold(state: &mut State, step: &super::Step) -> Vec<Announcement> {
    let mut announcer = Announcer::new();
    state.begin(&step.head);
    for change in &step.changes {
        announcer.advance(state, &step.head, change);
    }
    let announcements = announcer.finish(state, &step.head, &step.outcome);
    // Nothing is routed here.
    state.news.clear();
    announcements
}
