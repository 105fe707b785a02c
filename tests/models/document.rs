//! A model document, taken apart.

use std::collections::BTreeSet;

/// One line of a diagram.
#[derive(Clone, Debug)]
pub(crate) enum Line {
    /// `X->>Server: Request key=value …`
    Stimulus { from: String, request: String },
    /// `Note over Server: 30s pass`
    Pass { ms: u64 },
    /// `Note over A1: push session opens` or `… ends`
    Presence { user: String, present: bool },
    /// `Note over Server: configuration key=value`
    Configuration { change: String },
    /// `Note over Server: restart`
    Restart,
    /// `participant X as X and a desktop`
    Desktop { user: String },
    /// `Server-->>X: Event (Protocol) key=value …` or `Server--)X: …`, compared and rewritten.
    Said,
    /// Anything else: kept as it is.
    Other,
}

/// One Mermaid block: a heading, and its lines with their numbers in the document.
pub(crate) struct Block {
    pub(crate) heading: String,
    pub(crate) lines: Vec<(usize, String, Line)>,
}

/// A whole document.
pub(crate) struct Document {
    pub(crate) text: Vec<String>,
    /// What is done silently before every block.
    pub(crate) given: Vec<Line>,
    pub(crate) blocks: Vec<Block>,
    /// `Event (Protocol)` of every row of a table of messages, typed from the seed.
    pub(crate) rows: BTreeSet<String>,
    /// The same with ` to ` and the receiver, of the tables that name one.
    pub(crate) received: BTreeSet<String>,
    /// How the line begins that lists what is said beside the tables.
    pub(crate) beyond: &'static str,
    /// Operation names of a table of operations.
    pub(crate) operations: BTreeSet<String>,
    /// Event attributes with type Mandatory, under the last heading that names an event.
    pub(crate) mandatory: Vec<(String, String)>,
}

impl Document {
    pub(crate) fn parse(text: &str) -> Self {
        let mut document = Self {
            text: text.lines().map(str::to_owned).collect(),
            given: Vec::new(),
            blocks: Vec::new(),
            rows: BTreeSet::new(),
            received: BTreeSet::new(),
            beyond: "Beyond the reference:",
            operations: BTreeSet::new(),
            mandatory: Vec::new(),
        };
        let mut fence = String::new();
        let mut heading = String::new();
        for (number, line) in text.lines().enumerate() {
            let trimmed = line.trim();
            if let Some(kind) = trimmed.strip_prefix("```") {
                kind.clone_into(&mut fence);
                if kind == "mermaid" {
                    let heading = heading.clone();
                    document.blocks.push(Block {
                        heading,
                        lines: Vec::new(),
                    });
                }
            } else if fence == "mermaid" {
                assert!(
                    !trimmed.contains(';'),
                    "line {}: Mermaid ends a statement at ;",
                    number + 1
                );
                let block = document.blocks.last_mut().unwrap();
                block
                    .lines
                    .push((number, line.to_owned(), parse_line(trimmed)));
            } else if fence == "given" {
                document.given.push(parse_line(trimmed));
            } else if trimmed.starts_with('#') {
                trimmed.trim_matches(['#', ' ']).clone_into(&mut heading);
            } else if trimmed.starts_with('|') {
                document.read_row(trimmed, &heading);
            }
        }
        document
    }

    fn read_row(&mut self, row: &str, heading: &str) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        match cells[..] {
            [message, protocol]
                if message.starts_with("Event") && protocol.len() > 2 && protocol != "Type" =>
            {
                if matches!(protocol, "Mandatory" | "Optional") {
                    self.read_attribute(message, protocol, heading);
                } else {
                    let event = message.split(',').next().unwrap_or(message);
                    self.rows.insert(format!("{event} ({protocol})"));
                }
            }
            [message, protocol, receiver] if message.starts_with("Event") => {
                self.rows.insert(format!("{message} ({protocol})"));
                let received = format!("{message} ({protocol}) to {}", receiver.to_lowercase());
                self.received.insert(received);
            }
            [attribute, kind @ ("Mandatory" | "Optional")] => {
                self.read_attribute(attribute, kind, heading)
            }
            [operation, "POST", ..] => {
                self.operations.insert(operation.to_owned());
            }
            _ => {}
        }
    }

    fn read_attribute(&mut self, attribute: &str, kind: &str, heading: &str) {
        if kind == "Mandatory" {
            self.mandatory
                .push((heading.to_owned(), attribute.to_owned()));
        }
    }
}

/// One line of a diagram, or of a story.
pub(crate) fn parse_line(line: &str) -> Line {
    if line.starts_with("Server-->>") || line.starts_with("Server--)") {
        return Line::Said;
    }
    if let Some(named) = line.strip_prefix("participant ")
        && let Some((user, "and a desktop")) = named.rsplit_once(" as ").and_then(|(user, text)| {
            let desktop = text.strip_prefix(user)?;
            Some((user, desktop.trim()))
        })
    {
        return Line::Desktop {
            user: user.to_owned(),
        };
    }
    if let Some((from, request)) = line.split_once("->>Server: ") {
        return Line::Stimulus {
            from: from.trim().to_owned(),
            request: request.trim().to_owned(),
        };
    }
    let Some((over, note)) = line
        .strip_prefix("Note over ")
        .and_then(|note| note.split_once(": "))
    else {
        return Line::Other;
    };
    match (over, note, note.strip_suffix("s pass")) {
        ("Server", "restart", _) => Line::Restart,
        ("Server", _, None) if note.starts_with("configuration ") => Line::Configuration {
            change: note["configuration ".len()..].to_owned(),
        },
        ("Server", _, Some(seconds)) => Line::Pass {
            ms: seconds.parse::<u64>().expect("a number of seconds") * 1_000,
        },
        (user, "push session opens" | "push session ends", _) => Line::Presence {
            user: user.to_owned(),
            present: note.ends_with("opens"),
        },
        _ => panic!("nothing happens at: {line}"),
    }
}
