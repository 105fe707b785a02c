//! Disks of a test's own, where the machine lets it mount some.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Longer than the few mebibytes that a test writes; sparse, so that it takes no more than is written.
const EXT4_BYTES: u64 = 128 << 20;

/// A mounted file system. Dropped, it is unmounted.
pub(super) struct Disk {
    folder: TempDir,
}

impl Disk {
    /// An ext4 in a file; none, with a line that says why, where that cannot be had.
    pub(super) fn ext4() -> Option<Self> {
        let disk = Self::new();
        let image = std::fs::File::create(disk.image()).unwrap();
        image.set_len(EXT4_BYTES).unwrap();
        let image = disk.image();
        disk.made(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(image))?;
        disk.mounted()
    }

    /// Memory of so many bytes; none, with a line that says why, where that cannot be had.
    pub(super) fn of_bytes(bytes: u64) -> Option<Self> {
        let disk = Self::new();
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]);
        disk.made(mount.arg(disk.path()))?;
        Some(disk)
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("mounted")).unwrap();
        Self { folder }
    }

    fn made(&self, command: &mut Command) -> Option<()> {
        match command.output() {
            Ok(output) if output.status.success() => Some(()),
            Ok(output) => skip(&String::from_utf8_lossy(&output.stderr)),
            Err(error) => skip(&format!("{command:?}: {error}")),
        }
    }

    fn mounted(self) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop"]).arg(self.image());
        self.made(mount.arg(self.path()))?;
        Some(self)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    /// Where it is mounted.
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("mounted")
    }

    /// From now on it can only be read.
    pub(super) fn make_read_only(&self) {
        let mut mount = Command::new("mount");
        must(mount.args(["-o", "remount,ro"]).arg(self.path()));
    }

    /// What was not flushed is lost, and nothing can be read or written any more.
    pub(super) fn cut_power(&self) {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/crash/cut_power.py");
        must(Command::new("python3").arg(tool).arg(self.path()));
    }

    /// As the machine starts again: with what reached the disk.
    pub(super) fn mount_again(&self) {
        must(Command::new("umount").arg(self.path()));
        let mut mount = Command::new("mount");
        must(
            mount
                .args(["-o", "loop"])
                .arg(self.image())
                .arg(self.path()),
        );
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server that a failed test leaves behind may still have it open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

fn must(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

#[expect(
    clippy::print_stdout,
    reason = "whoever runs the tests must see what they do not show"
)]
pub(super) fn skip(why: &str) -> Option<()> {
    println!("skipped, since the machine does not let it: {}", why.trim());
    None
}
