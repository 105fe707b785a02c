//! The built pages, and what is said where they have not been built.

use std::path::Path;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use super::error::ApiError;

/// Everything from this server, nothing inline, in no frame. The CometD client runs its timers in a worker made of a
/// blob, so that tabs in the background are not slowed down.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The API documentation's component carries its pictures as data.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// The pages of a folder; without it, a page that says how to build them.
pub(super) fn routes(folder: &Path) -> Router {
    if !folder.join("index.html").is_file() {
        let routes = Router::new()
            .route("/", get(unbuilt))
            .route("/docs", get(unbuilt))
            .fallback(not_found);
        return with_policy(routes, POLICY);
    }
    let docs = with_policy(
        Router::new().route_service("/docs", ServeFile::new(folder.join("docs.html"))),
        DOCS_POLICY,
    );
    let files = ServeDir::new(folder).fallback(get(not_found).fallback(not_found));
    with_policy(Router::new().fallback_service(files), POLICY).merge(docs)
}

fn with_policy(router: Router, policy: &'static str) -> Router {
    let set = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    router.layer(
        ServiceBuilder::new()
            .layer(set(header::CONTENT_SECURITY_POLICY, policy))
            .layer(set(header::REFERRER_POLICY, "no-referrer"))
            .layer(set(header::CACHE_CONTROL, "no-cache")),
    )
}

async fn unbuilt() -> Response {
    let text = "<!doctype html><html lang=\"en\"><title>Baton</title><p>The server runs, but its pages have not been built: \
                <code>make page</code> builds them (it needs npm).</p></html>";
    (StatusCode::OK, Html(text)).into_response()
}

/// Unknown addresses below the API answer as the API does, as do all methods but reading.
pub(super) async fn not_found(method: Method, uri: Uri) -> ApiError {
    tracing::debug!(%method, path = uri.path(), "no such resource");
    ApiError::not_found()
}
