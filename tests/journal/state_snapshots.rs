//! State snapshots as files: whole or not there, and what is not whole is never taken.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use baton::journal::{DataFolder, StateSnapshot, StateSnapshotError, StateSnapshots};
use tempfile::TempDir;

struct Disk {
    temporary: TempDir,
    snapshots: StateSnapshots,
}

impl Disk {
    fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(temporary.path()).unwrap();
        let snapshots = StateSnapshots::new(&folder, "demo");
        Self {
            temporary,
            snapshots,
        }
    }

    fn write(&self, epoch: u64, sequence: u64) -> StateSnapshot {
        let parts = ["{\"first\":1}", "{}", "{\"last\":[\"end 1\"]}"];
        let parts = parts.iter().map(|part| part.as_bytes().to_vec());
        self.snapshots
            .write(epoch, sequence, parts, || false)
            .unwrap();
        self.list()
            .into_iter()
            .find(|it| it.sequence == sequence)
            .unwrap()
    }

    fn list(&self) -> Vec<StateSnapshot> {
        self.snapshots.list().unwrap()
    }
}

fn read(snapshot: &StateSnapshot) -> Result<Vec<String>, StateSnapshotError> {
    let text = |part: Vec<u8>| String::from_utf8_lossy(&part).trim_end().to_owned();
    snapshot.open()?.map(|part| part.map(text)).collect()
}

#[test]
fn what_is_written_is_read_back() {
    let disk = Disk::new();
    let snapshot = disk.write(17, 42);
    assert_eq!((snapshot.epoch, snapshot.sequence), (17, 42));
    let parts = read(&snapshot).unwrap();
    assert_eq!(parts, ["{\"first\":1}", "{}", "{\"last\":[\"end 1\"]}"]);
    let mode = fs::metadata(&snapshot.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn the_newest_is_the_first_and_those_of_others_are_not_seen() {
    let disk = Disk::new();
    for sequence in [9, 100, 10] {
        disk.write(1, sequence);
    }
    for other in [
        "demo2.1.1.snapshot",
        "demo.x.1.snapshot",
        "demo.1.snapshot",
        "demo.1.1.txt",
    ] {
        fs::write(disk.temporary.path().join(other), "").unwrap();
    }
    let sequences: Vec<u64> = disk.list().iter().map(|it| it.sequence).collect();
    assert_eq!(sequences, [100, 10, 9]);
    disk.snapshots
        .remove_old(1, |it| it.sequence < 100)
        .unwrap();
    let sequences: Vec<u64> = disk.list().iter().map(|it| it.sequence).collect();
    assert_eq!(sequences, [100, 10]);
}

#[test]
fn every_byte_that_is_flipped_is_found() {
    let disk = Disk::new();
    let snapshot = disk.write(1, 7);
    let good = fs::read(&snapshot.file).unwrap();
    for at in 0..good.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= bit;
            fs::write(&snapshot.file, bytes).unwrap();
            assert!(read(&snapshot).is_err(), "byte {at}");
        }
    }
}

#[test]
fn one_that_is_torn_anywhere_or_has_more_behind_it_is_not_taken() {
    let disk = Disk::new();
    let snapshot = disk.write(1, 7);
    let good = fs::read(&snapshot.file).unwrap();
    for len in 0..good.len() {
        fs::write(&snapshot.file, &good[..len]).unwrap();
        assert!(read(&snapshot).is_err(), "{len} bytes");
    }
    fs::write(&snapshot.file, [good.as_slice(), b"more"].concat()).unwrap();
    assert!(matches!(read(&snapshot), Err(StateSnapshotError::Damaged)));
}

#[test]
fn one_that_is_not_what_its_name_says_is_not_taken() {
    let disk = Disk::new();
    let snapshot = disk.write(1, 7);
    for name in ["demo.8.1.snapshot", "demo.7.2.snapshot"] {
        fs::copy(&snapshot.file, disk.temporary.path().join(name)).unwrap();
    }
    let others: Vec<_> = disk
        .list()
        .into_iter()
        .filter(|it| *it != snapshot)
        .collect();
    assert_eq!(others.len(), 2);
    for other in others {
        assert!(matches!(read(&other), Err(StateSnapshotError::Foreign)));
    }
}

#[test]
fn a_newer_format_is_named() {
    let disk = Disk::new();
    let snapshot = disk.write(1, 7);
    let text = fs::read_to_string(&snapshot.file).unwrap();
    fs::write(
        &snapshot.file,
        text.replacen("snapshot 1 ", "snapshot 2 ", 1),
    )
    .unwrap();
    let error = read(&snapshot).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it has format 2, this Baton knows formats up to 1"
    );
}

#[test]
fn one_that_is_given_up_leaves_nothing() {
    let disk = Disk::new();
    let parts = std::iter::repeat_n(b"{}".to_vec(), 10);
    let error = disk.snapshots.write(1, 7, parts, || true).unwrap_err();
    assert!(matches!(error, StateSnapshotError::GivenUp));
    let left = fs::read_dir(disk.temporary.path()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["baton.lock"]);
}
