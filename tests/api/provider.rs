//! Tokens of an identity provider: its keys, how they change, and what its claims are called.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use baton::centre::wall_clock;
use baton::identity::KEY_SET_BYTES_MAX;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::server::{Running, start};

/// An identity provider that publishes what it is told to.
pub(super) struct Issuer {
    url: String,
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicUsize>,
}

impl Issuer {
    pub(super) async fn start(keys: &[&Key]) -> Self {
        let answer = Arc::new(Mutex::new((StatusCode::OK, key_set(keys))));
        let asked = Arc::new(AtomicUsize::new(0));
        let (said, count) = (Arc::clone(&answer), Arc::clone(&asked));
        let reply = get(move || {
            count.fetch_add(1, Ordering::SeqCst);
            let reply = said.lock().unwrap().clone();
            async move { reply }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let router = Router::new().route("/keys", reply);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, answer, asked }
    }

    fn answers(&self, status: StatusCode, text: String) {
        *self.answer.lock().unwrap() = (status, text);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn keys(&self, more: &str) -> String {
        format!("jwks_url = {:?}\n{more}", self.url)
    }
}

pub(super) struct Key {
    kid: Option<&'static str>,
    algorithm: Algorithm,
    pub(super) signing: EncodingKey,
}

impl Key {
    pub(super) fn new(kid: &'static str, algorithm: Algorithm) -> Self {
        let random = SystemRandom::new();
        let signing = if algorithm == Algorithm::RS256 {
            let pair = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).unwrap();
            let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
            // PKCS #8 puts these 26 bytes before the PKCS #1 key of 2048 bits.
            EncodingKey::from_rsa_der(&der.as_ref()[26..])
        } else if algorithm == Algorithm::ES256 {
            let curve = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let der = EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
            EncodingKey::from_ec_der(der.as_ref())
        } else {
            let der = Ed25519KeyPair::generate_pkcs8v1(&random).unwrap();
            EncodingKey::from_ed_der(der.as_ref())
        };
        Self {
            kid: Some(kid),
            algorithm,
            signing,
        }
    }

    pub(super) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.signing, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = json!(self.kid);
        jwk
    }

    pub(super) fn header(&self) -> Header {
        let mut header = Header::new(self.algorithm);
        header.kid = self.kid.map(str::to_owned);
        header
    }

    pub(super) fn sign(&self, claims: &Value) -> String {
        encode(&self.header(), claims, &self.signing).unwrap()
    }
}

pub(super) fn key_set(keys: &[&Key]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

pub(super) fn claims() -> Value {
    json!({"sub": "agent1", "contactCenterId": "demo", "roles": ["agent"],
        "exp": wall_clock().0 / 1_000 + 600})
}

pub(super) async fn status(server: &Running, token: &str) -> u16 {
    user(server, token).await.0
}

/// What `/me` answers to a token, and whom it names.
async fn user(server: &Running, token: &str) -> (u16, Value) {
    let request = reqwest::Client::new()
        .get(format!("{}/api/v2/me", server.url))
        .header(AUTHORIZATION, format!("Bearer {token}"));
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    let body: Value = reply.json().await.unwrap();
    (status, body["user"]["id"].clone())
}

#[tokio::test]
async fn every_key_signs_by_its_own_algorithm_only() {
    let rsa = Key::new("rsa", Algorithm::RS256);
    let ec = Key::new("ec", Algorithm::ES256);
    let ed = Key::new("ed", Algorithm::EdDSA);
    let issuer = Issuer::start(&[&rsa, &ec, &ed]).await;
    let server = start(&issuer.keys("jwt_issuer = \"us\"\njwt_audience = \"baton\"")).await;
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims["iss"] = json!("us");
        claims["aud"] = json!(["desk", "baton"]);
        claims[name] = value;
        claims
    };
    let good = with("jti", json!("1"));
    for key in [&rsa, &ec, &ed] {
        let token = key.sign(&good);
        // The second time it is remembered.
        for _ in 0..2 {
            assert_eq!(user(&server, &token).await, (200, json!("agent1")));
        }
        for (name, value) in [
            ("iss", json!("them")),
            ("aud", json!("desk")),
            ("aud", json!(null)),
            ("exp", json!(1)),
            ("exp", json!("soon")),
            ("nbf", json!(wall_clock().0 / 1_000 + 600)),
            ("roles", json!(["emperor"])),
            ("contactCenterId", json!("nowhere")),
        ] {
            let wrong = with(name, value);
            assert_eq!(status(&server, &key.sign(&wrong)).await, 401, "{wrong}");
        }
    }
    assert_eq!(status(&server, &server.client("agent1").token).await, 200);

    let stranger = Key::new("rsa", Algorithm::RS256);
    let by_kid = |kid: &'static str, key: &Key| {
        let mut header = key.header();
        header.kid = Some(kid.to_owned());
        encode(&header, &good, &key.signing).unwrap()
    };
    let public = rsa.jwk();
    let secrets = [public["n"].as_str().unwrap().to_owned(), public.to_string()];
    let by_public_key = secrets.iter().flat_map(|secret| {
        ["rsa", "own", ""].map(|kid| {
            let mut header = Header::new(Algorithm::HS256);
            header.kid = Some(kid.to_owned()).filter(|kid| !kid.is_empty());
            encode(&header, &good, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
        })
    });
    let forged = [
        by_kid("rsa", &stranger),
        by_kid("rsa", &ec),
        by_kid("ec", &ed),
        by_kid("ed", &rsa),
        by_kid("nobody", &rsa),
        by_kid("../../etc/passwd", &rsa),
        Key {
            kid: None,
            ..Key::new("", Algorithm::ES256)
        }
        .sign(&good),
        encode(
            &Header {
                kid: None,
                ..rsa.header()
            },
            &good,
            &rsa.signing,
        )
        .unwrap(),
        encode(
            &Header {
                alg: Algorithm::PS256,
                ..rsa.header()
            },
            &good,
            &rsa.signing,
        )
        .unwrap(),
    ];
    for token in forged.into_iter().chain(by_public_key) {
        assert_eq!(status(&server, &token).await, 401, "{token}");
    }
}

