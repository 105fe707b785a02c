//! The operations and requests: one file each, one line each to register.
//!
//! An operation has two mouths: `operationName` in the gateway's POST, and the reference's request name in
//! `POST /requests`. Permission, reply shape, metrics label, OpenAPI entry and capabilities follow from its SPEC.

mod accept;
mod addresses;
mod agent_login;
mod apply_configuration;
mod cancel;
mod change_configuration;
mod change_properties;
mod complete;
mod conference;
mod configure;
mod get_workbin_content;
mod hold;
mod media_state;
mod place_in_queue;
mod place_in_workbin;
mod presence;
mod pull;
mod register_client;
mod reject;
mod reply;
mod route_call;
mod single_step_transfer;
mod snapshots;
mod start_reporting;
mod submit;
mod take_snapshot;
mod user_data;
mod workbin_subscription;

pub use agent_login::{AgentLogin, AgentLogout, CHANNELS_LEN_MAX};
pub use apply_configuration::ApplyConfiguration;
pub use change_configuration::ChangeConfiguration;
pub use change_properties::ChangeProperties;
pub use conference::PARTIES_MAX;
pub use configure::Configure;
pub use media_state::{NotReadyForMedia, ReadyForMedia};
pub use presence::{Presence, Restart};
pub(super) use register_client::leave;
pub use snapshots::MOVE_LEN_MAX;
pub use submit::Submit;
pub use take_snapshot::{SNAPSHOT_INTERACTIONS_LEN_MAX, SNAPSHOTS_LEN_MAX};
pub use workbin_subscription::WORKBINS_LEN_MAX;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Outcome, Turn};
use crate::domain::{Actor, Interaction, InteractionId, Refusal, Role};

/// What every operation says of itself.
pub struct Spec {
    /// `operationName`, or the reference's request name where there is no operation.
    pub name: &'static str,
    /// Other names for the same, requests of the reference among them.
    pub aliases: &'static [&'static str],
    /// Who may call it.
    pub roles: &'static [Role],
    /// The keys that the seed documents for the reply.
    pub reply: Reply,
    /// Which POST of the gateway takes it; `POST /requests` takes all.
    pub gateway: Gateway,
    /// One line for people.
    pub summary: &'static str,
    /// Whether it is offered among an interaction's `capabilities`, and when.
    pub guard: Option<Guard>,
}

impl Spec {
    /// Whether others may call it by its name. The server's own requests, which no role may call, have none for them, nor
    /// has what a resource is put by.
    pub fn has_name(&self) -> bool {
        !self.roles.is_empty() && self.gateway != Gateway::Resource
    }
}

/// Whether an actor may do something with an interaction in its present state.
pub type Guard = fn(&Interaction, &Actor) -> Result<(), Refusal>;

/// A POST of the gateway that takes operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gateway {
    /// `POST /me/interactions/{id}`
    Interaction,
    /// `POST /me` and `POST /me/channels/{channel}`
    Me,
    /// None: a request of the event models only.
    No,
    /// None, nor `POST /requests`: a resource is put or deleted, and what is put is not what is journalled.
    Resource,
}

/// The keys that a reply carries beside `statusCode` (gateway-api 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `"status":"ok"`, on failure `"status":"error"` and `errorDescription`.
    Status,
    /// Only `statusCode` and `statusMessage`.
    StatusCode,
    /// `"status":0`, as the seed writes it for Cancel.
    StatusZero,
}

macro_rules! operations {
    (
        of_an_interaction { $($bound:ident = $bound_path:path,)* }
        of_the_centre { $($free:ident = $free_path:path,)* }
    ) => {
        /// A request with its parameters.
        #[derive(Clone, Debug)]
        pub enum Operation {
            $(
                #[doc = stringify!($bound)]
                $bound(InteractionId, $bound_path),
            )*
            $(
                #[doc = stringify!($free)]
                $free($free_path),
            )*
        }

        /// Every operation's SPEC.
        pub const SPECS: &[&Spec] = &[$(<$bound_path>::SPEC,)* $(<$free_path>::SPEC,)*];

        /// The operations in the order of [`SPECS`].
        #[expect(clippy::enum_variant_names, reason = "`PlaceInQueue` is what the operation is called")]
        enum Place { $($bound,)* $($free,)* }

        impl Operation {
            /// Where its SPEC is in [`SPECS`].
            pub fn place(&self) -> usize {
                let place = match self {
                    $(Self::$bound(..) => Place::$bound,)*
                    $(Self::$free(..) => Place::$free,)*
                };
                place as usize
            }

            /// What the operation says of itself.
            pub fn spec(&self) -> &'static Spec {
                match self {
                    $(Self::$bound(..) => <$bound_path>::SPEC,)*
                    $(Self::$free(..) => <$free_path>::SPEC,)*
                }
            }

            /// The interaction that the operation is about.
            pub fn interaction(&self) -> Option<&InteractionId> {
                match self {
                    $(Self::$bound(id, _) => Some(id),)*
                    $(Self::$free(_) => None,)*
                }
            }

            /// Reads an operation by its name and parameters. `interaction` is the one of the path, if any;
            /// else `interactionId` of the parameters names it. Unknown parameters are ignored.
            ///
            /// # Errors
            /// No such operation; a parameter missing or invalid.
            pub fn parse(
                name: &str,
                interaction: Option<&str>,
                parameters: &Map<String, Value>,
            ) -> Result<Self, Refusal> {
                $(if named(<$bound_path>::SPEC, name) {
                    let id = interaction_id(interaction, parameters)?;
                    return Ok(Self::$bound(id, read(parameters)?));
                })*
                $(if named(<$free_path>::SPEC, name) {
                    return Ok(Self::$free(read(parameters)?));
                })*
                Err(Refusal::invalid_value("operationName", name))
            }

            /// Carries the operation out.
            ///
            /// # Errors
            /// The refusal of the operation; nothing that it has recorded takes effect then.
            pub fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
                allow(self.spec(), turn)?;
                match self {
                    $(Self::$bound(id, operation) => {
                        let interaction = turn.interaction(&id)?;
                        if let Some(guard) = <$bound_path>::SPEC.guard {
                            guard(&interaction, &turn.head().actor)?;
                        }
                        operation.perform(turn, &interaction)
                    })*
                    $(Self::$free(operation) => operation.perform(turn),)*
                }
            }
        }
    };
}

