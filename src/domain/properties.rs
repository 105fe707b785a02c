//! A change of an interaction's properties.

use serde::{Deserialize, Serialize};

use super::{InteractionId, UserData};

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
    /// The subject.
    pub subject: Option<String>,
}

impl PropertyChanges {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
