//! What is seen of every request from outside: its identifier, its span, who asked, and how it ended.
//!
//! Lines of the log name the method, the path without its query, and the user; never a body, a header or a query, which
//! may hold credentials or what customers have said. At the level `info` a request that goes well leaves no line and
//! makes no span.

use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Method, Request, StatusCode};
use axum::response::Response;
use tower::service_fn;
use tracing::{Instrument, Span, debug, debug_span, error, info};

use crate::centre::AUDIT;
use crate::domain::{CentreId, Role, UserId};
use crate::identity::Identity;
use crate::transports::{ConnectReplaced, REQUEST_ID, Served};

/// Longest identifier that is taken from a client.
pub const REQUEST_ID_LEN_MAX: usize = 64;
/// The first HTTP status, and how many are counted.
const STATUS_MIN: u16 = 100;
const STATUSES_LEN: usize = 500;

/// Sees every request of a server.
pub struct Observer {
    responses: [AtomicU64; STATUSES_LEN],
    /// Tells the identifiers of this process from those of others.
    process: u32,
    requests: AtomicU64,
}

/// A request while it is answered.
struct Asked {
    id: HeaderValue,
    who: OnceCell<Who>,
    operation: Cell<Option<&'static str>>,
    items: Cell<Option<Items>>,
}

/// What became of a request about many.
#[derive(Clone, Copy)]
pub(super) struct Items {
    /// How many were done, or would be.
    pub(super) done: usize,
    /// How many were refused.
    pub(super) refused: usize,
    /// Whether it was only asked what would become of them.
    pub(super) is_dry_run: bool,
}

struct Who {
    user: UserId,
    centre: CentreId,
    /// The role by which he sees the whole contact centre.
    overseer: Option<Role>,
}

tokio::task_local! {
    /// The request that this task answers: what is asked of it is seen far below, where nobody has the request any more.
    static ASKED: Asked;
}

/// Takes note of who sends the request that this task answers.
pub(super) fn seen(identity: &Identity) {
    let overseer = [Role::Admin, Role::Supervisor];
    let overseer = overseer
        .into_iter()
        .find(|role| identity.roles.contains(role));
    // Outside of a request there is nothing to take note for.
    let _ = ASKED.try_with(|asked| {
        let _ = asked.who.set(Who {
            user: identity.user.clone(),
            centre: identity.centre_id().clone(),
            overseer,
        });
    });
}

/// Takes note of which operation the request that this task answers is.
pub(super) fn seen_operation(name: &'static str) {
    let _ = ASKED.try_with(|asked| asked.operation.set(Some(name)));
}

/// Takes note of what became of the items of the request that this task answers.
pub(super) fn seen_items(items: Items) {
    let _ = ASKED.try_with(|asked| asked.items.set(Some(items)));
}

impl Default for Observer {
    fn default() -> Self {
        let mut process = [0; 4];
        // Without random bytes two processes may give the same identifiers: no reason not to start.
        let _ = getrandom::fill(&mut process);
        Self {
            responses: std::array::from_fn(|_| AtomicU64::new(0)),
            process: u32::from_ne_bytes(process),
            requests: AtomicU64::new(0),
        }
    }
}

/// A service whose every request is seen.
pub(super) fn observed<B>(service: impl Served<B>, observer: Arc<Observer>) -> impl Served<B> {
    service_fn(move |request: Request<B>| {
        let began = Instant::now();
        let observer = Arc::clone(&observer);
        let asked = Asked {
            id: observer.identify(&request),
            who: OnceCell::new(),
            operation: Cell::new(None),
            items: Cell::new(None),
        };
        let method = request.method().clone();
        let target = request.uri().path_and_query().cloned();
        let span = span_of(&request, &asked.id);
        // Nothing of the request is kept while it is answered but these: connects are held by the thousand.
        let answer = service.clone().call(request);
        let answered = async move {
            let mut response = answer.await?;
            let path = target.as_ref().map_or("*", PathAndQuery::path);
            ASKED.with(|asked| observer.end(asked, &method, path, &mut response, began));
            Ok(response)
        };
        ASKED.scope(asked, answered.instrument(span))
    })
}

