//! Whether a row is what was written.

use super::as_number;

/// The CRC-32 of everything that a row says. It finds what a disk does to bytes, not what a person does to them.
pub(super) fn of_row(sequence: i64, at_ms: i64, body: &[u8]) -> i64 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&sequence.to_le_bytes());
    hasher.update(&at_ms.to_le_bytes());
    hasher.update(body);
    i64::from(hasher.finalize())
}

/// The same of a piece of a base, which has no time. Format 6 had one of the whole base by its sequence, which is what the
/// number of its only piece is in a file that was brought up to date.
pub(super) fn of_piece(number: i64, body: &[u8]) -> i64 {
    of_row(number, 0, body)
}

/// The same of the row that says from which piece to which a base goes.
pub(super) fn of_base(sequence: i64, first_piece: i64, last_piece: i64) -> i64 {
    of_row(sequence, first_piece, &last_piece.to_le_bytes())
}

/// What a row says, with what it was written with; rows of formats before 3 have no checksum.
pub(super) struct Row {
    pub(super) sequence: i64,
    pub(super) at_ms: i64,
    pub(super) body: Vec<u8>,
    pub(super) checksum: Option<i64>,
}

impl Row {
    pub(super) fn is_whole(&self) -> bool {
        let expected = of_row(self.sequence, self.at_ms, &self.body);
        self.checksum.is_none_or(|checksum| checksum == expected)
    }

    pub(super) fn sequence(&self) -> u64 {
        as_number(self.sequence)
    }
}
