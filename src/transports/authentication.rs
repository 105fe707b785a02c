use axum::http::HeaderMap;
use futures_util::future::BoxFuture;

use super::Carrier;
use crate::bayeux::{Refusal, Request, handshake};
use crate::hub::Principal;

/// Says who sent a request.
pub trait Authenticator: Send + Sync + 'static {
    /// The principal by `headers` (`Authorization`, a login cookie), or by `token`, which a handshake carried in
    /// `ext.authentication.token`. Asked without a token first; with one there are no headers any more.
    fn authenticate<'a>(
        &'a self,
        headers: &'a HeaderMap,
        token: Option<&'a str>,
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
}

/// A handshake's principal, and whether it was the handshake itself that carried the credentials.
pub(super) async fn of_handshake(
    carrier: &Carrier,
    by_headers: Result<Principal, Unauthenticated>,
    request: &Request<'_>,
) -> Result<(Principal, bool), Unauthenticated> {
    match (by_headers, request.ext.token.as_deref()) {
        (Ok(principal), _) => Ok((principal, false)),
        (Err(why), None) => Err(why),
        (Err(_), Some(token)) => Ok((
            carrier
                .authenticator
                .authenticate(&HeaderMap::new(), Some(token))
                .await?,
            true,
        )),
    }
}

/// Ends what was just opened if its credentials have been withdrawn since they were checked: whoever withdraws them ends
/// only the sessions that he sees.
pub(super) fn check_again(carrier: &Carrier, principal: &Principal) {
    if let Some(token_id) = &principal.token_id
        && !carrier.authenticator.holds(principal)
    {
        let user = Some(&*principal.key);
        carrier.hub.end_sessions_of_token(user, token_id);
    }
}

/// The reply to a handshake of somebody unknown: give up rather than try the same credentials for ever.
pub(super) fn denied(carrier: &Carrier, request: &Request<'_>) -> String {
    handshake::refused(request, &Refusal::HandshakeDenied, carrier.hub.limits())
}
