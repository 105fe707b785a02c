use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use super::{Carrier, Client, refusal};
use crate::bayeux::{Refusal, Request, handshake};
use crate::hub::Principal;

/// Says who sent a request.
pub trait Authenticator: Send + Sync + 'static {
    /// The principal by `headers` (`Authorization`, a login cookie), or by `token`, which a handshake carried in
    /// `ext.authentication.token`. Asked without a token first; with one there are no headers any more but `Origin`. `client`
    /// is where the request comes from, if that is known.
    fn authenticate<'a>(
        &'a self,
        headers: &'a HeaderMap,
        token: Option<&'a str>,
        client: Option<Client>,
    ) -> BoxFuture<'a, Result<Principal, Unauthenticated>>;

    /// Whether credentials that were good before have not been withdrawn since.
    fn holds(&self, _principal: &Principal) -> bool {
        true
    }
}

/// Why nobody is known by some credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// There were none.
    #[error("no credentials")]
    Missing,
    /// They were good once: a client with a session is told to begin again rather than to give up.
    #[error("the credentials have expired")]
    Expired,
    /// They are no good.
    #[error("invalid credentials")]
    Invalid,
    /// They are good, but the page that uses them is another contact centre's.
    #[error("the page of another origin")]
    OtherOrigin,
    /// Too many were wrong: these were not looked at.
    #[error("too many attempts")]
    TooMany {
        /// After how many seconds it is worth another try.
        retry_after_s: u64,
    },
}

/// The principal by the headers of a request.
pub(super) async fn by_headers(
    carrier: &Carrier,
    parts: &Parts,
) -> Result<Principal, Unauthenticated> {
    let client = parts.extensions.get::<Client>().copied();
    let authenticator = &carrier.authenticator;
    authenticator
        .authenticate(&parts.headers, None, client)
        .await
}

/// No to a request as a whole, whose credentials were not looked at.
pub(super) fn too_many(retry_after_s: u64) -> Response {
    let header = [(header::RETRY_AFTER, retry_after_s.to_string())];
    let body = refusal("429::too_many_attempts");
    (StatusCode::TOO_MANY_REQUESTS, header, body).into_response()
}

/// No to a request as a whole, whose page may not make it.
pub(super) fn origin_denied() -> Response {
    (StatusCode::FORBIDDEN, refusal("403::origin_denied")).into_response()
}

/// A handshake's principal, and whether it was the handshake itself that carried the credentials. `origin` is that of the page
/// that sent it, if it was one.
pub(super) async fn of_handshake(
    carrier: &Carrier,
    by_headers: Result<Principal, Unauthenticated>,
    request: &Request<'_>,
    origin: Option<&str>,
) -> Result<(Principal, bool), Unauthenticated> {
    match (by_headers, request.ext.token.as_deref()) {
        (Ok(principal), _) => Ok((principal, false)),
        (Err(why), None) => Err(why),
        (Err(_), Some(token)) => {
            let origin = origin.and_then(|it| HeaderValue::from_str(it).ok());
            let headers = HeaderMap::from_iter(origin.map(|it| (header::ORIGIN, it)));
            let authenticator = &carrier.authenticator;
            let principal = authenticator.authenticate(&headers, Some(token), None);
            Ok((principal.await?, true))
        }
    }
}

/// Ends what was just opened if its credentials have been withdrawn since they were checked: whoever withdraws them ends
/// only the sessions that he sees.
pub(super) fn check_again(carrier: &Carrier, principal: &Principal) {
    if carrier.authenticator.holds(principal) {
        return;
    }
    let user = &*principal.key;
    match &principal.token_id {
        Some(token_id) => carrier.hub.end_sessions_of_token(Some(user), token_id),
        None => carrier.hub.end_sessions_of(user),
    }
}

/// The reply to a handshake of somebody unknown: give up rather than try the same credentials for ever.
pub(super) fn denied(carrier: &Carrier, request: &Request<'_>) -> String {
    handshake::refused(request, &Refusal::HandshakeDenied, carrier.hub.limits())
}
