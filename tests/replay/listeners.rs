//! Those who come back: over WebSocket, and by server-sent events.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::desktop::Desktop;
use crate::support::server::Client;

const PATIENCE: Duration = Duration::from_secs(30);

/// What the user of `client` hears on `channel` after `cursor`, up to the sequence `last`.
pub(super) async fn by_socket(
    client: Client,
    channel: &str,
    cursor: Value,
    last: u64,
) -> Vec<Value> {
    let mut desktop = Desktop::resume(&client, json!(true), channel, cursor).await;
    desktop
        .hear_until(channel, |data| data["sequence"] == last)
        .await
}

/// The same by server-sent events: all data, and the identifiers that came with them.
pub(super) async fn by_events(
    client: &Client,
    channel: &str,
    cursor: &str,
    is_last: impl Fn(&Value) -> bool,
) -> Vec<(Option<String>, Value)> {
    let url = format!(
        "{}/api/v2/notifications/events?channel={channel}",
        client.url
    );
    let http = reqwest::Client::new();
    let request = http.get(url).bearer_auth(&client.token);
    let mut response = request
        .header("last-event-id", cursor)
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut text, mut heard) = (String::new(), Vec::new());
    loop {
        let chunk = timeout(PATIENCE, response.chunk()).await;
        let chunk = chunk.expect("nothing came in time").unwrap();
        text += std::str::from_utf8(&chunk.expect("the stream goes on")).unwrap();
        while let Some((block, rest)) = text.split_once("\n\n") {
            let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
            if let Some(data) = field("data: ") {
                let message: Value = serde_json::from_str(data).unwrap();
                let id = field("id: ").map(str::to_owned);
                heard.push((id, message["data"].clone()));
            }
            text = rest.to_owned();
            if heard.last().is_some_and(|(_, data)| is_last(data)) {
                return heard;
            }
        }
    }
}
