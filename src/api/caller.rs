//! The caller of a route: if a handler has one, he is known.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;

use super::App;
use super::error::ApiError;
use super::observer;
use crate::domain::{Actor, Interaction, ReferenceId, Role, UserId};
use crate::engine::State;
use crate::engine::operations::Spec;
use crate::identity::{Identity, Known};
use crate::transports::{Client, is_allowed_origin};

/// A user who is known.
pub(super) struct Caller(pub Arc<Identity>);

/// A user who is known and is an agent.
pub(super) struct Agent(pub Caller);

impl FromRequestParts<App> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let identity = match parts.extensions.get::<Known>() {
            Some(Known(known)) => known.clone()?,
            None => {
                let client = parts.extensions.get::<Client>().copied();
                app.credentials.identify(&parts.headers, client).await?
            }
        };
        observer::seen(&identity);
        if identity.by_cookie && is_unsafe(&parts.method) {
            // A page of another origin must not be able to act by the cookie: its Origin gives it away.
            if !is_allowed_origin(parts, &app.allowed_origins) {
                return Err(ApiError::other_origin());
            }
        }
        Ok(Self(identity))
    }
}

impl FromRequestParts<App> for Agent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.0.roles.contains(&Role::Agent) {
            Ok(Self(caller))
        } else {
            Err(ApiError::forbidden("This is for agents"))
        }
    }
}

/// A user who is known and looks after the contact centre: a supervisor or an administrator, and acts as one.
pub(super) struct Overseer(pub Caller);

impl FromRequestParts<App> for Overseer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let mut caller = Caller::from_request_parts(parts, app).await?;
        if !caller.sees_all() {
            return Err(ApiError::forbidden(
                "This is for supervisors and administrators",
            ));
        }
        // One who is an agent as well does not do this as an agent.
        Arc::make_mut(&mut caller.0).roles.remove(&Role::Agent);
        Ok(Self(caller))
    }
}

/// A user who is known and configures the contact centre.
pub(super) struct Administrator(pub Caller);

impl FromRequestParts<App> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        if caller.0.roles.contains(&Role::Admin) {
            Ok(Self(caller))
        } else {
            Err(ApiError::forbidden("This is for administrators"))
        }
    }
}

impl Caller {
    /// The user.
    pub(super) fn user(&self) -> &UserId {
        &self.0.user
    }

    /// The caller in a role of his that may call an operation; in another one if none may, which is then refused.
    ///
    /// # Errors
    /// He has no role at all.
    pub(super) fn actor(&self, spec: &Spec) -> Result<Actor, ApiError> {
        let roles = &self.0.roles;
        let fitting = spec.roles.iter().find(|role| roles.contains(role));
        let role = fitting.or_else(|| roles.iter().next()).copied();
        let role = role.ok_or_else(|| ApiError::forbidden("The caller has no role"))?;
        Ok(Actor::User {
            user: self.0.user.clone(),
            role,
        })
    }

    /// Whether the caller may know of an interaction in one of his roles.
    pub(super) fn may_see(&self, state: &State, interaction: &Interaction) -> bool {
        self.0
            .roles
            .iter()
            .any(|role| state.may_see(interaction, &self.0.user, *role))
    }

    /// Whether the caller sees the whole contact centre.
    pub(super) fn sees_all(&self) -> bool {
        let wide = [Role::Supervisor, Role::Admin];
        wide.iter().any(|role| self.0.roles.contains(role))
    }
}

/// Whether a request may change something.
pub(super) fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// `referenceId` of a body, else the server's next one.
///
/// # Errors
/// Not a number of at least 0.
pub(super) fn reference_id(
    app: &App,
    body: &serde_json::Map<String, serde_json::Value>,
) -> Result<ReferenceId, ApiError> {
    match body.get("referenceId") {
        None | Some(serde_json::Value::Null) => Ok(app.next_reference()),
        Some(given) => given
            .as_u64()
            .map(ReferenceId)
            .ok_or_else(|| ApiError::invalid("Parameter 'referenceId' must be a whole number")),
    }
}
