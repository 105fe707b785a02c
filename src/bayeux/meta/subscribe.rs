use super::super::request::{text_of, texts_of};
use super::super::{ChannelId, Denied, InvalidChannel, Kind, Refusal, Reply, Request, Session};

impl Session {
    /// `/meta/subscribe`: all of the channels or none. Returns the reply and the channels that deliver from now on,
    /// each with whether it is new.
    pub fn subscribe(
        &mut self,
        request: &Request<'_>,
        allow: impl Fn(&ChannelId) -> Result<(), Denied>,
    ) -> (String, Vec<(ChannelId, bool)>) {
        match self.add_all(request, allow) {
            Ok(added) => (
                Reply::success(request)
                    .with_subscription(request.subscription)
                    .encode(),
                added,
            ),
            Err(refusal) => (
                Reply::failure(request, &refusal)
                    .with_subscription(request.subscription)
                    .encode(),
                Vec::new(),
            ),
        }
    }

    fn add_all(
        &mut self,
        request: &Request<'_>,
        allow: impl Fn(&ChannelId) -> Result<(), Denied>,
    ) -> Result<Vec<(ChannelId, bool)>, Refusal> {
        let wanted = patterns(request)?;
        for (channel, _) in &wanted {
            match channel.kind() {
                Kind::Meta => return Err(Refusal::SubscribeDenied(Denied::default())),
                // Services answer the caller whether he subscribed or not.
                Kind::Service => {}
                Kind::Broadcast => allow(channel).map_err(Refusal::SubscribeDenied)?,
            }
        }
        let mut added: Vec<(ChannelId, bool)> = Vec::with_capacity(wanted.len());
        for (channel, _) in wanted
            .iter()
            .filter(|(channel, _)| channel.kind() == Kind::Broadcast)
        {
            if !added.iter().any(|(earlier, _)| earlier == channel) {
                added.push((channel.clone(), !self.subscriptions.contains(channel)));
            }
        }
        if self.subscriptions.len() + added.iter().filter(|(_, is_new)| *is_new).count()
            > self.limits.subscriptions_max
        {
            return Err(Refusal::TooManySubscriptions);
        }
        for (channel, slashed) in wanted
            .iter()
            .filter(|(channel, _)| channel.kind() == Kind::Broadcast)
        {
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
