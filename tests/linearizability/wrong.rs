//! The checker itself: it accepts what could have happened, rejects what could not, and agrees with trying every order.

use super::checker::{Action, Answer, Operation, State, is_linearizable};
use super::dice::Dice;

fn history(operations: &[(Action, Answer, u64, u64)]) -> Vec<Operation> {
    let operations = operations.iter();
    operations
        .map(|(action, answer, called_at, returned_at)| Operation {
            action: *action,
            answer: *answer,
            called_at: *called_at,
            returned_at: *returned_at,
        })
        .collect()
}

#[test]
fn histories_that_could_have_happened_are_accepted() {
    use {Action::*, Answer::*};
    let right = [
        history(&[]),
        history(&[(Accept, Done, 0, 1), (Accept, AlreadyAccepted, 2, 3)]),
        // Each began before the other had ended: whichever was first.
        history(&[(Accept, InvitationEnded, 0, 9), (Reject, Done, 1, 8)]),
        history(&[(Reject, AlreadyAccepted, 0, 9), (Accept, Done, 1, 8)]),
        history(&[(Expire, Done, 0, 20), (Accept, InvitationEnded, 3, 4)]),
        history(&[
            (Accept, Unknown, 0, 9),
            (Stop, Done, 1, 8),
            (Stop, AlreadyStopped, 2, 7),
        ]),
        history(&[(Expire, Done, 0, 9), (Stop, Done, 1, 8)]),
    ];
    for history in right {
        assert!(is_linearizable(&history), "{history:#?}");
    }
}

#[test]
fn histories_that_cannot_have_happened_are_rejected() {
    use {Action::*, Answer::*};
    let wrong = [
        // Two owners, or two ends of one invitation.
        history(&[(Accept, Done, 0, 9), (Accept, Done, 1, 8)]),
        history(&[(Accept, Done, 0, 9), (Reject, Done, 1, 8)]),
        history(&[(Accept, Done, 0, 9), (Expire, Done, 1, 8)]),
        history(&[(Stop, Done, 0, 9), (Stop, Done, 1, 8)]),
        // A stale answer: what was over when it was called has to show.
        history(&[(Stop, Done, 0, 1), (Accept, Done, 2, 3)]),
        history(&[(Reject, Done, 0, 1), (Accept, AlreadyAccepted, 2, 3)]),
        history(&[(Accept, AlreadyAccepted, 0, 1), (Accept, Done, 2, 3)]),
        history(&[(Stop, Done, 0, 1), (Expire, Done, 2, 3)]),
        // An answer out of nowhere.
        history(&[(Accept, InvitationEnded, 0, 1)]),
        history(&[(Accept, Unknown, 0, 1)]),
        history(&[(Accept, Other(500), 0, 1)]),
    ];
    for history in wrong {
        assert!(!is_linearizable(&history), "{history:#?}");
    }
}

#[test]
fn the_search_agrees_with_trying_every_order() {
    let mut dice = Dice(7);
    let mut accepted = 0;
    for _ in 0..5_000 {
        let history = any_history(&mut dice);
        let expected = tries_every_order(&history, &mut Vec::new());
        assert_eq!(is_linearizable(&history), expected, "{history:#?}");
        accepted += usize::from(expected);
    }
    assert!((500..4_500).contains(&accepted), "{accepted} of 5000");
}

/// Some operations; half of the histories are made right and seldom spoilt, so that both kinds are frequent.
fn any_history(dice: &mut Dice) -> Vec<Operation> {
    let actions = [Action::Accept, Action::Reject, Action::Stop, Action::Expire];
    let answers = [
        Answer::Done,
        Answer::AlreadyAccepted,
        Answer::InvitationEnded,
        Answer::AlreadyStopped,
        Answer::Unknown,
    ];
    let is_made = dice.below(2) == 0;
    let mut state = State::Open;
    let mut history = Vec::new();
    for at in 0..1 + dice.below(5) {
        let action = actions[usize::try_from(dice.below(4)).unwrap()];
        let mut answer = answers[usize::try_from(dice.below(5)).unwrap()];
        if is_made {
            let Some((next, given)) = state.after(action) else {
                continue;
            };
            state = next;
            if dice.below(10) > 0 {
                answer = given;
            }
        }
        history.push(Operation {
            action,
            answer,
            called_at: (at * 10).saturating_sub(dice.below(20)),
            returned_at: at * 10 + dice.below(20),
        });
    }
    history
}

/// The definition: some order respects both time and the model.
fn tries_every_order(history: &[Operation], order: &mut Vec<usize>) -> bool {
    if order.len() == history.len() {
        return is_in_time(history, order) && is_right(history, order);
    }
    (0..history.len()).any(|index| {
        if order.contains(&index) {
            return false;
        }
        order.push(index);
        let found = tries_every_order(history, order);
        order.pop();
        found
    })
}

fn is_in_time(history: &[Operation], order: &[usize]) -> bool {
    let pairs = order.iter().enumerate();
    pairs
        .flat_map(|(at, earlier)| order[at + 1..].iter().map(move |later| (earlier, later)))
        .all(|(earlier, later)| history[*earlier].called_at <= history[*later].returned_at)
}

fn is_right(history: &[Operation], order: &[usize]) -> bool {
    let mut state = State::Open;
    order.iter().all(|index| {
        let operation = &history[*index];
        match state.after(operation.action) {
            Some((next, answer)) if answer == operation.answer => {
                state = next;
                true
            }
            _ => false,
        }
    })
}
