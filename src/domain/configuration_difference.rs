//! What two configurations differ in, change by change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Configuration, ConfigurationChange, User, UserId};

/// A thing that is configured otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What becomes of it.
    pub change: DifferenceKind,
    /// What kind of thing it is, such as `queue`.
    pub what: String,
    /// Its name.
    pub name: String,
    /// Which keys of a replaced one have another value: names only, since one may be a password's hash.
    pub keys: Vec<String>,
}

/// What becomes of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DifferenceKind {
    /// There is none yet.
    #[serde(rename = "made")]
    Made,
    /// There is another one.
    #[serde(rename = "replaced")]
    Replaced,
    /// It is wanted no more.
    #[serde(rename = "removed")]
    Removed,
    /// It is not wanted, and stays all the same.
    #[serde(rename = "kept")]
    Kept,
}

impl Configuration {
    /// What makes this the wanted one. Times are options of the server, and no part of it; a user without a password keeps the
    /// one that he has, as one does who is put.
    pub fn changes_towards(&self, wanted: &Self) -> Vec<ConfigurationChange> {
        type Is = ConfigurationChange;
        let users = wanted.users.iter();
        let users = users.map(|(name, user)| (name.clone(), self.with_password(name, user)));
        let mut changes = Vec::new();
        compare(&self.capacity, &wanted.capacity, Is::Capacity, &mut changes);
        compare(
            &self.agent_states,
            &wanted.agent_states,
            Is::AgentState,
            &mut changes,
        );
        compare(&self.queues, &wanted.queues, Is::Queue, &mut changes);
        compare(&self.workbins, &wanted.workbins, Is::Workbin, &mut changes);
        compare(&self.users, &users.collect(), Is::User, &mut changes);
        let connections = wanted.allow_multiple_agent_connections;
        if connections != self.allow_multiple_agent_connections {
            changes.push(Is::MultipleConnections(connections));
        }
        changes
    }

    fn with_password(&self, name: &UserId, wanted: &User) -> User {
        let known = self.users.get(name).and_then(|it| it.password_hash.clone());
        User {
            password_hash: wanted.password_hash.clone().or(known),
            ..wanted.clone()
        }
    }

    /// What a change changes here, or leaves as it is if it removes something that is to be kept.
    pub fn difference(&self, change: &ConfigurationChange, keeps: bool) -> Difference {
        let (what, name) = change.named();
        let kind = match (change.is_removal(), change.is_of(self)) {
            (true, _) if keeps => DifferenceKind::Kept,
            (true, _) => DifferenceKind::Removed,
            (false, true) => DifferenceKind::Replaced,
            (false, false) => DifferenceKind::Made,
        };
        let keys = match kind {
            DifferenceKind::Replaced => keys_of(&change.value_in(self), &change.value()),
            DifferenceKind::Made | DifferenceKind::Removed | DifferenceKind::Kept => Vec::new(),
        };
        Difference {
            change: kind,
            what: what.to_owned(),
            name: name.to_owned(),
            keys,
        }
    }
}

fn compare<K: Clone + Ord, V: Clone + PartialEq>(
    before: &BTreeMap<K, V>,
    wanted: &BTreeMap<K, V>,
    change: impl Fn(K, Option<V>) -> ConfigurationChange,
    changes: &mut Vec<ConfigurationChange>,
) {
    let new = wanted.iter();
    let new = new.filter(|(name, value)| before.get(*name) != Some(*value));
    changes.extend(new.map(|(name, value)| change(name.clone(), Some(value.clone()))));
    let gone = before.keys().filter(|name| !wanted.contains_key(*name));
    changes.extend(gone.map(|name| change(name.clone(), None)));
}

/// The keys that two values do not have alike.
fn keys_of(before: &Value, after: &Value) -> Vec<String> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else {
        return Vec::new();
    };
    let keys = after.iter();
    let keys = keys.filter(|(name, value)| before.get(*name) != Some(value));
    keys.map(|(name, _)| name.clone()).collect()
}
