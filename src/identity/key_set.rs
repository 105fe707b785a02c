//! A set of public keys as identity providers publish it (RFC 7517).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm};
use jsonwebtoken::jwk::{KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::verifying::VerifyingKey;

/// Keys that a set may have.
pub const KEYS_LEN_MAX: usize = 64;

/// The keys of a set that Baton can use.
#[derive(Default)]
pub(super) struct KeySet {
    keys: Vec<(Option<String>, VerifyingKey)>,
}

/// Why a text is no key set.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKeySet {
    /// It is not JSON, or of another shape.
    #[error("it is no JSON Web Key Set")]
    Shape(#[from] serde_json::Error),
    /// It has too many keys.
    #[error("it has more than {KEYS_LEN_MAX} keys")]
    TooMany,
    /// None of its keys is for RS256, ES256 or EdDSA.
    #[error("it has no key for RS256, ES256 or EdDSA")]
    Empty,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set whose tokens have to hold what `rules` say. Keys of other kinds are passed over, as RFC 7517 section 5
    /// wants it.
    ///
    /// # Errors
    /// It is no set, has too many keys, or none that is good for anything.
    pub(super) fn parse(text: &[u8], rules: &Validation) -> Result<Self, InvalidKeySet> {
        let document: Document = serde_json::from_slice(text)?;
        if document.keys.len() > KEYS_LEN_MAX {
            return Err(InvalidKeySet::TooMany);
        }
        let jwks = document.keys.into_iter();
        let jwks = jwks.filter_map(|value| serde_json::from_value::<Jwk>(value).ok());
        let keys: Vec<_> = jwks.filter_map(|jwk| usable(jwk, rules)).collect();
        if keys.is_empty() {
            return Err(InvalidKeySet::Empty);
        }
        Ok(Self { keys })
    }

    /// The key that a token names; if it names none, the only one there is.
    pub(super) fn find(&self, kid: Option<&str>) -> Option<&VerifyingKey> {
        match (kid, self.keys.as_slice()) {
            (None, [(_, only)]) => Some(only),
            (None, _) => None,
            (Some(kid), keys) => keys
                .iter()
                .find(|(name, _)| name.as_deref() == Some(kid))
                .map(|(_, key)| key),
        }
    }
}

fn usable(jwk: Jwk, rules: &Validation) -> Option<(Option<String>, VerifyingKey)> {
    // The kind of the key decides, so that no key is ever used with a second algorithm. A secret is no public key.
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(_)
        | AlgorithmParameters::OctetKeyPair(_)
        | AlgorithmParameters::OctetKey(_)
        | AlgorithmParameters::Other(_) => return None,
        _ => return None,
    };
    let common = &jwk.common;
    let is_for_it = common.key_algorithm.is_none_or(|it| it == named);
    let is_for_signatures = matches!(&common.public_key_use, None | Some(PublicKeyUse::Signature));
    let may_verify = common
        .key_operations
        .as_ref()
        .is_none_or(|it| it.contains(&KeyOperations::Verify));
    if !(is_for_it && is_for_signatures && may_verify) {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let kid = jwk.common.key_id;
    Some((kid, VerifyingKey::new(key, algorithm, rules)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::verifying::rules;
    use super::*;

    fn parse(keys: &Value) -> Result<KeySet, InvalidKeySet> {
        let text = json!({ "keys": keys }).to_string();
        KeySet::parse(text.as_bytes(), &rules("", "", 0))
    }

    /// The example of RFC 8037 A.2.
    fn key(kid: &str) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "alg": "EdDSA",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    #[test]
    fn keys_are_found_by_their_names() {
        let mut nameless = key("");
        nameless.as_object_mut().expect("an object").remove("kid");
        let two = parse(&json!([key("a"), key("b")])).expect("good");
        assert!(two.find(Some("a")).is_some() && two.find(Some("b")).is_some());
        assert!(two.find(Some("c")).is_none() && two.find(None).is_none());
        for only in [key("a"), nameless] {
            let one = parse(&json!([only])).expect("good");
            assert!(one.find(None).is_some() && one.find(Some("b")).is_none());
        }
    }

    #[test]
    fn keys_for_something_else_are_passed_over() {
        let with = |name: &str, value: Value| {
            let mut other = key("other");
            other[name] = value;
            other
        };
        for other in [
            with("use", "enc".into()),
            with("alg", "ES256".into()),
            with("key_ops", json!(["sign"])),
            with("crv", "X25519".into()),
            with("x", "not base64!".into()),
            with("kty", "of the future".into()),
            json!({"kty": "oct", "kid": "other", "k": "c2VjcmV0", "alg": "HS256"}),
            json!({"kty": "RSA", "kid": "other", "n": "AQAB", "e": "AQAB", "alg": "PS256"}),
            json!("no key"),
        ] {
            let set = parse(&json!([key("a"), other])).expect("one is good");
            assert!(set.find(Some("a")).is_some() && set.find(Some("other")).is_none());
            let alone = parse(&json!([other]));
            assert!(matches!(alone, Err(InvalidKeySet::Empty)), "{other}");
        }
    }

    #[test]
    fn a_set_is_bounded() {
        let many = |len: usize| json!(vec![key("a"); len]);
        assert!(parse(&many(KEYS_LEN_MAX)).is_ok());
        let refused = parse(&many(KEYS_LEN_MAX + 1));
        assert!(matches!(refused, Err(InvalidKeySet::TooMany)));
        let refused = KeySet::parse(b"<html>", &rules("", "", 0));
        assert!(matches!(refused, Err(InvalidKeySet::Shape(_))));
    }
}
