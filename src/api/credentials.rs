//! Who sent a request: a bearer token, HTTP Basic, or the page's cookie.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use tokio::sync::Semaphore;

use super::tokens::{Claims, Tokens};
use crate::centre::{Centres, Handle, user_key, wall_clock};
use crate::domain::{CentreId, Role, Timestamp, UserId};
use crate::hub::Principal;
use crate::transports::{Authenticator, Unauthenticated};

/// The name of the page's cookie.
pub const COOKIE: &str = "BATON_SESSION";
/// Selects the contact centre of a user whose name exists in several (HTTP Basic and login).
pub(super) const CENTRE_HEADER: &str = "contactcenterid";
/// Passwords that are remembered as right, so that a client with HTTP Basic does not cost a hash a request.
const REMEMBERED_LEN_MAX: usize = 1_024;
/// Passwords that are hashed at a time.
const HASHING_LEN_MAX: usize = 2;

/// A user who is known, with what he may do.
#[derive(Clone)]
pub struct Identity {
    /// His contact centre.
    pub centre: Handle,
    /// Who he is.
    pub user: UserId,
    /// What he may do.
    pub roles: BTreeSet<Role>,
    /// When his credentials end.
    pub expires_at: Option<Timestamp>,
    /// His token's own identifier.
    pub token_id: Option<String>,
    /// Whether the page's cookie said who he is.
    pub by_cookie: bool,
}

/// Checks credentials against the contact centres.
#[derive(Clone)]
pub struct Credentials {
    centres: Centres,
    tokens: Arc<Tokens>,
    passwords: Arc<Passwords>,
}

impl Credentials {
    /// Credentials of these contact centres, with these tokens.
    pub fn new(centres: Centres, tokens: Tokens, process_key: &[u8]) -> Self {
        Self {
            centres,
            tokens: Arc::new(tokens),
            passwords: Arc::new(Passwords::new(process_key)),
        }
    }

    /// Signs tokens for the page's cookie.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Who a request's headers say that its sender is. A header goes before the cookie; several are refused.
    ///
    /// # Errors
    /// None given, or none that hold.
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Identity, Unauthenticated> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = given.next() else {
            return self.by_cookie(headers);
        };
        if given.next().is_some() {
            return Err(Unauthenticated::Invalid);
        }
        let value = value.to_str().map_err(|_| Unauthenticated::Invalid)?;
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            self.by_token(rest.trim())
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = STANDARD.decode(rest.trim()).ok();
            let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let (name, password) = text
                .as_deref()
                .and_then(|text| text.split_once(':'))
                .ok_or(Unauthenticated::Invalid)?;
            let centre = headers.get(CENTRE_HEADER).and_then(|it| it.to_str().ok());
            self.by_password(name, password, centre).await
        } else {
            Err(Unauthenticated::Invalid)
        }
    }

    /// Who a bearer token is for.
    ///
    /// # Errors
    /// It is not valid, or not of a contact centre of this server.
    pub fn by_token(&self, token: &str) -> Result<Identity, Unauthenticated> {
        self.of_claims(self.tokens.verify(token)?, false)
    }

    /// Who has a name and a password.
    ///
    /// # Errors
    /// Nobody has.
    pub async fn by_password(
        &self,
        name: &str,
        password: &str,
        centre: Option<&str>,
    ) -> Result<Identity, Unauthenticated> {
        let user = UserId::parse(name).map_err(|_| Unauthenticated::Invalid)?;
        let mut found = self.centres.all().into_iter().filter(|handle| {
            let here = centre.is_none_or(|wanted| handle.id().as_str() == wanted);
            here && handle.state().configuration.users.contains_key(&user)
        });
        // A name in several contact centres needs the header.
        let (first, second) = (found.next(), found.next());
        let handle = first.filter(|_| second.is_none());
        let configured = handle.as_ref().map(|handle| handle.state());
        let configured = configured
            .as_ref()
            .and_then(|state| state.configuration.users.get(&user));
        let hash = configured.and_then(|user| user.password_hash.clone());
        let right = self.passwords.verify(name, password, hash).await;
        match (handle, configured, right) {
            (Some(centre), Some(configured), true) => Ok(Identity {
                centre,
                user,
                roles: configured.roles.clone(),
                expires_at: None,
                token_id: None,
                by_cookie: false,
            }),
            _ => Err(Unauthenticated::Invalid),
        }
    }

    /// Who the page's cookie is for.
    ///
    /// # Errors
    /// There is none, or none that holds.
    pub fn by_cookie(&self, headers: &HeaderMap) -> Result<Identity, Unauthenticated> {
        let token = cookie(headers).ok_or(Unauthenticated::Missing)?;
        self.of_claims(self.tokens.verify_cookie(&token)?, true)
    }

    fn of_claims(&self, claims: Claims, by_cookie: bool) -> Result<Identity, Unauthenticated> {
        let centre = self.centres.find(&claims.centre);
        let roles = claims.roles();
        // Unknown roles give no rights, so that a token without a known one is good for nothing.
        if roles.is_empty() {
            return Err(Unauthenticated::Invalid);
        }
        Ok(Identity {
            centre: centre.ok_or(Unauthenticated::Invalid)?,
            roles,
            expires_at: Some(self.tokens.end_of(&claims)),
            token_id: claims.jti.clone(),
            user: claims.sub,
            by_cookie,
        })
    }
}

