mod kept;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::{
    Appended, ArchiveRange, Archived, Base, Error, Journal, Look, Place, Reader, Record, Usage,
    base::parts_of, check_continuous, check_laid, check_trim,
};
use kept::Kept;

/// What the next append shall meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Refused,
    /// As if the answer of the disk were lost: the records are there after the next opening, or not.
    Ambiguous {
        written: bool,
    },
    Fenced {
        head: u64,
    },
}

/// Memory that outlives its journals as a disk does, for tests: opening it again after [`MemoryDisk::crash`] is a
/// restart. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct MemoryDisk(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    epoch: u64,
    epoch_began_after: u64,
    /// Up to which sequence nothing is kept, and the pieces of what that comes to.
    base: Option<(u64, Vec<Vec<u8>>)>,
    /// Those after the base.
    records: Vec<Record>,
    sequences_by_key: BTreeMap<String, Vec<u64>>,
    archive: BTreeMap<Place, Archived>,
    kept: Kept,
    faults: VecDeque<Fault>,
    holding: bool,
    held: usize,
    crashes: u64,
}

impl MemoryDisk {
    pub fn new(epoch: u64) -> Self {
        let state = State {
            epoch,
            ..State::default()
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    pub fn open(&self) -> MemoryJournal {
        let state = self.0.lock();
        MemoryJournal {
            head: state.head(),
            epoch: state.epoch,
            epoch_began_after: state.epoch_began_after,
            opened_after_crashes: state.crashes,
            failed: false,
            laid: Vec::new(),
            shared: Arc::clone(&self.0),
        }
    }

    /// Puts back what the disk held up to `head`, as from a backup: another history from there on.
    pub fn restore(&self, head: u64, epoch: u64) {
        let mut state = self.0.lock();
        state.records.retain(|record| record.sequence <= head);
        for sequences in state.sequences_by_key.values_mut() {
            sequences.retain(|sequence| *sequence <= head);
        }
        state.archive.retain(|place, _| place.sequence <= head);
        state.epoch = epoch;
        state.epoch_began_after = state.head();
    }

    /// The next append that no earlier fault is waiting for meets this one.
    pub fn fail_next(&self, fault: Fault) {
        self.0.lock().faults.push_back(fault);
    }

    /// From now on appends and readings of the archive wait, as on a disk that hangs.
    pub fn hold(&self) {
        self.0.lock().holding = true;
    }

    /// Waits until an append is being held.
    pub fn wait_until_held(&self) {
        let state = self.0.lock();
        drop(self.0.wait_while(state, |state| state.held == 0));
    }

    /// Lets held appends go on.
    pub fn release(&self) {
        self.0.lock().holding = false;
        self.0.changed.notify_all();
    }

    /// Ends every open journal as `kill -9` would: what is acknowledged stays, what is held is lost.
    pub fn crash(&self) {
        let mut state = self.0.lock();
        state.crashes += 1;
        state.holding = false;
        state.faults.clear();
        self.0.changed.notify_all();
    }
}

/// A journal on a [`MemoryDisk`].
#[derive(Debug)]
pub struct MemoryJournal {
    shared: Arc<Shared>,
    epoch: u64,
    epoch_began_after: u64,
    head: u64,
    opened_after_crashes: u64,
    failed: bool,
    /// The pieces of the next base so far.
    laid: Vec<Vec<u8>>,
}

impl MemoryJournal {
    fn read(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.shared.lock();
        if state.crashes != self.opened_after_crashes {
            return Err(Error::Failed);
        }
        Ok(state)
    }

    /// For what is written beside the appends, which no fault waits for.
    fn write(&self) -> Result<MutexGuard<'_, State>, Error> {
        match self.failed {
            true => Err(Error::Failed),
            false => self.read(),
        }
    }

    fn read_archive(&self) -> Result<MutexGuard<'_, State>, Error> {
        let is_held =
            |state: &mut State| state.holding && state.crashes == self.opened_after_crashes;
        drop(self.shared.wait_while(self.shared.lock(), is_held));
        self.read()
    }
}

