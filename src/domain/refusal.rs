//! Every reason to say no, with its codes for REST, for EventError and for HTTP, in one table.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ReferenceId;

macro_rules! kinds {
    ($(#[doc = $text:literal] $name:ident = $codes:expr,)*) => {
        /// The kinds of refusal. A kind decides every code; see [`RefusalKind::codes`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum RefusalKind {
            $(#[doc = $text] $name,)*
        }

        impl RefusalKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name, which does not change.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What it means, in a sentence.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $text.trim_ascii(),)*
                }
            }

            /// The table of codes.
            pub fn codes(self) -> Codes {
                let (status_code, http_status, error_code) = match self {
                    $(Self::$name => $codes,)*
                };
                Codes {
                    status_code,
                    http_status,
                    error_code,
                }
            }
        }
    };
}

// Each with its `statusCode`, its HTTP status and its `ErrorCode`.
kinds! {
    /// A required parameter is missing.
    MissingParameter = (1, 400, 1001),
    /// A parameter has the wrong type or lies outside its range.
    InvalidValue = (10, 400, 1002),
    /// An attribute of the interaction that nobody may change or shadow.
    ReadOnly = (11, 400, 1003),
    /// The operation does not fit the state that the interaction or the agent is in.
    InvalidState = (2, 400, 1004),
    /// The caller's role does not permit this.
    Forbidden = (5, 403, 1005),
    /// The client has not registered yet.
    NotRegistered = (3, 403, 1006),
    /// No such interaction, or none that the caller may know of.
    UnknownInteraction = (6, 404, 43),
    /// No such queue, workbin, user or the like.
    NotFound = (6, 404, 1007),
    /// The identifier is taken.
    AlreadyExists = (18, 409, 1008),
    /// Another agent is logged in at this place.
    InUse = (19, 409, 1017),
    /// The invitation has ended, or the ticket is not the current one.
    InvitationEnded = (2, 409, 1009),
    /// The same agent has accepted this invitation before.
    AlreadyAccepted = (2, 409, 1010),
    /// The interaction was stopped before.
    AlreadyStopped = (2, 409, 1011),
    /// The agent to be invited is not logged in, not ready for the medium, or at capacity.
    AgentUnavailable = (2, 409, 1012),
    /// The resource has changed since the caller read it (`If-Match`).
    Stale = (2, 409, 1013),
    /// A named bound is reached.
    LimitReached = (3, 409, 1014),
    /// The journal cannot take the change at this time; nothing was changed, unless the text says that this is not known.
    Unavailable = (4, 503, 1015),
    /// What is asked for is kept, but cannot be read at this time.
    Unreadable = (12, 503, 1018),
    /// Another request of the caller's has been done under this `Idempotency-Key`.
    KeyReused = (10, 422, 1016),
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
