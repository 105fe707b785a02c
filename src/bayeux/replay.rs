use super::subscriptions::Admission;
use super::{ChannelId, Event, Offered, Queued, Session};

/// What is kept after some sequence, in order.
#[derive(Debug)]
pub struct Replayed {
    /// Events of whole steps: those of one step stand together.
    pub events: Vec<Event>,
    /// The last sequence that was looked at.
    pub up_to: u64,
    /// Nothing after `up_to` was kept when this was read.
    pub is_all: bool,
}

/// What a replay has under way. Live events that will come with it are only counted, so that a long replay costs no more
/// memory than a page of it.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// A page was asked for and has not come.
    is_wanted: bool,
    /// The last live event that was left to the replay.
    left_out: u64,
    /// A channel began to be replayed after the page was asked for, which so may not be all that it is to hear.
    is_joined: bool,
}

impl Session {
    /// `channel` goes on after `sequence`, first with what is kept.
    pub fn resume(&mut self, channel: &ChannelId, sequence: u64) {
        self.subscriptions.begin(channel, sequence, sequence, true);
        let replay = self.replay.get_or_insert_default();
        replay.is_joined = replay.is_wanted;
    }

    /// `channel` goes on with what comes after `sequence`, of which nothing has been said so far.
    pub fn go_live(&mut self, channel: &ChannelId, sequence: u64) {
        self.subscriptions.begin(channel, sequence, sequence, false);
    }

    /// Where to read on for this session; none as long as it has something to send, or nothing to replay.
    ///
    /// Whoever takes it has to come back with [`replayed`](Self::replayed) or [`replay_lost`](Self::replay_lost).
    pub fn poll_replay(&mut self) -> Option<u64> {
        let kept = self.acknowledgement.as_ref();
        let has_room = self.queue.is_empty() && kept.is_none_or(|kept| kept.is_empty());
        let replay = self.replay.as_mut().filter(|replay| !replay.is_wanted)?;
        let Some(after) = self.subscriptions.replay_after() else {
            self.replay = None;
            return None;
        };
        replay.is_wanted = has_room;
        has_room.then_some(after)
    }

    /// Whether some channel has not come to what is new.
    pub fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// Queues what was read after `after`. Only one page at a time waits, so that it need not count against the bounds.
    pub fn replayed(&mut self, after: u64, page: &Replayed) -> Offered {
        let mut offered = Offered::default();
        let Some(replay) = &mut self.replay else {
            return offered;
        };
        replay.is_wanted = false;
        let has_joined = std::mem::take(&mut replay.is_joined);
        let is_all = page.is_all && !has_joined && replay.left_out <= page.up_to;
        for step in page
            .events
            .chunk_by(|one, other| one.sequence() == other.sequence())
        {
            let queued = offered.queued;
            for event in step {
                if self.subscriptions.admit_replayed(event, after) {
                    let slashed = self.subscriptions.is_slashed(event.channel());
                    self.queue.push(Queued::uncounted(event.clone(), slashed));
                    offered.queued += 1;
                }
            }
            if offered.queued > queued {
                self.queue.end_step(step[0].sequence());
            }
        }
        self.subscriptions.replayed(after, page.up_to, is_all);
        offered.wake = self.is_ready();
        offered
    }

    /// What was asked for is not kept any more. Returns the channels whose subscribers have to be told a
    /// [state](Self::state) instead.
    pub fn replay_lost(&mut self) -> Vec<ChannelId> {
        let lost = self.subscriptions.replaying();
        self.replay = None;
        lost
    }

    /// What becomes of a live event; one that is left to the replay is remembered.
    pub(super) fn admit(&mut self, event: &Event) -> Option<bool> {
        match self.subscriptions.admit(event) {
            Admission::Now { slashed } => Some(slashed),
            Admission::No => None,
            Admission::Later => {
                if let (Some(replay), Some(at)) = (&mut self.replay, event.sequence()) {
                    replay.left_out = replay.left_out.max(at);
                }
                None
            }
        }
    }
}
