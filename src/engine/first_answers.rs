//! The first answers to requests with an `Idempotency-Key`: whoever repeats one gets its answer again, and nothing is
//! done twice (design D3).
//!
//! What is kept is a function of the journalled steps, so that it outlives a crash. It is bounded: an answer goes when it
//! is old, or earlier when its caller or the contact centre has too many newer ones.

use std::sync::Arc;

use rpds::{RedBlackTreeMapSync as Map, RedBlackTreeSetSync as Set};
use serde::{Deserialize, Serialize};

use super::{Head, Outcome, Request, State};
use crate::domain::{
    IdempotencyKey, Refusal, RefusalKind, RequestDigest, Sequence, Timestamp, UserId,
};

/// KiB of first answers that a caller has at most; each counts as one at least, so that they are no more than so many.
/// Above it his oldest go.
pub const CALLER_ANSWERS_KIB_MAX: u64 = 10_000;
/// KiB of first answers in a contact centre, counted alike. Above it the oldest of all go.
pub const CENTRE_ANSWERS_KIB_MAX: u64 = 100_000;
/// Old answers that one step forgets at most: no step waits for a whole day's.
const FORGOTTEN_LEN_MAX: usize = 16;

/// What a request is known by when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idempotency {
    /// The caller's name for it.
    pub key: IdempotencyKey,
    /// What tells it from another one under the same name.
    pub digest: RequestDigest,
}

/// What a request with a key was answered when it came first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// When and by whom it was done.
    pub head: Head,
    /// What the requester was told.
    pub outcome: Outcome,
}

/// The first answers that are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FirstAnswers {
    by_key: Map<(UserId, IdempotencyKey), Sequence>,
    by_age: Map<Sequence, Arc<FirstAnswer>>,
    callers: Map<UserId, Caller>,
    kib: u64,
}

/// What one caller has of them.
#[derive(Clone, Debug, Default, PartialEq)]
struct Caller {
    by_age: Set<Sequence>,
    kib: u64,
}

impl State {
    /// What a request was answered when it came first; none if it has no key, or was not done under it, or too long ago.
    ///
    /// # Errors
    /// The caller has had another request done under this key.
    pub fn first_answer(
        &self,
        now: Timestamp,
        request: &Request,
    ) -> Result<Option<&Arc<FirstAnswer>>, Refusal> {
        let (Some(idempotency), Some(user)) = (&request.idempotency, request.actor.user()) else {
            return Ok(None);
        };
        let ttl_ms = self.configuration.timing.idempotency_key_ttl_ms;
        let found = self.first_answers.find(user, &idempotency.key);
        let Some(found) = found.filter(|found| now < found.head.at.plus_ms(ttl_ms)) else {
            return Ok(None);
        };
        if found.head.idempotency.as_ref() == Some(idempotency) {
            return Ok(Some(found));
        }
        let refusal = Refusal::new(
            RefusalKind::KeyReused,
            "Another request has been done under this Idempotency-Key",
        );
        Err(refusal.answering(request.reference_id))
    }

    /// What a user has had done under keys that begin so, not too long ago.
    pub fn first_answers_under(
        &self,
        now: Timestamp,
        user: &UserId,
        beginning: &IdempotencyKey,
    ) -> impl Iterator<Item = (&IdempotencyKey, &Arc<FirstAnswer>)> {
        let ttl_ms = self.configuration.timing.idempotency_key_ttl_ms;
        let answers = &self.first_answers;
        let from = (user.clone(), beginning.clone());
        let found = answers.by_key.range(from..);
        let found = found.take_while(move |((of, key), _)| {
            of == user && key.as_str().starts_with(beginning.as_str())
        });
        let found = found.filter_map(|((_, key), at)| Some((key, answers.by_age.get(at)?)));
        found.filter(move |(_, first)| now < first.head.at.plus_ms(ttl_ms))
    }

