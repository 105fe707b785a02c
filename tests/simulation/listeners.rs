//! One who hears the server over a connection that may be slow, deliver twice, lose something or break, and comes back
//! with the last sequence of each channel.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use baton::domain::{ReferenceId, Sequence, UserId};
use baton::engine::{Announcement, Body, Channel};

use super::archive::Archive;
use super::pictures::Picture;

pub(super) const CHANNELS: [Channel; 4] = [
    Channel::Channels,
    Channel::Interactions,
    Channel::Messages,
    Channel::Workbins,
];

/// What one step says to one user on one channel: it comes together, or not at all.
#[derive(Clone)]
struct Parcel {
    sequence: Sequence,
    channel: Channel,
    said: Vec<Announcement>,
}

/// What one has heard on a channel.
#[derive(Default)]
struct Stream {
    /// The last sequence heard, or at which the state was read.
    cursor: Sequence,
    /// What comes next of all that he must hear, to see that he does.
    next: usize,
}

/// A party of the contact centre, with all that he knows of it.
pub(super) struct Listener {
    user: UserId,
    pub(super) picture: Picture,
    /// What is on its way to him; none if the connection is broken.
    connection: Option<VecDeque<Parcel>>,
    /// What came last, which may come once more.
    last: Option<Parcel>,
    streams: BTreeMap<Channel, Stream>,
    /// Requests of his that he heard the answer of; of those before a sequence he may have missed it.
    answered: BTreeSet<ReferenceId>,
    answers_known_after: Sequence,
    /// Something was lost that he has not noticed.
    has_lost: bool,
    /// What befell him.
    pub(super) seen: BTreeSet<&'static str>,
}

impl Listener {
    pub(super) fn new(user: UserId) -> Self {
        Self {
            picture: Picture::of(&user),
            user,
            connection: Some(VecDeque::new()),
            last: None,
            streams: BTreeMap::new(),
            answered: BTreeSet::new(),
            answers_known_after: Sequence(0),
            has_lost: false,
            seen: BTreeSet::new(),
        }
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether an answer to a request of his reached him.
    pub(super) fn has_heard(&self, reference: ReferenceId) -> bool {
        self.answered.contains(&reference)
    }

    /// He heard the answer of whatever took effect after this.
    pub(super) fn answers_known_after(&self) -> Sequence {
        self.answers_known_after
    }

    /// What a step says leaves the server.
    pub(super) fn send(&mut self, sequence: Sequence, said: &[Announcement]) {
        let Some(connection) = &mut self.connection else {
            return;
        };
        for channel in CHANNELS {
            let own = said
                .iter()
                .filter(|it| it.to == self.user && it.body.channel() == channel);
            let said: Vec<Announcement> = own.cloned().collect();
            if !said.is_empty() {
                connection.push_back(Parcel {
                    sequence,
                    channel,
                    said,
                });
            }
        }
    }

    /// The connection breaks: all that was on its way is lost, and he knows it.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// One thing on its way is lost, and nobody knows it.
    pub(super) fn lose_one(&mut self) {
        let lost = self.connection.as_mut().and_then(VecDeque::pop_front);
        self.has_lost |= lost.is_some();
    }

    /// What came last comes once more.
    pub(super) fn hear_again(&mut self, archive: &Archive) {
        if let Some(parcel) = self.last.clone() {
            self.take(&parcel, archive);
        }
    }

    /// One thing arrives. False if nothing is on its way.
    pub(super) fn hear_one(&mut self, archive: &Archive) -> bool {
        let next = self.connection.as_mut().and_then(VecDeque::pop_front);
        let Some(parcel) = next else {
            return false;
        };
        self.take(&parcel, archive);
        self.last = Some(parcel);
        true
    }

    /// Everything arrives, again if it was lost.
    pub(super) fn hear_all(&mut self, archive: &Archive) {
        while self.hear_one(archive) {}
        if self.has_lost || self.connection.is_none() {
            self.come_back(archive);
            while self.hear_one(archive) {}
        }
        assert!(self.is_connected(), "{}: nothing was lost", self.user);
    }

    fn take(&mut self, parcel: &Parcel, archive: &Archive) {
        let (user, channel) = (&self.user, parcel.channel);
        let stream = self.streams.entry(channel).or_default();
        let lasting = parcel.said.iter().any(|said| !said.body.is_transient());
        if lasting && parcel.sequence <= stream.cursor {
            self.seen.insert("heard twice");
            return;
        }
        let previous = parcel.said[0].previous.unwrap_or_default();
        if previous > stream.cursor {
            self.seen.insert("saw a gap");
            self.connection = None;
            return;
        }
        let told = archive.told(user, channel);
        for said in &parcel.said {
            if !said.body.is_transient() {
                let expected = &told[stream.next];
                let is = (parcel.sequence, &said.body);
                assert_eq!((expected.0, &expected.1), is, "{user} on {channel:?}");
                stream.next += 1;
            }
            if let Body::Event(message) = &said.body {
                self.answered.extend(message.attributes.reference_id);
            }
            self.picture.hear(parcel.sequence, &said.body);
        }
        if lasting {
            stream.cursor = parcel.sequence;
        }
    }

    /// He connects anew with the last sequence of each channel. What he missed is on its way to him again; where it is not
    /// kept he is told so, and reads the state.
    pub(super) fn come_back(&mut self, archive: &Archive) {
        let (user, head) = (&self.user, archive.state().sequence);
        let mut after = head;
        for channel in CHANNELS {
            let stream = self.streams.entry(channel).or_default();
            if stream.cursor < archive.kept_after() {
                let told = archive.told(user, channel);
                stream.cursor = head;
                stream.next = told.partition_point(|(sequence, _)| *sequence <= head);
                self.picture.read(user, channel, archive.state());
                self.seen.insert("told to read the state");
                if channel == Channel::Messages {
                    self.answers_known_after = head;
                }
            }
            // There is nothing for him before what comes next: where the fold begins makes it faster, and no other.
            if let Some((next, _)) = archive.told(user, channel).get(stream.next) {
                after = after.min(Sequence(next.0 - 1));
            }
        }
        self.connection = Some(VecDeque::new());
        self.has_lost = false;
        for (sequence, said) in archive.replay(&self.user.clone(), after) {
            self.seen.insert("heard what he had missed");
            self.send(sequence, &said);
        }
    }

    /// He has heard everything, and so knows what is.
    pub(super) fn check(&self, archive: &Archive) {
        for (channel, stream) in &self.streams {
            let told = archive.told(&self.user, *channel);
            let missed = &told[stream.next..];
            assert!(missed.is_empty(), "{} missed {missed:?}", self.user);
        }
        self.picture.check(&self.user, archive);
    }
}
