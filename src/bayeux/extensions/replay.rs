//! The replay extension: a subscriber says which sequence it heard last, and hears what came after it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::ChannelId;
use super::super::request::{object_of, text_of};

/// Where a subscriber goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// With what is new from here on (-1).
    OnlyNew,
    /// With all that is kept (-2).
    AllKept,
    /// After a sequence of one history: of the epoch it names, else of the one its handshake named.
    After {
        /// The sequence it heard last.
        sequence: u64,
        /// The history that the sequence counts, as far as the client says.
        epoch: Option<Box<str>>,
    },
}

/// `ext.replay` of a subscribe holds what is no cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a sequence, -1 or -2")]
pub struct InvalidCursor;

impl Cursor {
    /// Parses a number, or the same as text: some clients write `"17"`. `17-EPOCH` names the history as well.
    ///
    /// # Errors
    /// Neither a sequence nor -1 or -2.
    pub fn parse(text: &str) -> Result<Self, InvalidCursor> {
        match text {
            "-1" => return Ok(Self::OnlyNew),
            "-2" => return Ok(Self::AllKept),
            _ => {}
        }
        let (number, epoch) = match text.split_once('-') {
            Some((_, "")) => return Err(InvalidCursor),
            Some((number, epoch)) => (number, Some(epoch.into())),
            None => (text, None),
        };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let sequence = number.parse().ok().filter(|_| is_number);
        sequence
            .map(|sequence| Self::After { sequence, epoch })
            .ok_or(InvalidCursor)
    }

    /// The same, of the history `epoch` unless it names one itself.
    pub(crate) fn or_of(mut self, of_handshake: Option<&str>) -> Self {
        if let Self::After { epoch, .. } = &mut self
            && epoch.is_none()
        {
            *epoch = of_handshake.map(Into::into);
        }
        self
    }
}

/// `ext.replay` of a handshake: none if it does not ask for replay, else the history that its cursors will count, if the
/// client says so.
pub(crate) fn of_handshake(raw: &RawValue) -> Option<Option<Box<str>>> {
    #[derive(serde::Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        epoch: Option<&'a RawValue>,
    }
    // Epochs look like numbers, and some client will write one.
    let text = |epoch: &RawValue| text_of(epoch).map_or_else(|| epoch.get().into(), Into::into);
    match raw.get() {
        "true" => Some(None),
        _ => object_of::<Named<'_>>(raw).map(|named| named.epoch.map(text)),
    }
}

/// `ext.replay` of a subscribe: the cursor of each channel that it names.
pub(crate) fn of_subscribe(raw: &RawValue) -> Result<BTreeMap<ChannelId, Cursor>, InvalidCursor> {
    let named: BTreeMap<String, &RawValue> =
        serde_json::from_str(raw.get()).map_err(|_| InvalidCursor)?;
    let parse = |(name, value): (String, &RawValue)| {
        let channel = ChannelId::parse_pattern(&name).map_err(|_| InvalidCursor)?;
        let text = text_of(value).unwrap_or_else(|| value.get().into());
        Ok((channel, Cursor::parse(&text)?))
    };
    named.into_iter().map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_sequences_and_two_words() {
        let after = |sequence, epoch: Option<&str>| Cursor::After {
            sequence,
            epoch: epoch.map(Into::into),
        };
        for (text, expected) in [
            ("-1", Some(Cursor::OnlyNew)),
            ("-2", Some(Cursor::AllKept)),
            ("0", Some(after(0, None))),
            ("17", Some(after(17, None))),
            ("17-c0ffee", Some(after(17, Some("c0ffee")))),
            ("18446744073709551615", Some(after(u64::MAX, None))),
            ("18446744073709551616", None),
            ("-3", None),
            ("+1", None),
            ("1.5", None),
            ("1e3", None),
            ("17-", None),
            ("-c0ffee", None),
            ("", None),
            ("null", None),
            ("true", None),
        ] {
            assert_eq!(Cursor::parse(text).ok(), expected, "{text}");
        }
    }
}
