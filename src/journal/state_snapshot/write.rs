use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::super::data_folder::{private_options, sync_folder};
use super::{END, FORMAT, StateSnapshot, StateSnapshotError};

/// Bytes that are written at a time.
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
    let mut out = Summed::new(file);
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
    let file = writer
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(partial, &snapshot.file)?;
    if let Some(folder) = snapshot.file.parent() {
        sync_folder(folder)?;
    }
    Ok(bytes)
}

/// A file, and the checksum and number of what was written to it.
struct Summed {
    writer: BufWriter<fs::File>,
    hasher: crc32fast::Hasher,
    bytes: u64,
}

impl Summed {
    fn new(file: fs::File) -> Self {
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
