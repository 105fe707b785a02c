//! RequestTakeSnapshot: the interactions of a view, as they were found there (interaction-models 1.17).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::snapshots::{ROLES, workbin};
use super::{Gateway, Reply, Spec};
use crate::domain::{Interaction, QueueName, Refusal, RefusalKind, Snapshot, SnapshotId};
use crate::engine::{Change, Outcome, State, Turn};

/// Snapshots that a contact centre keeps at a time.
pub const SNAPSHOTS_LEN_MAX: usize = 100;
/// Interactions in one snapshot.
pub const SNAPSHOT_INTERACTIONS_LEN_MAX: usize = 500;
/// Attached data that a condition compares.
const CONDITION_LEN_MAX: usize = 16;

/// Parameters of RequestTakeSnapshot: `viewId` is a queue, or a workbin as `<workbin>.<owner>`; `condition` compares
/// attached data, key by key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TakeSnapshot {
    #[serde(alias = "queue", alias = "workbinId")]
    view_id: String,
    #[serde(default)]
    condition: BTreeMap<String, Value>,
    #[serde(default)]
    order: Order,
    #[serde(default, deserialize_with = "flag")]
    lock: bool,
    snapshot_max_interactions: Option<usize>,
}

/// By the place in the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Order {
    /// First come first.
    #[default]
    Asc,
    /// Last come first.
    Desc,
}

impl TakeSnapshot {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestTakeSnapshot",
        aliases: &["TakeSnapshot"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Takes a snapshot of what waits in a queue or a workbin, and locks it if asked to",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let owner = turn.user()?;
        if turn.state().snapshots.size() >= SNAPSHOTS_LEN_MAX {
            return Err(Refusal::new(
                RefusalKind::LimitReached,
                format!("A contact centre keeps {SNAPSHOTS_LEN_MAX} snapshots at a time"),
            ));
        }
        let found = self.select(turn.state())?;
        let timeout_ms = turn.state().configuration.timing.snapshot_timeout_ms;
        let id = SnapshotId(turn.head().sequence.0);
        turn.record(Change::SnapshotTaken(Arc::new(Snapshot {
            owner,
            expires_at: turn.head().at.plus_ms(timeout_ms),
            interactions: found
                .iter()
                .map(|it| (it.id.clone(), it.place_in_queue_sequence))
                .collect(),
        })));
        for interaction in found.iter().filter(|_| self.lock) {
            turn.record(Change::Locked {
                interaction: interaction.id.clone(),
                snapshot: id,
            });
        }
        Ok(Outcome::SnapshotTaken {
            snapshot: id,
            interactions: found.iter().map(|it| it.id.clone()).collect(),
        })
    }

    fn select(&self, state: &State) -> Result<Vec<Arc<Interaction>>, Refusal> {
        let most = self.snapshot_max_interactions;
        let most = most.unwrap_or(SNAPSHOT_INTERACTIONS_LEN_MAX);
        if !(1..=SNAPSHOT_INTERACTIONS_LEN_MAX).contains(&most) {
            let text = most.to_string();
            return Err(Refusal::invalid_value("snapshotMaxInteractions", &text));
        }
        if self.condition.len() > CONDITION_LEN_MAX {
            return Err(Refusal::too_large("condition", CONDITION_LEN_MAX));
        }
        let meets = |it: &&Arc<Interaction>| {
            if self.condition.is_empty() {
                return true;
            }
            let data = it.user_data.to_map();
            let mut wanted = self.condition.iter();
            wanted.all(|(key, value)| data.get(key) == Some(value))
        };
        let mut content = view(state, &self.view_id)?;
        if self.order == Order::Desc {
            content.reverse();
        }
        Ok(content
            .into_iter()
            .filter(meets)
            .take(most)
            .cloned()
            .collect())
    }
}

/// What a view shows, in its order: what is locked it does not.
fn view<'a>(state: &'a State, named: &str) -> Result<Vec<&'a Arc<Interaction>>, Refusal> {
    if let Ok(queue) = QueueName::parse(named) {
        // What waits in a queue that is configured no longer is there all the same.
        let waiting: Vec<_> = state.waiting(&queue).collect();
        if !waiting.is_empty() || state.configuration.queues.contains_key(&queue) {
            return Ok(waiting);
        }
    }
    let workbin = workbin(state, named).ok_or_else(|| Refusal::not_found("view", named))?;
    let content = state.workbin_content(&workbin);
    let mut content: Vec<_> = content.filter(|it| it.locked_by.is_none()).collect();
    content.sort_by_key(|it| it.place_in_queue_sequence);
    Ok(content)
}

/// 0 and 1, as the reference writes it, or false and true.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let flag = Value::deserialize(deserializer)?;
    let number = flag.as_bool().map(u64::from).or_else(|| flag.as_u64());
    match number {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(serde::de::Error::custom(format!("{flag} is no flag"))),
    }
}
