//! Whether a contact centre's services work, as everybody in it is told.

use std::time::Duration;

use baton::journal::{Fault, MemoryDisk};
use serde_json::{Value, json};

use super::held::OnDisk;
use crate::contracts::notifications;
use crate::support::desktop::Desktop;
use crate::support::server::{Client, start};

const SERVICES: &str = "/notifications/services";
/// How long to listen for what must not come.
const SILENCE: Duration = Duration::from_millis(300);

/// The service and its state that is told next.
async fn told(desktop: &mut Desktop) -> (String, String) {
    let data = desktop.hear(SERVICES, |_| true).await;
    notifications::check(SERVICES, &data);
    let text = |name: &str| data["service"][name].as_str().unwrap().to_owned();
    (text("id"), text("state"))
}

async fn told_all(desktop: &mut Desktop, services: &[&str], state: &str) {
    for id in services {
        assert_eq!(told(desktop).await, ((*id).to_owned(), state.to_owned()));
    }
}

/// The states as `/services` has them.
async fn read(client: &Client) -> Vec<Value> {
    let (_, body) = client.get("/api/v2/services?fields=*").await;
    let services = body["services"].as_array().unwrap().iter();
    services.map(|it| it["state"].clone()).collect()
}

#[tokio::test]
async fn who_subscribes_hears_how_services_are_and_then_what_becomes_of_them() {
    let disk = MemoryDisk::new(1);
    let server = OnDisk::start(&disk).await;
    let agent = server.client("agent1");
    let mut desktop = Desktop::open(&agent, &[SERVICES]).await;
    told_all(&mut desktop, &["MultiMediaState", "Provisioning"], "Active").await;
    told_all(&mut desktop, &["ExternalRouter"], "Inactive").await;
    assert_eq!(read(&agent).await, ["Active", "Active", "Inactive"]);

    let media_server = server.client("mediaserver");
    let submit = json!({"mediaType": "email", "queue": "email"});
    disk.fail_next(Fault::Refused);
    let (status, _) = media_server
        .post("/api/v2/interactions", submit.clone())
        .await;
    assert_eq!(status, 503);
    let both = ["MultiMediaState", "Provisioning"];
    told_all(&mut desktop, &both, "Inactive").await;
    // It is tried again by itself.
    told_all(&mut desktop, &both, "Active").await;

    disk.fail_next(Fault::Ambiguous { written: false });
    let (status, _) = media_server.post("/api/v2/interactions", submit).await;
    assert_eq!(status, 503);
    told_all(&mut desktop, &both, "Inactive").await;
    assert_eq!(read(&agent).await, ["Inactive", "Inactive", "Inactive"]);
    let mut late = Desktop::open(&agent, &[SERVICES]).await;
    told_all(&mut late, &both, "Inactive").await;
}

#[tokio::test]
async fn a_router_is_a_service_of_its_own_contact_centre_while_it_is_registered() {
    let server = start("").await;
    let router = server.client("router");
    let mut here = Desktop::open(&server.client("agent1"), &["/**"]).await;
    let mut there = Desktop::open(&server.client("other-agent"), &[SERVICES]).await;
    for desktop in [&mut here, &mut there] {
        told_all(desktop, &["MultiMediaState", "Provisioning"], "Active").await;
        told_all(desktop, &["ExternalRouter"], "Inactive").await;
    }
    router.request("RequestRegisterClient", json!({})).await;
    told_all(&mut here, &["ExternalRouter"], "Active").await;
    // Another registration changes nothing, and is told to nobody.
    let media_server = server.client("mediaserver");
    media_server
        .request("RequestRegisterClient", json!({}))
        .await;
    router.request("RequestUnregisterClient", json!({})).await;
    told_all(&mut here, &["ExternalRouter"], "Inactive").await;
    let none = tokio::time::timeout(SILENCE, there.hear(SERVICES, |_| true));
    none.await
        .expect_err("the other contact centre has no router");
}

/// Services are no part of the history: a cursor, whatever it is, leads to how they are now.
#[tokio::test]
async fn who_comes_back_with_a_cursor_hears_how_services_are() {
    let server = start("").await;
    let agent = server.client("agent1");
    for cursor in [json!(-1), json!(-2), json!(0), json!(1_000)] {
        let mut desktop = Desktop::resume(&agent, json!(true), SERVICES, cursor).await;
        told_all(&mut desktop, &["MultiMediaState", "Provisioning"], "Active").await;
        told_all(&mut desktop, &["ExternalRouter"], "Inactive").await;
    }
}
