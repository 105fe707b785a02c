//! What a token says, and by which names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::domain::{CentreId, Role, Timestamp, UserId};
use crate::transports::Unauthenticated;

/// What a token says that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The user.
    pub user: UserId,
    /// His contact centre.
    pub centre: CentreId,
    /// The roles that are known; others give no rights.
    pub roles: BTreeSet<Role>,
    /// When the token is no longer taken: its end and the leeway.
    pub expires_at: Timestamp,
    /// The token's own identifier.
    pub jti: Option<String>,
    /// `page` in the page's cookie, which is no bearer token.
    pub purpose: Option<String>,
}

/// Where the tokens of an issuer say what Baton needs to know. A dot leads into an object: `realm_access.roles`.
#[derive(Clone, Debug)]
pub struct ClaimNames {
    user: String,
    centre: String,
    roles: String,
    /// The issuer's names of our roles, where they are not ours.
    role_names: BTreeMap<String, Role>,
    /// The contact centre of tokens that name none.
    default_centre: Option<CentreId>,
}

/// Why the options that name claims are not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidNames {
    /// The name of a claim is empty.
    #[error("the name of a claim is empty")]
    Empty,
    /// A pair is not `name=role` with a role that there is.
    #[error("{0:?} is not a name and a role, such as team-leads=supervisor")]
    Role(String),
    /// The default contact centre is none.
    #[error("{0:?} is no contact centre")]
    Centre(String),
}

impl ClaimNames {
    /// The names in the server's own tokens (design section 4).
    pub fn own() -> Self {
        Self {
            user: "sub".to_owned(),
            centre: "contactCenterId".to_owned(),
            roles: "roles".to_owned(),
            role_names: BTreeMap::new(),
            default_centre: None,
        }
    }

    /// Names as options give them: `role_names` as `name=role` separated by commas, `default_centre` empty for none.
    ///
    /// # Errors
    /// A name is empty, or there is no such role or contact centre.
    pub fn parse(
        [user, centre, roles]: [&str; 3],
        role_names: &str,
        default_centre: &str,
    ) -> Result<Self, InvalidNames> {
        if user.is_empty() || centre.is_empty() || roles.is_empty() {
            return Err(InvalidNames::Empty);
        }
        let pairs = role_names.split(',').map(str::trim);
        let pair = |text: &str| {
            // From the right: a name may have such a sign itself.
            let (name, role) = text.rsplit_once('=')?;
            Some((name.trim().to_owned(), Role::parse(role.trim())?))
        };
        let role_names = pairs
            .filter(|text| !text.is_empty())
            .map(|text| pair(text).ok_or_else(|| InvalidNames::Role(text.to_owned())));
        let default_centre = match default_centre {
            "" => None,
            name => Some(CentreId::parse(name).map_err(|_| InvalidNames::Centre(name.to_owned()))?),
        };
        Ok(Self {
            user: user.to_owned(),
            centre: centre.to_owned(),
            roles: roles.to_owned(),
            role_names: role_names.collect::<Result<_, _>>()?,
            default_centre,
        })
    }

    /// What the claims of a token mean whose signature and times are good.
    ///
    /// # Errors
    /// A claim is missing, or not of the type that it must have.
    pub(super) fn read(
        &self,
        claims: &Map<String, Value>,
        leeway_s: u64,
    ) -> Result<Claims, Unauthenticated> {
        self.try_read(claims, leeway_s)
            .ok_or(Unauthenticated::Invalid)
    }

    fn try_read(&self, claims: &Map<String, Value>, leeway_s: u64) -> Option<Claims> {
        let centre = match found(claims, &self.centre) {
            Some(value) => CentreId::parse(value.as_str()?).ok()?,
            None => self.default_centre.clone()?,
        };
        let names = found(claims, &self.roles)?.as_array()?.iter();
        let names: Option<Vec<&str>> = names.map(Value::as_str).collect();
        let role = |name: &str| {
            let named = self.role_names.get(name).copied();
            named.or_else(|| Role::parse(name))
        };
        Some(Claims {
            user: UserId::parse(found(claims, &self.user)?.as_str()?).ok()?,
            centre,
            roles: names?.into_iter().filter_map(role).collect(),
            expires_at: end_of(claims.get("exp")?, leeway_s)?,
            jti: text(claims, "jti")?,
            purpose: text(claims, "use")?,
        })
    }
}

