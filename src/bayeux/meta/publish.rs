//! Publishing, to broadcast and service channels.

use serde_json::value::RawValue;

use super::super::{ChannelId, InvalidChannel, Kind, Refusal, Request};

/// The channel and data of a publish that is well formed; whether it is allowed is the application's decision.
pub fn parse<'a>(request: &Request<'a>) -> Result<(ChannelId, &'a RawValue), Refusal> {
    let name = request.channel.as_deref().ok_or(Refusal::ChannelMissing)?;
    let channel = ChannelId::parse(name).map_err(|InvalidChannel| Refusal::ChannelInvalid)?;
    if channel.kind() == Kind::Meta {
        return Err(Refusal::UnknownMetaChannel);
    }
    Ok((channel, request.data.ok_or(Refusal::DataMissing)?))
}
