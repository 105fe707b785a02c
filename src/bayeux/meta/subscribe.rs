use super::super::extensions::replay;
use super::super::request::{text_of, texts_of};
use super::super::{
    ChannelId, Cursor, Denied, InvalidChannel, InvalidCursor, Kind, Refusal, Reply, Request,
    Session,
};

/// A channel that a subscribe named, and that delivers from now on.
#[derive(Debug)]
pub struct Added {
    /// Which.
    pub channel: ChannelId,
    /// The session was not subscribed to it before.
    pub is_new: bool,
    /// Where its subscriber goes on, if he says so.
    pub cursor: Option<Cursor>,
}

impl Session {
    /// `/meta/subscribe`: all of the channels or none. Returns the reply and the channels that deliver from now on.
    pub fn subscribe(
        &mut self,
        request: &Request<'_>,
        allow: impl Fn(&ChannelId) -> Result<(), Denied>,
    ) -> (String, Vec<Added>) {
        let (reply, added) = match self.add_all(request, allow) {
            Ok(added) => (Reply::success(request), added),
            Err(refusal) => (Reply::failure(request, &refusal), Vec::new()),
        };
        let reply = reply.with_subscription(request.subscription).encode();
        (reply, added)
    }

    fn add_all(
        &mut self,
        request: &Request<'_>,
        allow: impl Fn(&ChannelId) -> Result<(), Denied>,
    ) -> Result<Vec<Added>, Refusal> {
        let wanted = patterns(request)?;
        let cursors = request.ext.replay.map(replay::of_subscribe).transpose();
        let mut cursors = cursors
            .map_err(|InvalidCursor| Refusal::ReplayInvalid)?
            .unwrap_or_default();
        for (channel, _) in &wanted {
            match channel.kind() {
                Kind::Meta => return Err(Refusal::SubscribeDenied(Denied::default())),
                // Services answer the caller whether he subscribed or not.
                Kind::Service => {}
                Kind::Broadcast => allow(channel).map_err(Refusal::SubscribeDenied)?,
            }
        }
        let broadcasts = || {
            let is_broadcast =
                |(channel, _): &&(ChannelId, bool)| channel.kind() == Kind::Broadcast;
            wanted.iter().filter(is_broadcast)
        };
        let mut added: Vec<Added> = Vec::with_capacity(wanted.len());
        for (channel, _) in broadcasts() {
            if !added.iter().any(|earlier| earlier.channel == *channel) {
                added.push(Added {
                    channel: channel.clone(),
                    is_new: !self.subscriptions.contains(channel),
                    cursor: cursors.remove(channel).map(|cursor| self.own(cursor)),
                });
            }
        }
        let new = added.iter().filter(|it| it.is_new).count();
        if self.subscriptions.len() + new > self.limits.subscriptions_max {
            return Err(Refusal::TooManySubscriptions);
        }
        for (channel, slashed) in broadcasts() {
            self.subscriptions.add(channel, *slashed);
        }
        Ok(added)
    }
}

/// The channels a subscribe or unsubscribe names, each with whether it was written with a slash at the end.
pub(super) fn patterns(request: &Request<'_>) -> Result<Vec<(ChannelId, bool)>, Refusal> {
    let raw = request.subscription.ok_or(Refusal::SubscriptionMissing)?;
    let names = match text_of(raw) {
        Some(name) => vec![name],
        None => texts_of(raw).ok_or(Refusal::SubscriptionInvalid)?,
    };
    if names.is_empty() {
        return Err(Refusal::SubscriptionMissing);
    }
    let parse =
        |name: &str| ChannelId::parse_pattern(name).map(|channel| (channel, name.ends_with('/')));
    names
        .iter()
        .map(|name| parse(name).map_err(|InvalidChannel| Refusal::SubscriptionInvalid))
        .collect()
}
