//! What the gateway calls interactions of one medium (gateway-api 2.4 and 2.6): it has words of its own for four kinds.

use serde_json::{Value, json};

use super::resources::Links;
use crate::domain::{Interaction, MediaType};

/// The gateway's words for the interactions of a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaWords {
    /// The key of one of them, and what `…StateResourceV2` begins with.
    pub one: &'static str,
    /// The key of a list, and the segment of the path.
    pub many: &'static str,
    /// The attribute that says whether it is `Inbound` or `Outbound`.
    pub type_attribute: &'static str,
    /// The key under which a workbin's notification carries it.
    pub state_resource: &'static str,
    /// The state of one that an agent works on.
    pub processing: &'static str,
    /// The CometD channel on which it is told of.
    pub channel: &'static str,
    /// `messageType` there.
    pub message: &'static str,
}

impl MediaWords {
    /// Chats.
    pub const CHAT: Self = Self {
        one: "chat",
        many: "chats",
        type_attribute: "chatType",
        state_resource: "chatStateResourceV2",
        processing: "Chatting",
        channel: "/v2/me/chats",
        message: "ChatStateChangeMessage",
    };
    /// E-mails.
    pub const EMAIL: Self = Self {
        one: "email",
        many: "emails",
        type_attribute: "emailType",
        state_resource: "emailStateResourceV2",
        processing: "Processing",
        channel: "/v2/me/emails",
        message: "EmailStateChangeMessage",
    };
    /// Work items.
    pub const WORKITEM: Self = Self {
        one: "workitem",
        many: "workitems",
        type_attribute: "workitemType",
        state_resource: "workitemStateResourceV2",
        processing: "Processing",
        channel: "/v2/me/workitems",
        message: "WorkitemStateChangeMessage",
    };
    /// Every other medium.
    pub const OPENMEDIA: Self = Self {
        one: "openmedia",
        many: "openmedia",
        type_attribute: "openmediaType",
        state_resource: "openmediaStateResourceV2",
        processing: "Processing",
        channel: "/v2/me/openmedia",
        message: "OpenmediaStateChangeMessage",
    };
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CHAT, Self::EMAIL, Self::WORKITEM, Self::OPENMEDIA];

    /// Those for a medium.
    pub fn of(medium: &MediaType) -> Self {
        let mut named = Self::ALL.into_iter();
        let own = named.find(|words| words.one == medium.as_str());
        own.unwrap_or(Self::OPENMEDIA)
    }

    /// A resource with its type under the medium's own name of it.
    pub fn with_type(self, interaction: &Interaction, mut resource: Value) -> Value {
        resource[self.type_attribute] = json!(interaction.interaction_type);
        resource
    }

    /// A resource of `/me/interactions` in these words: with its own type, its own word for the state in which it is
    /// worked on, and the place where it takes operations.
    pub fn translate(self, interaction: &Interaction, mut resource: Value, links: &Links) -> Value {
        resource = self.with_type(interaction, resource);
        if resource["state"] == "Processing" {
            resource["state"] = json!(self.processing);
        }
        let id = interaction.id.as_str();
        if self == Self::OPENMEDIA {
            let medium = interaction.media_type.as_str();
            links.locate(&mut resource, &["me", self.many, medium, id]);
        } else {
            links.locate(&mut resource, &["me", self.many, id]);
        }
        resource
    }
    /// A message of `/v2/me/interactions` as the channel of the medium has it. What the receiver heard before there is not
    /// what he heard before of this medium, and is left out.
    pub(super) fn translate_message(
        self,
        interaction: &Interaction,
        mut message: Value,
        links: &Links,
    ) -> Value {
        let resource = message["interaction"].take();
        message[self.one] = self.translate(interaction, resource, links);
        message["messageType"] = json!(self.message);
        if let Some(keys) = message.as_object_mut() {
            keys.retain(|key, _| {
                !matches!(
                    key.as_str(),
                    "interaction" | "messageTypeName" | "previousSequence"
                )
            });
        }
        message
    }
}
