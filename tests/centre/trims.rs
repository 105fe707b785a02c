//! A journal that is trimmed while it is written (design D15).

use std::path::Path;
use std::time::{Duration, Instant};

use baton::centre::{Handle, ReplayLimits, Start};
use baton::engine::{Operation, Request};
use baton::journal::{DataFolder, PIECE_BYTES, SqliteJournal};
use rusqlite::Connection;
use serde_json::json;

use super::{PATIENCE, beginning, submit};

/// Interactions of so many bytes each make several pieces.
const LEN: usize = 150;
const BYTES: usize = 6 * PIECE_BYTES / LEN;

/// Trimmed as often as can be, and started from the journal alone.
async fn start(data: &Path) -> Handle {
    let folder = DataFolder::open(data).unwrap();
    let journal = SqliteJournal::open(&folder, "test", 1).unwrap();
    let replay = ReplayLimits {
        window: Some(Duration::from_millis(1)),
        ..ReplayLimits::default()
    };
    let begin = Start {
        replay,
        ..beginning(Box::new(journal))
    };
    Handle::start(begin).await.unwrap()
}

fn submit_large(id: &str) -> Request {
    let text = "x".repeat(BYTES);
    let parameters = json!({"queue": "chat", "interactionId": id, "userData": {"text": text}});
    let parameters = parameters.as_object().unwrap();
    Request {
        operation: Operation::parse("RequestSubmit", None, parameters).unwrap(),
        ..submit(id)
    }
}

/// From how many pieces the history goes on.
fn pieces_len(data: &Path) -> u64 {
    let connection = Connection::open(data.join("test.sqlite")).unwrap();
    let len = "SELECT last_piece - first_piece + 1 FROM base";
    let len: i64 = connection.query_row(len, [], |row| row.get(0)).unwrap();
    len.cast_unsigned()
}

#[tokio::test]
async fn a_state_of_several_pieces_is_trimmed_to_while_requests_go_on() {
    let data = tempfile::tempdir().unwrap();
    let centre = start(data.path()).await;
    for index in 0..LEN {
        let request = submit_large(&format!("large-{index}"));
        centre.request(request).await.unwrap();
    }
    let wanted = centre.state().sequence.0;
    let begun = Instant::now();
    for index in 0.. {
        if centre.kept_after() >= wanted {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "it is not trimmed");
        let request = submit(&format!("small-{index}"));
        centre.request(request).await.unwrap();
    }
    let state = centre.state().as_ref().clone();
    centre.stop().await;
    assert!(pieces_len(data.path()) > 5);
    let centre = start(data.path()).await;
    assert!(*centre.state() == state);
    assert!(centre.kept_after() >= wanted);
    centre.stop().await;
}
