//! An identity provider that does not answer, or does not stop: what is waited for and read has its bounds, and the known keys
//! are good for everybody meanwhile.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use baton::identity::KEY_SET_BYTES_MAX;
use futures_util::stream;
use jsonwebtoken::Algorithm;
use tokio::net::TcpListener;

use super::provider::{Key, claims, key_set, status};
use crate::support::server::{Running, start};

/// How long asking for a key set may take.
const FETCH_MAX: Duration = Duration::from_secs(5);

/// What a provider does when it is asked for its keys.
#[derive(Clone)]
enum Manner {
    /// It answers with this.
    Text(String),
    /// It says nothing.
    Silence,
    /// It begins to answer, and says a byte now and then.
    Drip,
    /// It says more and more.
    Flood,
}

struct Provider {
    url: String,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<AtomicUsize>,
    poured: Arc<AtomicUsize>,
    /// Held by whoever is being answered.
    listened: Arc<()>,
}

impl Provider {
    async fn start(text: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Self {
            url: format!("http://{}/keys", listener.local_addr().unwrap()),
            manner: Arc::new(Mutex::new(Manner::Text(text))),
            asked: Arc::default(),
            poured: Arc::default(),
            listened: Arc::default(),
        };
        let (manner, asked) = (Arc::clone(&provider.manner), Arc::clone(&provider.asked));
        let (poured, listened) = (Arc::clone(&provider.poured), Arc::clone(&provider.listened));
        let reply = get(move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let manner = manner.lock().unwrap().clone();
            answer(manner, Arc::clone(&poured), Arc::clone(&listened))
        });
        let router = Router::new().route("/keys", reply);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    async fn serve_to(&self) -> Running {
        start(&format!("jwks_url = {:?}", self.url)).await
    }

    fn turns(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    async fn is_asked(&self, times: usize) {
        while self.asked.load(Ordering::SeqCst) < times {
            tokio::task::yield_now().await;
        }
    }
}

async fn answer(manner: Manner, poured: Arc<AtomicUsize>, listened: Arc<()>) -> Response {
    let (bytes, pause) = match manner {
        Manner::Text(text) => return text.into_response(),
        Manner::Silence => std::future::pending().await,
        Manner::Drip => (Bytes::from_static(b" "), Duration::from_millis(100)),
        Manner::Flood => (Bytes::from(vec![b' '; 16 * 1024]), Duration::ZERO),
    };
    let chunks = stream::unfold((bytes, listened), move |(bytes, listened)| {
        let poured = Arc::clone(&poured);
        async move {
            tokio::time::sleep(pause).await;
            poured.fetch_add(bytes.len(), Ordering::SeqCst);
            Some((Ok::<_, Infallible>(bytes.clone()), (bytes, listened)))
        }
    });
    Body::from_stream(chunks).into_response()
}

async fn is_not_waited_for(manner: Manner) {
    let [old, new] = ["old", "new"].map(|kid| Key::new(kid, Algorithm::EdDSA));
    let provider = Provider::start(key_set(&[&old])).await;
    let server = Arc::new(provider.serve_to().await);
    provider.turns(manner);
    let began = Instant::now();
    let by_new = tokio::spawn({
        let (server, token) = (Arc::clone(&server), new.sign(&claims()));
        async move { status(&server, &token).await }
    });
    provider.is_asked(2).await;
    assert_eq!(status(&server, &old.sign(&claims())).await, 200);
    assert!(!by_new.is_finished(), "the others do not wait with it");
    assert_eq!(by_new.await.unwrap(), 401);
    let took = began.elapsed();
    assert!((FETCH_MAX..3 * FETCH_MAX).contains(&took), "{took:?}");
    assert_eq!(status(&server, &old.sign(&claims())).await, 200);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_not_waited_for() {
    let silent = is_not_waited_for(Manner::Silence);
    tokio::join!(silent, is_not_waited_for(Manner::Drip));
}

#[tokio::test]
async fn a_provider_that_says_too_much_is_not_listened_to() {
    let [old, new] = ["old", "new"].map(|kid| Key::new(kid, Algorithm::EdDSA));
    let provider = Provider::start(key_set(&[&old])).await;
    let server = provider.serve_to().await;
    provider.turns(Manner::Flood);
    assert_eq!(status(&server, &new.sign(&claims())).await, 401);
    while Arc::strong_count(&provider.listened) > 2 {
        tokio::task::yield_now().await;
    }
    // What was on its way when the connection was closed is the network's.
    let poured = provider.poured.load(Ordering::SeqCst);
    assert!((KEY_SET_BYTES_MAX..16 << 20).contains(&poured), "{poured}");
    assert_eq!(status(&server, &old.sign(&claims())).await, 200);
}

#[tokio::test]
async fn a_key_set_may_be_as_long_as_its_bound() {
    for (more, expected) in [(0, 200), (1, 401)] {
        let key = Key::new("a", Algorithm::EdDSA);
        let mut text = key_set(&[&key]);
        text.push_str(&" ".repeat(KEY_SET_BYTES_MAX + more - text.len()));
        let provider = Provider::start(text).await;
        let server = provider.serve_to().await;
        assert_eq!(
            status(&server, &key.sign(&claims())).await,
            expected,
            "{more}"
        );
    }
}
