//! What a session owes its client, by lists and without cleverness.
//!
//! Each subscription is owed the events of its channels after the point that it began at, in order. What is told must be
//! the next thing owed to some subscription, and nothing that a subscription which takes it in has told already. When
//! nothing is being replayed, nothing may be owed.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{History, hears};
use super::slots::Seen;

/// What was done to the session. `told`: so many events were queued by it.
#[derive(Debug)]
pub(super) enum Deed {
    Subscribed {
        pattern: String,
        slashed: bool,
    },
    Began {
        pattern: String,
        after: u64,
        resumes: bool,
    },
    State {
        pattern: String,
        valid_at: u64,
        numbers: Vec<usize>,
    },
    Unsubscribed(String),
    Offered {
        step: usize,
        told: usize,
        is_replaying: bool,
    },
    Asked,
    Page {
        told: usize,
        is_replaying: bool,
    },
    Answered(usize),
}

#[derive(Debug, Default)]
struct Subscription {
    slashed: bool,
    /// It is owed what comes after this.
    after: u64,
    /// It began with a cursor, so that while there is a replay what is live comes on another's account.
    resumes: bool,
    /// Everything up to here is part of a state that it told.
    covered: u64,
    /// It need not tell these (again): the client has heard them since it began, or another had told them when it did.
    settled: BTreeSet<usize>,
    /// It told these itself.
    told: BTreeSet<usize>,
}

/// Goes through the deeds with what was seen to come of them.
pub(super) struct Reference<'a> {
    history: &'a History,
    by_pattern: BTreeMap<String, Subscription>,
    /// The last step that was delivered.
    delivered: u64,
    is_asked: bool,
    /// A subscription has resumed while a page was on its way: some are replayed further than others.
    is_mixed: bool,
}

impl<'a> Reference<'a> {
    pub(super) fn new(history: &'a History) -> Self {
        Self {
            history,
            by_pattern: BTreeMap::new(),
            delivered: 0,
            is_asked: false,
            is_mixed: false,
        }
    }

    /// Checks all deeds, as far as what came of them was seen before the session ended. True if all was seen.
    pub(super) fn check(mut self, deeds: &[Deed], seen: &[Option<Seen>]) -> bool {
        let mut rest = seen.iter();
        for deed in deeds {
            let told: Option<Vec<Seen>> = rest.by_ref().take(deed.told()).copied().collect();
            let Some(told) = told else { return false };
            self.follow(deed, &told);
        }
        true
    }

    fn follow(&mut self, deed: &Deed, told: &[Seen]) {
        let numbers = || -> Vec<usize> { told.iter().map(|seen| seen.event).collect() };
        match deed {
            Deed::Subscribed { pattern, slashed } => {
                let after = self.delivered;
                let known = self.by_pattern.contains_key(pattern);
                let it = self.by_pattern.entry(pattern.clone()).or_default();
                it.slashed = *slashed;
                if !known {
                    it.after = after;
                }
            }
            Deed::Began {
                pattern,
                after,
                resumes,
            } => self.begin(pattern, *after, 0, *resumes),
            Deed::State {
                pattern,
                valid_at,
                numbers: state,
            } => {
                assert_eq!(numbers(), *state, "the state of {pattern}");
                let slashed = self.by_pattern.get(pattern).is_some_and(|it| it.slashed);
                for seen in told {
                    let is_own = self.history.facts[seen.event].channel == pattern;
                    assert_eq!(seen.slashed, slashed && is_own, "{seen:?}");
                }
                self.begin(pattern, *valid_at, *valid_at, false);
            }
            Deed::Unsubscribed(pattern) => {
                self.by_pattern.remove(pattern);
            }
            Deed::Offered {
                step, is_replaying, ..
            } => {
                let (sequence, events) = &self.history.steps[*step];
                let mut left = events.iter();
                let in_order = |seen: &Seen| left.any(|event| *event == seen.event);
                assert!(told.iter().all(in_order), "{told:?} of {events:?}");
                for event in events {
                    let is_told = told.iter().any(|seen| seen.event == *event);
                    let passes = self.history.facts[*event].sequence.is_none();
                    let is_wanted = self.matching(*event).next().is_some();
                    assert!(!passes || is_told == is_wanted, "{event} only passes");
                }
                self.delivered = *sequence;
                for seen in told {
                    self.tell(seen, |it| !is_replaying || !it.resumes);
                }
                self.check_owed(*is_replaying);
            }
            Deed::Asked => {
                self.is_asked = true;
            }
            Deed::Page { is_replaying, .. } => {
                for seen in told {
                    let is_mixed = self.is_mixed;
                    self.tell(seen, |it| it.resumes && !is_mixed);
                }
                self.is_asked = false;
                self.check_owed(*is_replaying);
            }
            Deed::Answered(number) => assert_eq!(numbers(), [*number]),
        }
    }

