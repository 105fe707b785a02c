//! What a request is conditional on: `If-Match`, `If-None-Match` and `Idempotency-Key` (RFC 9110 section 13, design D3).

use std::iter::Peekable;
use std::str::Chars;
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::App;
use super::error::ApiError;
use crate::domain::{IdempotencyKey, InteractionId, RequestDigest, Sequence};
use crate::engine::Idempotency;
use crate::identity::Credentials;

/// Where a caller names his request.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Tags in one condition.
const TAGS_LEN_MAX: usize = 32;

/// What a request that changes something is conditional on.
pub(super) struct Conditions {
    if_match: Option<Tags>,
    pub(super) idempotency: Option<Arc<Idempotency>>,
    /// Whether the caller may ask at all now; a repeated request gets its first answer nonetheless.
    pub(super) permitted: Result<(), ApiError>,
}

/// The tags that a condition names.
pub(super) enum Tags {
    /// `*`: any version.
    Any,
    /// These.
    These(Vec<Tag>),
}

/// One tag that a condition names.
pub(super) struct Tag {
    is_weak: bool,
    opaque: String,
}

impl FromRequestParts<App> for Conditions {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        Ok(Self {
            if_match: Tags::read(&parts.headers, &header::IF_MATCH)?,
            idempotency: read_idempotency(parts)?,
            permitted: Ok(()),
        })
    }
}

impl Conditions {
    /// The same for a caller who may or may not ask.
    #[must_use]
    pub(super) fn permitted(self, permitted: Result<(), ApiError>) -> Self {
        Self { permitted, ..self }
    }

    /// The same for a request with a password in it: what it is known by when it comes again is journalled, and must tell
    /// no more of the password than its hash does.
    ///
    /// # Errors
    /// The system does not hash it.
    pub(super) async fn with_password(self, credentials: &Credentials) -> Result<Self, ApiError> {
        let Some(plain) = &self.idempotency else {
            return Ok(self);
        };
        let (digest, key) = (plain.digest.as_str(), plain.key.as_str());
        let costly = credentials.costly_digest(digest, key).await;
        let costly = costly.ok_or_else(ApiError::internal)?;
        let digest = RequestDigest::parse(&URL_SAFE_NO_PAD.encode(costly));
        let idempotency = Idempotency {
            key: plain.key.clone(),
            digest: digest.map_err(|_| ApiError::internal())?,
        };
        Ok(Self {
            idempotency: Some(Arc::new(idempotency)),
            ..self
        })
    }

    /// Where the keys begin that [`Conditions::of_part`] gives; none without a key.
    pub(super) fn keys_of_parts(&self) -> Option<IdempotencyKey> {
        let whole = self.idempotency.as_ref()?;
        let mut context = Context::new(&SHA256);
        context.update(whole.key.as_str().as_bytes());
        let digest = URL_SAFE_NO_PAD.encode(context.finish());
        Some(IdempotencyKey::parse(&format!("part.{digest}.")).expect("it is plain and short"))
    }

    /// What one part of the request is conditional on, which is about this interaction: on being that part of this very
    /// request, when it comes again. `If-Match` is about one interaction and not about several.
    pub(super) fn of_part(&self, interaction: &InteractionId) -> Self {
        let idempotency = self.keys_of_parts().zip(self.idempotency.as_ref());
        let idempotency = idempotency.map(|(keys, whole)| {
            let key = IdempotencyKey::parse(&format!("{keys}{interaction}"));
            Arc::new(Idempotency {
                key: key.expect("it is plain and short"),
                digest: whole.digest.clone(),
            })
        });
        Self {
            if_match: None,
            idempotency,
            permitted: Ok(()),
        }
    }

    /// The sequences that `If-Match` names: one of them is that of the interaction's last change. Tags of another
    /// history and weak ones name none.
    pub(super) fn versions(&self, epoch: u64) -> Option<Vec<Sequence>> {
        let Some(Tags::These(tags)) = &self.if_match else {
            return None;
        };
        let strong = tags.iter().filter(|tag| !tag.is_weak);
        Some(strong.filter_map(|tag| tag.version(epoch)).collect())
    }
}

/// The tag of an interaction that was changed last at a sequence of a history: strong, since whatever is shown of it to
/// somebody is a function of it.
pub(super) fn etag(epoch: u64, changed: Sequence) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{epoch}-{changed}\"")).expect("two numbers are plain text")
}

/// What tells a request from others under the same key, if it has one: its method, its path and query, and its body. Where the
/// API is nested, the path is the one below.
pub(super) fn digest_of(parts: &Parts, body: &[u8]) -> Option<RequestDigest> {
    if !parts.headers.contains_key(IDEMPOTENCY_KEY) {
        return None;
    }
    let mut context = Context::new(&SHA256);
    let path = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
    // Neither a method nor a path has a line break in it.
    for part in [parts.method.as_str(), "\n", path, "\n"] {
        context.update(part.as_bytes());
    }
    context.update(body);
    RequestDigest::parse(&URL_SAFE_NO_PAD.encode(context.finish())).ok()
}

