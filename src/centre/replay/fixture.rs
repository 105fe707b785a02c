//! A journal for tests whose readings are counted, and can be held up.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use super::{Eye, History, ReplayLimits, Replays};
use crate::centre::fold;
use crate::domain::Timestamp;
use crate::engine::operations::Configure;
use crate::engine::{Engine, Operation, Request, State};
use crate::journal::{
    Appended, ArchiveRange, Archived, Base, Error, Journal, Look, MemoryDisk, Place, Reader,
    Record, Usage,
};

/// A contact centre that begins, as from a state snapshot, where its journal ends.
pub(in crate::centre) struct Fixture {
    pub(in crate::centre) replays: Arc<Replays>,
    journal: Box<dyn Journal>,
    counted: Arc<Counted>,
}

#[derive(Default)]
struct Counted {
    readings: AtomicUsize,
    /// What the next reading waits for.
    gate: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Fixture {
    /// With so many steps.
    pub(in crate::centre) fn of_steps(len: u64) -> Self {
        let mut engine = Engine::default();
        let records: Vec<Record> = (1..=len).map(|at| record(&mut engine, at)).collect();
        let mut journal = Box::new(MemoryDisk::new(1).open());
        assert!(matches!(journal.append(0, &records), Appended::Acked));
        let mut state = State::default();
        let reader = journal.reader().expect("memory is readable");
        fold::advance(reader.as_ref(), &mut state, len, |_, _, _| true).expect("it is whole");
        let history = History {
            epoch: 1,
            began_after: 0,
            kept_after: 0,
        };
        Self {
            replays: Arc::new(Replays::new(history, ReplayLimits::default(), state)),
            journal,
            counted: Arc::default(),
        }
    }

    pub(in crate::centre) fn eye(&self) -> Eye {
        let inner = self.journal.reader().expect("memory is readable");
        let counted = Arc::clone(&self.counted);
        Eye::new(Box::new(CountingReader { inner, counted }), None)
    }

    /// How often records were read one after the other.
    pub(in crate::centre) fn readings(&self) -> usize {
        self.counted.readings.load(Ordering::Relaxed)
    }

    /// The next reading begins when something is sent, or nothing can be.
    pub(in crate::centre) fn hold_next(&self) -> mpsc::Sender<()> {
        let (release, released) = mpsc::channel();
        *self.counted.gate.lock().expect("nobody panics") = Some(released);
        release
    }
}

fn record(engine: &mut Engine, at: u64) -> Record {
    let configure = Operation::Configure(Configure(Box::default()));
    let effect = engine.handle_request(Timestamp(at), Request::of_server(configure));
    let step = effect.expect("the server may configure").step;
    Record {
        sequence: step.head.sequence.0,
        at_ms: at,
        body: serde_json::to_vec(&step).expect("a step is plain data"),
        ..Record::default()
    }
}

struct CountingReader {
    inner: Box<dyn Reader>,
    counted: Arc<Counted>,
}

impl Reader for CountingReader {
    fn read_after(&self, sequence: u64, limit: usize) -> Result<Vec<Record>, Error> {
        self.counted.readings.fetch_add(1, Ordering::Relaxed);
        let gate = self.counted.gate.lock().expect("nobody panics").take();
        if let Some(gate) = gate {
            // An error says that whoever holds it has let go.
            let _ = gate.recv();
        }
        self.inner.read_after(sequence, limit)
    }

    fn read_keyed(&self, key: &str, after: u64, limit: usize) -> Result<Vec<Record>, Error> {
        self.inner.read_keyed(key, after, limit)
    }

    fn base(&self) -> Result<Option<Base<'_>>, Error> {
        self.inner.base()
    }

    fn kept_after(&self) -> Result<u64, Error> {
        self.inner.kept_after()
    }

    fn archived(&self, key: &str) -> Result<Option<Archived>, Error> {
        self.inner.archived(key)
    }

    fn look_at_archive(
        &self,
        range: &ArchiveRange,
        look: Look<'_>,
    ) -> Result<Option<Place>, Error> {
        self.inner.look_at_archive(range, look)
    }

    fn usage(&self) -> Result<Usage, Error> {
        self.inner.usage()
    }

    fn damaged(&self, sequence: u64) -> Error {
        self.inner.damaged(sequence)
    }
}