operations! {
    of_an_interaction {
        Accept = accept::Accept,
        Reject = reject::Reject,
        Cancel = cancel::Cancel,
        Complete = complete::Complete,
        PlaceInQueue = place_in_queue::PlaceInQueue,
        UpdateUserData = user_data::UpdateUserData,
        AttachUserData = user_data::AttachUserData,
        DeleteUserData = user_data::DeleteUserData,
        PlaceInWorkbin = place_in_workbin::PlaceInWorkbin,
        SingleStepTransfer = single_step_transfer::SingleStepTransfer,
        Conference = conference::Conference,
        Leave = conference::Leave,
        Reply = reply::Reply,
        ReplyAll = reply::ReplyAll,
        StopProcessing = complete::StopProcessing,
        ChangeProperties = ChangeProperties,
        RouteCall = route_call::RouteCall,
        Intrude = conference::Intrude,
        Hold = hold::Hold,
        Resume = hold::Resume,
        LockInteraction = snapshots::LockInteraction,
    }
    of_the_centre {
        GetWorkbinContent = get_workbin_content::GetWorkbinContent,
        RegisterClient = register_client::RegisterClient,
        UnregisterClient = register_client::UnregisterClient,
        AgentLogin = AgentLogin,
        AgentLogout = AgentLogout,
        ReadyForMedia = ReadyForMedia,
        NotReadyForMedia = NotReadyForMedia,
        Submit = Submit,
        Pull = pull::Pull,
        RegisterAddress = addresses::RegisterAddress,
        UnregisterAddress = addresses::UnregisterAddress,
        QueryAddress = addresses::QueryAddress,
        TakeSnapshot = take_snapshot::TakeSnapshot,
        MoveInteractions = snapshots::MoveInteractions,
        ReleaseSnapshot = snapshots::ReleaseSnapshot,
        StartReporting = start_reporting::StartReporting,
        SubscribeWorkbin = workbin_subscription::SubscribeWorkbin,
        UnsubscribeWorkbin = workbin_subscription::UnsubscribeWorkbin,
        Presence = Presence,
        Restart = Restart,
        Configure = Configure,
        ChangeConfiguration = ChangeConfiguration,
        ApplyConfiguration = ApplyConfiguration,
    }
}

/// The operations that an agent is offered, in the order of the seed.
pub fn capabilities() -> impl Iterator<Item = (&'static str, Guard)> {
    SPECS.iter().filter_map(|spec| match spec.guard {
        Some(guard) if spec.gateway == Gateway::Interaction => Some((capability(spec), guard)),
        _ => None,
    })
}

/// The gateway lists SingleStepTransfer among the capabilities under its wire name.
fn capability(spec: &Spec) -> &'static str {
    match spec.name {
        "SingleStepTransfer" => "Transfer",
        name => name,
    }
}

/// The SPEC of the operation that goes by a name.
pub fn find(name: &str) -> Option<&'static Spec> {
    SPECS.iter().copied().find(|spec| named(spec, name))
}

/// Whether an operation goes by a name that others may call it by.
fn named(spec: &Spec, name: &str) -> bool {
    spec.has_name() && (spec.name == name || spec.aliases.contains(&name))
}

fn allow(spec: &Spec, turn: &Turn<'_>) -> Result<(), Refusal> {
    let removed = &turn.state().configuration.removed_users;
    match &turn.head().actor {
        Actor::BuiltInRouter | Actor::Server => Ok(()),
        // What he asked for before may still be on its way.
        Actor::User { user, .. } if removed.contains(user) => {
            Err(Refusal::forbidden("The user was removed"))
        }
        Actor::User { role, .. } if spec.roles.contains(role) => Ok(()),
        Actor::User { role, .. } => Err(Refusal::forbidden(format!(
            "{} is not permitted to the role {}",
            spec.name,
            role.as_str()
        ))),
    }
}

fn interaction_id(
    of_path: Option<&str>,
    parameters: &Map<String, Value>,
) -> Result<InteractionId, Refusal> {
    let named = ["interactionId", "interaction"].iter();
    let mut of_parameters = named.filter_map(|key| parameters.get(*key));
    match (of_path, of_parameters.next()) {
        (Some(id), _) => InteractionId::parse(id).map_err(|_| Refusal::unknown_interaction()),
        (None, Some(Value::String(id))) => {
            InteractionId::parse(id).map_err(|_| Refusal::unknown_interaction())
        }
        (None, Some(other)) => Err(Refusal::invalid_value("interactionId", &other.to_string())),
        (None, None) => Err(Refusal::missing("interactionId")),
    }
}

fn read<T: DeserializeOwned>(parameters: &Map<String, Value>) -> Result<T, Refusal> {
    T::deserialize(parameters).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("missing field `") {
            Some(rest) => Refusal::missing(rest.split('`').next().unwrap_or_default()),
            None => Refusal::new(
                crate::domain::RefusalKind::InvalidValue,
                format!("A parameter is invalid: {}", shortened(&text)),
            ),
        }
    })
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
