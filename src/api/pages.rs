//! The built pages, and what is said where they have not been built.

use std::path::Path;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use axum::routing::get;
use tower_http::services::{ServeDir, ServeFile};

use super::error::ApiError;
use super::headers;

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
            .route("/monitor", get(unbuilt))
            .fallback(not_found);
        return headers::of_pages(routes, POLICY);
    }
    let docs = headers::of_pages(
        Router::new().route_service("/docs", ServeFile::new(folder.join("docs.html"))),
        DOCS_POLICY,
    );
    let files = ServeDir::new(folder)
        .call_fallback_on_method_not_allowed(true)
        .fallback(get(not_found).fallback(not_found));
    let pages = Router::new()
        .route_service("/monitor", ServeFile::new(folder.join("monitor.html")))
        .fallback_service(files);
    headers::of_pages(pages, POLICY).merge(docs)
}

async fn unbuilt() -> Response {
    let text = "<!doctype html><html lang=\"en\"><title>Baton</title><p>The server runs, but its pages have not been built: \
                <code>make page</code> builds them (it needs npm).</p></html>";
    (StatusCode::OK, Html(text)).into_response()
}

/// Unknown addresses below the API answer as the API does, as do all methods but reading.
pub(super) async fn not_found(method: Method, uri: Uri) -> impl IntoResponse {
    tracing::debug!(%method, path = uri.path(), "no such resource");
    (AppendHeaders(headers::OF_ANSWERS), ApiError::not_found())
}
