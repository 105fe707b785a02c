//! Runs a model document against the engine.
//!
//! - A block marked `given` is done silently before every diagram.
//! - `X->>Server:` is a request, as `POST /requests` takes it, with parameters as `key=value`; dots nest.
//! - `X->>Server: PUT /queues/sales media_type=chat` and `DELETE /queues/sales` are what an administrator changes.
//! - `Note over Server: 30s pass` moves the clock, `Note over Server: restart` starts it anew from its journal,
//!   `Note over A1: push session opens` and `… ends` are what the hub says of an application.
//! - `Note over Server: configuration key=value` configures the contact centre anew.
//! - `Server-->>Y:` lines are exactly what parties hear, in order. Each cites, where Mermaid reads no further, what lets
//!   it be said: a row of the state machine (interaction-models section 7 (a)), or a section or race where that has none, or the design;
//!   `rows.md` holds what each of them allows.
//! - `Server--)Y:` lines are what the desktop of Y sees, in diagrams that say `participant Y as Y and a desktop`.
//! - After every diagram the journal is folded into a fresh state, which must equal the live one.
//! - Every row of the document's tables of messages must be said somewhere in the document, to the receiver if the table
//!   names one; what is said besides stands after `Beyond the reference:`.
//!
//! `UPDATE_MODELS=1` rewrites the `Server-->>` lines and what is said besides, and nothing else.

use std::collections::BTreeSet;

use super::document::Document;
use super::rows::{self, Rows};
use super::world::World;

/// Runs the document and compares, or rewrites it if `UPDATE_MODELS` is set.
pub(crate) fn check(path: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    let document = Document::parse(&text);
    let mut rewritten = document.text.clone();
    let mut said = BTreeSet::new();
    let mut requested = BTreeSet::new();
    for block in document.blocks.iter().rev() {
        let mut world = World::new();
        for line in &document.given {
            world.play(line);
        }
        let lines = world.run(block);
        check_mandatory(path, &document, &world);
        said.extend(world.said);
        requested.extend(world.requested);
        assert_eq!(
            world.journal.replay(),
            *world.engine.state(),
            "{path}: {}",
            block.heading
        );
        let (first, last) = (block.lines[0].0, block.lines[block.lines.len() - 1].0);
        rewritten.splice(first..=last, lines);
    }
    for line in &mut rewritten {
        if line.starts_with(document.beyond) {
            *line = beyond(&document, &said);
        }
    }
    let rewritten = rewritten.join("\n") + "\n";
    if std::env::var_os("UPDATE_MODELS").is_some() {
        std::fs::write(path, &rewritten).unwrap();
    } else {
        let differs = text
            .lines()
            .zip(rewritten.lines())
            .find(|(old, new)| old != new);
        assert!(
            text == rewritten,
            "{path}: UPDATE_MODELS=1 rewrites what the server says; first: {differs:?}"
        );
    }
    rows::check(path, &rewritten, &Rows::read());
    check_tables(path, &document, &said, &requested);
}

/// What is said in no table of the document.
fn beyond(document: &Document, said: &BTreeSet<String>) -> String {
    let besides: Vec<&str> = said
        .iter()
        .filter(|said| !said.contains(" to ") && !document.rows.contains(*said))
        .map(String::as_str)
        .collect();
    format!("{} {}.", document.beyond, besides.join(", "))
}

fn check_mandatory(path: &str, document: &Document, world: &World) {
    for (heading, attribute) in &document.mandatory {
        let named = world.wire.iter();
        for event in named.filter(|event| event["event"] == **heading) {
            assert!(
                event.get(wire_name(attribute)).is_some(),
                "{path}: {heading} lacks {attribute}: {event}"
            );
        }
    }
}

fn check_tables(
    path: &str,
    document: &Document,
    said: &BTreeSet<String>,
    requested: &BTreeSet<String>,
) {
    let claimed = document.rows.union(&document.received);
    let unsaid: Vec<_> = claimed.filter(|row| !said.contains(*row)).collect();
    assert!(
        unsaid.is_empty(),
        "{path}: rows that nobody says: {unsaid:?}"
    );
    let besides = document
        .text
        .iter()
        .any(|it| it.starts_with(document.beyond));
    assert!(
        besides || document.rows.is_empty() || beyond(document, said).ends_with(": ."),
        "{path}: said, but in no table: {}",
        beyond(document, said)
    );
    let missing: Vec<_> = document.operations.difference(requested).collect();
    assert!(
        missing.is_empty(),
        "{path}: operations that nobody asks for: {missing:?}"
    );
}

/// The name on the wire of an attribute of a T-Library event.
fn wire_name(attribute: &str) -> &str {
    match attribute {
        "AgentID" => "agentId",
        "Event" => "event",
        "Extensions" => "extensions",
        "InfoStatus" => "infoStatus",
        "InfoType" | "InfoType=AddressInfoAddressType" => "infoType",
        "ReferenceID" => "referenceId",
        "Server" => "server",
        "ThisDN" => "thisDN",
        other => other,
    }
}
