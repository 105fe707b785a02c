//! The header that a page has to send back (gateway-api 1.9), by option: beside the check of its origin.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::caller::is_unsafe;
use super::error::ApiError;
use crate::identity::Credentials;

/// Names the header that the token goes into.
const NAME: HeaderName = HeaderName::from_static("x-csrf-header");
/// The token, in answers to GET and in requests that change something.
const TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// Tells whoever reads by the page's cookie the token of his login, and refuses to change anything by the cookie without
/// it. Credentials in `Authorization` are there on purpose.
pub(super) async fn protect(
    State(credentials): State<Credentials>,
    request: Request,
    next: Next,
) -> Response {
    if request.headers().contains_key(header::AUTHORIZATION) {
        return next.run(request).await;
    }
    let identity = credentials.by_cookie(request.headers()).ok();
    let expected = identity.and_then(|identity| credentials.csrf_token(&identity));
    // Who logs in has no login yet, or is about to replace it.
    let (Some(expected), false) = (expected, request.uri().path().ends_with("/login")) else {
        return next.run(request).await;
    };
    if is_unsafe(request.method()) {
        let sent = request.headers().get(&TOKEN).map(HeaderValue::as_bytes);
        let is_right = sent.is_some_and(|sent| {
            aws_lc_rs::constant_time::verify_slices_are_equal(sent, expected.as_bytes()).is_ok()
        });
        if !is_right {
            let message = "The header X-CSRF-TOKEN of the login is missing or wrong";
            return ApiError::new(StatusCode::FORBIDDEN, 5, message).into_response();
        }
        return next.run(request).await;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(NAME, HeaderValue::from_static("X-CSRF-TOKEN"));
    let value = HeaderValue::from_str(&expected).expect("an identifier is plain text");
    headers.insert(TOKEN, value);
    response
}
