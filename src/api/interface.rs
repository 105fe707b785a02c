//! Everything that is served, put together: the API, CometD and the pages, and what is around all of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::body::{Bytes, HttpBody};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{BoxError, Router};
use tower::Layer;
use tower::util::option_layer;
use tower_http::normalize_path::NormalizePathLayer;

use super::app::{App, Reach};
use super::body::{self, BodyLimits};
use super::error::ApiError;
use super::observer::{self, Observer};
use super::{csrf, headers, health, metrics, pages, panics, rate, routes};
use crate::centre::Centres;
use crate::hub::Hub;
use crate::identity::{Buckets, Credentials};
use crate::transports::{self, Carrier, Served};

/// What the interface is made of.
pub struct Parts {
    /// The contact centres.
    pub centres: Centres,
    /// Who is who.
    pub credentials: Credentials,
    /// The push sessions.
    pub hub: Hub,
    /// Who sees the requests.
    pub observer: Arc<Observer>,
    /// Origins beside the server's own whose pages may act by the cookie.
    pub allowed_origins: Vec<String>,
    /// Whether the cookie is for TLS only.
    pub cookies_secure: bool,
    /// How many requests a user may make, if that is limited.
    pub requests_per_user: Option<Buckets>,
    /// Whether pages have to send back a header of what they were answered.
    pub csrf_protection: bool,
    /// How long the cookie lives.
    pub cookie_max_age_ms: u64,
    /// How much of a request's body is read.
    pub body: BodyLimits,
    /// Folder of the built pages.
    pub static_dir: PathBuf,
}

/// What is served, and to whom.
pub struct Routers {
    /// To everybody: the API at `/api/v2` and at `/`, CometD, the pages.
    pub interface: Interface,
    /// To who monitors the server, without credentials: metrics of every contact centre, and health.
    pub monitoring: Router,
}

/// What is served to everybody, and what is said of all of it.
pub struct Interface {
    router: Router,
    allowed_origins: Vec<String>,
    by_tls: bool,
    observer: Arc<Observer>,
}

impl Interface {
    /// As it is served. What is around all routes is put around the router, which would box it.
    pub fn service<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static>(
        self,
    ) -> impl Served<B> {
        let caught = panics::caught(self.router);
        let shared = transports::with_cors(caught, &self.allowed_origins);
        // `/me/` is `/me`: clients of the gateway write both.
        let trimmed = NormalizePathLayer::trim_trailing_slash().layer(shared);
        let redirected = pages::without_slash(trimmed);
        let headed = headers::of_all(self.by_tls).layer(redirected);
        observer::observed(headed, self.observer)
    }
}

/// The whole interface.
pub fn routers(parts: Parts) -> Routers {
    let carrier = Carrier {
        hub: parts.hub.clone(),
        authenticator: Arc::new(parts.credentials.clone()),
    };
    let allowed_origins = parts.allowed_origins.clone();
    let csrf = axum::middleware::from_fn_with_state(parts.credentials.clone(), csrf::protect);
    let credentials = parts.credentials.clone();
    let app = App(Arc::new(Reach {
        centres: parts.centres,
        credentials: parts.credentials,
        hub: parts.hub,
        observer: Arc::clone(&parts.observer),
        allowed_origins: parts.allowed_origins,
        cookies_secure: parts.cookies_secure,
        cookie_max_age_ms: parts.cookie_max_age_ms,
        references: AtomicU64::new(1),
    }));
    let rate = parts.requests_per_user.map(|buckets| {
        axum::middleware::from_fn_with_state((credentials, Arc::new(buckets)), rate::limit)
    });
    let (table, _) = routes();
    // One layer of all: a router boxes each one that it is given, and clones the boxes with every request.
    let around_api = (
        headers::compression(),
        body::read_whole(parts.body),
        option_layer(rate),
    );
    let api = table.method_not_allowed_fallback(method_not_allowed);
    let api = api.layer(around_api);
    let monitoring = monitoring(app.clone());
    let not_found = pages::not_found.layer(body::read_whole(parts.body));
    let mut router = Router::new()
        .nest("/api/v2", api.clone().fallback(not_found))
        .merge(api)
        .with_state(app)
        .merge(transports::routes("/api/v2/notifications", carrier.clone()))
        .merge(transports::routes("/notifications", carrier.clone()))
        .merge(transports::routes("/cometd", carrier));
    if parts.csrf_protection {
        router = router.layer(csrf);
    }
    Routers {
        interface: Interface {
            router: router.fallback_service(pages::routes(&parts.static_dir)),
            allowed_origins,
            by_tls: parts.cookies_secure,
            observer: parts.observer,
        },
        monitoring,
    }
}

fn monitoring(app: App) -> Router {
    let routes = Router::new()
        .route("/metrics", get(metrics::read_all))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(pages::not_found)
        .with_state(app);
    routes.layer((headers::of_all(false), headers::compression()))
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        3,
        "The resource does not take this method",
    )
}
