//! Every error that leaves the interface, with its status and its body.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::domain::{Refusal, RefusalKind};
use crate::engine::operations::Reply;
use crate::transports::Unauthenticated;

/// An error with its codes (gateway-api 1.5, design section 4). Its body changes nothing: what it answers was not done.
#[derive(Debug)]
pub(super) struct ApiError(Box<Content>);

#[derive(Debug)]
struct Content {
    http_status: StatusCode,
    status_code: u8,
    message: String,
    error_code: Option<u16>,
    more: Map<String, Value>,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// An error of a kind that no refusal of the engine has.
    pub(super) fn new(
        http_status: StatusCode,
        status_code: u8,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Content {
            http_status,
            status_code,
            message: message.into(),
            error_code: None,
            more: Map::new(),
            header: None,
        }))
    }

    /// No credentials, or none that hold.
    fn unauthenticated() -> Self {
        let challenge = HeaderValue::from_static("Bearer realm=\"baton\"");
        Self::new(StatusCode::UNAUTHORIZED, 20, "Access denied")
            .with_header(header::WWW_AUTHENTICATE, challenge)
    }

    /// Too often; it is worth another try after some seconds.
    pub(super) fn too_many(message: impl Into<String>, retry_after_s: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, 3, message)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
    }

    /// The caller's roles do not permit this.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, 5, message)
    }

    /// What the caller may do, this page may not do for him.
    pub(super) fn other_origin() -> Self {
        Self::forbidden("The page of another origin may not do this")
    }

    /// The server's own failure.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, 4, "Internal error")
    }

    /// No such resource.
    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, 6, "There is no such resource")
    }

    /// The body, or a part of it, is not what it must be.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 10, message)
    }

    /// The same with the keys that an operation's failures carry as well (gateway-api 1.4).
    #[must_use]
    pub(super) fn for_operation(mut self, reply: Reply) -> Self {
        if reply == Reply::Status {
            self.0.more.insert("status".to_owned(), json!("error"));
            let description = json!(self.0.message);
            self.0
                .more
                .insert("errorDescription".to_owned(), description);
        }
        self
    }

    /// The same as the result of one item of several.
    pub(super) fn item(&self) -> Value {
        let content = &self.0;
        let mut item = json!({"statusCode": content.status_code, "statusMessage": content.message});
        if let Some(reference) = content.more.get("referenceId") {
            item["referenceId"] = reference.clone();
        }
        item
    }

    /// The same about a resource, where it is the journal's failure: which of the gateway's codes says what could not be done.
    #[must_use]
    pub(super) fn of_resource(mut self, status_code: u8) -> Self {
        if self.0.error_code == Some(RefusalKind::Unavailable.codes().error_code) {
            self.0.status_code = status_code;
        }
        self
    }

    /// Its `statusCode`.
    pub(super) fn status_code(&self) -> u8 {
        self.0.status_code
    }

    /// What to tell the caller.
    pub(super) fn message(&self) -> &str {
        &self.0.message
    }

    /// The `ErrorCode` of EventError, where the engine refused.
    pub(super) fn error_code(&self) -> Option<u16> {
        self.0.error_code
    }

    /// The same with a header.
    #[must_use]
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The same with further keys in the body.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: Value) -> Self {
        self.0.more.insert(name.to_owned(), value);
        self
    }
}

impl From<Unauthenticated> for ApiError {
    fn from(why: Unauthenticated) -> Self {
        match why {
            Unauthenticated::Missing | Unauthenticated::Expired | Unauthenticated::Invalid => {
                Self::unauthenticated()
            }
            Unauthenticated::OtherOrigin => Self::other_origin(),
            Unauthenticated::TooMany { retry_after_s } => {
                Self::too_many("Too many passwords were wrong", retry_after_s)
            }
        }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let codes = refusal.kind.codes();
        let http_status = StatusCode::from_u16(codes.http_status)
            .expect("the table of refusals holds valid HTTP statuses");
        let mut error = Self::new(http_status, codes.status_code, refusal.text);
        error.0.error_code = Some(codes.error_code);
        if http_status == StatusCode::SERVICE_UNAVAILABLE {
            error = error.with_header(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        match refusal.reference_id {
            Some(reference) => error.with("referenceId", json!(reference)),
            None => error,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let content = self.0;
        let mut body = content.more;
        body.insert("statusCode".to_owned(), json!(content.status_code));
        body.insert("statusMessage".to_owned(), json!(content.message));
        let mut response = (content.http_status, Json(body)).into_response();
        if let Some((name, value)) = content.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
