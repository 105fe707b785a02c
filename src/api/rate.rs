//! How many requests a user may make, by option, told with every answer (IETF draft "RateLimit header fields").

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::identity::{Buckets, Credentials, Known, Standing};
use crate::transports::Client;

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// Lets a user's request pass if his bucket is not empty. Whom nobody knows is not counted here: the routes that are for
/// everybody cost little.
pub(super) async fn limit(
    State((credentials, buckets)): State<(Credentials, Arc<Buckets>)>,
    mut request: Request,
    next: Next,
) -> Response {
    let client = request.extensions().get::<Client>().copied();
    let known = credentials.identify(request.headers(), client).await;
    let taken = known
        .as_ref()
        .ok()
        .map(|identity| buckets.take(&*identity.principal().key));
    request.extensions_mut().insert(Known(known));
    let (mut response, standing) = match taken {
        None => return next.run(request).await,
        Some(Ok(standing)) => (next.run(request).await, standing),
        Some(Err(standing)) => {
            let message = "The user makes more requests than he may";
            let refused = ApiError::too_many(message, standing.retry_after_s);
            (refused.into_response(), standing)
        }
    };
    tell(response.headers_mut(), standing);
    response
}

fn tell(headers: &mut HeaderMap, standing: Standing) {
    let Standing {
        limit,
        window_s,
        remaining,
        full_in_s,
        ..
    } = standing;
    for (name, text) in [
        (POLICY, format!("\"user\";q={limit};w={window_s}")),
        (LIMIT, format!("\"user\";r={remaining};t={full_in_s}")),
    ] {
        let value = HeaderValue::from_str(&text).expect("digits and letters");
        headers.insert(name, value);
    }
}
