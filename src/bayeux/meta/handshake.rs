//! `/meta/handshake`: what is left of it once somebody else has decided who the client is.

use super::super::extensions::replay;
use super::super::{Advice, Limits, Moment, Refusal, Reply, Request};

/// The channel.
pub const CHANNEL: &str = "/meta/handshake";

/// Refuses a client that shares no connection type with the server. One that names none is not asked to.
pub fn check(request: &Request<'_>, limits: &Limits) -> Result<(), Refusal> {
    match &request.connection_types {
        Some(types)
            if !types
                .iter()
                .any(|it| limits.connection_types().contains(&it.as_ref())) =>
        {
            Err(Refusal::NoCommonConnectionType)
        }
        Some(_) | None => Ok(()),
    }
}

/// The reply that hands out `client_id`. `epoch` is the history that replay counts, where there is replay.
pub fn accepted(
    request: &Request<'_>,
    client_id: &str,
    epoch: Option<&str>,
    limits: &Limits,
    received: Moment,
    now: Moment,
) -> String {
    let timesync = request
        .ext
        .timesync
        .map(|question| question.answer(received.wall_ms, now.wall_ms));
    let reply = Reply::success(request)
        .with_session(client_id, limits)
        .with_advice(Advice::retry(limits))
        .with_timesync(timesync)
        .with_replay(epoch.filter(|_| asks_for_replay(request)));
    let reply = if request.ext.wants_acknowledgement {
        reply.with_acknowledgement_confirmed()
    } else {
        reply
    };
    reply.encode()
}

fn asks_for_replay(request: &Request<'_>) -> bool {
    request.ext.replay.and_then(replay::of_handshake).is_some()
}

/// The reply that hands out nothing. Clients handshake again at once unless they are told not to.
pub fn refused(request: &Request<'_>, refusal: &Refusal, limits: &Limits) -> String {
    let advice = if *refusal == Refusal::TooManySessions {
        Advice::handshake_later(limits)
    } else {
        Advice::none(limits)
    };
    Reply::failure(request, refusal)
        .with_offer(limits)
        .with_advice(advice)
        .encode()
}
