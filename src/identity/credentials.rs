//! Who sent a request: a bearer token, HTTP Basic, or the page's cookie.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use jsonwebtoken::{Algorithm, decode_header};

use super::attempts::AttemptLimits;
use super::claims::Claims;
use super::origins::Origins;
use super::passwords::Passwords;
use super::provider::Provider;
use super::remembered::{Entry, Remembered};
use super::revocations::{RevocationError, Revocations};
use super::tokens::Tokens;
use crate::centre::{Centres, Handle, user_key, wall_clock};
use crate::domain::{CentreId, Role, Timestamp, UserId};
use crate::hub::Principal;
use crate::transports::{Authenticator, Client, Unauthenticated};

/// The name of the page's cookie.
pub const COOKIE: &str = "BATON_SESSION";
/// Selects the contact centre of a user whose name exists in several (HTTP Basic and login).
pub const CENTRE_HEADER: &str = "contactcenterid";

/// A user who is known, with what he may do.
#[derive(Clone)]
pub struct Identity {
    /// His contact centre.
    pub centre: Handle,
    /// Who he is.
    pub user: UserId,
    /// What he may do.
    pub roles: BTreeSet<Role>,
    /// Whether the page's cookie said who he is.
    pub by_cookie: bool,
    principal: Principal,
}

/// Who sent a request, where that was found out before its handler asks.
#[derive(Clone)]
pub struct Known(pub Result<Arc<Identity>, Unauthenticated>);

/// Checks credentials against the contact centres.
#[derive(Clone)]
pub struct Credentials {
    centres: Centres,
    tokens: Arc<Tokens>,
    provider: Option<Arc<Provider>>,
    remembered: Arc<Remembered<Arc<Identity>>>,
    revocations: Arc<Revocations>,
    passwords: Arc<Passwords>,
    origins: Arc<Origins>,
}

impl Credentials {
    /// Credentials of these contact centres: the server's own tokens, and those of an identity provider if there is one.
    pub fn new(
        centres: Centres,
        tokens: Tokens,
        provider: Option<Arc<Provider>>,
        revocations: Revocations,
        limits: AttemptLimits,
        process_key: &[u8],
    ) -> Self {
        Self {
            centres,
            tokens: Arc::new(tokens),
            provider,
            remembered: Arc::default(),
            revocations: Arc::new(revocations),
            passwords: Arc::new(Passwords::new(process_key, limits)),
            origins: Arc::default(),
        }
    }

