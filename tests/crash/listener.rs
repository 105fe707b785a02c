//! One who hears everything by server-sent events and comes back after every crash with the last identifier he has.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::support::events::EventStream;
use crate::support::server::Client;

/// How long to wait for another server before the same one is tried again.
const ANOTHER_TRY: Duration = Duration::from_millis(50);

/// What was heard of whole steps, in order.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) all: Vec<Value>,
    pub(super) times_back: u64,
}

/// Listens until there are no more servers. An identifier comes at the end of a step: what came after the last one when
/// the server ended is told again.
pub(super) async fn listen(
    mut client: Client,
    mut urls: watch::Receiver<String>,
    heard_up_to: watch::Sender<u64>,
) -> Heard {
    let (mut heard, mut of_step) = (Heard::default(), Vec::new());
    loop {
        client.url = urls.borrow_and_update().clone();
        of_step.clear();
        let cursor = heard_up_to.borrow().to_string();
        if let Ok(mut stream) = EventStream::open(&client, "/**", &cursor).await {
            heard.times_back += 1;
            // Until the server ends, or there is another one.
            while let Some(Ok(Some((id, data)))) = unless_changed(&mut urls, stream.next()).await {
                of_step.push(data);
                if let Some(id) = id {
                    heard.all.append(&mut of_step);
                    heard_up_to.send_replace(id.parse().unwrap());
                }
            }
        }
        if let Ok(Err(_)) = timeout(ANOTHER_TRY, urls.changed()).await {
            return heard;
        }
    }
}

async fn unless_changed<T>(
    urls: &mut watch::Receiver<String>,
    next: impl Future<Output = T>,
) -> Option<T> {
    let mut changing = urls.clone();
    tokio::select! {
        _ = changing.changed() => None,
        next = next => Some(next),
    }
}