fn read_idempotency(parts: &Parts) -> Result<Option<Arc<Idempotency>>, ApiError> {
    let mut given = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else {
        return Ok(None);
    };
    if given.next().is_some() {
        return Err(ApiError::invalid("There is more than one Idempotency-Key"));
    }
    let key = key.to_str().ok().map(IdempotencyKey::parse);
    let Some(Ok(key)) = key else {
        return Err(ApiError::invalid(
            "Idempotency-Key must be 1 to 255 visible ASCII characters",
        ));
    };
    // Every body is read before the handlers are asked, and the digest taken then.
    let digest = parts.extensions.get::<RequestDigest>().cloned();
    let digest = digest.ok_or_else(ApiError::internal)?;
    Ok(Some(Arc::new(Idempotency { key, digest })))
}

impl Tags {
    /// The tags that a header names; none without the header.
    ///
    /// # Errors
    /// It is no list of tags, or too long a one.
    pub(super) fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Self>, ApiError> {
        let lines: Vec<&str> = headers
            .get_all(name)
            .iter()
            .map(|line| line.to_str().unwrap_or("obsolete text"))
            .collect();
        if lines.is_empty() {
            return Ok(None);
        }
        // Several lines are one list.
        let text = lines.join(",");
        if text.trim() == "*" {
            return Ok(Some(Self::Any));
        }
        let tags = parse_tags(&text).filter(|tags| (1..=TAGS_LEN_MAX).contains(&tags.len()));
        tags.map(|tags| Some(Self::These(tags))).ok_or_else(|| {
            ApiError::invalid(format!(
                "{name} must be *, or 1 to {TAGS_LEN_MAX} tags such as \"1-7\""
            ))
        })
    }

    /// Whether the interaction is one of these, weakly compared as `If-None-Match` does.
    pub(super) fn contain(&self, epoch: u64, changed: Sequence) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| tag.version(epoch) == Some(changed)),
        }
    }
}

impl Tag {
    /// The sequence that the tag names; none if it is of another history, or none of ours.
    fn version(&self, epoch: u64) -> Option<Sequence> {
        let (of, sequence) = self.opaque.split_once('-')?;
        let sequence = sequence.parse().ok().map(Sequence);
        // Our own spelling only: a tag is compared as text.
        sequence.filter(|it| of == epoch.to_string() && format!("{epoch}-{it}") == self.opaque)
    }
}

/// Reads `"1-7", W/"1-8"`; elements of the list may be empty (RFC 9110 sections 5.6.1 and 8.8.3).
fn parse_tags(text: &str) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        skip_blanks(&mut rest);
        match rest.peek() {
            None => return Some(tags),
            Some(',') => {}
            Some(_) => tags.push(parse_tag(&mut rest)?),
        }
        skip_blanks(&mut rest);
        match rest.next() {
            None => return Some(tags),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

fn parse_tag(rest: &mut Peekable<Chars<'_>>) -> Option<Tag> {
    let is_weak = rest.next_if_eq(&'W').is_some();
    if is_weak {
        rest.next_if_eq(&'/')?;
    }
    rest.next_if_eq(&'"')?;
    let mut opaque = String::new();
    while let Some(next) = rest.next_if(|next| next.is_ascii_graphic() && *next != '"') {
        opaque.push(next);
    }
    rest.next_if_eq(&'"')?;
    Some(Tag { is_weak, opaque })
}

fn skip_blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|next| matches!(next, ' ' | '\t')).is_some() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_a_list_of_tags_or_malformed() {
        let many = |len: usize| vec!["\"1-7\""; len].join(",");
        for (text, strong, weak) in [
            ("\"1-7\"", Some(true), true),
            ("*", None, true),
            ("W/\"1-7\"", Some(false), true),
            ("\"1-6\", \"1-7\"", Some(true), true),
            (" ,\t\"1-7\",,", Some(true), true),
            ("\"1-6\"", Some(false), false),
            ("\"2-7\"", Some(false), false),
            ("\"1-07\"", Some(false), false),
            ("\"another,server's\"", Some(false), false),
            ("\"\"", Some(false), false),
            (&many(TAGS_LEN_MAX), Some(true), true),
        ] {
            let headers = headers(text);
            let tags = Tags::read(&headers, &header::IF_MATCH).expect("well-formed");
            let tags = tags.expect("there is a header");
            assert_eq!(tags.contain(1, Sequence(7)), weak, "{text}");
            let conditions = Conditions {
                if_match: Some(tags),
                idempotency: None,
                permitted: Ok(()),
            };
            let versions = conditions.versions(1);
            let found = versions.map(|versions| versions.contains(&Sequence(7)));
            assert_eq!(found, strong, "{text}");
        }
        for text in [
            "",
            ",",
            "1-7",
            "\"1-7",
            "\"1-7\" \"1-8\"",
            "\"1-7\"x",
            "w/\"1-7\"",
            "W\"1-7\"",
            "*, \"1-7\"",
            "\"a b\"",
            &many(TAGS_LEN_MAX + 1),
        ] {
            let read = Tags::read(&headers(text), &header::IF_MATCH);
            assert!(read.is_err(), "{text}");
        }
        assert!(matches!(
            Tags::read(&HeaderMap::new(), &header::IF_MATCH),
            Ok(None)
        ));
    }

    fn headers(text: &str) -> HeaderMap {
        let value = HeaderValue::from_str(text).expect("it has no control characters");
        [(header::IF_MATCH, value)].into_iter().collect()
    }
}
