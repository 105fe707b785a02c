//! A change of an interaction's properties.

use serde::{Deserialize, Serialize};

use super::{InteractionId, Refusal, UserData};

/// What changes in the properties of an interaction: first deletion, then merging, then the named attributes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PropertyChanges {
    /// Keys to remove from attached data.
    pub deleted: Option<UserData>,
    /// Keys to add to or replace in attached data.
    pub merged: Option<UserData>,
    /// The whole of attached data anew.
    pub replaced: Option<UserData>,
    /// `ExternalId`, which the reference lets change.
    pub external_id: Option<String>,
    /// `ParentId`, likewise.
    pub parent_id: Option<InteractionId>,
    /// `IsOnline`, which a media server changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_online: Option<bool>,
    /// The subject.
    pub subject: Option<String>,
}

impl PropertyChanges {
    /// Attached data after the change, and the paths of keys that were to be deleted and were not there.
    ///
    /// # Errors
    /// The changed data breaks a limit.
    pub fn applied_to(&self, data: &UserData) -> Result<(UserData, Vec<String>), Refusal> {
        let mut changed = self.replaced.as_ref().unwrap_or(data).clone();
        let mut missing = Vec::new();
        if let Some(names) = &self.deleted {
            (changed, missing) = changed.without(names);
        }
        if let Some(over) = &self.merged {
            changed = changed.merged(over)?;
        }
        Ok((changed, missing))
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
