use super::services::SERVICES_CHANNEL;
use crate::bayeux::{ChannelId, Denied};
use crate::domain::Role;
use crate::hub::Principal;

/// What may be subscribed to by whom: these channels and everything below them.
const CHANNELS: [(&str, Readers); 5] = [
    (SERVICES_CHANNEL, Readers::Everybody),
    ("/v2/me", Readers::Everybody),
    ("/v2/interactions", Readers::Roles(&OVERSEERS)),
    ("/v2/statistics", Readers::Roles(&OVERSEERS)),
    (
        "/v2/reporting",
        Readers::Roles(&[Role::Supervisor, Role::Admin, Role::Reporting]),
    ),
];
const OVERSEERS: [Role; 2] = [Role::Supervisor, Role::Admin];
/// Patterns that take in channels of several kinds: a user hears through them what is delivered to him, and no more.
const WIDE: [&str; 4] = ["/*", "/**", "/v2/*", "/v2/**"];

enum Readers {
    Everybody,
    Roles(&'static [Role]),
}

/// Where the audit trail is logged to: what administrators and supervisors read and do.
pub const AUDIT: &str = "audit";

/// Whether `who` may subscribe to `channel` (design section 4). That an overseer does so is part of the audit trail.
pub(super) fn may_subscribe(who: &Principal, channel: &ChannelId) -> Result<(), Denied> {
    let allowed = is_open_to(who, channel);
    if let Some(role) = OVERSEERS.iter().find(|role| who.has(role.as_str())) {
        let (role, channel, is_allowed) = (role.as_str(), channel.as_str(), allowed.is_ok());
        tracing::info!(target: AUDIT, user = %who.key, role, channel, is_allowed, "subscribes");
    }
    allowed
}

fn is_open_to(who: &Principal, channel: &ChannelId) -> Result<(), Denied> {
    let name = channel.as_str();
    if WIDE.contains(&name) {
        return Ok(());
    }
    let is_at_or_below = |top: &str| {
        name.strip_prefix(top)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match CHANNELS.iter().find(|(top, _)| is_at_or_below(top)) {
        Some((_, Readers::Everybody)) => Ok(()),
        Some((_, Readers::Roles(roles))) if roles.iter().any(|role| who.has(role.as_str())) => {
            Ok(())
        }
        Some((_, Readers::Roles(_))) => Err(Denied::new("role_required")),
        None => Err(Denied::new("unknown_channel")),
    }
}
