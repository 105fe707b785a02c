//! The faults that other tests ask the journal in memory for.

use std::thread;

use baton::journal::{Fault, Journal, MemoryDisk};

use super::{all, append, records};

#[test]
fn a_fault_meets_one_append() {
    let disk = MemoryDisk::new(1);
    let mut journal = disk.open();
    disk.fail_next(Fault::Refused);
    disk.fail_next(Fault::Fenced { head: 9 });
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "refused");
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "fenced at 9");
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "acked");
}

#[test]
fn ambiguous_is_final_until_opened_again() {
    for written in [false, true] {
        let disk = MemoryDisk::new(1);
        let mut journal = disk.open();
        disk.fail_next(Fault::Ambiguous { written });
        assert_eq!(append(&mut journal, 0, &records(1..=1)), "ambiguous");
        assert_eq!(append(&mut journal, 0, &records(1..=1)), "ambiguous");
        assert_eq!(disk.open().head(), u64::from(written));
    }
}

#[test]
fn a_held_append_waits_for_its_release() {
    let disk = MemoryDisk::new(1);
    disk.hold();
    let mut journal = disk.open();
    let appending = thread::spawn(move || append(&mut journal, 0, &records(1..=1)));
    disk.wait_until_held();
    assert_eq!(disk.open().head(), 0);
    disk.release();
    assert_eq!(appending.join().unwrap(), "acked");
    assert_eq!(disk.open().head(), 1);
}

#[test]
fn a_crash_keeps_what_is_acknowledged_and_drops_what_is_held() {
    let disk = MemoryDisk::new(1);
    let mut journal = disk.open();
    assert_eq!(append(&mut journal, 0, &records(1..=1)), "acked");
    disk.hold();
    let appending = thread::spawn(move || append(&mut journal, 1, &records(2..=2)));
    disk.wait_until_held();
    disk.crash();
    disk.hold();
    assert_eq!(appending.join().unwrap(), "ambiguous");
    assert_eq!(all(&disk.open()), [1]);
}
