//! The power fails: unlike `kill -9`, that shows a missing fsync.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::disk::Disk;
use super::{Staff, VARIABLES, tell};
use crate::simulation::dice::Dice;
use crate::support::process::Process;

/// Cuts in a run of all tests; `POWER_CUTS=n` sets another number.
const USUAL_CUTS: u64 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_power_fails() {
    let cuts = std::env::var("POWER_CUTS").ok();
    let cuts = cuts.map_or(USUAL_CUTS, |text| text.parse().unwrap());
    let Some(disk) = Disk::ext4() else { return };
    let data = disk.path().join("data");
    let mut staff = Staff::begin(Process::start(&data, &VARIABLES), cuts);
    let mut dice = Dice::new(cuts);
    for _ in 0..cuts {
        tokio::time::sleep(Duration::from_millis(200 + dice.below(800))).await;
        let server = staff.server.take().unwrap();
        // Everything ends at once. A server that ran on would be told by a flush under way that it came to its end: the
        // file system forgets that what it could not write any more was asked for.
        server.freeze();
        disk.cut_power();
        server.kill();
        disk.mount_again();
        staff.replace_server(Process::start(&data, &VARIABLES));
        staff.nobody_gave_up();
    }
    let account = staff.finish(&data).await;
    account.check();
    tell(&format!("{cuts} power cuts; {account}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_disk_goes_says_so_and_shows_what_is_durable() {
    let Some(disk) = Disk::ext4() else { return };
    let server = Process::start(&disk.path().join("data"), &VARIABLES);
    let observer = server.client("admin");
    let media_server = server.client("mediaserver");
    let mail = || json!({"mediaType": "email", "queue": "email"});
    let (status, durable) = media_server.post("/api/v2/interactions", mail()).await;
    assert_eq!(status, StatusCode::OK, "{durable}");
    disk.cut_power();
    let (status, _) = media_server.post("/api/v2/interactions", mail()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let (status, health) = observer.get("/health/ready").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{health}");
    let (status, body) = observer.get("/api/v2/interactions?fields=*").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let shown = body["interactions"].as_array().unwrap();
    assert_eq!(shown.len(), 1, "{body}");
    assert_eq!(shown[0]["id"], durable["id"]);
}
