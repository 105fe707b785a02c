//! What a model shows of a message.

use baton::domain::{Event, Message, Party};

/// The message in one line, with the attributes that tell one case from another.
pub(crate) fn describe(message: &Message) -> String {
    let mut text = format!("{} ({})", message.event.as_str(), message.protocol.as_str());
    let attributes = &message.attributes;
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!(" {key}={value}"));
        }
    };
    add("ticket", attributes.ticket.map(|ticket| ticket.to_string()));
    add("party", attributes.party.as_ref().map(party));
    add(
        "reason",
        attributes.cause.map(|cause| cause.as_str().to_owned()),
    );
    add(
        "result",
        attributes
            .route_result
            .map(|result| result.as_str().to_owned()),
    );
    add(
        "code",
        attributes
            .refusal
            .as_ref()
            .map(|refusal| refusal.kind.codes().error_code.to_string()),
    );
    add(
        "workbin",
        attributes
            .workbin
            .as_ref()
            .map(|bin| format!("{}.{}", bin.name, bin.owner)),
    );
    add(
        "added",
        attributes.workbin_added.map(|added| added.to_string()),
    );
    if message.event == Event::AddressInfo {
        let address = attributes.address.as_ref();
        add("info", address.map(|it| it.info.as_str().to_owned()));
        add("held", address.map(|it| it.held_len.to_string()));
    }
    add("snapshot", attributes.snapshot.map(|id| id.to_string()));
    if attributes.snapshot.is_some() {
        let ids = attributes.interaction_ids.as_ref();
        let ids = ids.map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        add("ids", ids.map(|ids| ids.join(",")));
    }
    add("state", attributes.state.map(str::to_owned));
    add("count", attributes.count.map(|count| count.to_string()));
    text
}

fn party(party: &Party) -> String {
    let user = party.user();
    user.map_or_else(|| "router".to_owned(), ToString::to_string)
}
