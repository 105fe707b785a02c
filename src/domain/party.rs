//! Who takes part: roles, parties that hear, actors that do.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{QueueName, UserId};

/// What a user may do; JWT claim `roles`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works on interactions.
    Agent,
    /// Sees and steers the interactions of the contact centre.
    Supervisor,
    /// Configures the contact centre; sees all.
    Admin,
    /// Submits interactions.
    MediaServer,
    /// Routes the queues whose addresses it has registered (URS).
    Router,
    /// Hears everything (Stat Server, ICON).
    Reporting,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Agent,
        Self::Supervisor,
        Self::Admin,
        Self::MediaServer,
        Self::Router,
        Self::Reporting,
    ];

    /// The role as the `roles` claim writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
            Self::MediaServer => "media_server",
            Self::Router => "router",
            Self::Reporting => "reporting",
        }
    }

    /// Reads a role as the `roles` claim writes it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// The kind of application that a client registers as (interaction-models 1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ClientType {
    /// An agent's desktop.
    AgentApplication,
    /// A media server.
    MediaServer,
    /// A router.
    Router,
    /// A reporting engine.
    ReportingEngine,
}

impl ClientType {
    /// The role that a user needs to register as this.
    pub fn role(self) -> Role {
        match self {
            Self::AgentApplication => Role::Agent,
            Self::MediaServer => Role::MediaServer,
            Self::Router => Role::Router,
            Self::ReportingEngine => Role::Reporting,
        }
    }
}

/// Who routes an interaction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Router {
    /// The router inside the server.
    BuiltIn,
    /// A user with the router's role who has registered the queue's address.
    External(UserId),
}

/// To whom a message is said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Party {
    /// The application of an agent.
    Agent(UserId),
    /// A media server.
    MediaServer(UserId),
    /// A router; the built-in one hears by being part of the engine.
    Router(Router),
    /// A reporting engine.
    Reporting(UserId),
    /// A supervisor or an administrator who asked for something.
    Supervisor(UserId),
}

impl Party {
    /// The user behind the party; none for the built-in router.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::Agent(user)
            | Self::MediaServer(user)
            | Self::Reporting(user)
            | Self::Supervisor(user)
            | Self::Router(Router::External(user)) => Some(user),
            Self::Router(Router::BuiltIn) => None,
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Actor {
    /// A user in the role in which he asked.
    User {
        /// Who.
        user: UserId,
        /// As what.
        role: Role,
    },
    /// The built-in router.
    BuiltInRouter,
    /// The server itself: an expired timer, the start.
    Server,
}

impl Actor {
    /// The user, where a user acted.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Self::User { user, .. } => Some(user),
            Self::BuiltInRouter | Self::Server => None,
        }
    }

    /// The agent, where an agent acted.
    pub fn agent(&self) -> Option<&UserId> {
        match self {
            Self::User {
                user,
                role: Role::Agent,
            } => Some(user),
            Self::User { .. } | Self::BuiltInRouter | Self::Server => None,
        }
    }

    /// The party that hears the answer; the server asks nobody and hears nothing.
    pub fn party(&self) -> Option<Party> {
        match self {
            Self::User { user, role } => Some(match role {
                Role::Agent => Party::Agent(user.clone()),
                Role::MediaServer => Party::MediaServer(user.clone()),
                Role::Router => Party::Router(Router::External(user.clone())),
                Role::Reporting => Party::Reporting(user.clone()),
                Role::Supervisor | Role::Admin => Party::Supervisor(user.clone()),
            }),
            Self::BuiltInRouter => Some(Party::Router(Router::BuiltIn)),
            Self::Server => None,
        }
    }
}

/// Why an invitation or an ownership ended without the agent's doing (`ReasonSystemName`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Cause {
    /// The delivery timeout passed.
    Expired,
    /// The handling timeout passed.
    HandlingExpired,
    /// The interaction was stopped.
    Stopped,
    /// The agent's application was lost.
    Disconnected,
    /// The agent logged out.
    LoggedOut,
    /// The one who had sent the invitation withdrew the interaction.
    Withdrawn,
    /// The router left, or lost the interaction.
    RouterGone,
    /// The last agent left it.
    Left,
}

impl Cause {
    /// The cause as clients read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "Expired",
            Self::HandlingExpired => "HandlingExpired",
            Self::Stopped => "Stopped",
            Self::Disconnected => "Disconnected",
            Self::LoggedOut => "LoggedOut",
            Self::Withdrawn => "Withdrawn",
            Self::RouterGone => "RouterGone",
            Self::Left => "Left",
        }
    }
}

/// What T-Library clients register for (`ThisDN`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Address {
    /// A queue (`AddressTypeRouteQueue`).
    Queue(QueueName),
    /// An agent (`AddressTypeDN`).
    Agent(UserId),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queue(queue) => queue.fmt(f),
            Self::Agent(agent) => agent.fmt(f),
        }
    }
}

/// How a client registers for an address (TRegisterMode, interaction-models section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RegisterMode {
    /// Others may register too.
    #[default]
    Share,
    /// Nobody else may register.
    Private,
    /// Only to hear: a monitor routes nothing and asks for nothing.
    Monitor,
}

impl RegisterMode {
    /// Every mode, at the number that T-Library gives it.
    pub const ALL: [Self; 3] = [Self::Share, Self::Private, Self::Monitor];

    /// The mode as T-Library writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Share => "ModeShare",
            Self::Private => "ModePrivate",
            Self::Monitor => "ModeMonitor",
        }
    }
}