impl Observer {
    /// How often there was a response of each status that there ever was.
    pub(super) fn responses(&self) -> impl Iterator<Item = (u16, u64)> {
        let counts = self.responses.iter().map(|it| it.load(Ordering::Relaxed));
        (STATUS_MIN..).zip(counts).filter(|(_, count)| *count > 0)
    }

    /// The client's identifier if it is fit to be logged, else a new one.
    fn identify<B>(&self, request: &Request<B>) -> HeaderValue {
        let given = request.headers().get(REQUEST_ID);
        if let Some(given) = given.filter(|it| is_fit(it.as_bytes())) {
            return given.clone();
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let text = format!("{:08x}-{number:x}", self.process);
        HeaderValue::try_from(text).expect("hexadecimal digits are plain text")
    }

    fn end(
        &self,
        asked: &Asked,
        method: &Method,
        path: &str,
        response: &mut Response,
        began: Instant,
    ) {
        let status = response.status();
        let place = usize::from(status.as_u16() - STATUS_MIN);
        if let Some(counter) = self.responses.get(place) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        response.headers_mut().insert(REQUEST_ID, asked.id.clone());
        let id = text_of(&asked.id);
        let user = asked
            .who
            .get()
            .map(|who| tracing::field::display(&who.user));
        let centre = asked
            .who
            .get()
            .map(|who| tracing::field::display(&who.centre));
        let code = status.as_u16();
        Span::current().record("status", code);
        let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        debug!(user, centre, status = code, took_us, "answered");
        match status {
            StatusCode::INTERNAL_SERVER_ERROR
                if response.extensions().get::<ConnectReplaced>().is_none() =>
            {
                error!(request_id = id, user, centre, %method, path, "a request failed");
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
                let operation = asked.operation.get();
                info!(request_id = id, user, centre, %method, path, operation, status = code, "denied");
            }
            _ => {}
        }
        let items = asked.items.get();
        if let Some((who, role)) = asked.who.get().and_then(|it| Some((it, it.overseer?))) {
            info!(
                target: AUDIT,
                request_id = id,
                user = %who.user,
                centre = %who.centre,
                role = role.as_str(),
                %method,
                path,
                operation = asked.operation.get(),
                done = items.map(|it| it.done),
                refused = items.map(|it| it.refused),
                dry_run = items.map(|it| it.is_dry_run),
                status = code,
            );
        }
    }
}

/// The span of a request, for who asks for them by `baton::api=debug`.
fn span_of<B>(request: &Request<B>, id: &HeaderValue) -> Span {
    let path = request.uri().path();
    debug_span!(
        "request",
        request_id = text_of(id),
        method = %request.method(),
        route = route_of(path),
        path,
        status = tracing::field::Empty,
    )
}

/// Letters, digits and a few signs, so that it can be written anywhere.
fn is_fit(id: &[u8]) -> bool {
    let is_plain = |c: &u8| c.is_ascii_alphanumeric() || b"-_.:/+=".contains(c);
    (1..=REQUEST_ID_LEN_MAX).contains(&id.len()) && id.iter().all(is_plain)
}

fn text_of(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// The route that a path belongs to, as the OpenAPI document names it: `/interactions/{id}`.
fn route_of(path: &str) -> &'static str {
    static ROUTES: LazyLock<matchit::Router<&'static str>> = LazyLock::new(|| {
        let mut routes = matchit::Router::new();
        for route in super::routes().1.paths.paths.into_keys() {
            let name: &'static str = route.leak();
            for base in ["", "/api/v2"] {
                routes
                    .insert(format!("{base}{name}"), name)
                    .expect("the route table has no conflicts");
            }
        }
        routes
    });
    let path = path.strip_suffix('/').unwrap_or(path);
    ROUTES.at(path).map_or("other", |found| *found.value)
}
