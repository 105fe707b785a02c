//! Which interactions are searched for, and the search through the archive.

use std::fmt;

use super::archive::stopped_of;
use crate::domain::{Interaction, InteractionId, MediaType, QueueName, Timestamp};
use crate::journal::{self, ArchiveRange, Place, Reader};

/// Rows that one search looks at.
pub const SEARCH_ROWS_MAX: usize = 10_000;
/// Bytes of interactions that one search looks through.
pub const SEARCH_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Which interactions are searched for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Those that are in this queue, or were in last.
    pub queue: Option<QueueName>,
    /// Those of this medium.
    pub media_type: Option<MediaType>,
    /// Those that were completed then or later; where they are active, submitted.
    pub from: Option<Timestamp>,
    /// Those before then.
    pub to: Option<Timestamp>,
    /// Those that [mention](Interaction::mentions) this, in lower case.
    pub text: Option<String>,
}

impl Filter {
    /// Whether an interaction is one of them.
    pub fn accepts(&self, it: &Interaction) -> bool {
        let at = it.completed_at.unwrap_or(it.submitted_at);
        self.queue.as_ref().is_none_or(|queue| it.queue == *queue)
            && self
                .media_type
                .as_ref()
                .is_none_or(|media| it.media_type == *media)
            && self.from.is_none_or(|from| at >= from)
            && self.to.is_none_or(|to| at < to)
            && self.text.as_ref().is_none_or(|text| it.mentions(text))
    }
}

/// A place in the archive, opaque to clients: the search goes on behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(Place);

impl Cursor {
    /// Reads one that was given out.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let mut number = || parts.next()?.parse().ok();
        let (at_ms, sequence) = (number()?, number()?);
        let key = InteractionId::parse(parts.next()?).ok()?.to_string();
        Some(Self(Place {
            at_ms,
            sequence,
            key,
        }))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place {
            at_ms,
            sequence,
            key,
        } = &self.0;
        write!(f, "{at_ms}.{sequence}.{key}")
    }
}

/// A page of what is searched for.
#[derive(Debug, Default)]
pub struct Found {
    /// The newest first.
    pub interactions: Vec<Interaction>,
    /// Where the next page begins, if the search has not come to the end.
    pub next: Option<Cursor>,
    /// The sequences of rows that are left out, since they are not what was written.
    pub damaged: Vec<u64>,
}

/// How large a page may be.
#[derive(Clone, Copy, Debug)]
pub struct PageLimits {
    /// Interactions.
    pub len_max: usize,
    /// Bytes of them, above which no further one is added.
    pub bytes_max: usize,
}

/// One page of what a reader finds.
pub(super) fn search(
    reader: &dyn Reader,
    filter: &Filter,
    after: Option<Cursor>,
    limits: PageLimits,
) -> Result<Found, journal::Error> {
    let until = Place::beginning_of(filter.to.map_or(u64::MAX, |to| to.0));
    let range = ArchiveRange {
        before: after.map_or(until.clone(), |Cursor(place)| place.min(until)),
        since_ms: filter.from.map_or(0, |from| from.0),
        labels: [
            filter.queue.as_ref().map(ToString::to_string),
            filter.media_type.as_ref().map(ToString::to_string),
        ],
        looked_len_max: SEARCH_ROWS_MAX,
    };
    let (mut found, mut bytes, mut looked_bytes) = (Found::default(), 0, 0);
    let next = reader.look_at_archive(&range, &mut |row| {
        match row.map(|row| (row.body.len(), stopped_of(&row), row.place.sequence)) {
            Ok((len, Ok(it), _)) => {
                looked_bytes += len;
                if filter.accepts(&it) {
                    bytes += len;
                    found.interactions.push(it);
                }
            }
            Ok((_, Err(_), sequence)) | Err(Place { sequence, .. }) => found.damaged.push(sequence),
        }
        found.interactions.len() < limits.len_max
            && bytes < limits.bytes_max
            && looked_bytes < SEARCH_BYTES_MAX
    })?;
    found.next = next.map(Cursor);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_one_that_was_given_out_or_none() {
        for (text, valid) in [
            ("1700000000000.17.I1", true),
            ("0.0.a-b_c", true),
            ("", false),
            ("1.2", false),
            ("1.2.", false),
            ("x.2.I1", false),
            ("1.-2.I1", false),
            ("1.2.a b", false),
            ("1.2.a.b", false),
            ("99999999999999999999.1.I1", false),
        ] {
            let cursor = Cursor::parse(text);
            let again = cursor.map(|cursor| cursor.to_string());
            assert_eq!(again.as_deref(), valid.then_some(text), "{text}");
        }
    }
}
