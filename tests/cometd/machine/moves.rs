//! What may happen to a session. Every move makes sense at any time: one that has nothing to act on does nothing, so that
//! a failing run can be shortened by leaving moves out.

use crate::simulation::dice::Dice;

/// The channels that events are on.
pub(super) const CHANNELS: [&str; 4] = ["/a", "/a/b", "/a/b/c", "/d"];
/// What a client subscribes to: the first ones overlap with nothing.
pub(super) const PATTERNS: [&str; 9] = [
    "/a", "/a/b", "/a/b/c", "/d", "/**", "/*", "/a/*", "/a/**", "/a/b/*",
];

/// What kind of session a run is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) acknowledges: bool,
    /// What can be replayed, and has a state; else subscribers hear what comes from now on, and nothing else.
    pub(super) keeps_history: bool,
    /// How many of the patterns are subscribed to.
    pub(super) patterns: usize,
    pub(super) queue_len_max: usize,
    pub(super) queue_bytes_max: usize,
    pub(super) response_bytes_max: usize,
    pub(super) subscriptions_max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    LongPolling,
    /// The client's present socket, or a new one.
    Socket,
}

#[derive(Debug, Clone)]
pub(super) enum Move {
    /// A step becomes part of what is kept; each event has a channel, and whether it is only for now.
    Commit(Vec<(usize, bool)>),
    /// The next steps that were committed are delivered.
    Deliver(usize),
    Request(Over, Vec<Message>),
    Connect {
        over: Over,
        at_once: bool,
        browser_full: bool,
    },
    /// A request of a publisher who takes his time.
    SlowBegin,
    SlowEnd,
    /// Whoever was woken looks at the session.
    Look,
    /// A response or frame reaches the client; or cannot be written; or is written and lost.
    Arrive(usize),
    Break(usize),
    Vanish(usize),
    /// The server notices that a waiting poll is gone.
    Abandon,
    CloseSocket(usize),
    /// The client gives its socket up, and the server does not notice.
    LeaveSocket,
    /// The page that was asked for is read, with so many events at most; and is handed over.
    ReadPage(usize),
    GivePage,
    /// So many of the oldest steps are not kept any more.
    Trim(u64),
    Pass(u64),
}

#[derive(Debug, Clone)]
pub(super) enum Message {
    Subscribe {
        patterns: Vec<(usize, bool)>,
        cursor: Option<From>,
    },
    Unsubscribe(usize),
    Publish,
    Connect,
    /// Not the client's: what happens between two messages of a request.
    Meanwhile(Vec<Move>),
}

/// Where a subscriber wants to go on.
#[derive(Debug, Clone, Copy)]
pub(super) enum From {
    OnlyNew,
    AllKept,
    /// After a sequence so far behind the newest step.
    Behind(u64),
    Ahead,
}

impl Terms {
    pub(super) fn random(dice: &mut Dice) -> Self {
        let mut one_of = |sizes: &[usize]| *dice.one_of(sizes).unwrap();
        Self {
            patterns: one_of(&[1, 2, 4, PATTERNS.len(), PATTERNS.len()]),
            queue_len_max: one_of(&[3, 8, 1_000, 1_000, 1_000]),
            queue_bytes_max: one_of(&[250, 600, 1 << 20, 1 << 20, 1 << 20]),
            response_bytes_max: one_of(&[1, 120, 300, 1 << 20, 1 << 20]),
            subscriptions_max: one_of(&[2, 9, 9]),
            acknowledges: one_of(&[0, 1]) == 1,
            keeps_history: one_of(&[0, 1, 1, 1]) == 1,
        }
    }
}

impl Move {
    pub(super) fn random(dice: &mut Dice, terms: Terms) -> Self {
        match dice.below(100) {
            0..22 => Self::step(dice),
            22..37 => Self::Deliver(count(dice, 1, 3)),
            37..47 => Self::Request(Over::random(dice), messages(dice, terms)),
            47..60 => Self::Connect {
                over: Over::random(dice),
                at_once: dice.percent(20),
                browser_full: dice.percent(5),
            },
            60..62 => Self::SlowBegin,
            62..64 => Self::SlowEnd,
            64..73 => Self::Look,
            73..82 => Self::Arrive(count(dice, 0, 3)),
            82..84 => Self::Break(count(dice, 0, 3)),
            84..86 => Self::Vanish(count(dice, 0, 3)),
            86 => Self::Abandon,
            87 => Self::CloseSocket(count(dice, 0, 3)),
            88 => Self::LeaveSocket,
            89..92 => Self::ReadPage(count(dice, 1, 6)),
            92..96 => Self::GivePage,
            96 => Self::Trim(1 + dice.below(4)),
            _ => Self::Pass(*dice.one_of(&[1, 5, 12, 31]).unwrap()),
        }
    }

    fn step(dice: &mut Dice) -> Self {
        // None: a step that says nothing to this user.
        let len = *dice.one_of(&[0, 1, 1, 2, 3]).unwrap();
        let passing = dice.percent(15);
        let one = |_| {
            (
                count(dice, 0, CHANNELS.len() - 1),
                passing || dice.percent(3),
            )
        };
        Self::Commit((0..len).map(one).collect())
    }
}

impl Over {
    fn random(dice: &mut Dice) -> Self {
        if dice.percent(50) {
            Self::LongPolling
        } else {
            Self::Socket
        }
    }
}

fn messages(dice: &mut Dice, terms: Terms) -> Vec<Message> {
    (0..*dice.one_of(&[1, 1, 1, 2, 4]).unwrap())
        .map(|_| match dice.below(20) {
            0..10 => Message::Subscribe {
                patterns: (0..*dice.one_of(&[1, 1, 1, 2]).unwrap())
                    .map(|_| (count(dice, 0, terms.patterns - 1), dice.percent(20)))
                    .collect(),
                cursor: From::random(dice),
            },
            10..13 => Message::Unsubscribe(count(dice, 0, terms.patterns - 1)),
            13..15 => Message::Publish,
            15 => Message::Connect,
            _ => Message::Meanwhile(vec![Move::step(dice), Move::Deliver(count(dice, 1, 3))]),
        })
        .collect()
}

impl From {
    fn random(dice: &mut Dice) -> Option<Self> {
        match dice.below(10) {
            0 => Some(Self::OnlyNew),
            1 => Some(Self::AllKept),
            2..8 => Some(Self::Behind(dice.below(9))),
            8 if dice.percent(30) => Some(Self::Ahead),
            _ => None,
        }
    }
}

fn count(dice: &mut Dice, least: usize, most: usize) -> usize {
    least + usize::try_from(dice.below(u64::try_from(most - least + 1).unwrap())).unwrap()
}
