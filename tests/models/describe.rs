//! What a model shows of what is said.

use std::collections::BTreeMap;

use baton::domain::{
    Event, InteractionId, MediaType, Message, Party, PropertyChanges, ReferenceId, WorkbinRef,
};
use baton::engine::Body;

/// The message in one line, with the attributes that tell one case from another; `asked` names an earlier request, if
/// that is what a reference is of.
pub(crate) fn describe(
    message: &Message,
    asked: impl Fn(Option<ReferenceId>) -> Option<String>,
) -> String {
    let mut text = format!("{} ({})", message.event.as_str(), message.protocol.as_str());
    let attributes = &message.attributes;
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!(" {key}={value}"));
        }
    };
    add("ticket", attributes.ticket.map(|ticket| ticket.to_string()));
    add("party", attributes.party.as_ref().map(party));
    add("changes", attributes.changes.as_deref().map(changes));
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
    add("workbin", attributes.workbin.as_ref().map(workbin));
    add(
        "added",
        attributes.workbin_added.map(|added| added.to_string()),
    );
    if message.event == Event::AddressInfo {
        let address = attributes.address.as_ref();
        add("info", address.map(|it| it.info.as_str().to_owned()));
        add("held", address.map(|it| it.held_len.to_string()));
        let states = address.iter().flat_map(|it| &it.holds);
        let states: Vec<String> = states
            .map(|call| format!("{}:{:#x}", call.id, call.party_state.bits()))
            .collect();
        add("states", (!states.is_empty()).then(|| states.join("+")));
    }
    add("snapshot", attributes.snapshot.map(|id| id.to_string()));
    if attributes.snapshot.is_some() {
        let ids = attributes.interaction_ids.as_ref();
        let ids = ids.map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        add("ids", ids.map(|ids| ids.join(",")));
    }
    add("state", attributes.state.map(str::to_owned));
    add("count", attributes.count.map(|count| count.to_string()));
    let agent = attributes.agent.as_ref();
    add("agent", agent.map(ToString::to_string));
    let place = attributes.place.as_ref();
    add("place", place.map(ToString::to_string));
    add("media", attributes.media_states.as_ref().map(media));
    let whole = attributes.interactions.iter().flatten().map(|it| &it.id);
    let named = attributes.interaction_ids.iter().flatten();
    add("interactions", joined(whole.chain(named)));
    add("answers", asked(attributes.reference_id));
    text
}

/// Each medium, ready (1) or not (0).
fn media(states: &BTreeMap<MediaType, bool>) -> String {
    let each = states.iter();
    let each: Vec<String> = each
        .map(|(media, is_ready)| format!("{media}={}", u8::from(*is_ready)))
        .collect();
    each.join("+")
}

/// The identifiers, if there are any.
fn joined<'a>(ids: impl Iterator<Item = &'a InteractionId>) -> Option<String> {
    let ids: Vec<&str> = ids.map(InteractionId::as_str).collect();
    (!ids.is_empty()).then(|| ids.join("+"))
}

/// What a desktop sees, in one line; nothing for an event, which is its party's.
pub(crate) fn describe_desktop(
    body: &Body,
    asked: impl Fn(Option<ReferenceId>) -> Option<String>,
) -> Option<String> {
    let answers = |reference| {
        asked(reference).map_or_else(String::new, |request| format!(" answers={request}"))
    };
    Some(match body {
        Body::Event(_) => return None,
        Body::Interaction(notice) => {
            let kind = notice.kind.as_str();
            let cause = notice
                .cause
                .map(|cause| format!(" cause={}", cause.as_str()));
            format!(
                "{} {kind} state={}{}{}",
                notice.interaction.id,
                notice.state.as_str(),
                cause.unwrap_or_default(),
                answers(notice.settles)
            )
        }
        Body::Failure {
            interaction,
            reference_id,
            ..
        } => format!("{} Error{}", interaction.id, answers(*reference_id)),
        Body::Channels(agent) => {
            let media = agent.iter().flat_map(|agent| agent.media.iter());
            let states =
                media.map(|(media, state)| format!(" {media}={}", u8::from(state.is_ready)));
            format!("channels{}", states.collect::<String>())
        }
        Body::WorkbinContent {
            workbin: bin,
            interactions,
        } => {
            let ids = interactions.iter().map(|it| format!(" {}", it.id));
            format!("{} content{}", workbin(bin), ids.collect::<String>())
        }
        Body::WorkbinChanged {
            workbin: bin,
            interaction,
            added,
        } => format!("{} {} added={added}", workbin(bin), interaction.id),
        Body::WorkbinSubscription {
            workbin: bin,
            subscribed,
        } => format!("{} subscribed={subscribed}", workbin(bin)),
    })
}

/// The names of what changes.
fn changes(changes: &PropertyChanges) -> String {
    let json = serde_json::to_value(changes).unwrap();
    let named = json.as_object().unwrap().iter();
    let names: Vec<&str> = named
        .filter(|(_, value)| !value.is_null())
        .map(|(name, _)| name.as_str())
        .collect();
    names.join("+")
}

fn workbin(bin: &WorkbinRef) -> String {
    format!("{}.{}", bin.name, bin.owner)
}

fn party(party: &Party) -> String {
    let user = party.user();
    user.map_or_else(|| "router".to_owned(), ToString::to_string)
}
