//! A key, and all that it verifies.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value};

use super::claims::{ClaimNames, Claims};
use crate::transports::Unauthenticated;

/// A key with the one algorithm that it is for: what the token says of its algorithm decides nothing (RFC 8725 3.1).
pub(super) struct VerifyingKey {
    key: DecodingKey,
    validation: Validation,
}

impl VerifyingKey {
    /// A key whose tokens have to hold what `rules` say, but for the algorithm.
    pub(super) fn new(key: DecodingKey, algorithm: Algorithm, rules: &Validation) -> Self {
        let mut validation = rules.clone();
        validation.algorithms = vec![algorithm];
        Self { key, validation }
    }

    /// What a token says that this key has signed.
    ///
    /// # Errors
    /// It has expired, or was never valid.
    pub(super) fn verify(
        &self,
        token: &str,
        names: &ClaimNames,
    ) -> Result<Claims, Unauthenticated> {
        if has_critical_header(token) {
            return Err(Unauthenticated::Invalid);
        }
        match decode::<Map<String, Value>>(token, &self.key, &self.validation) {
            Ok(data) if self.is_of_several(&data.claims) => Err(Unauthenticated::Invalid),
            Ok(data) => names.read(&data.claims, self.validation.leeway),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                Err(Unauthenticated::Expired)
            }
            Err(_) => Err(Unauthenticated::Invalid),
        }
    }

    /// Whether the issuer that is asked for is one of several: it is a text (RFC 7519 4.1.1), but the library takes a list too.
    fn is_of_several(&self, claims: &Map<String, Value>) -> bool {
        let issuer = claims.get("iss");
        self.validation.iss.is_some() && !issuer.is_some_and(Value::is_string)
    }
}

/// What every token has to hold. `issuer` and `audience` are asked for unless they are empty.
pub(super) fn rules(issuer: &str, audience: &str, leeway_s: u64) -> Validation {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.leeway = leeway_s;
    rules.validate_nbf = true;
    rules.required_spec_claims = HashSet::from(["exp".to_owned()]);
    rules.validate_aud = !audience.is_empty();
    if !audience.is_empty() {
        rules.set_audience(&[audience]);
        rules.required_spec_claims.insert("aud".to_owned());
    }
    if !issuer.is_empty() {
        rules.set_issuer(&[issuer]);
        rules.required_spec_claims.insert("iss".to_owned());
    }
    rules
}

/// RFC 7515 4.1.11: who does not understand what `crit` names must refuse the token; we understand none of it.
fn has_critical_header(token: &str) -> bool {
    let first = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD
        .decode(first)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Map<String, Value>>(&bytes).ok());
    header.is_none_or(|header| header.contains_key("crit"))
}
