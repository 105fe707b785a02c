//! Server-sent events, as they come.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use super::server::Client;
use crate::contracts::notifications;

const PATIENCE: Duration = Duration::from_secs(30);

/// An open stream of a user.
pub(crate) struct EventStream {
    response: reqwest::Response,
    text: String,
}

impl EventStream {
    /// Begins after `cursor` on `channel`.
    ///
    /// # Errors
    /// The server is gone.
    pub(crate) async fn open(
        client: &Client,
        channel: &str,
        cursor: &str,
    ) -> reqwest::Result<Self> {
        let url = format!(
            "{}/api/v2/notifications/events?channel={channel}",
            client.url
        );
        let request = reqwest::Client::new()
            .get(url)
            .bearer_auth(&client.token)
            .header("last-event-id", cursor);
        let response = request.send().await?.error_for_status()?;
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Ok(Self {
            response,
            text: String::new(),
        })
    }

    /// The data of the next event and the identifier that came with it; none when the stream has ended. Dropped before
    /// it is ready, it has taken nothing.
    ///
    /// # Errors
    /// The server is gone.
    pub(crate) async fn next(&mut self) -> reqwest::Result<Option<(Option<String>, Value)>> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name| block.lines().find_map(|line| line.strip_prefix(name));
                let event = field("data: ").map(|data| {
                    let mut message: Value = serde_json::from_str(data).unwrap();
                    let channel = message["channel"].as_str().unwrap();
                    notifications::check(channel, &message["data"]);
                    (field("id: ").map(str::to_owned), message["data"].take())
                });
                self.text = rest.to_owned();
                if event.is_some() {
                    return Ok(event);
                }
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await;
            let Some(chunk) = chunk.expect("nothing came in time")? else {
                return Ok(None);
            };
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
    }
}