impl Journal for MemoryJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn epoch_began_after(&self) -> u64 {
        self.epoch_began_after
    }

    /// It has no memory of epochs before this one.
    fn shares(&self, epoch: u64, _sequence: u64) -> bool {
        epoch == self.epoch
    }

    fn reader(&self) -> Result<Box<dyn Reader>, Error> {
        Ok(Box::new(Self {
            laid: Vec::new(),
            shared: Arc::clone(&self.shared),
            ..*self
        }))
    }

    fn head(&self) -> u64 {
        self.head
    }

    fn append(&mut self, expected_head: u64, records: &[Record]) -> Appended {
        let mut state = self.shared.wait_while_held(self.opened_after_crashes);
        if self.failed || state.crashes != self.opened_after_crashes {
            return Appended::Ambiguous(Error::Failed);
        }
        if let Err(gap) = check_continuous(expected_head, records) {
            return Appended::Refused(gap);
        }
        let head = state.head();
        match state.faults.pop_front() {
            Some(Fault::Refused) => return Appended::Refused(Error::Injected),
            Some(Fault::Fenced { head }) => return Appended::Fenced { head },
            Some(Fault::Ambiguous { written }) => {
                if written && head == expected_head {
                    state.write(records);
                }
                self.failed = true;
                return Appended::Ambiguous(Error::Injected);
            }
            None => {}
        }
        if head == expected_head {
            state.write(records);
            self.head = state.head();
            Appended::Acked
        } else {
            self.head = head;
            Appended::Fenced { head }
        }
    }

    fn kept_after(&self) -> Result<u64, Error> {
        Ok(self.read()?.base_sequence())
    }

    fn lay(&mut self, number: u64, piece: &[u8]) -> Result<(), Error> {
        let mut laid = std::mem::take(&mut self.laid);
        drop(self.write()?);
        if number == 0 {
            laid.clear();
        }
        check_laid(laid.len() as u64, number)?;
        laid.push(piece.to_vec());
        self.laid = laid;
        Ok(())
    }

    fn trim(&mut self, sequence: u64, pieces_len: u64) -> Result<(), Error> {
        {
            let state = self.write()?;
            check_trim(state.base_sequence(), state.head(), sequence)?;
        }
        let laid = std::mem::take(&mut self.laid);
        check_laid(laid.len() as u64, pieces_len)?;
        self.write()?.trim(sequence, laid);
        Ok(())
    }

    fn archive(&mut self, rows: &mut dyn Iterator<Item = Archived>) -> Result<(), Error> {
        self.read()?.archive(rows);
        Ok(())
    }

    fn expire(&mut self, before_ms: u64) {
        if let Ok(mut state) = self.read() {
            state.expire(before_ms);
        }
    }

    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error> {
        let state = self.read()?;
        let skipped = sequence.saturating_sub(state.base_sequence());
        let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
        Ok(state
            .records
            .iter()
            .skip(skipped)
            .take(limit)
            .cloned()
            .collect())
    }
}

impl Reader for MemoryJournal {
    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error> {
        Journal::read_after(self, sequence, limit)
    }

    fn read_keyed(&self, key: &str, after: u64, limit: usize) -> Result<Vec<Record>, Error> {
        let state = self.read()?;
        let sequences = state.sequences_by_key.get(key).into_iter().flatten();
        let sequences = sequences.filter(|sequence| **sequence > after);
        let records = sequences.map(|sequence| state.record(*sequence));
        let records = state.kept.of_key(key, after).chain(records);
        Ok(records.take(limit).cloned().collect())
    }

