//! Tokens that were verified: a desktop sends the same one with every request, and a signature costs more than all else
//! that is done to know its sender.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::Timestamp;

/// Tokens that are remembered.
const TOKENS_LEN_MAX: usize = 16_384;
/// Bytes of a token that is remembered; longer ones are verified with every request.
const TOKEN_BYTES_MAX: usize = 2_048;

/// Whose tokens they are, by the tokens' texts.
pub(super) struct Remembered<T>(RwLock<Known<T>>);

struct Known<T> {
    /// The provider's keys that they were verified with.
    generation: u64,
    by_token: HashMap<Box<str>, Entry<T>>,
}

/// What is known of a token.
#[derive(Clone)]
pub(super) struct Entry<T> {
    /// Whose it is.
    pub whose: T,
    /// What it is revoked by.
    pub token_id: Option<Arc<str>>,
    /// When it is no longer taken.
    pub ends: Timestamp,
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(RwLock::new(Known {
            generation: 0,
            by_token: HashMap::new(),
        }))
    }
}

impl<T: Clone> Remembered<T> {
    /// Whose token it is, if that is known by these keys and it has not ended.
    pub(super) fn find(&self, token: &str, generation: u64, now: Timestamp) -> Option<T> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation {
            return None;
        }
        let entry = known.by_token.get(token)?;
        (entry.ends > now).then(|| entry.whose.clone())
    }

    /// Forgets a token that was revoked.
    pub(super) fn forget(&self, token_id: &str) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let stays = |entry: &Entry<T>| entry.token_id.as_deref() != Some(token_id);
        known.by_token.retain(|_, entry| stays(entry));
    }

    /// Remembers whose token it is, verified with the keys of a generation.
    pub(super) fn insert(&self, token: &str, generation: u64, entry: Entry<T>, now: Timestamp) {
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
            known.by_token.retain(|_, entry| entry.ends > now);
        }
        if known.by_token.len() >= TOKENS_LEN_MAX {
            // Each of them is worth one verification.
            known.by_token.clear();
        }
        known.by_token.insert(token.into(), entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn entry(whose: &'static str, ends: u64) -> Entry<&'static str> {
        Entry {
            whose,
            token_id: Some(whose.into()),
            ends: Timestamp(ends),
        }
    }

    #[test]
    fn a_token_is_known_until_it_ends_is_revoked_or_the_keys_change() {
        let remembered = Remembered::default();
        remembered.insert("a", 1, entry("ada", 2_000), NOW);
        remembered.insert("b", 1, entry("ben", 2_000), NOW);
        assert_eq!(remembered.find("a", 1, Timestamp(1_999)), Some("ada"));
        assert_eq!(remembered.find("a", 1, Timestamp(2_000)), None);
        assert_eq!(remembered.find("c", 1, NOW), None);
        remembered.forget("ada");
        assert_eq!(remembered.find("a", 1, NOW), None);
        assert_eq!(remembered.find("b", 1, NOW), Some("ben"));
        assert_eq!(remembered.find("b", 2, NOW), None);
        remembered.insert("c", 2, entry("cleo", 2_000), NOW);
        // Who verified with the keys of before comes too late.
        remembered.insert("b", 1, entry("ben", 2_000), NOW);
        assert_eq!(remembered.find("c", 2, NOW), Some("cleo"));
        assert_eq!(remembered.find("b", 2, NOW), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let remembered = Remembered::default();
        let long = "x".repeat(TOKEN_BYTES_MAX + 1);
        remembered.insert(&long, 0, entry("ada", 2_000), NOW);
        assert_eq!(remembered.find(&long, 0, NOW), None);
        remembered.insert(&long[1..], 0, entry("ada", 2_000), NOW);
        assert_eq!(remembered.find(&long[1..], 0, NOW), Some("ada"));
        for at in 1..TOKENS_LEN_MAX {
            remembered.insert(&at.to_string(), 0, entry("ben", 1_500), NOW);
        }
        let len = || remembered.0.read().expect("whole").by_token.len();
        assert_eq!(len(), TOKENS_LEN_MAX);
        // Those that have ended make room, else all of them.
        remembered.insert("one more", 0, entry("cleo", 2_000), Timestamp(1_600));
        assert_eq!(len(), 2);
        for at in 2..=TOKENS_LEN_MAX {
            remembered.insert(&at.to_string(), 0, entry("ben", 2_000), NOW);
        }
        assert_eq!(len(), 1);
    }
}
