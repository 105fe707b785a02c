//! The REST interface: the route table, the callers, the errors (design section 4).

mod administration;
mod asyncapi;
mod body;
mod bulk;
mod caller;
mod channels;
mod conditions;
mod configuration;
mod configured;
mod csrf;
mod directory;
mod error;
mod event_schemas;
mod headers;
mod health;
mod history;
mod interactions;
mod me;
mod media;
mod metrics;
mod notification_schemas;
mod observer;
mod openapi;
mod operate;
mod operation_links;
mod pages;
mod panics;
mod parameter_schemas;
mod rate;
mod request_schemas;
mod requests;
mod resource_schemas;
mod schemas;
mod search;
mod services;
mod session;
mod settings;
mod statistics;
mod tokens;
mod url;
mod view;
mod workbin_operations;
mod workbins;

pub use asyncapi::notifications_document;
pub use body::BodyLimits;
pub use headers::COMPRESSED_BYTES_MIN;
pub use observer::{Observer, REQUEST_ID_LEN_MAX};
pub use openapi::document;

use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Bytes, HttpBody};
use axum::handler::Handler;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{BoxError, Router};
use tower::Layer;
use tower::util::option_layer;
use tower_http::normalize_path::NormalizePathLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::centre::Centres;
use crate::domain::ReferenceId;
use crate::hub::Hub;
use crate::identity::{Buckets, Credentials};
use crate::transports::{self, Carrier, Served};
use error::ApiError;

/// What every handler can reach. Clones are the same.
#[derive(Clone)]
pub struct App(Arc<Reach>);

/// See [`App`], each of which is cloned several times with every request.
pub struct Reach {
    centres: Centres,
    credentials: Credentials,
    hub: Hub,
    observer: Arc<Observer>,
    allowed_origins: Vec<String>,
    cookies_secure: bool,
    cookie_max_age_ms: u64,
    references: AtomicU64,
}

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

/// The route table, and the OpenAPI document of it.
fn routes() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::beginning())
        .routes(routes!(session::log_in))
        .routes(routes!(session::log_out))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(me::read_me, me::operate_on_me))
        .routes(routes!(channels::list_my_channels))
        .routes(routes!(
            channels::read_my_channel,
            channels::operate_on_channel
        ))
        .routes(routes!(workbins::list_my_workbins))
        .routes(routes!(
            workbins::read_my_workbin,
            workbin_operations::operate_on_my_workbin
        ))
        .routes(routes!(interactions::list_my_interactions))
        .routes(routes!(
            interactions::read_my_interaction,
            interactions::operate_on_interaction
        ))
        .routes(routes!(
            interactions::list_interactions,
            interactions::submit_interaction
        ))
        .routes(routes!(
            interactions::read_interaction,
            interactions::update_interaction
        ))
        .routes(routes!(bulk::operate_on_interactions))
        .routes(routes!(history::read_history))
        .routes(routes!(requests::take_request))
        .routes(routes!(
            workbins::list_workbins,
            workbin_operations::operate_on_workbins
        ))
        .routes(routes!(
            workbins::read_workbin,
            workbin_operations::operate_on_workbin
        ))
        .merge(media_routes())
        .merge(directory_routes())
        .routes(routes!(statistics::read_statistics))
        .routes(routes!(services::list_services))
        .routes(routes!(services::read_service))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::version))
        .routes(routes!(health::storage))
        .routes(routes!(metrics::read_own))
        .routes(routes!(openapi::read_document))
        .routes(routes!(asyncapi::read_notifications_document))
        .split_for_parts()
}

/// The agent's interactions under the gateway's names for their media.
fn media_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(media::list_my_chats))
        .routes(routes!(media::read_my_chat, media::operate_on_chat))
        .routes(routes!(media::list_my_emails))
        .routes(routes!(media::read_my_email, media::operate_on_email))
        .routes(routes!(media::list_my_workitems))
        .routes(routes!(media::read_my_workitem, media::operate_on_workitem))
        .routes(routes!(media::list_my_openmedia))
        .routes(routes!(
            media::read_my_openmedia,
            media::operate_on_openmedia
        ))
}

/// Whom and what there is in a contact centre.
fn directory_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(directory::list_users))
        .routes(routes!(
            directory::read_user,
            administration::put_user,
            administration::delete_user
        ))
        .routes(routes!(
            channels::list_channels,
            channels::operate_on_channels_of
        ))
        .routes(routes!(channels::operate_on_channel_of))
        .routes(routes!(
            workbins::list_workbins_of,
            workbin_operations::operate_on_workbins_of
        ))
        .routes(routes!(
            workbins::read_workbin_of,
            workbin_operations::operate_on_workbin_of
        ))
        .routes(routes!(directory::list_queues))
        .routes(routes!(
            directory::read_queue,
            administration::put_queue,
            administration::delete_queue
        ))
        .routes(routes!(directory::list_skills))
        .routes(routes!(directory::read_skill))
        .routes(routes!(directory::list_groups))
        .routes(routes!(directory::read_group))
        .routes(routes!(settings::list_agent_states))
        .merge(settings_routes())
        .routes(routes!(services::list_features))
        .routes(routes!(services::read_feature))
}

/// What administrators set up besides users and queues.
fn settings_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(configuration::put_configuration))
        .routes(routes!(
            administration::put_agent_state,
            administration::delete_agent_state
        ))
        .routes(routes!(settings::list_workbin_types))
        .routes(routes!(
            administration::put_workbin,
            administration::delete_workbin
        ))
        .routes(routes!(settings::list_capacity))
        .routes(routes!(
            administration::put_capacity,
            administration::delete_capacity
        ))
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
        let headed = headers::of_all(self.by_tls).layer(shared);
        // `/me/` is `/me`: clients of the gateway write both.
        let trimmed = NormalizePathLayer::trim_trailing_slash().layer(headed);
        observer::observed(trimmed, self.observer)
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

impl Deref for App {
    type Target = Reach;

    fn deref(&self) -> &Reach {
        &self.0
    }
}

impl App {
    /// The next reference of a request that named none.
    fn next_reference(&self) -> ReferenceId {
        ReferenceId(self.references.fetch_add(1, Ordering::Relaxed))
    }

    /// Random bytes for a new identifier.
    fn entropy(&self) -> Result<[u8; 16], ApiError> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| ApiError::internal())?;
        Ok(bytes)
    }
}
