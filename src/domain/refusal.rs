//! Every reason to say no, with its codes for REST, for EventError and for HTTP, in one table.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ReferenceId;

/// The kinds of refusal. A kind decides every code; see [`RefusalKind::codes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RefusalKind {
    /// A required parameter is missing.
    MissingParameter,
    /// A parameter has the wrong type or lies outside its range.
    InvalidValue,
    /// An attribute of the interaction that nobody may change or shadow.
    ReadOnly,
    /// The operation does not fit the state that the interaction or the agent is in.
    InvalidState,
    /// The caller's role does not permit this.
    Forbidden,
    /// The client has not registered yet.
    NotRegistered,
    /// No such interaction, or none that the caller may know of.
    UnknownInteraction,
    /// No such queue, workbin, user or the like.
    NotFound,
    /// The identifier is taken.
    AlreadyExists,
    /// The invitation has ended, or the ticket is not the current one.
    InvitationEnded,
    /// The same agent has accepted this invitation before.
    AlreadyAccepted,
    /// The interaction was stopped before.
    AlreadyStopped,
    /// The agent to be invited is not logged in, not ready for the medium, or at capacity.
    AgentUnavailable,
    /// The resource has changed since the caller read it (`If-Match`).
    Stale,
    /// A named bound is reached.
    LimitReached,
    /// The journal cannot take the change at this time; nothing was changed.
    Unavailable,
}

/// What a refusal is called on each interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codes {
    /// `statusCode` of the gateway (gateway-api 1.5).
    pub status_code: u8,
    /// HTTP status (design section 4).
    pub http_status: u16,
    /// `ErrorCode` of EventError. Only 43 is known of the reference; the others are ours, from 1000.
    pub error_code: u16,
}

impl RefusalKind {
    /// The table of codes.
    pub fn codes(self) -> Codes {
        let (status_code, http_status, error_code) = match self {
            Self::MissingParameter => (1, 400, 1001),
            Self::InvalidValue => (10, 400, 1002),
            Self::ReadOnly => (11, 400, 1003),
            Self::InvalidState => (2, 400, 1004),
            Self::Forbidden => (5, 403, 1005),
            Self::NotRegistered => (3, 403, 1006),
            Self::UnknownInteraction => (6, 404, 43),
            Self::NotFound => (6, 404, 1007),
            Self::AlreadyExists => (18, 409, 1008),
            Self::InvitationEnded => (2, 409, 1009),
            Self::AlreadyAccepted => (2, 409, 1010),
            Self::AlreadyStopped => (2, 409, 1011),
            Self::AgentUnavailable => (2, 409, 1012),
            Self::Stale => (2, 409, 1013),
            Self::LimitReached => (3, 409, 1014),
            Self::Unavailable => (4, 503, 1015),
        };
        Codes {
            status_code,
            http_status,
            error_code,
        }
    }
}

/// A request that was not carried out, and changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{text}")]
pub struct Refusal {
    /// Which kind, and so which codes.
    pub kind: RefusalKind,
    /// What to tell the caller, in one sentence.
    pub text: Cow<'static, str>,
    /// The reference of the refused request, where it had one.
    pub reference_id: Option<ReferenceId>,
}

impl Refusal {
    /// A refusal of a kind with its sentence.
    pub fn new(kind: RefusalKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            text: text.into(),
            reference_id: None,
        }
    }

    /// The interaction does not exist, or the caller may not know of it; the reference's own text.
    pub fn unknown_interaction() -> Self {
        Self::new(
            RefusalKind::UnknownInteraction,
            "Unknown interaction identifier specified",
        )
    }

    /// The client has not registered yet.
    pub fn not_registered() -> Self {
        Self::new(
            RefusalKind::NotRegistered,
            "The client is not registered: send RequestRegisterClient first",
        )
    }

    /// A required parameter is missing.
    pub fn missing(parameter: &str) -> Self {
        Self::new(
            RefusalKind::MissingParameter,
            format!("Required parameter '{parameter}' is missing"),
        )
    }

    /// A parameter has a value that it cannot have.
    pub fn invalid_value(parameter: &str, value: &str) -> Self {
        let shown: String = value.chars().filter(|c| !c.is_control()).take(64).collect();
        Self::new(
            RefusalKind::InvalidValue,
            format!("Parameter '{parameter}' has the invalid value '{shown}'"),
        )
    }

    /// A parameter is larger than its bound.
    pub fn too_large(parameter: &str, bytes_max: usize) -> Self {
        Self::new(
            RefusalKind::InvalidValue,
            format!("Parameter '{parameter}' is larger than {bytes_max} bytes"),
        )
    }

    /// A parameter is nested too deeply.
    pub fn too_deep(parameter: &str, depth_max: usize) -> Self {
        Self::new(
            RefusalKind::InvalidValue,
            format!("Parameter '{parameter}' is nested deeper than {depth_max} levels"),
        )
    }

    /// A reserved attribute was named in attached data.
    pub fn read_only(attribute: &str) -> Self {
        Self::new(
            RefusalKind::ReadOnly,
            format!("'{attribute}' is an attribute of the interaction and cannot be attached data"),
        )
    }

    /// A configured thing does not exist.
    pub fn not_found(what: &str, name: &str) -> Self {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        Self::new(
            RefusalKind::NotFound,
            format!("There is no {what} '{shown}'"),
        )
    }

    /// The operation does not fit the state.
    pub fn invalid_state(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::InvalidState, text)
    }

    /// The caller's role does not permit this.
    pub fn forbidden(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(RefusalKind::Forbidden, text)
    }

    /// This refusal, as the answer to a reference.
    #[must_use]
    pub fn answering(mut self, reference_id: Option<ReferenceId>) -> Self {
        self.reference_id = reference_id;
        self
    }
}