#[tokio::test]
async fn the_claims_of_a_provider_have_its_own_names() {
    let key = Key::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&key]).await;
    let options = "jwt_user_claim = \"preferred_username\"\njwt_roles_claim = \"realm_access.roles\"\n\
                   jwt_role_names = \"cc-leads=supervisor\"\njwt_default_centre = \"demo\"";
    let server = start(&issuer.keys(options)).await;
    let claims = json!({"sub": "0b1f", "preferred_username": "ada", "exp": wall_clock().0 / 1_000 + 60,
        "realm_access": {"roles": ["cc-leads", "offline_access"]}});
    let request = reqwest::Client::new()
        .get(format!("{}/api/v2/users", server.url))
        .bearer_auth(key.sign(&claims));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(user(&server, &key.sign(&claims)).await, (200, json!("ada")));
    // Our own names mean nothing there.
    let ours = self::claims();
    assert_eq!(status(&server, &key.sign(&ours)).await, 401);
}

#[tokio::test]
async fn a_new_key_is_fetched_when_it_is_missed_and_an_old_one_forgotten() {
    let [old, new] = ["old", "new"].map(|kid| Key::new(kid, Algorithm::EdDSA));
    let issuer = Issuer::start(&[&old]).await;
    let server = start(&issuer.keys("")).await;
    let (by_old, by_new) = (old.sign(&claims()), new.sign(&claims()));
    assert_eq!(status(&server, &by_old).await, 200);
    assert_eq!(issuer.asked(), 1);

    issuer.answers(StatusCode::OK, key_set(&[&new]));
    assert_eq!(status(&server, &by_new).await, 200);
    assert_eq!(status(&server, &by_old).await, 401);
    // Whoever makes keys up does not have the provider asked again and again.
    for kid in ["a", "b", "c"] {
        let made_up = Key::new(kid, Algorithm::EdDSA);
        assert_eq!(status(&server, &made_up.sign(&claims())).await, 401);
    }
    assert_eq!(issuer.asked(), 2);
}

#[tokio::test]
async fn keys_that_cannot_be_read_again_stay() {
    let [old, new] = ["old", "new"].map(|kid| Key::new(kid, Algorithm::EdDSA));
    let long = format!("{}{}", key_set(&[&new]), " ".repeat(KEY_SET_BYTES_MAX));
    for (code, text) in [
        (StatusCode::INTERNAL_SERVER_ERROR, key_set(&[&new])),
        (StatusCode::OK, "<html>".to_owned()),
        (StatusCode::OK, json!({"keys": []}).to_string()),
        (StatusCode::OK, long),
        (StatusCode::FOUND, String::new()),
    ] {
        let issuer = Issuer::start(&[&old]).await;
        let server = start(&issuer.keys("")).await;
        issuer.answers(code, text);
        assert_eq!(status(&server, &new.sign(&claims())).await, 401);
        assert_eq!(issuer.asked(), 2);
        assert_eq!(status(&server, &old.sign(&claims())).await, 200, "{code}");
    }
}

#[tokio::test]
async fn a_file_of_keys_is_read_again_at_every_period() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let [old, new] = ["", ""].map(|kid| Key {
        kid: None,
        ..Key::new(kid, Algorithm::EdDSA)
    });
    std::fs::write(&file, key_set(&[&old])).unwrap();
    let server = start(&format!("jwks_file = {file:?}\njwks_refresh_ms = 20")).await;
    let (by_old, by_new) = (old.sign(&claims()), new.sign(&claims()));
    assert_eq!(status(&server, &by_old).await, 200);
    assert_eq!(status(&server, &by_new).await, 401);
    std::fs::write(&file, key_set(&[&new])).unwrap();
    while status(&server, &by_new).await != 200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(status(&server, &by_old).await, 401);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_yet_keeps_nobody_else_out() {
    let key = Key::new("a", Algorithm::ES256);
    let issuer = Issuer::start(&[&key]).await;
    issuer.answers(StatusCode::SERVICE_UNAVAILABLE, String::new());
    let server = start(&issuer.keys("jwks_refresh_ms = 20")).await;
    assert_eq!(status(&server, &server.client("agent1").token).await, 200);
    issuer.answers(StatusCode::OK, key_set(&[&key]));
    while status(&server, &key.sign(&claims())).await != 200 {
        tokio::task::yield_now().await;
    }
}
