//! Whether what was acknowledged and heard is what the journal holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use baton::domain::InteractionId;
use baton::engine::Head;
use baton::journal::DataFolder;
use serde_json::Value;

use super::AGENTS;
use super::listener::Heard;
use super::worker::Worker;
use crate::support::folded::Folded;

/// What workers and listeners have noted, and where the truth is.
pub(super) struct Account {
    data: PathBuf,
    workers: Vec<Worker>,
    heard: Vec<Heard>,
}

impl Account {
    pub(super) fn new(data: PathBuf, workers: Vec<Worker>, heard: Vec<Heard>) -> Self {
        Self {
            data,
            workers,
            heard,
        }
    }

    /// Panics with what is wrong.
    pub(super) fn check(&self) {
        let folder = DataFolder::open(&self.data).unwrap();
        let folded = Folded::of(&folder, AGENTS[0]);
        self.check_acknowledgements(&folded);
        self.check_interactions(&folded);
        for (name, heard) in AGENTS.iter().zip(&self.heard) {
            check_heard(&Folded::of(&folder, name), name, heard);
        }
    }

    /// Every acknowledged request is one step, under the sequence that was told; no key has a second step; and what
    /// was not acknowledged has no step, since every worker has asked until he knew.
    fn check_acknowledgements(&self, folded: &Folded) {
        let mut steps: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
        for head in &folded.heads {
            if let Some(key) = key_of(head) {
                steps.entry(key).or_default().push(head.sequence.0);
            }
        }
        for ack in self.workers.iter().flat_map(|worker| &worker.acks) {
            let key = (ack.user.to_owned(), ack.key.clone());
            assert_eq!(steps.remove(&key), Some(vec![ack.sequence()]), "{key:?}");
        }
        assert!(steps.is_empty(), "never acknowledged: {steps:?}");
    }

    /// What was submitted and not completed is there, and nothing else of it.
    fn check_interactions(&self, folded: &Folded) {
        for (id, is_completed) in self.workers.iter().flat_map(|worker| &worker.submitted) {
            let key = InteractionId::parse(id).unwrap();
            let is_there = folded.state.interactions.contains_key(&key);
            assert_eq!(is_there, !is_completed, "{id}");
        }
        let submitted: BTreeSet<&String> = self
            .workers
            .iter()
            .flat_map(|worker| worker.submitted.iter().map(|(id, _)| id))
            .collect();
        assert!(submitted.len() > AGENTS.len(), "too little was done");
    }
}

/// Every step of which an agent is told, once and in order.
fn check_heard(folded: &Folded, name: &str, heard: &Heard) {
    let expected: Vec<&Value> = folded.said.iter().map(|(_, _, body)| body).collect();
    for (index, (heard, expected)) in heard.all.iter().zip(&expected).enumerate() {
        assert_eq!(heard, *expected, "{name}, notification {index}");
    }
    // What came after the last step that the worker waited for need not be heard any more.
    assert!(heard.all.len() <= expected.len(), "{name}");
    assert!(!heard.all.is_empty(), "{name}");
}

fn key_of(head: &Head) -> Option<(String, String)> {
    let key = &head.idempotency.as_ref()?.key;
    let user = head.actor.user()?.as_str().to_owned();
    Some((user, key.as_str().to_owned()))
}

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum = |of: fn(&Worker) -> u64| self.workers.iter().map(of).sum::<u64>();
        let acknowledged = sum(|worker| worker.acks.len() as u64);
        let (unanswered, again) = (sum(|it| it.unanswered), sum(|it| it.asked_again));
        let read_back = sum(|it| it.read_back);
        let heard: usize = self.heard.iter().map(|heard| heard.all.len()).sum();
        let back: u64 = self.heard.iter().map(|heard| heard.times_back).sum();
        write!(
            out,
            "{acknowledged} operations acknowledged, {unanswered} tries without an answer, {again} acknowledged ones \
             asked again, {read_back} read back; {heard} notifications checked, listeners came back {back} times"
        )
    }
}
