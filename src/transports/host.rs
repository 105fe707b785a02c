use axum::http::uri::Authority;
use axum::http::{HeaderValue, Request, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};

/// Whether a request says once, and well, which host it is for (RFC 9112 3.2). What proxies and caches take two for, the
/// server must not take for one.
pub(super) fn is_named_once<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        // HTTP/2 names the host as the authority of the URL, HTTP/1.0 need not.
        (None, _) => request.version() != Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

fn is_host(host: &HeaderValue) -> bool {
    let authority = host.to_str().ok().map(str::parse::<Authority>);
    // Names of users have no place there.
    matches!(authority, Some(Ok(authority)) if !authority.as_str().contains('@'))
}

/// The answer to a request that is refused for what its head says. No router has seen it, which would say the rest.
pub(super) fn refused(message: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ];
    let body = format!(r#"{{"statusCode":10,"statusMessage":"{message}"}}"#);
    (StatusCode::BAD_REQUEST, headers, body).into_response()
}
