//! What a token says of itself: where its key is, how it is signed, whom it is from and for, and until when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton::centre::wall_clock;
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

/// The parts of a token of the server's own.
fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

#[tokio::test]
async fn a_token_is_taken_only_as_it_was_signed() {
    let server = start("").await;
    let good = server.client("agent1").token;
    let [header, payload, signature] = parts(&good);
    let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let mut forged = Vec::new();
    for algorithm in [
        r#""none""#,
        r#""None""#,
        r#""NONE""#,
        r#""nOnE""#,
        r#""""#,
        "null",
        "7",
        r#""hs256""#,
        r#"["HS256"]"#,
        r#""RS256""#,
        r#""HS256","alg":"none""#,
        r#""none","alg":"HS256""#,
    ] {
        for header in [
            format!(r#"{{"alg":{algorithm}}}"#),
            format!(r#"{{"typ":"JWT","alg":{algorithm}}}"#),
        ] {
            for signature in ["", signature.as_str()] {
                forged.push(format!("{}.{payload}.{signature}", coded(&header)));
            }
        }
    }
    forged.push(format!(
        "{}.{payload}.{signature}",
        coded(r#"{"typ":"JWT"}"#)
    ));
    let claims = String::from_utf8(URL_SAFE_NO_PAD.decode(&payload).unwrap()).unwrap();
    let raised = coded(&claims.replace("\"agent\"", "\"admin\""));
    assert_ne!(raised, payload);
    let zeros = URL_SAFE_NO_PAD.encode([0; 32]);
    let turned: String = signature.chars().rev().collect();
    for signature in ["", &signature[..20], &signature[1..], &zeros, &turned] {
        forged.push(format!("{header}.{payload}.{signature}"));
    }
    forged.push(format!("{header}.{raised}.{signature}"));
    forged.push(format!("{header}.{payload}"));
    forged.push(format!("{header}..{signature}"));
    forged.push(format!("{good}.{signature}"));
    forged.push(format!("{good}="));
    forged.push(format!("{good}.."));
    for token in forged {
        assert_eq!(status(&server, &token).await, 401, "{token}");
    }
    assert_eq!(status(&server, &good).await, 200);
}

#[tokio::test]
async fn times_of_a_token_are_numbers() {
    let server = start("").await;
    let now = wall_clock().0 / 1_000;
    for (name, value, expected) in [
        ("exp", json!(now + 600), 200),
        ("exp", json!(now - 600), 401),
        ("exp", json!("9999999999"), 401),
        ("exp", json!(null), 401),
        ("exp", json!(true), 401),
        ("exp", json!([now + 600]), 401),
        ("exp", json!({"at": now + 600}), 401),
        ("exp", json!(-1), 401),
        ("nbf", json!(now - 600), 200),
        ("nbf", json!(now + 600), 401),
        ("nbf", json!("0"), 401),
        ("nbf", json!("9999999999"), 401),
        ("nbf", json!(null), 401),
        ("nbf", json!(true), 401),
        ("nbf", json!([0]), 401),
    ] {
        let found = with_claim(&server, name, Some(value.clone())).await;
        assert_eq!(found, expected, "{name} {value}");
    }
}

#[tokio::test]
async fn credentials_are_taken_from_their_header_alone() {
    let server = start("").await;
    let token = server.client("admin").token;
    let http = reqwest::Client::new();
    for path in ["/me", "/users", "/notifications/events"] {
        for query in ["access_token", "token", "bearer", "authorization", "jwt"] {
            let url = format!("{}/api/v2{path}?{query}={token}", server.url);
            assert_eq!(
                http.get(url).send().await.unwrap().status(),
                401,
                "{path}?{query}"
            );
        }
        for header in [
            "x-authorization",
            "x-auth-token",
            "x-access-token",
            "proxy-authorization",
            "x-forwarded-authorization",
        ] {
            let request = http.get(format!("{}/api/v2{path}", server.url));
            let request = request.header(header, format!("Bearer {token}"));
            assert_eq!(
                request.send().await.unwrap().status(),
                401,
                "{path}: {header}"
            );
        }
        for cookie in ["access_token", "Authorization", "jwt", "BATON_SESSION"] {
            let request = http.get(format!("{}/api/v2{path}", server.url));
            let request = request.header("cookie", format!("{cookie}={token}"));
            assert_eq!(
                request.send().await.unwrap().status(),
                401,
                "{path}: {cookie}"
            );
        }
    }
    let body = json!({"access_token": token, "token": token});
    let request = http.post(format!("{}/api/v2/me", server.url)).json(&body);
    assert_eq!(request.send().await.unwrap().status(), 401);
}
