//! TLS by the server itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use baton::transports::{Tls, TlsError};
use reqwest::Certificate;
use reqwest::header::SET_COOKIE;
use reqwest::tls::Version as TlsVersion;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::server::{Running, start};

struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn new(folder: &Path) -> Self {
        Self {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        }
    }

    /// Writes a new certificate, and gives it.
    fn renew(&self) -> String {
        let new = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(&self.key, new.signing_key.serialize_pem()).unwrap();
        std::fs::write(&self.certificate, new.cert.pem()).unwrap();
        new.cert.pem()
    }

    async fn serve(&self, more: &str) -> Running {
        let (certificate, key) = (&self.certificate, &self.key);
        start(&format!(
            "tls_cert = {certificate:?}\ntls_key = {key:?}\n{more}"
        ))
        .await
    }
}

/// A client that trusts one certificate and no other.
fn http(certificate: &str) -> reqwest::Client {
    let trusted = Certificate::from_pem(certificate.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]);
    client.build().unwrap()
}

fn address(server: &Running) -> &str {
    server.url.strip_prefix("http://").unwrap()
}

#[tokio::test]
async fn clients_speak_http_by_tls() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let certificate = files.renew();
    let server = files.serve("head_timeout_ms = 200").await;
    let url = format!("https://{}", address(&server));
    let login = http(&certificate)
        .post(format!("{url}/api/v2/login"))
        .json(&json!({"userName": "agent1", "password": "demo"}));
    let reply = login.send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let cookie = reply.headers()[SET_COOKIE].to_str().unwrap();
    assert!(cookie.ends_with("; Secure"), "{cookie}");
    let plain = reqwest::get(format!("{}/health/live", server.url)).await;
    assert!(plain.is_err(), "{plain:?}");

    let mut roots = RootCertStore::empty();
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    roots.add(der).unwrap();
    for (offered, expected) in [
        (vec!["h2", "http/1.1"], Some("h2")),
        (vec!["http/1.1"], Some("http/1.1")),
        (vec![], None),
    ] {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = offered.iter().map(|it| it.as_bytes().to_vec()).collect();
        let stream = TcpStream::connect(address(&server)).await.unwrap();
        let name = "127.0.0.1".try_into().unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, stream).await.unwrap();
        let agreed = stream.get_ref().1.alpn_protocol();
        assert_eq!(agreed, expected.map(str::as_bytes), "{offered:?}");
    }
    // Whoever does not even greet is not waited for.
    let mut silent = TcpStream::connect(address(&server)).await.unwrap();
    let end = timeout(Duration::from_secs(10), silent.read(&mut [0])).await;
    assert_eq!(end.expect("in time").unwrap_or(0), 0);
}

#[tokio::test]
async fn a_certificate_is_replaced_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let old = files.renew();
    let server = files.serve("").await;
    let url = format!("https://{}/health/live", address(&server));
    assert!(http(&old).get(&url).send().await.is_ok());
    let new = files.renew();
    assert!(http(&new).get(&url).send().await.is_err());
    let own = std::process::id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-HUP", &own])
        .status();
    assert!(told.unwrap().success());
    while http(&new).get(&url).send().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(http(&old).get(&url).send().await.is_err());
}

#[tokio::test]
async fn only_a_certificate_with_its_key_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let open = || Tls::open(files.certificate.clone(), files.key.clone());
    assert!(matches!(open(), Err(TlsError::File { .. })));
    files.renew();
    let tls = open().unwrap();
    let key = std::fs::read(&files.key).unwrap();
    files.renew();
    tls.reload().unwrap();
    std::fs::write(&files.key, key).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Unusable(_))));
    std::fs::write(&files.key, "no key").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::File { .. })));
    std::fs::write(&files.certificate, "").unwrap();
    assert!(open().is_err());
}

/// The greeting of a client that knows no later version than this one of TLS 1: the version, random bytes, no session, suites
/// that a server of version 1.2 takes too, no compression, and its algorithms.
fn greeting(minor: u8) -> Vec<u8> {
    let suites = [0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x13, 0xc0, 0x14];
    let signatures = [0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    let groups = [0, 10, 0, 4, 0, 2, 0, 23];
    let mut hello = vec![3, minor];
    hello.extend([7; 32]);
    hello.extend([0, 0, suites.len() as u8]);
    hello.extend(suites);
    hello.extend([1, 0, 0, (signatures.len() + groups.len()) as u8]);
    hello.extend(signatures);
    hello.extend(groups);
    let len = hello.len() as u8;
    let mut greeting = vec![22, 3, 1, 0, len + 4, 1, 0, 0, len];
    greeting.extend(hello);
    greeting
}

#[tokio::test]
async fn clients_speak_tls_of_at_least_version_1_2() {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path());
    let certificate = files.renew();
    let server = files.serve("").await;
    for version in [TlsVersion::TLS_1_2, TlsVersion::TLS_1_3] {
        let trusted = Certificate::from_pem(certificate.as_bytes()).unwrap();
        let client = reqwest::Client::builder()
            .tls_certs_only([trusted])
            .tls_version_min(version)
            .tls_version_max(version);
        let url = format!("https://{}/health/live", address(&server));
        let reply = client.build().unwrap().get(url).send().await;
        assert_eq!(reply.unwrap().status(), 200, "{version:?}");
    }
    let at = address(&server);
    let greet = |minor| async move {
        let mut stream = TcpStream::connect(at).await.unwrap();
        stream.write_all(&greeting(minor)).await.unwrap();
        stream
    };
    let begun = greet(3).await.read_u8().await.unwrap();
    assert_eq!(begun, 22, "version 1.2 is greeted back");
    for minor in [2, 1, 0] {
        let mut old = greet(minor).await;
        let mut answer = Vec::new();
        let read = timeout(Duration::from_secs(10), old.read_to_end(&mut answer)).await;
        read.expect("the end").ok();
        // An alert that ends it, and says that the version is not supported.
        assert_eq!(
            (answer[0], &answer[5..]),
            (21, [2, 70].as_slice()),
            "3.{minor}: {answer:?}"
        );
    }
}
