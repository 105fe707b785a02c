//! Server-sent events: who may listen, what a listener hears, and how a stream ends.

use std::time::Duration;

use baton::hub::Settings;
use reqwest::{Client, Response, StatusCode};
use tokio::time::timeout;

use super::script::World;

const PATIENCE: Duration = Duration::from_secs(10);

async fn listen(world: &World, query: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::new().get(format!("{}/events{query}", world.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

async fn alice(world: &World, query: &str) -> Response {
    let response = listen(world, query, &[("authorization", "Bearer alice")]).await;
    assert_eq!(response.status(), StatusCode::OK);
    response
}

/// What comes up to and with the first block that holds `wanted`.
async fn until(response: &mut Response, wanted: &str) -> String {
    let mut text = String::new();
    while !(text.contains(wanted) && text.ends_with("\n\n")) {
        let chunk = timeout(PATIENCE, response.chunk()).await.expect(wanted);
        text += std::str::from_utf8(&chunk.unwrap().expect("the stream goes on")).unwrap();
    }
    text
}

/// Whatever still comes until the stream ends.
async fn to_the_end(mut response: Response) {
    while timeout(PATIENCE, response.chunk())
        .await
        .expect("the stream ends")
        .unwrap_or_default()
        .is_some()
    {}
}

#[tokio::test]
async fn whoever_may_not_listen_is_told_why() {
    let settings = Settings {
        sessions_per_user_max: 1,
        ..Settings::default()
    };
    let world = World::start(settings).await;
    let bearer = ("authorization", "Bearer alice");
    for (query, headers, status, error) in [
        ("", vec![], 401, "401::unauthenticated"),
        (
            "",
            vec![("authorization", "Bearer forged")],
            401,
            "401::unauthenticated",
        ),
        (
            "",
            vec![("origin", "https://evil.example")],
            403,
            "403::origin_denied",
        ),
        (
            "?channel=/denied",
            vec![bearer],
            403,
            "403:not_yours:subscribe_denied",
        ),
        (
            "?channel=denied",
            vec![bearer],
            400,
            "403::subscription_invalid",
        ),
        ("?lastEventId=x", vec![bearer], 400, "400::replay_invalid"),
        (
            "",
            vec![bearer, ("last-event-id", "1.5")],
            400,
            "400::replay_invalid",
        ),
    ] {
        let response = listen(&world, query, &headers).await;
        assert_eq!(response.status().as_u16(), status, "{query} {headers:?}");
        let expected = format!("[{{\"successful\":false,\"error\":\"{error}\"}}]");
        assert_eq!(response.text().await.unwrap(), expected);
    }
    assert_eq!(
        world.hub.counts().sessions_opened,
        0,
        "nothing is left behind"
    );
    let first = alice(&world, "").await;
    let second = listen(&world, "", &[bearer]).await;
    assert_eq!(second.status(), StatusCode::TOO_MANY_REQUESTS);
    drop(first);
}

#[tokio::test]
async fn a_listener_hears_his_channels_and_nothing_else() {
    let world = World::start(Settings::default()).await;
    let mut response = alice(&world, "?channel=/a&channel=/b&channel=/a&channel=/a/").await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(until(&mut response, "retry").await, "retry: 1000\n\n");
    world.deliver("alice", "/c 4 0 ; /a 4 1");
    world.deliver("bob", "/a 5 2");
    world.deliver("alice", "/a 6 {\n\"x\":\r\n3} ; /b 6 4 ; /a - 5");
    assert_eq!(
        until(&mut response, "5}").await,
        "id: 4\ndata: {\"channel\":\"/a\",\"data\":1}\n\n\
         data: {\"channel\":\"/a\",\"data\":{\ndata: \"x\":\ndata: \ndata: 3}}\n\n\
         data: {\"channel\":\"/b\",\"data\":4}\n\n\
         id: 6\ndata: {\"channel\":\"/a\",\"data\":5}\n\n",
        "the last of a step has its sequence"
    );
    world.deliver("alice", "/a - 6");
    world.deliver("alice", "/a 7 7");
    assert_eq!(
        until(&mut response, "7}").await,
        "data: {\"channel\":\"/a\",\"data\":6}\n\nid: 7\ndata: {\"channel\":\"/a\",\"data\":7}\n\n",
        "once, however often the channel was named"
    );
}

#[tokio::test]
async fn a_stream_ends_with_its_session_and_the_session_with_its_stream() {
    let world = World::start(Settings::default()).await;
    let (kicked, left, stopped) = (
        alice(&world, "").await,
        alice(&world, "").await,
        listen(&world, "", &[("authorization", "Bearer bob")]).await,
    );
    assert_eq!(world.hub.counts().sessions, 3);
    drop(left);
    timeout(PATIENCE, async {
        while world.hub.counts().sessions > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("it ends at once, not when it has expired");
    world.hub.end_sessions_of("alice");
    to_the_end(kicked).await;
    world.hub.shut_down();
    to_the_end(stopped).await;
    assert_eq!(world.hub.counts().sessions, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_who_does_not_read_is_bounded_and_blocks_nobody() {
    let world = World::start(Settings::default()).await;
    let stuck = alice(&world, "?channel=/a").await;
    let mut other = listen(&world, "", &[("authorization", "Bearer bob")]).await;
    let event = format!("/a - \"{}\"", "x".repeat(100_000));
    timeout(PATIENCE, async {
        while world.hub.counts().sessions_overflowed == 0 {
            world.deliver("alice", &event);
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("his queue overflows");
    world.deliver("bob", "/a - 1");
    until(&mut other, "\"data\":1").await;
    to_the_end(stuck).await;
}
