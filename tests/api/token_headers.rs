//! Where a token says its key is, and whom it says it is from and for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use baton::server::secret;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::provider::{Issuer, Key, claims, status};
use crate::support::server::{Running, start};

/// What somebody may name as the identifier of a key who hopes that it is looked up somewhere.
const NAMES: [&str; 9] = [
    "/dev/null",
    "../../../../dev/null",
    "file:///dev/null",
    "../jwt.secret",
    "' OR '1'='1",
    "own\0",
    "|id",
    "",
    "🗝",
];

/// A listener that counts who comes.
async fn bait() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let come = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&come);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, come)
}

/// Headers that bring their own key, or say where one is.
fn headers(mine: &Key, url: &str) -> Vec<Header> {
    let jwk = serde_json::from_value(mine.jwk()).unwrap();
    let plain = || Header {
        kid: None,
        ..mine.header()
    };
    let mut all = vec![
        Header {
            jku: Some(url.to_owned()),
            ..mine.header()
        },
        Header {
            x5u: Some(url.to_owned()),
            ..mine.header()
        },
        Header {
            jwk: Some(jwk),
            ..mine.header()
        },
        Header {
            x5c: Some(vec!["MIIB".to_owned()]),
            ..mine.header()
        },
        Header {
            kid: Some(url.to_owned()),
            ..plain()
        },
        Header {
            kid: Some("k".repeat(7_000)),
            ..plain()
        },
    ];
    all.extend(NAMES.map(|name| Header {
        kid: Some(name.to_owned()),
        ..plain()
    }));
    all
}

#[tokio::test]
async fn a_token_leads_to_no_key_of_its_own() {
    let [known, mine] = ["known", "mine"].map(|kid| Key::new(kid, Algorithm::ES256));
    let issuer = Issuer::start(&[&known]).await;
    let with_provider = start(&issuer.keys("")).await;
    let without = start("").await;
    let (url, come) = bait().await;
    for server in [&with_provider, &without] {
        for header in headers(&mine, &url) {
            let token = encode(&header, &claims(), &mine.signing).unwrap();
            assert_eq!(status(server, &token).await, 401, "{header:?}");
            // Nor is a file that is empty, or the name itself, a secret.
            for secret in ["", header.kid.as_deref().unwrap_or_default()] {
                let header = Header {
                    alg: Algorithm::HS256,
                    ..header.clone()
                };
                let token = encode(
                    &header,
                    &claims(),
                    &EncodingKey::from_secret(secret.as_bytes()),
                );
                assert_eq!(status(server, &token.unwrap()).await, 401, "{header:?}");
            }
        }
    }
    assert_eq!(come.load(Ordering::SeqCst), 0, "nobody is asked for a key");
    assert!(issuer.asked() <= 2, "but for the provider, once");
    assert_eq!(status(&with_provider, &known.sign(&claims())).await, 200);
}

/// A token of the server's own secret, whose claims differ in one.
async fn with_claim(server: &Running, name: &str, value: Option<Value>) -> u16 {
    let mut claims = claims();
    (claims["iss"], claims["aud"]) = (json!("us"), json!("baton"));
    match value {
        Some(value) => claims[name] = value,
        None => drop(claims.as_object_mut().unwrap().remove(name)),
    }
    let key = EncodingKey::from_secret(&secret(&server.options, None).unwrap());
    status(
        server,
        &encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap(),
    )
    .await
}

#[tokio::test]
async fn issuer_and_audience_are_exact() {
    let server = start("jwt_issuer = \"us\"\njwt_audience = \"baton\"").await;
    for (name, good) in [
        ("iss", json!("us")),
        ("aud", json!("baton")),
        ("aud", json!(["desk", "baton"])),
    ] {
        assert_eq!(
            with_claim(&server, name, Some(good.clone())).await,
            200,
            "{name} {good}"
        );
    }
    for (name, right) in [("iss", "us"), ("aud", "baton")] {
        assert_eq!(with_claim(&server, name, None).await, 401, "no {name}");
        for wrong in [
            json!("them"),
            json!(right.to_uppercase()),
            json!(format!("{right} ")),
            json!(format!("{right}.example")),
            json!(right[..1]),
            json!(""),
            json!(null),
            json!(7),
            json!([]),
            json!(["them"]),
            json!({right: true}),
        ] {
            assert_eq!(
                with_claim(&server, name, Some(wrong.clone())).await,
                401,
                "{name} {wrong}"
            );
        }
    }
    let several = json!(["us", "them"]);
    assert_eq!(
        with_claim(&server, "iss", Some(several)).await,
        401,
        "who is several is nobody"
    );
    assert_eq!(with_claim(&server, "iss", Some(json!(["us"]))).await, 401);
}