    /// The same, where contact centres have pages of their own.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = Arc::new(origins);
        self
    }

    /// Signs tokens for the page's cookie.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// Who a request's headers say that its sender is. A header goes before the cookie; several are refused.
    ///
    /// # Errors
    /// None given, or none that hold; too many passwords were wrong; a page of another contact centre uses them.
    pub async fn identify(
        &self,
        headers: &HeaderMap,
        client: Option<Client>,
    ) -> Result<Arc<Identity>, Unauthenticated> {
        self.admit(headers, self.of_headers(headers, client).await?)
    }

    /// Lets in who speaks by a page of his own contact centre or by none.
    ///
    /// # Errors
    /// The page is another contact centre's.
    pub fn admit(
        &self,
        headers: &HeaderMap,
        identity: Arc<Identity>,
    ) -> Result<Arc<Identity>, Unauthenticated> {
        match self.origins.are_foreign(headers, identity.centre_id()) {
            true => Err(Unauthenticated::OtherOrigin),
            false => Ok(identity),
        }
    }

    async fn of_headers(
        &self,
        headers: &HeaderMap,
        client: Option<Client>,
    ) -> Result<Arc<Identity>, Unauthenticated> {
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
            self.by_token(rest.trim()).await
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = STANDARD.decode(rest.trim()).ok();
            let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
            let (name, password) = text
                .as_deref()
                .and_then(|text| text.split_once(':'))
                .ok_or(Unauthenticated::Invalid)?;
            let centre = headers.get(CENTRE_HEADER).and_then(|it| it.to_str().ok());
            self.by_password(name, password, centre, client).await
        } else {
            Err(Unauthenticated::Invalid)
        }
    }

    /// Who a bearer token is for.
    ///
    /// # Errors
    /// It is not valid, or not of a contact centre of this server.
    pub async fn by_token(&self, token: &str) -> Result<Arc<Identity>, Unauthenticated> {
        let generation = self.generation();
        match self.remembered.find(token, generation, wall_clock()) {
            // The page's cookie is no bearer token.
            Some(identity) if identity.by_cookie => Err(Unauthenticated::Invalid),
            Some(identity) => admitted(identity),
            None => {
                let claims = self.verify(token).await?;
                self.of_claims(token, generation, claims, false)
            }
        }
    }

    /// Who has a name and a password.
    ///
    /// # Errors
    /// Nobody has, or too many were wrong.
    pub async fn by_password(
        &self,
        name: &str,
        password: &str,
        centre: Option<&str>,
        client: Option<Client>,
    ) -> Result<Arc<Identity>, Unauthenticated> {
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
        let from = client.map(|client| client.address);
        let right = self.passwords.verify(name, password, hash, from).await?;
        match (handle, configured, right) {
            (Some(centre), Some(configured), true) => {
                let roles = configured.roles.clone();
                Ok(Identity::new(centre, user, roles, None, None, false))
            }
            _ => Err(Unauthenticated::Invalid),
        }
    }

    /// Who the page's cookie is for.
    ///
    /// # Errors
    /// There is none, or none that holds.
    pub fn by_cookie(&self, headers: &HeaderMap) -> Result<Arc<Identity>, Unauthenticated> {
        let token = cookie(headers).ok_or(Unauthenticated::Missing)?;
        let generation = self.generation();
        match self.remembered.find(token, generation, wall_clock()) {
            Some(identity) if !identity.by_cookie => Err(Unauthenticated::Invalid),
            Some(identity) => admitted(identity),
            None => {
                let claims = self.tokens.verify_cookie(token)?;
                self.of_claims(token, generation, claims, true)
            }
        }
    }

    /// By the provider's key that the token names, else by our secret: which algorithm holds is up to the key.
    async fn verify(&self, token: &str) -> Result<Claims, Unauthenticated> {
        let Some(provider) = &self.provider else {
            return self.tokens.verify(token);
        };
        let header = decode_header(token).map_err(|_| Unauthenticated::Invalid)?;
        if header.alg == Algorithm::HS256 && !provider.names_key(&header) {
            return self.tokens.verify(token);
        }
        provider.verify(token, &header).await
    }

    /// The hash of a new password; none if the system gives no random bytes.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.passwords.hash(password).await
    }

    /// A digest of 32 bytes of a text with a password in it, by a name: it tells no more of the password than its hash does, and
    /// is the same for the same text and name. None if the system has no memory for it.
    pub async fn costly_digest(&self, text: &str, name: &str) -> Option<[u8; 32]> {
        self.passwords.costly_digest(text, name).await
    }

    /// What a bearer token says that holds, also of one that is not taken any more because it was revoked.
    ///
    /// # Errors
    /// It is not valid.
    pub async fn claims_of(&self, token: &str) -> Result<Claims, Unauthenticated> {
        self.verify(token).await
    }

    /// Takes a token no more, from now on. It is to be waited for until that is [written](Self::revocations_written).
    ///
    /// # Errors
    /// Too many are revoked.
    pub fn revoke(&self, token_id: &str, until: Timestamp) -> Result<(), RevocationError> {
        self.revocations.mark(token_id, until)?;
        self.remembered.forget(token_id);
        Ok(())
    }

    /// Waits until what was revoked is on disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub async fn revocations_written(&self) -> Result<(), RevocationError> {
        self.revocations.written().await
    }

    /// By how much clocks may differ, in milliseconds.
    pub fn leeway_ms(&self) -> u64 {
        self.tokens.leeway_s().saturating_mul(1_000)
    }

    /// What a page that acts by this login has to send back (gateway-api 1.9).
    pub fn csrf_token(&self, identity: &Identity) -> Option<String> {
        let token_id = identity.principal.token_id.as_deref()?;
        self.tokens.csrf_token(token_id)
    }

    /// Which keys of the provider are known.
    fn generation(&self) -> u64 {
        self.provider.as_ref().map_or(0, |it| it.generation())
    }

    fn of_claims(
        &self,
        token: &str,
        generation: u64,
        claims: Claims,
        by_cookie: bool,
    ) -> Result<Arc<Identity>, Unauthenticated> {
        // Unknown roles give no rights, so that a token without a known one is good for nothing.
        if claims.roles.is_empty() {
            return Err(Unauthenticated::Invalid);
        }
        let centre = self.centres.find(&claims.centre);
        let centre = centre.ok_or(Unauthenticated::Invalid)?;
        let token_id = claims.jti.map(|jti| token_id(centre.id(), &jti));
        let identity = Identity::new(
            centre,
            claims.user,
            claims.roles,
            Some(claims.expires_at),
            token_id.as_deref(),
            by_cookie,
        );
        let entry = Entry {
            whose: Arc::clone(&identity),
            token_id: identity.principal.token_id.clone(),
            ends: claims.expires_at,
        };
        self.remembered
            .insert(token, generation, entry, wall_clock());
        // Last, so that who revokes it meanwhile either has it forgotten or is seen here.
        if let Some(token_id) = &token_id
            && self.revocations.contains(token_id)
        {
            self.remembered.forget(token_id);
            return Err(Unauthenticated::Expired);
        }
        admitted(identity)
    }
}

