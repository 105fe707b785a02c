//! Signed tokens: bearer tokens of clients, and the page's cookie.

use std::collections::{BTreeSet, HashSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::centre::wall_clock;
use crate::domain::{CentreId, Role, Timestamp, UserId};
use crate::transports::Unauthenticated;

/// What a token says (design section 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: UserId,
    /// His contact centre.
    #[serde(rename = "contactCenterId")]
    pub centre: CentreId,
    /// What he may do, by the names of the roles.
    pub roles: Vec<String>,
    /// When the token ends, in seconds since 1970.
    pub exp: u64,
    /// The token's own identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// `page` in the page's cookie, which is no bearer token.
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Value>,
}

/// Signs and verifies tokens with the server's secret (HS256).
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    issuer: String,
    audience: String,
}

/// The purpose of the page's cookie.
const PAGE: &str = "page";

impl Tokens {
    /// Tokens by a secret. `issuer` and `audience` are asked for unless they are empty.
    pub fn new(secret: &[u8], issuer: &str, audience: &str, leeway_s: u64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = leeway_s;
        validation.validate_nbf = true;
        validation.required_spec_claims = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
        validation.validate_aud = !audience.is_empty();
        if !audience.is_empty() {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        if !issuer.is_empty() {
            validation.set_issuer(&[issuer]);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        Self {
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            validation,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
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
        self.sign(user, centre, roles, valid_ms, Some(PAGE.to_owned()))
    }

    /// What a bearer token says.
    ///
    /// # Errors
    /// It has expired, or was never valid.
    pub fn verify(&self, token: &str) -> Result<Claims, Unauthenticated> {
        let claims = self.decode(token)?;
        match claims.purpose {
            None => Ok(claims),
            Some(_) => Err(Unauthenticated::Invalid),
        }
    }

    /// What the page's cookie says.
    ///
    /// # Errors
    /// It has expired, or was never valid.
    pub fn verify_cookie(&self, token: &str) -> Result<Claims, Unauthenticated> {
        let claims = self.decode(token)?;
        match claims.purpose.as_deref() {
            Some(PAGE) => Ok(claims),
            _ => Err(Unauthenticated::Invalid),
        }
    }

    /// When a token is no longer taken: its end and the leeway.
    pub(super) fn end_of(&self, claims: &Claims) -> Timestamp {
        let end_s = claims.exp.saturating_add(self.validation.leeway);
        Timestamp(end_s.saturating_mul(1_000))
    }

    fn sign(
        &self,
        user: UserId,
        centre: CentreId,
        roles: &BTreeSet<Role>,
        valid_ms: u64,
        purpose: Option<String>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let named = |text: &String| (!text.is_empty()).then(|| Value::from(text.as_str()));
        let claims = Claims {
            sub: user,
            centre,
            roles: roles.iter().map(|role| role.as_str().to_owned()).collect(),
            exp: wall_clock().plus_ms(valid_ms).0 / 1_000,
            jti: Some(uuid::Uuid::new_v4().to_string()),
            purpose,
            iss: named(&self.issuer),
            aud: named(&self.audience),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
    }

    fn decode(&self, token: &str) -> Result<Claims, Unauthenticated> {
        if has_critical_header(token) {
            return Err(Unauthenticated::Invalid);
        }
        match decode::<Claims>(token, &self.verifying, &self.validation) {
            Ok(data) => Ok(data.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                Err(Unauthenticated::Expired)
            }
            Err(_) => Err(Unauthenticated::Invalid),
        }
    }
}

impl Claims {
    /// The roles that are known; others give no rights.
    pub fn roles(&self) -> BTreeSet<Role> {
        self.roles
            .iter()
            .filter_map(|name| Role::parse(name))
            .collect()
    }
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
        assert_eq!(verified.roles(), BTreeSet::from([Role::Agent]));

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