    fn base(&self) -> Result<Option<Base<'_>>, Error> {
        let base = self.read()?.base.clone();
        Ok(base.map(|(sequence, pieces)| Base {
            sequence,
            parts: Box::new(parts_of(pieces.into_iter().map(Ok))),
        }))
    }

    fn kept_after(&self) -> Result<u64, Error> {
        Journal::kept_after(self)
    }

    fn archived(&self, key: &str) -> Result<Option<Archived>, Error> {
        let state = self.read_archive()?;
        let mut rows = state.archive.values().rev();
        Ok(rows.find(|row| row.place.key == key).cloned())
    }

    fn look_at_archive(
        &self,
        range: &ArchiveRange,
        look: Look<'_>,
    ) -> Result<Option<Place>, Error> {
        let state = self.read_archive()?;
        let since = Place::beginning_of(range.since_ms);
        let rows = state.archive.range(..&range.before).rev();
        let rows = rows.take_while(|(place, _)| **place >= since);
        let (mut wants_more, mut last) = (true, None);
        for (looked, (place, row)) in rows.enumerate() {
            if !wants_more || looked == range.looked_len_max {
                return Ok(last);
            }
            last = Some(place.clone());
            if range.chooses(&row.labels) {
                wants_more = look(Ok(row.clone()));
            }
        }
        Ok(None)
    }

    fn usage(&self) -> Result<Usage, Error> {
        let state = self.read()?;
        let bytes = |bodies: usize| bodies as u64;
        let archived = state.archive.values().map(|row| bytes(row.body.len()));
        let archived_bytes = archived.sum();
        let records = state.records.iter().map(|record| bytes(record.body.len()));
        let (kept_len, kept_bytes) = state.kept.usage();
        let base = state.base.iter().flat_map(|(_, pieces)| pieces);
        let base_bytes: u64 = base.map(|piece| bytes(piece.len())).sum();
        Ok(Usage {
            bytes: records.sum::<u64>() + base_bytes + archived_bytes + kept_bytes,
            free_bytes: 0,
            archived_len: state.archive.len() as u64,
            archived_bytes,
            kept_len,
            kept_bytes,
        })
    }

    fn damaged(&self, sequence: u64) -> Error {
        Error::Damaged {
            file: "memory".into(),
            sequence,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock")
    }

    fn wait_while<'a>(
        &self,
        state: MutexGuard<'a, State>,
        condition: impl FnMut(&mut State) -> bool,
    ) -> MutexGuard<'a, State> {
        self.changed
            .wait_while(state, condition)
            .expect("nothing panics under this lock")
    }

    /// A crash frees those it ended, even if the disk hangs again at once.
    fn wait_while_held(&self, opened_after_crashes: u64) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        state.held += 1;
        self.changed.notify_all();
        state = self.wait_while(state, |state| {
            state.holding && state.crashes == opened_after_crashes
        });
        state.held -= 1;
        state
    }
}

impl State {
    fn base_sequence(&self) -> u64 {
        self.base.as_ref().map_or(0, |(sequence, _)| *sequence)
    }

    fn head(&self) -> u64 {
        self.base_sequence() + self.records.len() as u64
    }

    fn write(&mut self, records: &[Record]) {
        for record in records {
            for key in &record.keys {
                let sequences = self.sequences_by_key.entry(key.clone()).or_default();
                if sequences.last() != Some(&record.sequence) {
                    sequences.push(record.sequence);
                }
            }
            self.archive(record.archived.iter().cloned());
            self.records.push(Record {
                keys: Vec::new(),
                archived: Vec::new(),
                ..record.clone()
            });
        }
    }

    fn trim(&mut self, last: u64, base: Vec<Vec<u8>>) {
        let kept = |record: &Record| record.sequence > last;
        let first = self.records.iter().position(kept);
        let rest = self.records.split_off(first.unwrap_or(self.records.len()));
        let gone = std::mem::replace(&mut self.records, rest);
        self.kept.trim(gone, &self.sequences_by_key);
        for sequences in self.sequences_by_key.values_mut() {
            sequences.retain(|sequence| *sequence > last);
        }
        self.base = Some((last, base));
    }

    fn expire(&mut self, before_ms: u64) {
        let rest = self.archive.split_off(&Place::beginning_of(before_ms));
        for place in std::mem::replace(&mut self.archive, rest).into_keys() {
            self.kept.forget(place.key, place.sequence);
        }
    }

    fn archive(&mut self, rows: impl Iterator<Item = Archived>) {
        self.archive
            .extend(rows.map(|row| (row.place.clone(), row)));
    }

    fn record(&self, sequence: u64) -> &Record {
        let index = sequence - 1 - self.base_sequence();
        let index = usize::try_from(index).expect("a record in memory has an index");
        &self.records[index]
    }
}
