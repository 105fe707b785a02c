//! The lines of a text, checked and counted.

use std::io::{BufRead, Read};

use anyhow::{Context, Result, bail};

use super::Line;

/// Bytes of a line. No export has a longer one: SQLite, out of whose rows the lines are made, takes 1,000,000,000 in a row,
/// and the parts of a base are far shorter.
pub(super) const LINE_BYTES_MAX: u64 = 1 << 30;

pub(super) struct Text<R> {
    inner: R,
    /// Of the lines before the last one that was read.
    hasher: crc32fast::Hasher,
    last: Vec<u8>,
    line_bytes_max: u64,
    pub(super) number: u64,
    ahead: Option<Line>,
}

impl<R: BufRead> Text<R> {
    pub(super) fn new(inner: R, line_bytes_max: u64) -> Self {
        Self {
            inner,
            line_bytes_max,
            hasher: crc32fast::Hasher::new(),
            last: Vec::new(),
            number: 0,
            ahead: None,
        }
    }

    pub(super) fn line(&mut self) -> Result<Line> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(ahead);
        }
        self.hasher.update(&self.last);
        self.last.clear();
        let mut rest = (&mut self.inner).take(self.line_bytes_max + 1);
        rest.read_until(b'\n', &mut self.last)?;
        self.number += 1;
        if self.last.len() as u64 > self.line_bytes_max {
            let (number, max) = (self.number, self.line_bytes_max);
            bail!("line {number} is longer than {max} bytes, which no line of an export is");
        }
        if !self.last.ends_with(b"\n") {
            bail!("it ends too early, in line {}", self.number);
        }
        serde_json::from_slice(&self.last)
            .with_context(|| format!("line {} cannot be understood", self.number))
    }

    /// The next line if it is a part of a base, with its sequence; else it is still to be read.
    pub(super) fn base_part(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        let line = self.line()?;
        if let Line::Base { sequence, state } = line {
            return Ok(Some((sequence, state.get().as_bytes().to_vec())));
        }
        self.ahead = Some(line);
        Ok(None)
    }

    /// Bytes of the last line that was read.
    pub(super) fn last_len(&self) -> usize {
        self.last.len()
    }

    /// The checksum of all lines but the last one.
    pub(super) fn before_last(&self) -> u32 {
        self.hasher.clone().finalize()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_long_as_it_may_be_and_not_a_byte_longer() {
        let end = r#"{"end":{"steps":0,"crc32":0}}"#;
        let longest = format!("{end}\n").len() as u64;
        let text = format!("{end}\n{end} \n{end}\n");
        let mut lines = Text::new(text.as_bytes(), longest);
        assert!(matches!(lines.line(), Ok(Line::End { .. })));
        let refused = lines.line().err().expect("it is longer");
        let message = format!("line 2 is longer than {longest} bytes");
        assert!(refused.to_string().starts_with(&message), "{refused}");
        let mut endless = Text::new(std::io::BufReader::new(std::io::repeat(b'x')), 1 << 20);
        assert!(
            endless.line().is_err(),
            "it ends although the text does not"
        );
        assert_eq!(endless.last.len() as u64, endless.line_bytes_max + 1);
    }
}
