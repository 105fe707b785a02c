//! Tokens that were verified: a desktop sends the same one with every request, and a signature costs more than all else
//! that is done to know its sender.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::credentials::Identity;
use crate::domain::Timestamp;

/// Tokens that are remembered.
const TOKENS_LEN_MAX: usize = 16_384;
/// Bytes of a token that is remembered; longer ones are verified with every request.
const TOKEN_BYTES_MAX: usize = 2_048;

/// Whose tokens they are, by the tokens' texts.
#[derive(Default)]
pub(super) struct Remembered(RwLock<Known>);

#[derive(Default)]
struct Known {
    /// The provider's keys that they were verified with.
    generation: u64,
    by_token: HashMap<Box<str>, Arc<Identity>>,
}

impl Remembered {
    /// Whose token it is, if that is known by these keys and it has not ended.
    pub(super) fn find(
        &self,
        token: &str,
        generation: u64,
        now: Timestamp,
    ) -> Option<Arc<Identity>> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            return None;
        }
        let identity = known.by_token.get(token)?;
        identity
            .expires_at()
            .is_some_and(|end| end > now)
            .then(|| Arc::clone(identity))
    }

    /// Forgets a token that was revoked.
    pub(super) fn forget(&self, token_id: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let stays =
            |identity: &Identity| identity.principal().token_id.as_deref() != Some(token_id);
        known.by_token.retain(|_, identity| stays(identity));
    }

    /// Remembers whose token it is, verified with the keys of a generation.
    pub(super) fn insert(
        &self,
        token: &str,
        generation: u64,
        identity: &Arc<Identity>,
        now: Timestamp,
    ) {
        if token.len() > TOKEN_BYTES_MAX {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.generation > generation {
            return;
        }
        if known.generation < generation {
            known.generation = generation;
            known.by_token.clear();
        }
        if known.by_token.len() >= TOKENS_LEN_MAX {
            let lives = |identity: &Identity| identity.expires_at().is_some_and(|end| end > now);
            known.by_token.retain(|_, identity| lives(identity));
        }
        if known.by_token.len() >= TOKENS_LEN_MAX {
            // Each of them is worth one verification.
            known.by_token.clear();
        }
        known.by_token.insert(token.into(), Arc::clone(identity));
    }
}
