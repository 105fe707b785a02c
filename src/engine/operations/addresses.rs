//! RegisterAddress, UnregisterAddress and RequestQueryAddress: T-Library registrations (seed 003, interaction-models
//! section 4).

use serde::Deserialize;
use serde_json::Value;

use super::register_client::{give_back, leave_address, require_registered};
use super::{Gateway, Reply, Spec};
use crate::domain::{Address, AddressInfo, QueueName, Refusal, RegisterMode, Role, UserId};
use crate::engine::{Change, Outcome, Turn};

const ROLES: &[Role] = &[Role::Router, Role::Reporting, Role::MediaServer];
/// TControlMode: RegisterDefault, RegisterForce, RegisterLocal.
const CONTROL_MODES: [&str; 3] = ["RegisterDefault", "RegisterForce", "RegisterLocal"];

/// Parameters of RegisterAddress: the name of a queue or an agent, and the mode by its number or name. The control
/// mode says whether a switch is to know of it; the server is its own switch, so all three come to the same.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterAddress {
    #[serde(alias = "thisDN", alias = "dn", alias = "queue")]
    this_dn: String,
    #[serde(default, alias = "registerMode")]
    mode: Value,
    #[serde(default, alias = "ctrMode", alias = "ctrmode")]
    control_mode: Value,
}

impl RegisterAddress {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RegisterAddress",
        aliases: &["RequestRegisterAddress"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Registers for a queue or an agent; a router takes the queue over by it, unless it only monitors",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let names = RegisterMode::ALL.map(RegisterMode::as_str);
        let mode = RegisterMode::ALL[numbered("mode", &self.mode, &names)?];
        numbered("controlMode", &self.control_mode, &CONTROL_MODES)?;
        let (user, address) = own_address(turn, &self.this_dn)?;
        check_privacy(turn, &user, &address, mode)?;
        let known = turn.state().registration(&user, &address);
        if known.is_none_or(|known| known.mode != mode) {
            if mode == RegisterMode::Monitor {
                give_back(turn, &user, &address);
            }
            turn.record(Change::AddressRegistered {
                user,
                address: address.clone(),
                mode,
            });
        }
        Ok(Outcome::Registered(address))
    }
}

/// Parameters of UnregisterAddress.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnregisterAddress {
    #[serde(alias = "thisDN", alias = "dn", alias = "queue")]
    this_dn: String,
}

impl UnregisterAddress {
    pub(super) const SPEC: &Spec = &Spec {
        name: "UnregisterAddress",
        aliases: &["RequestUnregisterAddress"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Ends a registration; a router gives the queue back by it",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let (user, address) = own_address(turn, &self.this_dn)?;
        own_mode(turn, &user, &address)?;
        leave_address(turn, &user, address.clone());
        Ok(Outcome::Unregistered(address))
    }
}

/// Parameters of RequestQueryAddress: an address that the client is registered for, and what it asks of it, by its
/// number or name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueryAddress {
    #[serde(alias = "thisDN", alias = "dn", alias = "queue")]
    this_dn: String,
    info_type: Value,
}

impl QueryAddress {
    pub(super) const SPEC: &Spec = &Spec {
        name: "RequestQueryAddress",
        aliases: &["QueryAddress"],
        roles: ROLES,
        reply: Reply::StatusCode,
        gateway: Gateway::No,
        summary: "Asks what an address is and holds",
        guard: None,
    };

    pub(super) fn perform(self, turn: &mut Turn<'_>) -> Result<Outcome, Refusal> {
        let (user, address) = own_address(turn, &self.this_dn)?;
        if own_mode(turn, &user, &address)? == RegisterMode::Monitor {
            let text = "A client that monitors an address cannot ask for anything there";
            return Err(Refusal::invalid_state(text));
        }
        let info = self.info()?;
        let fits = match info {
            AddressInfo::AddressType => true,
            AddressInfo::DnStatus => matches!(address, Address::Agent(_)),
            AddressInfo::NumberOfCallsInQueue | AddressInfo::QueueStatus => {
                matches!(address, Address::Queue(_))
            }
        };
        if !fits {
            return Err(self.unsupported());
        }
        Ok(Outcome::AddressInfo { address, info })
    }

    fn info(&self) -> Result<AddressInfo, Refusal> {
        let asked = |info: &AddressInfo| match self.info_type.as_str() {
            Some(name) => name.trim_start_matches("AddressInfo") == info.short_name(),
            None => self.info_type == info.number(),
        };
        let mut all = AddressInfo::ALL.into_iter();
        all.find(asked).ok_or_else(|| self.unsupported())
    }

    fn unsupported(&self) -> Refusal {
        Refusal::invalid_value("infoType", &self.info_type.to_string())
    }
}

/// Which of the names is meant: by its number, by the name; the first by default.
fn numbered(parameter: &str, value: &Value, names: &[&str]) -> Result<usize, Refusal> {
    let found = match value {
        Value::Null => Some(0),
        Value::Number(number) => number
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| *number < names.len()),
        Value::String(text) => names.iter().position(|name| name == text),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    found.ok_or_else(|| Refusal::invalid_value(parameter, &value.to_string()))
}

/// Where one client is private, it is alone.
fn check_privacy(
    turn: &Turn<'_>,
    user: &UserId,
    address: &Address,
    mode: RegisterMode,
) -> Result<(), Refusal> {
    let is_private = |it: RegisterMode| it == RegisterMode::Private;
    let registered = turn.state().registrations(address);
    let mut others = registered.filter(|it| it.user != *user);
    if others.any(|other| is_private(mode) || is_private(other.mode)) {
        let text = "Another client is registered for this address, and one of the two is private";
        return Err(Refusal::invalid_state(text));
    }
    Ok(())
}

/// How the client is registered for the address, which it must be.
fn own_mode(turn: &Turn<'_>, user: &UserId, address: &Address) -> Result<RegisterMode, Refusal> {
    let known = turn.state().registration(user, address);
    known
        .map(|known| known.mode)
        .ok_or_else(|| Refusal::invalid_state("The client is not registered for this address"))
}

/// The client, which must be registered, and the address that it names.
fn own_address(turn: &Turn<'_>, dn: &str) -> Result<(UserId, Address), Refusal> {
    require_registered(turn)?;
    Ok((turn.user()?, find(turn, dn)?))
}

fn find(turn: &Turn<'_>, dn: &str) -> Result<Address, Refusal> {
    let queue = QueueName::parse(dn).ok().map(Address::Queue);
    let agent = UserId::parse(dn).ok().map(Address::Agent);
    let state = turn.state();
    let mut found = queue.into_iter().chain(agent);
    found
        .find(|address| {
            // A client that drained a queue that is configured no longer is registered for it still.
            state.has_address(address) || state.registrations(address).next().is_some()
        })
        .ok_or_else(|| Refusal::not_found("address", dn))
}
