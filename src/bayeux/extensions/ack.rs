use super::super::queue::{Queue, Queued};

/// The acknowledgement extension: what was sent is kept until the client has said that it arrived.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgement {
    batch: u64,
    unacknowledged: Vec<Queued>,
    counted: usize,
    bytes: usize,
}

impl Acknowledgement {
    /// How many count against the session's bounds.
    pub(crate) fn len(&self) -> usize {
        self.counted
    }

    /// Whether everything that was sent has arrived.
    pub(crate) fn is_empty(&self) -> bool {
        self.unacknowledged.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The client has received every batch up to `batch`: they are forgotten, and what was lost goes before what is new.
    pub(crate) fn acknowledge(&mut self, batch: u64, queue: &mut Queue) {
        let mut lost = std::mem::take(&mut self.unacknowledged);
        lost.retain(|item| !item.is_heard_with(batch));
        self.bytes = 0;
        self.counted = 0;
        queue.forget_heard(batch);
        queue.put_back(lost.into_iter());
    }

    /// Everything in `events` goes out as one batch, whose number is returned.
    pub(crate) fn close_batch(&mut self, events: &[Queued]) -> u64 {
        self.batch += 1;
        for item in events {
            self.bytes += item.weight();
            self.counted += usize::from(item.counts());
            self.unacknowledged.push(item.sent_in(self.batch));
        }
        self.batch
    }
}
