use serde::Serialize;
use serde_json::value::RawValue;

use super::extensions::timesync;
use super::{Advice, Limits, Refusal, Request};

/// The answer to one message. It never carries data: that is how clients tell replies from events.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a RawValue>,
    successful: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supported_connection_types: Option<&'static [&'static str]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<Advice>,
    #[serde(skip_serializing_if = "Ext::is_empty")]
    ext: Ext,
}

#[derive(Debug, Default, Serialize)]
struct Ext {
    #[serde(skip_serializing_if = "Option::is_none")]
    ack: Option<Ack>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timesync: Option<timesync::Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<Box<str>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Ack {
    Confirmed(bool),
    Batch(u64),
}

impl Ext {
    fn is_empty(&self) -> bool {
        self.ack.is_none() && self.timesync.is_none() && self.replay.is_none()
    }
}

impl<'a> Reply<'a> {
    /// Success, to `request`.
    pub fn success(request: &'a Request<'a>) -> Self {
        Self::new(request.channel.as_deref(), request.id, true)
    }

    /// A no, to `request`.
    pub fn failure(request: &'a Request<'a>, refusal: &Refusal) -> Self {
        let error = Some(refusal.to_string());
        Self {
            error,
            ..Self::new(request.channel.as_deref(), request.id, false)
        }
    }

    /// Success or failure, to a message that is no longer at hand.
    pub(super) fn new(
        channel: Option<&'a str>,
        id: Option<&'a RawValue>,
        successful: bool,
    ) -> Self {
        Self {
            channel,
            id,
            successful,
            client_id: None,
            version: None,
            minimum_version: None,
            supported_connection_types: None,
            subscription: None,
            error: None,
            advice: None,
            ext: Ext::default(),
        }
    }

    /// Adds what only a handshake reply has.
    pub(super) fn with_session(mut self, client_id: &'a str, limits: &Limits) -> Self {
        self.client_id = Some(client_id);
        self.with_offer(limits)
    }

    /// Adds the versions and connection types, which a failed handshake tells as well.
    pub(super) fn with_offer(mut self, limits: &Limits) -> Self {
        self.version = Some("1.0");
        self.minimum_version = Some("1.0");
        self.supported_connection_types = Some(limits.connection_types());
        self
    }

    /// Adds the subscription exactly as the client wrote it: clients look their callbacks up by it.
    pub(super) fn with_subscription(mut self, subscription: Option<&'a RawValue>) -> Self {
        self.subscription = subscription;
        self
    }

    /// Adds advice.
    pub fn with_advice(mut self, advice: Advice) -> Self {
        self.advice = Some(advice);
        self
    }

    pub(super) fn with_error(mut self, refusal: &Refusal) -> Self {
        self.error = Some(refusal.to_string());
        self
    }

    pub(super) fn with_acknowledgement_confirmed(mut self) -> Self {
        self.ext.ack = Some(Ack::Confirmed(true));
        self
    }

    /// Adds that cursors are understood, and the history that they count.
    pub(super) fn with_replay(mut self, epoch: Option<&str>) -> Self {
        self.ext.replay = epoch.map(|_| true);
        self.ext.epoch = epoch.map(Into::into);
        self
    }

    pub(super) fn with_batch(mut self, batch: Option<u64>) -> Self {
        self.ext.ack = batch.map(Ack::Batch);
        self
    }

    pub(super) fn with_timesync(mut self, answer: Option<timesync::Answer>) -> Self {
        self.ext.timesync = answer;
        self
    }

    /// The wire form.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("a reply has only string keys, so it always serialises")
    }
}