impl Identity {
    /// Whom the hub's sessions of this user belong to.
    pub fn principal(&self) -> Principal {
        Principal {
            key: user_key(self.centre.id(), &self.user),
            expires_at_ms: self.expires_at.map(|at| at.0),
            token_id: self.token_id.clone(),
            roles: self
                .roles
                .iter()
                .map(|role| role.as_str().to_owned())
                .collect(),
        }
    }

    /// The user's contact centre.
    pub fn centre_id(&self) -> &CentreId {
        self.centre.id()
    }
}

impl Authenticator for Credentials {
    fn authenticate<'a>(
        &'a self,
        headers: &'a HeaderMap,
        token: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Principal, Unauthenticated>> {
        Box::pin(async move {
            let identity = match token {
                Some(token) => self.by_token(token)?,
                None => self.identify(headers).await?,
            };
            Ok(identity.principal())
        })
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// Verifies passwords away from the async threads, a few at a time.
struct Passwords {
    // The keyed digests of what was right; the key lives as long as the process.
    remembered: Mutex<BTreeMap<String, Timestamp>>,
    key: EncodingKey,
    hashing: Semaphore,
}

/// How long a right password is remembered.
const REMEMBER_MS: u64 = 60_000;

impl Passwords {
    fn new(process_key: &[u8]) -> Self {
        Self {
            remembered: Mutex::default(),
            key: EncodingKey::from_secret(process_key),
            hashing: Semaphore::new(HASHING_LEN_MAX),
        }
    }

    async fn verify(&self, name: &str, password: &str, hash: Option<String>) -> bool {
        // An unknown name costs as much as a wrong password, so that time does not tell which it was.
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| ABSENT_HASH.to_owned());
        let text = format!("{name}\0{password}\0{hash}");
        let Ok(digest) = crypto::sign(text.as_bytes(), &self.key, Algorithm::HS256) else {
            return false;
        };
        if self.remembers(&digest) {
            return true;
        }
        let Ok(_permit) = self.hashing.acquire().await else {
            return false;
        };
        let password = password.to_owned();
        let verified = tokio::task::spawn_blocking(move || is_right(&password, &hash)).await;
        let right = known && verified.unwrap_or(false);
        if right {
            self.remember(digest);
        }
        right
    }

    fn remembers(&self, digest: &str) -> bool {
        let remembered = self.remembered.lock();
        let remembered = remembered.unwrap_or_else(PoisonError::into_inner);
        remembered
            .get(digest)
            .is_some_and(|until| *until > wall_clock())
    }

    fn remember(&self, digest: String) {
        let remembered = self.remembered.lock();
        let mut remembered = remembered.unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_LEN_MAX {
            remembered.clear();
        }
        remembered.insert(digest, wall_clock().plus_ms(REMEMBER_MS));
    }
}

/// The hash of a password that nobody has.
const ABSENT_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$YmF0b24tYWJzZW50LXVzZXI$WZ5nC0+AkT4dXsJ1YyxSXvJ0xJH3W6m6vJmW7g5jW1c";

fn is_right(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    })
}
