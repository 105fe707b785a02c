use std::collections::BTreeSet;

/// Rooms of CometD's own benchmark, how many a client is in, and how many messages a publisher sends at once.
const ROOMS: usize = 100;
const ROOMS_PER_CLIENT: usize = 10;
const BATCH_LEN: u64 = 10;

/// Who hears what, and what is published.
#[derive(Clone)]
pub(crate) struct Traffic {
    pub(crate) subscribers: usize,
    /// Messages a second, for traffic that does not go as fast as it can.
    pub(crate) paced_per_second: Option<usize>,
    shape: Shape,
}

#[derive(Clone)]
enum Shape {
    /// Every message is for all.
    FanOut,
    /// Every message is for the next one.
    Unicast,
    /// Every message is for a room; there are so many in each.
    Rooms { members: Vec<u64> },
}

impl Traffic {
    pub(crate) fn fan_out(subscribers: usize) -> Self {
        Self {
            subscribers,
            paced_per_second: None,
            shape: Shape::FanOut,
        }
    }

    pub(crate) fn unicast(subscribers: usize) -> Self {
        Self {
            shape: Shape::Unicast,
            ..Self::fan_out(subscribers)
        }
    }

    /// One message a second for each subscriber.
    pub(crate) fn paced(subscribers: usize) -> Self {
        Self {
            paced_per_second: Some(subscribers),
            ..Self::unicast(subscribers)
        }
    }

    pub(crate) fn rooms(subscribers: usize) -> Self {
        let mut members = vec![0; ROOMS];
        for number in 0..subscribers {
            rooms_of(number).iter().for_each(|room| members[*room] += 1);
        }
        Self {
            shape: Shape::Rooms { members },
            ..Self::fan_out(subscribers)
        }
    }

    /// The user that a subscriber is.
    pub(crate) fn user(&self, number: usize) -> String {
        match self.shape {
            Shape::Unicast => number.to_string(),
            Shape::FanOut | Shape::Rooms { .. } => "everybody".to_owned(),
        }
    }

    /// What a subscriber is subscribed to.
    pub(crate) fn channels(&self, number: usize) -> Vec<String> {
        match self.shape {
            Shape::FanOut => vec![self.all()],
            Shape::Unicast => vec![format!("/one/{number}")],
            Shape::Rooms { .. } => rooms_of(number).iter().map(|it| room_name(*it)).collect(),
        }
    }

    /// The channels of the publish with this number, and how many deliveries it comes to.
    pub(crate) fn message(&self, number: u64) -> (Vec<String>, u64) {
        match &self.shape {
            Shape::FanOut => (vec![self.all()], self.subscribers as u64),
            Shape::Unicast => {
                let number = usize::try_from(number).unwrap() % self.subscribers;
                (vec![format!("/one/{number}")], 1)
            }
            Shape::Rooms { members } => {
                let mut dice = Dice(number);
                let rooms: Vec<_> = (0..BATCH_LEN).map(|_| dice.below(ROOMS)).collect();
                let deliveries = rooms.iter().map(|room| members[*room]).sum();
                (rooms.into_iter().map(room_name).collect(), deliveries)
            }
        }
    }

    /// Requests with publishes that are under way at the same time.
    pub(crate) fn publishers(&self) -> usize {
        match self.shape {
            Shape::FanOut => 16,
            Shape::Unicast if self.paced_per_second.is_some() => 20,
            Shape::Unicast => 64,
            Shape::Rooms { .. } => 32,
        }
    }

    /// Deliveries that may be under way before publishers wait: sixteen or so for each subscriber of what is for many,
    /// and so few of what is for one that none is sent two at a time.
    pub(crate) fn window(&self) -> u64 {
        match self.shape {
            Shape::FanOut | Shape::Rooms { .. } => 16 * self.subscribers as u64,
            Shape::Unicast => self.publishers() as u64 * 2,
        }
    }

    fn all(&self) -> String {
        format!("/all/{}", self.subscribers)
    }
}

fn room_name(room: usize) -> String {
    format!("/room/{room}")
}

fn rooms_of(number: usize) -> BTreeSet<usize> {
    let mut dice = Dice(number as u64);
    let mut rooms = BTreeSet::new();
    while rooms.len() < ROOMS_PER_CLIENT {
        rooms.insert(dice.below(ROOMS));
    }
    rooms
}

/// The same numbers in every run (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }
}
