//! What chance has found, or seldom finds, in the fewest moves.

use super::moves::{From, Message, Move, Over, Terms};
use super::outcome;

const ROOMY: Terms = Terms {
    acknowledges: false,
    keeps_history: true,
    patterns: 9,
    queue_len_max: 1_000,
    queue_bytes_max: 1 << 20,
    response_bytes_max: 1 << 20,
    subscriptions_max: 9,
};
const POLL: Move = Move::Connect {
    over: Over::LongPolling,
    at_once: false,
    browser_full: false,
};
const CONNECT_SOCKET: Move = Move::Connect {
    over: Over::Socket,
    at_once: false,
    browser_full: false,
};

#[test]
fn a_step_that_is_delivered_late_is_not_told_to_who_resumes_behind_it() {
    passes(
        ROOMY,
        &[
            Move::Commit(vec![(0, false)]),
            subscribe(Over::LongPolling, Some(From::Behind(0))),
            Move::Deliver(1),
        ],
    );
}

#[test]
fn a_poll_takes_over_what_a_closed_socket_leaves() {
    passes(
        ROOMY,
        &[
            POLL,
            Move::Arrive(0),
            POLL,
            subscribe(Over::Socket, None),
            Move::Commit(vec![(0, false)]),
            Move::Deliver(1),
            Move::Look,
            Move::Vanish(0),
            Move::Look,
        ],
    );
}

#[test]
fn a_frame_is_one_response_long_although_its_connect_is_due() {
    let one_by_one = Terms {
        response_bytes_max: 1,
        ..ROOMY
    };
    passes(
        one_by_one,
        &[
            POLL,
            CONNECT_SOCKET,
            subscribe(Over::LongPolling, None),
            Move::Commit(vec![(0, false), (0, false)]),
            Move::Deliver(1),
            Move::Pass(31),
        ],
    );
}

#[test]
fn a_connect_of_a_socket_that_the_client_left_keeps_no_session_alive() {
    passes(
        ROOMY,
        &[
            POLL,
            CONNECT_SOCKET,
            Move::LeaveSocket,
            Move::Request(Over::Socket, vec![Message::Publish]),
            Move::Look,
            Move::CloseSocket(1),
            Move::Look,
        ],
    );
}

/// Chance comes upon this once in some thousand cases.
#[test]
fn a_channel_that_joins_a_replay_is_not_live_with_the_page_that_was_asked_for_before() {
    const OTHER: usize = 3;
    passes(
        ROOMY,
        &[
            Move::Commit(vec![(0, false)]),
            Move::Commit(vec![(0, false)]),
            subscribe(Over::LongPolling, Some(From::Behind(2))),
            Move::ReadPage(9),
            Move::Commit(vec![(OTHER, false)]),
            Move::Deliver(3),
            subscribe_to(OTHER, Over::LongPolling, Some(From::Behind(1))),
            Move::GivePage,
        ],
    );
}

fn subscribe(over: Over, cursor: Option<From>) -> Move {
    subscribe_to(0, over, cursor)
}

fn subscribe_to(pattern: usize, over: Over, cursor: Option<From>) -> Move {
    let patterns = vec![(pattern, false)];
    Move::Request(over, vec![Message::Subscribe { patterns, cursor }])
}

fn passes(terms: Terms, moves: &[Move]) {
    outcome(terms, moves).unwrap();
}
