//! The server's own tokens: bearer tokens for scripts, and the page's cookie.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto, encode};
use serde_json::{Value, json};

use super::claims::{ClaimNames, Claims};
use super::verifying::{VerifyingKey, rules};
use crate::centre::wall_clock;
use crate::domain::{CentreId, Role, UserId};
use crate::transports::Unauthenticated;

/// Signs and verifies tokens with the server's secret (HS256).
pub struct Tokens {
    signing: EncodingKey,
    verifying: VerifyingKey,
    names: ClaimNames,
    issuer: String,
    audience: String,
    leeway_s: u64,
}

/// The purpose of the page's cookie.
const PAGE: &str = "page";

impl Tokens {
    /// Tokens by a secret. `issuer` and `audience` are asked for unless they are empty; clocks may differ by `leeway_s`.
    pub fn new(secret: &[u8], issuer: &str, audience: &str, leeway_s: u64) -> Self {
        let rules = rules(issuer, audience, leeway_s);
        let key = DecodingKey::from_secret(secret);
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: VerifyingKey::new(key, Algorithm::HS256, &rules),
            names: ClaimNames::own(),
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            leeway_s,
        }
    }

    /// A bearer token for a user, valid for a time from now.
    ///
    /// # Errors
    /// None that can happen with a secret.
    pub fn issue(
        &self,
        user: UserId,
        centre: CentreId,
        roles: &BTreeSet<Role>,
        valid_ms: u64,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign(user, centre, roles, valid_ms, None)
    }

    /// The value of the page's cookie.
    ///
    /// # Errors
    /// None that can happen with a secret.
    pub fn issue_cookie(
        &self,
        user: UserId,
        centre: CentreId,
        roles: &BTreeSet<Role>,
        valid_ms: u64,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign(user, centre, roles, valid_ms, Some(PAGE))
    }

    /// What a bearer token says.
    ///
    /// # Errors
    /// It has expired, or was never valid.
    pub fn verify(&self, token: &str) -> Result<Claims, Unauthenticated> {
        self.verify_for(None, token)
    }

    /// What the page's cookie says.
    ///
    /// # Errors
    /// It has expired, or was never valid.
    pub fn verify_cookie(&self, token: &str) -> Result<Claims, Unauthenticated> {
        self.verify_for(Some(PAGE), token)
    }

    /// Seconds by which clocks may differ.
    pub(super) fn leeway_s(&self) -> u64 {
        self.leeway_s
    }

    /// What a page has to send back to show that it can read what it was answered (gateway-api 1.9): the same for as long
    /// as the login lasts, and nothing that has to be kept.
    pub(super) fn csrf_token(&self, token_id: &str) -> Option<String> {
        // No token begins like that: a signature of the one is never one of the other.
        let text = format!("csrf {token_id}");
        let signature = crypto::sign(text.as_bytes(), &self.signing, Algorithm::HS256).ok()?;
        let bytes = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let bytes = bytes.first_chunk::<16>()?;
        Some(
            uuid::Builder::from_random_bytes(*bytes)
                .into_uuid()
                .to_string(),
        )
    }

    fn verify_for(&self, purpose: Option<&str>, token: &str) -> Result<Claims, Unauthenticated> {
        let claims = self.verifying.verify(token, &self.names)?;
        if claims.purpose.as_deref() == purpose {
            Ok(claims)
        } else {
            Err(Unauthenticated::Invalid)
        }
    }

    fn sign(
        &self,
        user: UserId,
        centre: CentreId,
        roles: &BTreeSet<Role>,
        valid_ms: u64,
        purpose: Option<&str>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let mut claims = json!({
            "sub": user,
            "contactCenterId": centre,
            "roles": roles,
            "exp": wall_clock().plus_ms(valid_ms).0 / 1_000,
            "jti": uuid::Uuid::new_v4().to_string(),
        });
        let named = [
            ("iss", self.issuer.as_str()),
            ("aud", self.audience.as_str()),
        ];
        let named = named.into_iter().filter(|(_, value)| !value.is_empty());
        for (name, value) in named.chain(purpose.map(|purpose| ("use", purpose))) {
            claims[name] = Value::from(value);
        }
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Value {
        serde_json::json!({
            "sub": "agent1", "contactCenterId": "demo", "roles": ["agent", "emperor"],
            "exp": wall_clock().0 / 1_000 + 60,
        })
    }

    fn signed(header: &Header, claims: &Value, secret: &[u8]) -> String {
        encode(header, claims, &EncodingKey::from_secret(secret)).expect("signs")
    }

    #[test]
    fn tokens_are_verified() {
        let secret = b"0123456789abcdef0123456789abcdef";
        let tokens = Tokens::new(secret, "", "", 0);
        let header = Header::new(Algorithm::HS256);
        let good = signed(&header, &claims(), secret);
        let verified = tokens.verify(&good).expect("valid");
        assert_eq!(verified.roles, BTreeSet::from([Role::Agent]));

        let without = |name: &str| {
            let mut claims = claims();
            claims.as_object_mut().expect("an object").remove(name);
            claims
        };
        let with = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            claims
        };
        let bad = [
            without("exp"),
            without("sub"),
            without("roles"),
            without("contactCenterId"),
            with("exp", 1.into()),
            with("exp", "soon".into()),
            with("nbf", (wall_clock().0 / 1_000 + 600).into()),
            with("nbf", "soon".into()),
            with("sub", 7.into()),
            with("roles", "agent".into()),
            with("use", "page".into()),
        ];
        for claims in bad {
            assert!(
                tokens.verify(&signed(&header, &claims, secret)).is_err(),
                "{claims}"
            );
        }
        assert!(
            tokens
                .verify(&signed(&header, &claims(), b"another secret"))
                .is_err()
        );
        let other = Header::new(Algorithm::HS512);
        assert!(tokens.verify(&signed(&other, &claims(), secret)).is_err());
        let (_, payload) = good.split_once('.').expect("three parts");
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
        ] {
            let forged = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
            assert!(tokens.verify(&forged).is_err());
        }
        assert!(tokens.verify_cookie(&good).is_err());
        let late = signed(&header, &with("exp", 1.into()), secret);
        assert_eq!(tokens.verify(&late), Err(Unauthenticated::Expired));
    }

    #[test]
    fn issuer_and_audience_are_asked_for_when_configured() {
        let secret = b"0123456789abcdef0123456789abcdef";
        let strict = Tokens::new(secret, "issuer", "audience", 0);
        let open = Tokens::new(secret, "", "", 0);
        let user = UserId::parse("agent1").expect("valid");
        let centre = CentreId::parse("demo").expect("valid");
        let roles = BTreeSet::from([Role::Agent]);
        let own = strict.issue(user.clone(), centre.clone(), &roles, 60_000);
        assert!(strict.verify(&own.expect("signs")).is_ok());
        let plain = open.issue(user, centre, &roles, 60_000);
        assert!(strict.verify(&plain.expect("signs")).is_err());
    }
}