    /// Keeps the answer of a step whose request has a key. What was only read is read again.
    pub(super) fn keep_first_answer(&mut self, head: &Head, outcome: &Outcome) {
        if head.idempotency.is_none() || outcome.is_reading() {
            return;
        }
        let ttl_ms = self.configuration.timing.idempotency_key_ttl_ms;
        self.first_answers.forget_old(head.at, ttl_ms);
        self.first_answers.insert(Arc::new(FirstAnswer {
            head: head.clone(),
            outcome: outcome.clone(),
        }));
        self.first_answers.forget_surplus(head);
    }
}

impl FirstAnswers {
    /// All of them, the oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<FirstAnswer>> {
        self.by_age.values()
    }

    fn find(&self, user: &UserId, key: &IdempotencyKey) -> Option<&Arc<FirstAnswer>> {
        let sequence = self.by_key.get(&(user.clone(), key.clone()))?;
        self.by_age.get(sequence)
    }

    /// An answer takes the place of an older one under its key.
    fn insert(&mut self, answer: Arc<FirstAnswer>) {
        let Some(name) = answer.name() else { return };
        let (sequence, kib) = (answer.head.sequence, answer.kib());
        if let Some(older) = self.by_key.get(&name).copied() {
            self.forget(older);
        }
        let mut caller = self.callers.get(&name.0).cloned().unwrap_or_default();
        caller.by_age.insert_mut(sequence);
        caller.kib += kib;
        self.kib += kib;
        self.callers.insert_mut(name.0.clone(), caller);
        self.by_age.insert_mut(sequence, answer);
        self.by_key.insert_mut(name, sequence);
    }

    fn forget(&mut self, sequence: Sequence) {
        let Some(answer) = self.by_age.get(&sequence).cloned() else {
            return;
        };
        let Some(name) = answer.name() else { return };
        self.by_age.remove_mut(&sequence);
        self.by_key.remove_mut(&name);
        self.kib -= answer.kib();
        let mut caller = self.callers.get(&name.0).cloned().unwrap_or_default();
        caller.by_age.remove_mut(&sequence);
        caller.kib -= answer.kib();
        if caller.by_age.is_empty() {
            self.callers.remove_mut(&name.0);
        } else {
            self.callers.insert_mut(name.0, caller);
        }
    }

    fn forget_old(&mut self, now: Timestamp, ttl_ms: u64) {
        for _ in 0..FORGOTTEN_LEN_MAX {
            match self.by_age.first() {
                Some((sequence, oldest)) if oldest.head.at.plus_ms(ttl_ms) <= now => {
                    let sequence = *sequence;
                    self.forget(sequence);
                }
                _ => return,
            }
        }
    }

    /// Forgets what is above the bounds after an answer was added.
    fn forget_surplus(&mut self, head: &Head) {
        let caller = |answers: &Self| answers.callers.get(head.actor.user()?).cloned();
        while let Some(caller) = caller(self).filter(|it| it.kib > CALLER_ANSWERS_KIB_MAX) {
            let Some(oldest) = caller.by_age.first() else {
                break;
            };
            self.forget(*oldest);
        }
        while self.kib > CENTRE_ANSWERS_KIB_MAX {
            let Some((oldest, _)) = self.by_age.first() else {
                break;
            };
            let oldest = *oldest;
            self.forget(oldest);
        }
    }
}

impl FromIterator<Arc<FirstAnswer>> for FirstAnswers {
    fn from_iter<I: IntoIterator<Item = Arc<FirstAnswer>>>(answers: I) -> Self {
        let mut kept = Self::default();
        answers.into_iter().for_each(|answer| kept.insert(answer));
        kept
    }
}

impl FirstAnswer {
    fn name(&self) -> Option<(UserId, IdempotencyKey)> {
        let key = self.head.idempotency.as_ref()?.key.clone();
        Some((self.head.actor.user()?.clone(), key))
    }

    /// About how much it takes.
    fn kib(&self) -> u64 {
        1 + self.outcome.lists_bytes() as u64 / 1024
    }
}
