//! Identifiers as types: a value that exists is well-formed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::Refusal;

/// Longest name of a user, queue, workbin or the like, in characters.
const NAME_LEN_MAX: usize = 128;
/// Longest interaction identifier, in characters.
const INTERACTION_ID_LEN_MAX: usize = 64;
/// Longest key of a request, in characters.
const IDEMPOTENCY_KEY_LEN_MAX: usize = 255;

// Short texts are kept in place: maps compare and copy them all the time.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $is_valid:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "SmolStr")]
        pub struct $name(SmolStr);

        impl $name {
            /// Parses the identifier.
            ///
            /// # Errors
            /// A value outside the valid range (status code 10).
            pub fn parse(text: &str) -> Result<Self, Refusal> {
                if $is_valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(Refusal::invalid_value($what, text))
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = Refusal;
            fn from_str(text: &str) -> Result<Self, Refusal> {
                Self::parse(text)
            }
        }

        impl TryFrom<SmolStr> for $name {
            type Error = Refusal;
            fn try_from(text: SmolStr) -> Result<Self, Refusal> {
                Self::parse(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A contact centre (JWT claim `contactCenterId`). It names a file, hence the narrow alphabet.
    CentreId,
    "contactCenterId",
    is_url_safe
);
text_id!(
    /// An interaction: 1 to 64 of `0-9 A-Z a-z _ -` (interaction-models 5).
    InteractionId,
    "interactionId",
    is_url_safe
);
text_id!(
    /// A user, by user name; an agent's employee id in the reference.
    UserId,
    "userId",
    is_name
);
text_id!(
    /// Where an agent sits; by default the agent's own id.
    PlaceId,
    "place",
    is_name
);
text_id!(
    /// A medium: `chat`, `email`, `workitem` or another one that is configured.
    MediaType,
    "mediaType",
    is_name
);
text_id!(
    /// An interaction queue.
    QueueName,
    "queueName",
    is_name
);
text_id!(
    /// A workbin type; together with an owner it is one workbin.
    WorkbinName,
    "workbin",
    is_name
);
text_id!(
    /// An agent group.
    GroupName,
    "agentGroup",
    is_name
);
text_id!(
    /// A state of agents that the configuration adds: the `operationName` that leads to it.
    AgentStateName,
    "agentState",
    is_name
);
text_id!(
    /// A skill.
    SkillName,
    "skill",
    is_name
);
text_id!(
    /// What a caller names a request by, so that it can arrive again and be the same: 1 to 255 visible ASCII characters.
    IdempotencyKey,
    "Idempotency-Key",
    is_visible_ascii
);
text_id!(
    /// What tells a request from others under the same key: a digest of its method, path and body.
    RequestDigest,
    "digest",
    is_url_safe
);

fn is_url_safe(text: &str) -> bool {
    (1..=INTERACTION_ID_LEN_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

fn is_name(text: &str) -> bool {
    (1..=NAME_LEN_MAX).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
        && text.trim() == text
}

fn is_visible_ascii(text: &str) -> bool {
    (1..=IDEMPOTENCY_KEY_LEN_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// Position of a step in the journal, from 1.
    Sequence
);
number_id!(
    /// Fencing token of one invitation; a later invitation has a greater one.
    Ticket
);
number_id!(
    /// Chosen by who asks, repeated in the answer.
    ReferenceId
);

number_id!(
    /// A snapshot of interactions: the sequence of the step that took it.
    SnapshotId
);

impl Sequence {
    /// The sequence of the step after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_parse_or_fail() {
        for (text, valid) in [
            ("00009a8T8Y130123", true),
            ("a-b_c", true),
            ("", false),
            ("a b", false),
            ("../x", false),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(InteractionId::parse(text).is_ok(), valid, "{text}");
        }
        assert!(QueueName::parse("Inbound e-mail").is_ok());
        assert!(QueueName::parse(" padded").is_err());
        assert!(QueueName::parse("bell\u{7}").is_err());
        for (text, valid) in [
            ("!~\"{}", true),
            ("", false),
            ("two words", false),
            ("tab\t", false),
            ("gr\u{fc}n", false),
            (&"x".repeat(255), true),
            (&"x".repeat(256), false),
        ] {
            assert_eq!(IdempotencyKey::parse(text).is_ok(), valid, "{text}");
        }
    }
}
