//! What the server says and answers on its way: late, twice, or not at all; and what becomes of those who wait for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baton::domain::{Purpose, ReferenceId, Sequence, UserId};
use baton::engine::Announcement;
use serde_json::Value;

use super::archive::Archive;
use super::dice::Dice;
use super::disk::Disk;
use super::listeners::Listener;
use super::pictures::{Counts, Picture};
use super::setting::AGENTS;
use super::world::user;

/// Things that arrive at one listener between two requests.
const ARRIVALS_LEN_MAX: u64 = 6;

/// A request whose reply has not reached who asked.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) who: String,
    pub(super) name: String,
    pub(super) parameters: Value,
    pub(super) reference: ReferenceId,
    /// Its `Idempotency-Key`, if it has one.
    pub(super) key: Option<String>,
    /// The steps that must be durable before the reply may leave.
    pub(super) depends_on: Sequence,
}

/// Everybody who hears, and what is on its way to them.
pub(super) struct Carriage {
    archive: Archive,
    listeners: BTreeMap<UserId, Listener>,
    /// What steps say that are not durable.
    unreleased: VecDeque<(Sequence, Vec<Announcement>)>,
    /// Replies that must not leave yet.
    waiting: Vec<Asked>,
    /// Requests whose reply was lost.
    pub(super) unanswered: Vec<Asked>,
    seen: BTreeSet<&'static str>,
    /// What goes wrong; nothing without it.
    chance: Option<Dice>,
}

impl Carriage {
    pub(super) fn new(chance: Option<Dice>) -> Self {
        let names = AGENTS.iter().chain(&["M1", "M2", "R1", "R2", "RE", "S1"]);
        let listeners = names.map(|name| (user(name), Listener::new(user(name))));
        Self {
            archive: Archive::default(),
            listeners: listeners.collect(),
            unreleased: VecDeque::new(),
            waiting: Vec::new(),
            unanswered: Vec::new(),
            seen: BTreeSet::new(),
            chance,
        }
    }

    /// A step says something, which waits until the step is durable.
    pub(super) fn hold(&mut self, sequence: Sequence, said: Vec<Announcement>) {
        self.unreleased.push_back((sequence, said));
    }

    /// A reply waits until what it depends on is durable.
    pub(super) fn hold_reply(&mut self, asked: Asked) {
        self.waiting.push(asked);
    }

    /// What is durable leaves the server.
    pub(super) fn release(&mut self, disk: &Disk) {
        self.archive.follow(disk);
        let durable = self.archive.state().sequence;
        while let Some((sequence, said)) = self.unreleased.pop_front_if(|it| it.0 <= durable) {
            for listener in self.listeners.values_mut() {
                listener.send(sequence, &said);
            }
        }
        let Some(chance) = &mut self.chance else {
            self.waiting.clear();
            return;
        };
        for asked in self.waiting.extract_if(.., |it| it.depends_on <= durable) {
            if chance.percent(10) {
                self.unanswered.push(asked);
            }
        }
    }

    /// The process has ended: every connection breaks, and who waits for a reply will not get it.
    pub(super) fn crash(&mut self, disk: &Disk) {
        for listener in self.listeners.values_mut() {
            listener.disconnect();
        }
        self.unreleased.clear();
        self.unanswered.append(&mut self.waiting);
        self.archive.follow(disk);
    }

    /// Some of what is on its way arrives; some connections break, and some of those who lost theirs come back.
    pub(super) fn carry(&mut self) {
        let Some(chance) = &mut self.chance else {
            return;
        };
        for listener in self.listeners.values_mut() {
            if !listener.is_connected() {
                if chance.percent(20) {
                    listener.come_back(&self.archive);
                }
                continue;
            }
            match chance.below(100) {
                0..=1 => listener.disconnect(),
                2 => listener.lose_one(),
                3..=6 => listener.hear_again(&self.archive),
                7..=39 => {}
                _ => {
                    for _ in 0..chance.below(ARRIVALS_LEN_MAX) {
                        listener.hear_one(&self.archive);
                    }
                }
            }
        }
    }

    /// The older half of the history goes: who comes back with an older sequence is told to read the state.
    pub(super) fn trim(&mut self) {
        self.archive.trim();
    }

    /// Everybody hears everything.
    pub(super) fn deliver_all(&mut self) {
        for listener in self.listeners.values_mut() {
            listener.hear_all(&self.archive);
        }
    }

    /// What befell those who hear.
    pub(super) fn seen(&self) -> BTreeSet<&'static str> {
        let listeners = self.listeners.values();
        let seen = listeners.flat_map(|it| it.seen.iter().copied());
        seen.chain(self.seen.iter().copied()).collect()
    }

    /// What the reporting engine believes.
    pub(super) fn counts(&mut self) -> &mut Counts {
        match self
            .listeners
            .get_mut(&user("RE"))
            .map(|it| &mut it.picture)
        {
            Some(Picture::Reporting(counts)) => counts,
            _ => panic!("there is a reporting engine"),
        }
    }

    /// Everybody who has heard everything knows what is, and what became of the requests whose reply was lost.
    pub(super) fn check(&mut self) {
        for listener in self.listeners.values() {
            listener.check(&self.archive);
        }
        for asked in &self.unanswered {
            self.seen.extend(self.check_outcome(asked));
        }
    }

    /// A request took effect if who asked has heard so, or sees the invitation that it led to; else it did not.
    fn check_outcome(&self, asked: &Asked) -> Option<&'static str> {
        let who = user(&asked.who);
        let listener = &self.listeners[&who];
        // What he heard before he was told to read the state is not known to be all.
        let effect = self.archive.effect_of(&who, asked.reference);
        if effect.is_some_and(|at| at <= listener.answers_known_after()) {
            return None;
        }
        let state = self.archive.state();
        let is_open = state.interactions.values().any(|interaction| {
            let purpose = interaction.invitation().map(|open| &open.purpose);
            match purpose {
                Some(
                    Purpose::Delivery { reference_id }
                    | Purpose::Transfer { reference_id, .. }
                    | Purpose::Conference { reference_id, .. },
                ) => *reference_id == Some(asked.reference),
                None => false,
            }
        });
        let knows = listener.has_heard(asked.reference) || is_open;
        let happened = effect.is_some();
        let Asked {
            name, reference, ..
        } = asked;
        assert_eq!(knows, happened, "{who}: {name} by {reference}");
        Some(if happened {
            "learnt that it happened"
        } else {
            "learnt that it did not happen"
        })
    }
}
