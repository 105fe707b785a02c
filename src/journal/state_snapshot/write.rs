use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::super::data_folder::{private_options, sync_folder};
use super::{END, FORMAT, StateSnapshot, StateSnapshotError};

/// Bytes that are written at a time, and synced before more are: a commit of the journal that comes between waits until
/// the disk has them, and must not wait for the whole file.
const WRITE_BYTES: usize = 1 << 20;

/// Writes to `partial`, which gets the snapshot's name when it is whole and on disk.
pub(super) fn write(
    partial: &Path,
    snapshot: &StateSnapshot,
    parts: impl Iterator<Item = Vec<u8>>,
    is_given_up: impl Fn() -> bool,
) -> Result<u64, StateSnapshotError> {
    let file = private_options()
        .create(true)
        .truncate(true)
        .open(partial)?;
    let mut out = Summed::new(Synced(file));
    out.write(snapshot.title(FORMAT).as_bytes())?;
    let mut len = 0_u64;
    for mut part in parts {
        if is_given_up() {
            return Err(StateSnapshotError::GivenUp);
        }
        part.push(b'\n');
        out.write(&part)?;
        len += 1;
    }
    let checksum = out.hasher.clone().finalize();
    out.write(format!("{END} {len} {checksum:08x}\n").as_bytes())?;
    let Summed { writer, bytes, .. } = out;
    let Synced(file) = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(partial, &snapshot.file)?;
    if let Some(folder) = snapshot.file.parent() {
        sync_folder(folder)?;
    }
    Ok(bytes)
}

/// A file all of whose content is on disk after each write.
struct Synced(fs::File);

impl Write for Synced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.0.write(bytes)?;
        self.0.sync_data()?;
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A file, and the checksum and number of what was written to it.
struct Summed {
    writer: BufWriter<Synced>,
    hasher: crc32fast::Hasher,
    bytes: u64,
}

impl Summed {
    fn new(file: Synced) -> Self {
        Self {
            writer: BufWriter::with_capacity(WRITE_BYTES, file),
            hasher: crc32fast::Hasher::new(),
            bytes: 0,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.writer.write_all(bytes)
    }
}
