//! What can be asked next with what a reply says, as links of OpenAPI: from a submitted interaction to its resource, from an
//! invitation that was accepted to the end of the work.

use serde_json::{Value, json};

use super::openapi::operations;

/// The identifier as a reply that has made an interaction says it.
const MADE: &str = "$response.body#/id";
/// The same as the answer to a request of the event models says it.
const MADE_BY_REQUEST: &str = "$response.body#/interactionId";
/// The interaction that the path has named.
const NAMED: &str = "$request.path.id";

/// Links: of which operation, by which name, to which one, where its `id` is from, and what is asked for there.
const LINKS: [(&str, &str, &str, &str, Option<&str>); 10] = [
    ("submit_interaction", "Read", "read_interaction", MADE, None),
    (
        "submit_interaction",
        "ReadOwn",
        "read_my_interaction",
        MADE,
        None,
    ),
    (
        "submit_interaction",
        "Complete",
        "operate_on_interaction",
        MADE,
        Some("Complete"),
    ),
    (
        "take_request",
        "ReadSubmitted",
        "read_interaction",
        MADE_BY_REQUEST,
        None,
    ),
    (
        "update_interaction",
        "Read",
        "read_interaction",
        NAMED,
        None,
    ),
    (
        "operate_on_interaction",
        "Read",
        "read_my_interaction",
        NAMED,
        None,
    ),
    (
        "operate_on_interaction",
        "CompleteAccepted",
        "operate_on_interaction",
        NAMED,
        Some("Complete"),
    ),
    (
        "operate_on_chat",
        "CompleteAccepted",
        "operate_on_chat",
        NAMED,
        Some("Complete"),
    ),
    (
        "operate_on_email",
        "CompleteAccepted",
        "operate_on_email",
        NAMED,
        Some("Complete"),
    ),
    (
        "operate_on_workitem",
        "CompleteAccepted",
        "operate_on_workitem",
        NAMED,
        Some("Complete"),
    ),
];

/// Writes the links into the successful replies.
pub(super) fn add(document: &mut Value) {
    for operation in operations(document) {
        let own = LINKS
            .iter()
            .filter(|(of, ..)| operation["operationId"] == *of);
        let own: Vec<_> = own.collect();
        for (_, name, to, id, asked) in own {
            let link = &mut operation["responses"]["200"]["links"][*name];
            *link = json!({"operationId": to, "parameters": {"id": id}});
            if let Some(asked) = asked {
                link["requestBody"] = json!({"operationName": asked});
            }
        }
    }
}
