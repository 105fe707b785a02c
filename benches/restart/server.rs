//! One start, in this process.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use baton::centre::{Centres, Handle, Links, ReplayLimits, SnapshotPolicy, Start};
use baton::domain::{CentreId, Timing};
use baton::hub::{Hub, Settings};
use baton::journal::{DataFolder, SqliteJournal, StateSnapshots, state_snapshots};

use crate::store::{ask, change, configuration};

const REQUESTS: u64 = 3_000;
const PAGE_BYTES: f64 = 4_096.0;

/// Prints what was measured, a figure a line.
#[tokio::main]
pub(crate) async fn measure(data: &Path) {
    let is_there = !state_snapshots(data, "bench").unwrap().is_empty();
    let rss = rss_bytes();
    let begun = Instant::now();
    let seldom = SnapshotPolicy {
        interval_min: Duration::MAX,
        ..SnapshotPolicy::default()
    };
    let centre = start(data, seldom).await;
    println!("start_s={}", begun.elapsed().as_secs_f64());
    println!("rss_bytes={}", rss_bytes() - rss);
    let live = centre.state().interactions.size() as u64;
    if is_there {
        requests("quiet", &centre, live).await;
        centre.stop_by(Instant::now()).await;
        let always = SnapshotPolicy {
            steps_min: 1,
            interval_min: Duration::ZERO,
            growth_percent_min: 0,
            kept: 2,
        };
        let centre = start(data, always).await;
        requests("busy", &centre, live).await;
        centre.stop_by(Instant::now()).await;
    }
    let centre = if is_there {
        start(data, seldom).await
    } else {
        centre
    };
    let begun = Instant::now();
    centre.stop().await;
    println!("stop_s={}", begun.elapsed().as_secs_f64());
    let newest = &state_snapshots(data, "bench").unwrap()[0];
    println!("file_bytes={}", fs::metadata(&newest.file).unwrap().len());
}

async fn start(data: &Path, policy: SnapshotPolicy) -> Handle {
    let folder = DataFolder::open(data).unwrap();
    let journal = SqliteJournal::open(&folder, "bench", 1).unwrap();
    Handle::start(Start {
        id: CentreId::parse("bench").unwrap(),
        server: "baton".to_owned(),
        links: Links::new("http://localhost"),
        hub: Hub::new(Settings::default(), Arc::new(Centres::default())),
        media_channels: false,
        journal: Box::new(journal),
        snapshots: Some((StateSnapshots::new(&folder, "bench"), policy)),
        configuration: configuration(),
        timing: Timing::default(),
        replay: ReplayLimits::default(),
        archive_retention: None,
    })
    .await
    .unwrap()
}

/// How long each of some requests took, one after the other.
async fn requests(name: &str, centre: &Handle, live: u64) {
    let mut took_ms = Vec::new();
    for number in 0..REQUESTS {
        let begun = Instant::now();
        let request = ask("RequestChangeProperties", change(number, live));
        centre.request(request).await.unwrap();
        took_ms.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    took_ms.sort_by(f64::total_cmp);
    let at = |share: f64| took_ms[((took_ms.len() - 1) as f64 * share) as usize];
    println!(
        "{name}_p50_ms={}\n{name}_p99_ms={}\n{name}_max_ms={}",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

fn rss_bytes() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * PAGE_BYTES
}