    fn begin(&mut self, pattern: &str, after: u64, covered: u64, resumes: bool) {
        let history = self.history;
        self.is_mixed |= resumes && self.is_asked;
        let Some(slashed) = self.by_pattern.get(pattern).map(|it| it.slashed) else {
            return;
        };
        // What another takes in and has told, or need not tell because of a third, need not be told again.
        let settles = |it: &Subscription, by: &str, event: usize| {
            let fact = &history.facts[event];
            let is_covered = fact.sequence.is_some_and(|at| at <= it.covered);
            hears(by, fact.channel) && (it.settled.contains(&event) || is_covered)
        };
        self.by_pattern.remove(pattern);
        let by_others = |event: &usize| {
            self.by_pattern
                .iter()
                .any(|(by, it)| settles(it, by, *event))
        };
        let new = Subscription {
            slashed,
            after,
            resumes,
            covered,
            settled: (0..history.facts.len()).filter(by_others).collect(),
            ..Subscription::default()
        };
        for it in self.by_pattern.values_mut() {
            let covered = (0..history.facts.len()).filter(|event| settles(&new, pattern, *event));
            it.settled.extend(covered);
        }
        self.by_pattern.insert(pattern.to_owned(), new);
    }

    /// `is_sure`: a subscription that takes it in has told it, even if there is another one.
    fn tell(&mut self, seen: &Seen, is_sure: impl Fn(&Subscription) -> bool) {
        let fact = self.history.facts[seen.event].clone();
        let exact = self.by_pattern.get(fact.channel);
        assert_eq!(seen.slashed, exact.is_some_and(|it| it.slashed), "{seen:?}");
        assert!(
            self.matching(seen.event).next().is_some(),
            "nobody wants {seen:?}"
        );
        let Some(sequence) = fact.sequence else {
            return;
        };
        let mut is_next = BTreeSet::new();
        let is_only = self.matching(seen.event).count() == 1;
        for (pattern, it) in self.matching(seen.event) {
            let again = it.told.contains(&seen.event) || sequence <= it.covered;
            assert!(!again, "{seen:?} {fact:?} was told before by {pattern}");
            if sequence > it.after && self.owed(pattern, it, sequence - 1).is_none() {
                is_next.insert(pattern.to_owned());
            }
        }
        assert!(
            !is_next.is_empty(),
            "{seen:?} {fact:?} is not the next of anybody"
        );
        for (pattern, it) in &mut self.by_pattern {
            if hears(pattern, fact.channel) {
                it.settled.insert(seen.event);
                if is_next.contains(pattern) && (is_only || is_sure(it)) {
                    it.told.insert(seen.event);
                }
            }
        }
    }

    fn check_owed(&mut self, is_replaying: bool) {
        if is_replaying {
            return;
        }
        for (pattern, it) in &self.by_pattern {
            let owed = self.owed(pattern, it, self.delivered);
            assert!(owed.is_none(), "{pattern} was never told {owed:?}");
        }
        self.is_mixed = false;
        let all = self.by_pattern.values_mut();
        all.for_each(|it| it.resumes = false);
    }

    /// The first event up to `up_to` that is owed to a subscription.
    fn owed(&self, pattern: &str, it: &Subscription, up_to: u64) -> Option<usize> {
        let steps = self.history.steps.iter();
        let due = steps.filter(|(sequence, _)| it.after < *sequence && *sequence <= up_to);
        due.flat_map(|(_, events)| events).copied().find(|event| {
            let fact = &self.history.facts[*event];
            fact.sequence.is_some() && hears(pattern, fact.channel) && !it.settled.contains(event)
        })
    }

    fn matching(&self, event: usize) -> impl Iterator<Item = (&str, &Subscription)> {
        let channel = self.history.facts[event].channel;
        self.by_pattern
            .iter()
            .filter(move |(pattern, _)| hears(pattern, channel))
            .map(|(pattern, it)| (pattern.as_str(), it))
    }
}

impl Deed {
    fn told(&self) -> usize {
        match self {
            Self::Subscribed { .. } | Self::Began { .. } | Self::Unsubscribed(_) | Self::Asked => 0,
            Self::State { numbers, .. } => numbers.len(),
            Self::Offered { told, .. } | Self::Page { told, .. } => *told,
            Self::Answered(_) => 1,
        }
    }
}
