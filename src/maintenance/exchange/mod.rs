//! A journal as JSON lines: a title, the parts of the base if there is one, a line for each archived interaction, for each
//! step that is kept beyond a trim and for each step of the history, and an end.

mod export;
mod import;
mod text;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::journal::{Archived, LABELS_LEN, Lineage, Place, Record};

pub use export::export;
pub use import::import;

/// What this Baton exports, and the newest that it imports. Format 1 had no archive, format 2 nothing beyond a trim, format 3
/// all of the base in one part.
const FORMAT: u32 = 4;

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first.
    Journal {
        format: u32,
        contact_centre: String,
        lineage: Lineage,
    },
    /// What the first step goes on from, or a part of it; the others follow.
    Base { sequence: u64, state: Box<RawValue> },
    /// As it is archived.
    Archived {
        at_ms: u64,
        sequence: u64,
        key: String,
        labels: [String; LABELS_LEN],
        interaction: Box<RawValue>,
    },
    /// What has left the archive before its steps have left the history: they will not be kept.
    Forgotten { key: String, sequence: u64 },
    /// A step of before the base, as it is kept for these interactions.
    Kept {
        sequence: u64,
        at_ms: u64,
        keys: Vec<String>,
        step: Box<RawValue>,
    },
    /// As it is journalled.
    Step {
        sequence: u64,
        at_ms: u64,
        step: Box<RawValue>,
    },
    /// The last: without it the text has been cut off.
    End { steps: u64, crc32: u32 },
}

impl Line {
    fn of_archived(row: Archived) -> Result<Self> {
        let Place {
            at_ms,
            sequence,
            key,
        } = row.place;
        Ok(Self::Archived {
            at_ms,
            sequence,
            key,
            labels: row.labels,
            interaction: raw(row.body)?,
        })
    }

    fn of_kept(record: Record) -> Result<Self> {
        Ok(Self::Kept {
            sequence: record.sequence,
            at_ms: record.at_ms,
            keys: record.keys,
            step: raw(record.body)?,
        })
    }
}

fn raw(body: Vec<u8>) -> Result<Box<RawValue>> {
    Ok(RawValue::from_string(String::from_utf8(body)?)?)
}
