use super::super::{ChannelId, Reply, Request, Session};
use super::subscribe::patterns;

impl Session {
    /// `/meta/unsubscribe`: what was not subscribed is no error. Returns the reply and the channels that no longer deliver.
    pub fn unsubscribe(&mut self, request: &Request<'_>) -> (String, Vec<ChannelId>) {
        match patterns(request) {
            Ok(channels) => {
                let removed = channels
                    .into_iter()
                    .map(|(channel, _)| channel)
                    .filter(|channel| self.subscriptions.remove(channel))
                    .collect();
                (
                    Reply::success(request)
                        .with_subscription(request.subscription)
                        .encode(),
                    removed,
                )
            }
            Err(refusal) => (
                Reply::failure(request, &refusal)
                    .with_subscription(request.subscription)
                    .encode(),
                Vec::new(),
            ),
        }
    }
}
