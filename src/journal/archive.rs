//! What has ended, kept beside the steps that made it, and found after they have gone.

/// Labels of an archived row.
pub const LABELS_LEN: usize = 2;

/// What is kept of something that has ended, written with the step that ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// Where it is among the others.
    pub place: Place,
    /// What it can be chosen by.
    pub labels: [String; LABELS_LEN],
    /// The rest of it.
    pub body: Vec<u8>,
}

/// Archived rows are in the order in which they were archived: times and sequences never go back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it ended.
    pub at_ms: u64,
    /// The step that ended it.
    pub sequence: u64,
    /// What finds it; of several under one key, the last.
    pub key: String,
}

impl Place {
    /// Before everything that is archived at `at_ms` or later, and after all else.
    pub fn beginning_of(at_ms: u64) -> Self {
        Self {
            at_ms,
            sequence: 0,
            key: String::new(),
        }
    }
}

/// Which archived rows are looked at.
#[derive(Debug, Clone)]
pub struct ArchiveRange {
    /// Those before this place.
    pub before: Place,
    /// Those that ended at this time or later.
    pub since_ms: u64,
    /// Those with these labels, where there is one.
    pub labels: [Option<String>; LABELS_LEN],
    /// How many rows are looked at, those with other labels among them.
    pub looked_len_max: usize,
}

impl ArchiveRange {
    /// Whether rows with these labels are asked for.
    pub(super) fn chooses(&self, labels: &[String; LABELS_LEN]) -> bool {
        let mut wanted = self.labels.iter().zip(labels);
        wanted.all(|(wanted, label)| wanted.as_ref().is_none_or(|wanted| wanted == label))
    }
}

/// Looks at archived rows one by one, in the place of one that is not what was written at where it says that it is, and
/// says whether it wants more.
pub type Look<'a> = &'a mut dyn FnMut(Result<Archived, Place>) -> bool;

/// What a journal takes up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Its file and its write-ahead log, in bytes.
    pub bytes: u64,
    /// Of these, what is used again before the file grows.
    pub free_bytes: u64,
    /// Archived rows.
    pub archived_len: u64,
    /// Their bodies, in bytes.
    pub archived_bytes: u64,
    /// Steps that are kept beyond a trim.
    pub kept_len: u64,
    /// Their bodies, in bytes.
    pub kept_bytes: u64,
}
