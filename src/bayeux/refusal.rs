use std::borrow::Cow;
use std::fmt;

/// An application's no, with the reason a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied(Cow<'static, str>);

impl Denied {
    /// A no for `reason`: one word or several joined by underscores.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(reason.into())
    }
}

impl Default for Denied {
    /// The reason that CometD's own policy gives.
    fn default() -> Self {
        Self::new("denied_by_security_policy")
    }
}

/// Every reason this protocol has to refuse a message. `Display` is the wire form `code:arguments:text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    ChannelMissing,
    ChannelInvalid,
    DataMissing,
    SessionUnknown,
    HandshakeDenied,
    TooManySessions,
    NoCommonConnectionType,
    UnknownMetaChannel,
    SubscriptionMissing,
    SubscriptionInvalid,
    TooManySubscriptions,
    ReplayInvalid,
    SubscribeDenied(Denied),
    PublishDenied(Denied),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelMissing => f.write_str("400::channel_missing"),
            Self::ChannelInvalid => f.write_str("405::channel_invalid"),
            Self::DataMissing => f.write_str("400::data_missing"),
            Self::SessionUnknown => f.write_str("402::session_unknown"),
            Self::HandshakeDenied => f.write_str("403::handshake_denied"),
            Self::TooManySessions => f.write_str("403:too_many_sessions:handshake_denied"),
            Self::NoCommonConnectionType => f.write_str("301::connection_types_unsupported"),
            Self::UnknownMetaChannel => {
                f.write_str("403:denied_by_security_policy:channel_create_denied")
            }
            Self::SubscriptionMissing => f.write_str("403::subscription_missing"),
            Self::SubscriptionInvalid => f.write_str("403::subscription_invalid"),
            Self::TooManySubscriptions => {
                f.write_str("403:too_many_subscriptions:subscribe_denied")
            }
            Self::ReplayInvalid => f.write_str("400::replay_invalid"),
            Self::SubscribeDenied(Denied(reason)) => write!(f, "403:{reason}:subscribe_denied"),
            Self::PublishDenied(Denied(reason)) => write!(f, "403:{reason}:publish_denied"),
        }
    }
}
