//! A fault of the server's own while it answers: the request fails, the server does not, and nobody is told of the inside.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::response::IntoResponse;
use futures_util::FutureExt;
use tower::service_fn;

use super::error::ApiError;
use crate::transports::Served;

/// Answers a request whose handler panics with 500. What it said is in the log.
pub(super) fn caught<B>(service: impl Served<B>) -> impl Served<B> {
    service_fn(move |request| {
        let mut service = service.clone();
        // Nobody sees again what a handler was in the middle of: states are replaced as wholes.
        let begun = catch_unwind(AssertUnwindSafe(|| service.call(request)));
        async move {
            let answered = match begun {
                Ok(answer) => AssertUnwindSafe(answer).catch_unwind().await,
                Err(panicked) => Err(panicked),
            };
            answered.unwrap_or_else(|_| Ok(ApiError::internal().into_response()))
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::{Request, StatusCode};
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_fails_its_request_and_tells_nothing() {
        let fails = || async {
            let number = "none".parse::<u8>().expect("canary in panics.rs");
            number.to_string()
        };
        let router = Router::new()
            .route("/fails", get(fails))
            .route("/well", get(|| async { "well" }));
        let service = caught(router);
        let ask = |path: &str| {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            service.clone().oneshot(request)
        };
        for _ in 0..2 {
            let reply = ask("/fails").await.expect("an answer");
            assert_eq!(reply.status(), StatusCode::INTERNAL_SERVER_ERROR);
            let body = to_bytes(reply.into_body(), 1_000).await.expect("a body");
            let text = String::from_utf8_lossy(&body);
            assert!(text.starts_with("{\"statusCode\":4,"), "{text}");
            assert!(!text.contains("canary") && !text.contains(".rs"), "{text}");
            let well = ask("/well").await.expect("an answer");
            assert_eq!(well.status(), StatusCode::OK);
        }
    }
}
