use std::sync::{Arc, OnceLock};

use serde_json::value::RawValue;

use super::ChannelId;

/// One message to subscribers, serialised once and shared by every session that gets it.
///
/// On the wire it is channel and data and nothing else: no field of a publisher's message can leak or mislead.
#[derive(Debug, Clone)]
pub struct Event(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    channel: ChannelId,
    sequence: Option<u64>,
    wire: Box<str>,
    data_at: usize,
    slashed: OnceLock<Box<str>>,
}

impl Event {
    /// An event on `channel`. With a `sequence` a session hears it once, however often it is delivered.
    pub fn new(channel: &ChannelId, sequence: Option<u64>, data: &RawValue) -> Self {
        let (wire, data_at) = encode(channel.as_str(), data.get());
        Self(Arc::new(Inner {
            channel: channel.clone(),
            sequence,
            wire,
            data_at,
            slashed: OnceLock::new(),
        }))
    }

    /// The channel it is on.
    pub fn channel(&self) -> &ChannelId {
        &self.0.channel
    }

    /// Its place among the events of its receiver, if it has one.
    pub fn sequence(&self) -> Option<u64> {
        self.0.sequence
    }

    /// The data, as serialised.
    pub fn data(&self) -> &str {
        let wire = &self.0.wire;
        &wire[self.0.data_at..wire.len() - 1]
    }

    /// The whole message as it goes over the wire.
    pub fn wire(&self) -> &str {
        &self.0.wire
    }

    /// The same with a slash after the channel, for clients that subscribed so and look their listeners up by that name.
    pub fn wire_slashed(&self) -> &str {
        self.0
            .slashed
            .get_or_init(|| encode(&format!("{}/", self.0.channel), self.data()).0)
    }
}

/// Channel names are plain ASCII without quotes or backslashes, so they need no escaping.
fn encode(channel: &str, data: &str) -> (Box<str>, usize) {
    let head = format!("{{\"channel\":\"{channel}\",\"data\":");
    let data_at = head.len();
    let mut wire = String::with_capacity(data_at + data.len() + 1);
    wire.push_str(&head);
    wire.push_str(data);
    wire.push('}');
    (wire.into_boxed_str(), data_at)
}
