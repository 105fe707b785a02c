//! Who is who: the server's own tokens and those of an identity provider, passwords, the page's cookie, what was revoked,
//! and how often somebody may try (design section 4).
//!
//! [`Credentials`] is asked by the API and by the carriers; everything else here serves it.

mod attempts;
mod buckets;
mod claims;
mod credentials;
mod key_set;
mod origins;
mod passwords;
mod provider;
mod remembered;
mod revocations;
mod tokens;
mod verifying;

pub use attempts::AttemptLimits;
pub use buckets::{BUCKETS_LEN_MAX, Buckets, Standing};
pub use claims::{ClaimNames, Claims, InvalidNames};
pub use credentials::{CENTRE_HEADER, COOKIE, Credentials, Identity, Known, token_id};
pub use key_set::{InvalidKeySet, KEYS_LEN_MAX};
pub use origins::{InvalidOrigins, Origins};
pub use passwords::is_password_hash;
pub use provider::{
    KEY_SET_BYTES_MAX, KeySource, Provider, ProviderSettings, REFRESH_INTERVAL_MIN_MS,
};
pub use revocations::{REVOKED_FILE, REVOKED_LEN_MAX, RevocationError, Revocations};
pub use tokens::Tokens;
