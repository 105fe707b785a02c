//! Whether a history of concurrent operations on one invitation could have happened one after the other.
//!
//! The search is that of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993): the next operation of an order
//! is any that was not called after another one, still to come, had returned. The histories are a few operations long.

use std::collections::BTreeSet;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Accept,
    Reject,
    Stop,
    /// The delivery timer's.
    Expire,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Done,
    AlreadyAccepted,
    InvitationEnded,
    AlreadyStopped,
    Unknown,
    /// Something that the model has no place for.
    Other(u64),
}

/// One operation; times are on the clock of whoever records it.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) action: Action,
    pub(super) answer: Answer,
    pub(super) called_at: u64,
    pub(super) returned_at: u64,
}

/// The invitation as the model knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    Open,
    Accepted,
    Over,
    Stopped,
}

impl State {
    /// What an action leads to, and what its answer is; the timer of an invitation that is not open does nothing.
    pub(super) fn after(self, action: Action) -> Option<(Self, Answer)> {
        let refused = |answer| Some((self, answer));
        match (action, self) {
            (Action::Accept, Self::Open) => Some((Self::Accepted, Answer::Done)),
            (Action::Reject | Action::Expire, Self::Open) => Some((Self::Over, Answer::Done)),
            (Action::Expire, Self::Accepted | Self::Over | Self::Stopped) => None,
            (Action::Accept | Action::Reject, Self::Accepted) => refused(Answer::AlreadyAccepted),
            (Action::Accept | Action::Reject, Self::Over) => refused(Answer::InvitationEnded),
            (Action::Accept | Action::Reject, Self::Stopped) => refused(Answer::Unknown),
            (Action::Stop, Self::Open | Self::Accepted | Self::Over) => {
                Some((Self::Stopped, Answer::Done))
            }
            (Action::Stop, Self::Stopped) => refused(Answer::AlreadyStopped),
        }
    }
}

/// Whether some order of the operations, in which none comes before one that had returned when it was called, gives
/// every one the answer that it had.
pub(super) fn is_linearizable(history: &[Operation]) -> bool {
    assert!(history.len() <= 32, "a history is short");
    extend(history, 0, State::Open, &mut BTreeSet::new())
}

/// `done` has a bit for each operation that the order has already; `failed` is where there was no way on.
fn extend(
    history: &[Operation],
    done: u32,
    state: State,
    failed: &mut BTreeSet<(u32, State)>,
) -> bool {
    let left = || {
        let all = history.iter().enumerate();
        all.filter(move |(index, _)| done & (1 << index) == 0)
    };
    let Some(first_return) = left().map(|(_, it)| it.returned_at).min() else {
        return true;
    };
    if failed.contains(&(done, state)) {
        return false;
    }
    for (index, operation) in left().filter(|(_, it)| it.called_at <= first_return) {
        if let Some((next, answer)) = state.after(operation.action)
            && answer == operation.answer
            && extend(history, done | (1 << index), next, failed)
        {
            return true;
        }
    }
    failed.insert((done, state));
    false
}
