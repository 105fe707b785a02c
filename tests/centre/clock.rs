//! The wall clock is asked at the start only, and goes neither back nor wrong by that.

use baton::centre::wall_clock;
use baton::engine::Step;
use baton::journal::{Appended, Journal, MemoryDisk, Record};

use super::{start, submit};

const HOUR_MS: i64 = 3_600_000;

/// The history of a contact centre of one interaction, as if the clock had been so much ahead when it was made.
async fn made_at(ahead_ms: i64) -> MemoryDisk {
    let disk = MemoryDisk::new(1);
    let centre = start(&disk).await;
    centre.request(submit("I1")).await.unwrap();
    centre.stop().await;
    let mut records = disk.open().read_after(0, usize::MAX).unwrap();
    for record in &mut records {
        set_ahead(record, ahead_ms);
    }
    let other = MemoryDisk::new(1);
    let appended = other.open().append(0, &records);
    assert!(matches!(appended, Appended::Acked), "{appended:?}");
    other
}

fn set_ahead(record: &mut Record, ahead_ms: i64) {
    let mut step: Step = serde_json::from_slice(&record.body).unwrap();
    record.at_ms = record.at_ms.strict_add_signed(ahead_ms);
    step.head.at.0 = record.at_ms;
    record.body = serde_json::to_vec(&step).unwrap();
}

#[tokio::test]
async fn time_goes_on_where_it_was_when_the_clock_was_put_back() {
    let disk = made_at(HOUR_MS).await;
    let mut last = wall_clock().0 + HOUR_MS.unsigned_abs() / 2;
    for id in ["I2", "I3"] {
        let centre = start(&disk).await;
        let at = centre.request(submit(id)).await.unwrap().head.at.0;
        assert!(at >= last, "{at} is before {last}");
        last = at;
        centre.stop().await;
    }
    // It does not run away either: an hour is all that it is ahead.
    assert!(last < wall_clock().0 + HOUR_MS.unsigned_abs() + 60_000);
}

#[tokio::test]
async fn downtime_counts_when_the_clock_was_put_forward() {
    let disk = made_at(-HOUR_MS).await;
    let before = wall_clock();
    let centre = start(&disk).await;
    let at = centre.request(submit("I2")).await.unwrap().head.at;
    assert!(at >= before && at <= wall_clock(), "{at:?}");
    assert_eq!(centre.state().interactions.size(), 2);
}
