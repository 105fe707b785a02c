use std::fs::File;
use std::io::{BufRead, BufReader};

use super::{END, FORMAT, MAGIC, StateSnapshot, StateSnapshotError};

/// Bytes that are read at a time.
const READ_BYTES: usize = 1 << 20;

/// The parts of a state snapshot, one after the other.
#[derive(Debug)]
pub struct Parts {
    reader: BufReader<File>,
    hasher: crc32fast::Hasher,
    len: u64,
    has_ended: bool,
}

impl Parts {
    pub(super) fn open(snapshot: &StateSnapshot) -> Result<Self, StateSnapshotError> {
        let file = File::open(&snapshot.file)?;
        let mut parts = Self {
            reader: BufReader::with_capacity(READ_BYTES, file),
            hasher: crc32fast::Hasher::new(),
            len: 0,
            has_ended: false,
        };
        let title = parts.line()?;
        check_title(&title, snapshot)?;
        parts.hasher.update(&title);
        Ok(parts)
    }

    fn line(&mut self) -> Result<Vec<u8>, StateSnapshotError> {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line)?;
        if line.ends_with(b"\n") {
            Ok(line)
        } else {
            Err(StateSnapshotError::Torn)
        }
    }

    /// The next part; none after the last one, once it is sure that all of them were as they were written.
    fn part(&mut self) -> Result<Option<Vec<u8>>, StateSnapshotError> {
        let line = self.line()?;
        if let Some(end) = line.strip_prefix(END.as_bytes()) {
            let checksum = self.hasher.clone().finalize();
            let expected = format!(" {} {checksum:08x}\n", self.len);
            let is_last = self.reader.fill_buf()?.is_empty();
            if end != expected.as_bytes() || !is_last {
                return Err(StateSnapshotError::Damaged);
            }
            return Ok(None);
        }
        self.hasher.update(&line);
        self.len += 1;
        Ok(Some(line))
    }
}

impl Iterator for Parts {
    type Item = Result<Vec<u8>, StateSnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        let part = self.part().transpose();
        self.has_ended = !matches!(part, Some(Ok(_)));
        part
    }
}

fn check_title(title: &[u8], snapshot: &StateSnapshot) -> Result<(), StateSnapshotError> {
    let text = String::from_utf8_lossy(title);
    let rest = text.strip_prefix(MAGIC);
    let format = rest.and_then(|rest| rest.split_whitespace().next());
    match format.and_then(|format| format.parse().ok()) {
        Some(found) if found > FORMAT => Err(StateSnapshotError::Newer { found }),
        Some(found) if text == snapshot.title(found) => Ok(()),
        _ => Err(StateSnapshotError::Foreign),
    }
}
