//! The built pages, and what is said where they have not been built.

use std::path::Path;

use axum::Router;
use axum::http::{Method, Request, StatusCode, Uri, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Response};
use axum::routing::get;
use futures_util::future::{Either, ready};
use tower::service_fn;
use tower_http::services::{ServeDir, ServeFile};

use super::error::ApiError;
use super::headers;
use crate::transports::Served;

/// Everything from this server, nothing inline, in no frame. The CometD client runs its timers in a worker made of a
/// blob, so that tabs in the background are not slowed down.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The API documentation's component carries its pictures as data.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Pages with a name as it should not be written, and the way from there to the name.
const PAGES_WITH_SLASH: [(&str, &str); 2] = [("/docs/", "../docs"), ("/monitor/", "../monitor")];

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

/// Tells a browser that writes a page's name with a slash at the end to write it without: its links are relative, so that
/// the server may be below any path of a proxy.
pub(super) fn without_slash<B: Send + 'static>(service: impl Served<B>) -> impl Served<B> {
    service_fn(move |request: Request<B>| {
        let page = PAGES_WITH_SLASH
            .iter()
            .find(|(path, _)| *path == request.uri().path());
        match page {
            Some((_, name)) => {
                let to = [(header::LOCATION, *name)];
                Either::Left(ready(Ok(
                    (StatusCode::PERMANENT_REDIRECT, to).into_response()
                )))
            }
            None => Either::Right(service.clone().call(request)),
        }
    })
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
