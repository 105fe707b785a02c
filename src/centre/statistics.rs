//! How much there is to do and who does it, in numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::engine::{State, neutral_state};

/// How old an answer may be that is given again. Whoever asks more often than so costs nothing.
pub const STATISTICS_AGE_MAX: Duration = Duration::from_millis(250);

/// The last answer, which all who ask share: counting looks at every interaction.
#[derive(Clone, Default)]
pub(super) struct Statistics {
    last: Arc<Mutex<Option<Counted>>>,
}

struct Counted {
    at: Instant,
    body: Arc<Value>,
}

impl Statistics {
    /// The numbers, which say at which `sequence` they are valid.
    pub(super) fn of(&self, state: &State, now: Timestamp) -> Arc<Value> {
        // Held while it is counted, so that those who ask meanwhile wait for this count and make none of their own.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if known.at.elapsed() < STATISTICS_AGE_MAX => known.body.clone(),
            Some(_) | None => {
                let body = Arc::new(statistics_of(state, now));
                *last = Some(Counted {
                    at: Instant::now(),
                    body: Arc::clone(&body),
                });
                body
            }
        }
    }
}

/// The numbers of a state at a time; takes time in proportion to what is active.
pub fn statistics_of(state: &State, now: Timestamp) -> Value {
    json!({
        "sequence": state.sequence,
        "time": now.to_string(),
        "queues": queues(state, now),
        "agents": agents(state),
        "interactions": interactions(state),
    })
}

fn queues(state: &State, now: Timestamp) -> Vec<Value> {
    let queues = state.configuration.queues.iter();
    queues
        .map(|(name, queue)| {
            // Whoever was offered it and declined has put it back: it waits since it came all the same.
            let first = state.waiting(name).next();
            let since = first.map(|it| *it.moved_to_queue_at.get(name).unwrap_or(&it.submitted_at));
            json!({
                "id": name,
                "name": name,
                "channel": queue.media_type,
                "waiting": state.waiting_len(name),
                "held": state.held(name).count(),
                "oldestPlacedAt": since.map(|at| at.to_string()),
                "oldestWaitMs": since.map(|at| now.0.saturating_sub(at.0)),
            })
        })
        .collect()
}

/// Agents who are logged in; those of a medium by whether they take its interactions, and have room for one more.
fn agents(state: &State) -> Value {
    let mut channels: BTreeMap<&str, [u64; 3]> = BTreeMap::new();
    for (user, agent) in &state.agents {
        for (medium, ready) in agent.media.iter() {
            let [is_ready, is_not, is_available] = channels.entry(medium.as_str()).or_default();
            let has_room = state.load(user, medium) < state.capacity(medium);
            *is_ready += u64::from(ready.is_ready);
            *is_not += u64::from(!ready.is_ready);
            *is_available += u64::from(ready.is_ready && has_room);
        }
    }
    let channels: BTreeMap<&str, Value> = channels
        .into_iter()
        .map(|(medium, [ready, not_ready, available])| {
            let counts = json!({"Ready": ready, "NotReady": not_ready, "available": available});
            (medium, counts)
        })
        .collect();
    let busy: BTreeSet<_> = state
        .interactions
        .values()
        .flat_map(|it| it.parties())
        .collect();
    json!({"loggedIn": state.agents.size(), "working": busy.len(), "channels": channels})
}

fn interactions(state: &State) -> Value {
    let mut by_state: BTreeMap<&str, u64> = BTreeMap::new();
    for interaction in state.interactions.values() {
        *by_state.entry(neutral_state(interaction)).or_default() += 1;
    }
    json!({"total": state.interactions.size(), "byState": by_state})
}