/// The claim of exactly this name, else what the dots of `path` lead to: some providers name claims by URLs.
fn found<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    found(claims.get(first)?.as_object()?, rest)
}

/// An optional text; none at all if it is something else.
#[expect(
    clippy::option_option,
    reason = "absent is fine, of another type is not"
)]
fn text(claims: &Map<String, Value>, name: &str) -> Option<Option<String>> {
    match claims.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => Some(Some(value.as_str()?.to_owned())),
    }
}

/// A NumericDate may have a fraction (RFC 7519 section 2), which is left out.
fn end_of(exp: &Value, leeway_s: u64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast of a number that is too large or negative gives the nearest there is"
    )]
    let end_s = exp.as_u64().or_else(|| Some(exp.as_f64()? as u64))?;
    let end_s = end_s.saturating_add(leeway_s);
    Some(Timestamp(end_s.saturating_mul(1_000)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(names: &ClaimNames, claims: Value) -> Option<Claims> {
        names.try_read(claims.as_object().expect("an object"), 5)
    }

    #[test]
    fn claims_are_found_by_their_names() {
        let names = ClaimNames::parse(
            [
                "preferred_username",
                "https://acme.example/centre",
                "realm_access.roles",
            ],
            "/teams/group=west=supervisor, agents=agent",
            "demo",
        )
        .expect("valid");
        let claims = |roles: Value| {
            json!({"preferred_username": "ada", "exp": 7.9, "jti": "1",
                "https://acme.example/centre": "acme", "realm_access": {"roles": roles}})
        };
        let read_as = read(&names, claims(json!(["agents", "admin", "offline_access"])));
        let read_as = read_as.expect("whole");
        assert_eq!(
            (read_as.user.as_str(), read_as.centre.as_str()),
            ("ada", "acme")
        );
        assert_eq!(read_as.roles, BTreeSet::from([Role::Agent, Role::Admin]));
        assert_eq!(read_as.expires_at, Timestamp(12_000));
        assert_eq!(read_as.jti.as_deref(), Some("1"));

        let mut without = claims(json!(["/teams/group=west"]));
        without
            .as_object_mut()
            .expect("an object")
            .remove("https://acme.example/centre");
        let by_default = read(&names, without).expect("whole");
        assert_eq!(by_default.centre.as_str(), "demo");
        assert_eq!(by_default.roles, BTreeSet::from([Role::Supervisor]));

        for roles in [
            json!("agents"),
            json!([7]),
            json!({"agents": true}),
            json!(null),
        ] {
            assert_eq!(read(&names, claims(roles.clone())), None, "{roles}");
        }
        for (name, value) in [
            ("jti", json!(7)),
            ("exp", json!("7")),
            ("preferred_username", json!(7)),
            ("preferred_username", json!("")),
            ("https://acme.example/centre", json!(null)),
        ] {
            let mut wrong = claims(json!(["agents"]));
            wrong[name] = value;
            assert_eq!(read(&names, wrong.clone()), None, "{wrong}");
        }
        assert_eq!(read(&ClaimNames::own(), claims(json!(["agent"]))), None);
    }

    #[test]
    fn names_that_mean_nothing_are_refused() {
        let own = ["sub", "contactCenterId", "roles"];
        let parse = |names, roles, centre| ClaimNames::parse(names, roles, centre).err();
        assert_eq!(parse(["", "a", "b"], "", ""), Some(InvalidNames::Empty));
        for pair in ["agents", "agents=emperor", "agent="] {
            let refused = Some(InvalidNames::Role(pair.to_owned()));
            assert_eq!(parse(own, pair, ""), refused);
        }
        let refused = Some(InvalidNames::Centre("a b".to_owned()));
        assert_eq!(parse(own, "", "a b"), refused);
        assert_eq!(parse(own, " a=agent , b=admin,", "demo"), None);
    }
}
