//! Who may subscribe to what, and that clients publish nothing.

use serde_json::{Value, json};

use crate::support::server::{Client, start};

/// A channel or pattern, and which of agent, supervisor, admin, media server, router, reporting may subscribe to it.
const TABLE: &str = "
/v2/me                     yes yes yes yes yes yes
/v2/me/                    yes yes yes yes yes yes
/v2/me/interactions        yes yes yes yes yes yes
/v2/me/**                  yes yes yes yes yes yes
/**                        yes yes yes yes yes yes
/*                         yes yes yes yes yes yes
/v2/*                      yes yes yes yes yes yes
/v2/**                     yes yes yes yes yes yes
/v2/interactions           no  yes yes no  no  no
/v2/interactions/1         no  yes yes no  no  no
/v2/interactions/*         no  yes yes no  no  no
/v2/statistics             no  yes yes no  no  no
/v2/statistics/queues/**   no  yes yes no  no  no
/v2/reporting              no  yes yes no  no  yes
/v2/reporting/agents       no  yes yes no  no  yes
/v2                        no  no  no  no  no  no
/v2/mean                   no  no  no  no  no  no
/v2/interactionsx          no  no  no  no  no  no
/v3/me                     no  no  no  no  no  no
/other                     no  no  no  no  no  no
/other/**                  no  no  no  no  no  no
/meta/**                   no  no  no  no  no  no
";
const USERS: [&str; 6] = [
    "agent1",
    "supervisor",
    "admin",
    "mediaserver",
    "router",
    "reporting",
];

#[tokio::test]
async fn channels_are_for_those_whom_they_concern() {
    let server = start("").await;
    for (at, user) in USERS.into_iter().enumerate() {
        let client = server.client(user);
        let client_id = handshake(&client).await;
        for row in TABLE.trim().lines() {
            let cells: Vec<&str> = row.split_whitespace().collect();
            let reply = ask(
                &client,
                json!({"channel": "/meta/subscribe", "clientId": client_id, "subscription": cells[0]}),
            )
            .await;
            let allowed = cells[at + 1] == "yes";
            assert_eq!(reply["successful"], allowed, "{user}: {reply}");
            let error = reply["error"].as_str().unwrap_or_default();
            let is_policy = error.starts_with("403:") && error.ends_with(":subscribe_denied");
            assert_eq!(is_policy, !allowed, "{user}: {reply}");
        }
    }
}

#[tokio::test]
async fn nobody_publishes() {
    let server = start("").await;
    let admin = server.client("admin");
    let client_id = handshake(&admin).await;
    for channel in [
        "/v2/me/interactions",
        "/v2/statistics",
        "/other",
        "/service/x",
    ] {
        let reply = ask(
            &admin,
            json!({"channel": channel, "clientId": client_id, "data": {}}),
        )
        .await;
        assert_eq!(
            reply["error"], "403:clients_do_not_publish:publish_denied",
            "{reply}"
        );
    }
}

async fn handshake(client: &Client) -> String {
    let reply = ask(
        client,
        json!({"channel": "/meta/handshake", "version": "1.0"}),
    )
    .await;
    reply["clientId"].as_str().unwrap().to_owned()
}

async fn ask(client: &Client, message: Value) -> Value {
    let (_, mut replies) = client.post("/cometd", json!([message])).await;
    replies[0].take()
}
