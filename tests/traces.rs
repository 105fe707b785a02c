//! The spans of requests reach a collector, where the program was built to send them.

use std::path::Path;
use std::process::{Command, Stdio};

const SERVER: &str = env!("CARGO_BIN_EXE_baton");

fn serve(folder: &Path, endpoint: &str) -> Command {
    let mut command = Command::new(SERVER);
    command
        .args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--otlp-endpoint",
            endpoint,
        ])
        .env("BATON_DATA", folder.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[cfg(not(feature = "otel"))]
#[test]
fn a_program_that_cannot_send_them_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let output = serve(folder.path(), "http://127.0.0.1:4318/v1/traces")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("built without the feature `otel`"), "{said}");
}

#[cfg(feature = "otel")]
#[tokio::test]
async fn a_collector_is_told_each_request() {
    use axum::{Router, body::Bytes, routing::post};
    use tokio::sync::mpsc;

    let (tell, mut told) = mpsc::unbounded_channel::<Bytes>();
    let take = post(move |body: Bytes| async move {
        tell.send(body).unwrap();
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let collector = Router::new().route("/v1/traces", take);
    tokio::spawn(async move { axum::serve(listener, collector).await });
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut command = serve(folder.path(), &endpoint);
    let server = crate::support::process::Process::begin(&mut command, &data).unwrap();
    let url = format!("{}/api/v2/health/live?canary", server.url);
    let request = reqwest::Client::new()
        .get(url)
        .header("x-request-id", "order-17");
    assert_eq!(request.send().await.unwrap().status(), 200);
    // It sends some at a time: the first batch has the request.
    let batch = told.recv().await.unwrap();
    let holds = |text: &str| batch.windows(text.len()).any(|it| it == text.as_bytes());
    for text in ["request", "order-17", "/health/live", "GET", "baton"] {
        assert!(holds(text), "{text}");
    }
    assert!(!holds("canary"), "a query may hold what is secret");
}
