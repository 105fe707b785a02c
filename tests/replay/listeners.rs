//! Those who come back: over WebSocket, and by server-sent events.

use serde_json::{Value, json};

use crate::support::desktop::Desktop;
use crate::support::events::EventStream;
use crate::support::server::Client;

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
    let stream = EventStream::open(client, channel, cursor).await;
    let (mut stream, mut heard) = (stream.unwrap(), Vec::new());
    loop {
        let (id, data) = stream.next().await.unwrap().expect("the stream goes on");
        let last = is_last(&data);
        heard.push((id, data));
        if last {
            return heard;
        }
    }
}
