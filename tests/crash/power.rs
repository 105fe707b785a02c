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
        disk.cut_power();
        // The journal has failed for good, and says so; what is durable can still be read.
        let mail = json!({"mediaType": "email", "queue": "email"});
        let (status, _) = staff.observer.post("/api/v2/interactions", mail).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let (status, health) = staff.observer.get("/health/ready").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{health}");
        let (status, body) = staff.observer.get("/api/v2/interactions?fields=*").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        staff.server.take().unwrap().kill();
        disk.mount_again();
        staff.replace_server(Process::start(&data, &VARIABLES));
        staff.nobody_gave_up();
    }
    let account = staff.finish(&data).await;
    account.check();
    tell(&format!("{cuts} power cuts; {account}"));
}
