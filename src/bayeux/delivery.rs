use super::Queued;

/// What one response or frame carries.
///
/// Replies come before the events, so that a state queued by a subscription follows its reply; the replies to connect and
/// disconnect come last, since a client may stop reading or connect again once it has seen them.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Replies to anything but connect and disconnect.
    pub replies: Vec<String>,
    /// Events taken from the session's queue.
    pub events: Vec<Queued>,
    /// Replies to connect and disconnect.
    pub last: Vec<String>,
}

impl Delivery {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty() && self.events.is_empty() && self.last.is_empty()
    }

    /// The JSON array that goes over the wire.
    pub fn encode(&self) -> String {
        let parts = || {
            let replies = self.replies.iter().map(String::as_str);
            let events = self.events.iter().map(Queued::wire);
            replies
                .chain(events)
                .chain(self.last.iter().map(String::as_str))
        };
        let mut text = String::with_capacity(parts().map(|part| part.len() + 1).sum::<usize>() + 1);
        text.push('[');
        for part in parts() {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(part);
        }
        text.push(']');
        text
    }
}