impl Identity {
    /// A user with roles. `expires_at`: when his credentials end; `token_id`: the identifier of his token.
    fn new(
        centre: Handle,
        user: UserId,
        roles: BTreeSet<Role>,
        expires_at: Option<Timestamp>,
        token_id: Option<&str>,
        by_cookie: bool,
    ) -> Arc<Self> {
        let names = roles.iter().map(|role| role.as_str().to_owned());
        let principal = Principal {
            key: user_key(centre.id(), &user),
            expires_at_ms: expires_at.map(|at| at.0),
            token_id: token_id.map(Into::into),
            roles: names.collect(),
        };
        Arc::new(Self {
            centre,
            user,
            roles,
            by_cookie,
            principal,
        })
    }

    /// Whom the hub's sessions of this user belong to.
    pub fn principal(&self) -> &Principal {
        &self.principal
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
        client: Option<Client>,
    ) -> BoxFuture<'a, Result<Principal, Unauthenticated>> {
        Box::pin(async move {
            let identity = match token {
                Some(token) => self.admit(headers, self.by_token(token).await?)?,
                None => self.identify(headers, client).await?,
            };
            Ok(identity.principal().clone())
        })
    }

    fn holds(&self, principal: &Principal) -> bool {
        let token_id = principal.token_id.as_deref();
        let is_revoked = token_id.is_some_and(|it| self.revocations.contains(it));
        !is_revoked && !self.centres.has_removed(principal)
    }
}

/// A user who was removed is not let in by a token that he still has.
fn admitted(identity: Arc<Identity>) -> Result<Arc<Identity>, Unauthenticated> {
    let state = identity.centre.state();
    match state.configuration.removed_users.contains(&identity.user) {
        true => Err(Unauthenticated::Expired),
        false => Ok(identity),
    }
}

/// What a token is revoked by: administrators of one contact centre have no say about tokens of another.
pub fn token_id(centre: &CentreId, jti: &str) -> String {
    format!("{centre}/{jti}")
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}
