//! A change of an interaction's properties.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{InteractionId, Refusal, USER_DATA_BYTES_MAX, UserData};

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
        let mut changed = Cow::Borrowed(self.replaced.as_ref().unwrap_or(data));
        let mut missing = Vec::new();
        if let Some(names) = &self.deleted {
            let (left, not_there) = changed.without(names);
            (changed, missing) = (Cow::Owned(left), not_there);
        }
        if let Some(over) = &self.merged {
            changed = Cow::Owned(changed.merged(over)?);
        }
        Ok((changed.into_owned(), missing))
    }

    /// Whether the change can be applied; the paths of keys that are to be deleted and are not there.
    ///
    /// # Errors
    /// As [`Self::applied_to`].
    pub fn check(&self, data: &UserData) -> Result<Vec<String>, Refusal> {
        let is_short = |over: &UserData| data.text_len() + over.text_len() <= USER_DATA_BYTES_MAX;
        match self {
            // What two maps become together is never longer than both: nothing needs to be tried.
            Self {
                deleted: None,
                replaced: None,
                merged: Some(over),
                ..
            } if is_short(over) => Ok(Vec::new()),
            _ => self.applied_to(data).map(|(_, missing)| missing),
        }
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
