use std::sync::Arc;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::response::Response;
use tower::util::option_layer;
use tower::{Layer, ServiceBuilder};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::Served;
use super::origin::is_listed;

/// Names a request, in both directions.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// How long a browser may remember a preflight's answer.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Lets pages of the `listed` origins, where `*` stands for any, use `service` with their user's cookies: they are answered
/// by name. Others are told nothing.
pub fn with_cors<B, S: Served<B>>(service: S, listed: &[String]) -> impl Served<B> + use<B, S> {
    let cors = (!listed.is_empty()).then(|| {
        ServiceBuilder::new()
            .map_response(without_the_rest)
            .layer(of_origins(listed.into()))
    });
    option_layer(cors).layer(service)
}

fn of_origins(listed: Arc<[String]>) -> CorsLayer {
    let is_listed = move |origin: &HeaderValue, _: &Parts| {
        origin.to_str().is_ok_and(|it| is_listed(it, &listed))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_listed.clone()))
        .allow_credentials(AllowCredentials::predicate(is_listed))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("contactcenterid"),
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-csrf-token"),
            REQUEST_ID,
        ])
        .expose_headers([
            header::ETAG,
            header::WWW_AUTHENTICATE,
            HeaderName::from_static("x-csrf-header"),
            HeaderName::from_static("x-csrf-token"),
            REQUEST_ID,
        ])
        .max_age(MAX_AGE)
}

/// The layer tells everybody the methods and headers; without the leave they are of use to nobody who should have them.
fn without_the_rest(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        for name in [
            header::ACCESS_CONTROL_ALLOW_METHODS,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            header::ACCESS_CONTROL_MAX_AGE,
        ] {
            headers.remove(name);
        }
    }
    response
}
