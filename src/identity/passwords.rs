//! Passwords of configured users.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use aws_lc_rs::digest::{SHA256, digest};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use tokio::sync::{Mutex as AsyncMutex, Semaphore};

use super::attempts::{AttemptLimits, Attempts};
use crate::transports::Unauthenticated;

/// Passwords that are remembered as right, so that a client with HTTP Basic does not cost a hash a request.
const REMEMBERED_LEN_MAX: usize = 1_024;
/// Passwords that are hashed at a time.
const HASHING_LEN_MAX: usize = 2;
/// Turns that passwords are spread over.
const TURNS_LEN: usize = 64;

/// Verifies passwords away from the async threads, a few at a time.
pub(super) struct Passwords {
    // The keyed digests of what was right, and since when; the key lives as long as the process.
    remembered: Mutex<BTreeMap<String, Instant>>,
    key: EncodingKey,
    hashing: Semaphore,
    /// The same password waits until it has been looked at, and others that have its turn with it.
    turns: [AsyncMutex<()>; TURNS_LEN],
    attempts: Attempts,
}

/// How long a right password is remembered.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

impl Passwords {
    pub(super) fn new(process_key: &[u8], limits: AttemptLimits) -> Self {
        Self {
            remembered: Mutex::default(),
            key: EncodingKey::from_secret(process_key),
            hashing: Semaphore::new(HASHING_LEN_MAX),
            turns: std::array::from_fn(|_| AsyncMutex::default()),
            attempts: Attempts::new(limits),
        }
    }

    /// Whether a password is the one of a user, whose hash is given if there is such a user.
    ///
    /// # Errors
    /// Too many were wrong.
    pub(super) async fn verify(
        &self,
        name: &str,
        password: &str,
        hash: Option<String>,
        from: Option<IpAddr>,
    ) -> Result<bool, Unauthenticated> {
        // An unknown name costs as much as a wrong password, so that time does not tell which it was.
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| ABSENT_HASH.to_owned());
        let text = format!("{name}\0{password}\0{hash}");
        let digest = crypto::sign(text.as_bytes(), &self.key, Algorithm::HS256);
        let digest = digest.map_err(|_| Unauthenticated::Invalid)?;
        if self.remembers(&digest) {
            return Ok(true);
        }
        // Whoever sends a right password many times at once has sent it once; and only what is being looked at counts as an
        // attempt, so that all who begin to work at nine may come from one address.
        let _turn = self.turns[turn_of(&digest)].lock().await;
        let permit = self.hashing.acquire().await;
        let _permit = permit.map_err(|_| Unauthenticated::Invalid)?;
        if self.remembers(&digest) {
            return Ok(true);
        }
        self.attempts.begin(name, from)?;
        let password = password.to_owned();
        let verified = tokio::task::spawn_blocking(move || is_right(&password, &hash)).await;
        let right = known && verified.unwrap_or(false);
        if right {
            self.attempts.succeed(name, from);
            self.remember(digest);
        }
        Ok(right)
    }

    /// The hash of a new password; none if the system gives no random bytes.
    pub(super) async fn hash(&self, password: String) -> Option<String> {
        let _permit = self.hashing.acquire().await.ok()?;
        let hash = move || Argon2::default().hash_password(password.as_bytes());
        let hashed = tokio::task::spawn_blocking(hash).await.ok()?;
        Some(hashed.ok()?.to_string())
    }

    /// See [`Credentials::costly_digest`](super::Credentials::costly_digest).
    pub(super) async fn costly_digest(&self, text: &str, name: &str) -> Option<[u8; 32]> {
        let _permit = self.hashing.acquire().await.ok()?;
        let (text, salt) = (text.to_owned(), digest(&SHA256, name.as_bytes()));
        let costly = move || {
            let mut costly = [0; 32];
            Argon2::default()
                .hash_password_into(text.as_bytes(), salt.as_ref(), &mut costly)
                .ok()?;
            Some(costly)
        };
        tokio::task::spawn_blocking(costly).await.ok()?
    }

    fn remembers(&self, digest: &str) -> bool {
        let remembered = self.remembered.lock();
        let remembered = remembered.unwrap_or_else(PoisonError::into_inner);
        remembered
            .get(digest)
            .is_some_and(|since| since.elapsed() < REMEMBERED_FOR)
    }

    fn remember(&self, digest: String) {
        let remembered = self.remembered.lock();
        let mut remembered = remembered.unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_LEN_MAX {
            remembered.clear();
        }
        remembered.insert(digest, Instant::now());
    }
}

fn turn_of(digest: &str) -> usize {
    let sum = |sum: usize, byte: u8| sum.wrapping_mul(31).wrapping_add(byte.into());
    digest.bytes().take(8).fold(0, sum) % TURNS_LEN
}

/// The hash of a password that nobody has.
const ABSENT_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YmF0b24tYWJzZW50LXVzZXI$WZ5nC0+AkT4dXsJ1YyxSXvJ0xJH3W6m6vJmW7g5jW1c";

/// Whether a text is the hash of a password, and not the password itself.
pub fn is_password_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok()
}

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let limits = AttemptLimits {
            per_user: 0,
            per_address: 0,
        };
        let passwords = Passwords::new(b"of the process", limits);
        let len = || passwords.remembered.lock().expect("whole").len();
        for at in 0..REMEMBERED_LEN_MAX {
            passwords.remember(at.to_string());
        }
        assert_eq!(len(), REMEMBERED_LEN_MAX);
        assert!(passwords.remembers("0"));
        // Each of them is worth one hash.
        passwords.remember("one more".to_owned());
        assert_eq!(len(), 1);
        assert!(passwords.remembers("one more") && !passwords.remembers("0"));
    }
}
